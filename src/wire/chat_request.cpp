#include "wire/chat_request.h"

#include <algorithm>
#include <array>

#include "wire/canonical.h"
#include "wire/neutral.h"

namespace weir::wire {
namespace {

constexpr std::size_t kMaxMembers = 256;
constexpr std::size_t kMaxModelBytes = 256;

// The members that are read here or by what is built on ChatRequest; more than one of any is refused.
enum Known : std::size_t {
    model,
    messages,
    stream,
    stream_options,
    logprobs,
    temperature,
    n,
    tools,
    functions,
    response_format,
    known_count
};
constexpr std::array<std::string_view, known_count> kKnownNames = {
    "model",       "messages", "stream", "stream_options", "logprobs",
    "temperature", "n",        "tools",  "functions",      "response_format"};

class Parser {
  public:
    Parser(std::string_view body, std::string& error_param, ChatRequest& request)
        : error_param_(error_param), request_(request) {
        error_param_.clear();
        request_.clear();
        request_.body = body;
    }

    Result<void> run() {
        const Result<void> checked = json::members(request_.body, request_.members, kMaxMembers);
        if (!checked) return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        if (Result<void> result = sort_out(); !result) return tl::unexpected(std::move(result.error()));
        using Step = Result<void> (Parser::*)();
        for (const Step step :
             {&Parser::read_model, &Parser::read_options, &Parser::read_numbers, &Parser::read_messages}) {
            if (Result<void> result = (this->*step)(); !result) return tl::unexpected(std::move(result.error()));
        }
        return {};
    }

  private:
    tl::unexpected<Error> refuse(std::string_view param, std::string message) {
        error_param_ = param;
        return fail(ErrorCode::invalid, std::move(message));
    }
    // "'temperature' must be a number"
    tl::unexpected<Error> must_be(Known which, std::string_view what) {
        const std::string_view name = kKnownNames[which];
        return refuse(name, "'" + std::string(name) + "' must be " + std::string(what));
    }

    std::string_view raw(Known which) const { return known_[which]->raw(request_.body); }
    bool given(Known which) const { return known_[which] != nullptr && !json::is_null(raw(which)); }

    Result<void> sort_out() {
        for (const json::Member& member : request_.members) {
            for (std::size_t i = 0; i < known_count; ++i) {
                if (member.key != kKnownNames[i]) continue;
                if (known_[i] != nullptr) {
                    return refuse(member.key, "'" + member.key + "' is given twice (byte " +
                                                  std::to_string(member.key_span.begin) +
                                                  "): which one counts is not defined");
                }
                known_[i] = &member;
            }
        }
        return {};
    }

    Result<void> read_model() {
        if (!given(model)) return refuse("model", "you must provide a model: 'model' is missing");
        if (!json::append_string(raw(model), request_.model)) return must_be(model, "a string");
        if (request_.model.empty()) return must_be(model, "a non-empty string");
        if (request_.model.size() > kMaxModelBytes) return must_be(model, "a string of at most 256 bytes");
        // It goes into header lines.
        if (std::any_of(request_.model.begin(), request_.model.end(), [](char c) { return c < ' ' || c > '~'; })) {
            return must_be(model, "a string of printable ASCII characters");
        }
        request_.model_value = known_[model]->value;
        return {};
    }

    Result<void> read_options() {
        if (given(stream)) {
            const std::optional<bool> value = json::as_bool(raw(stream));
            if (!value) return must_be(stream, "a boolean");
            request_.stream = *value;
        }
        if (given(logprobs)) {
            const std::optional<bool> value = json::as_bool(raw(logprobs));
            if (!value) return must_be(logprobs, "a boolean");
            request_.logprobs = *value;
        }
        for (const Known which : {tools, functions}) {
            if (given(which) && !json::is_empty_container(raw(which))) request_.has_tools = true;
        }
        return given(stream_options) ? read_stream_options() : Result<void>();
    }

    Result<void> read_stream_options() {
        if (!json::is_object(raw(stream_options))) return must_be(stream_options, "an object");
        bool seen = false;
        for (json::Walk walk(request_.body, known_[stream_options]->value); walk.next();) {
            if (!walk.key_is("include_usage")) continue;
            if (seen) return refuse("stream_options", "'stream_options.include_usage' is given twice");
            seen = true;
            const std::optional<bool> value = json::as_bool(walk.raw());
            if (!value && !json::is_null(walk.raw())) {
                return refuse("stream_options", "'stream_options.include_usage' must be a boolean");
            }
            request_.include_usage = value.value_or(false);
        }
        return {};
    }

    Result<void> read_numbers() {
        if (given(temperature)) {
            request_.temperature = json::as_double(raw(temperature));
            if (!request_.temperature) return must_be(temperature, "a number");
        }
        if (given(n)) {
            const std::optional<std::int64_t> value = json::as_int64(raw(n));
            if (!value) return must_be(n, "an integer");
            request_.n = *value;
        }
        return {};
    }

    Result<void> read_messages() {
        if (!given(messages)) return refuse("messages", "you must provide messages: 'messages' is missing");
        if (!json::is_array(raw(messages)) || json::is_empty_container(raw(messages))) {
            return must_be(messages, "a non-empty array");
        }
        std::size_t index = 0;
        for (json::Walk walk(request_.body, known_[messages]->value); walk.next(); ++index) {
            if (!turn_.empty()) {
                if (request_.history.empty()) request_.history.begin = turn_.begin;
                request_.history.end = turn_.end;
            }
            turn_ = {};
            request_.question = {};
            if (Result<void> result = read_message(walk, index); !result) return result;
        }
        return {};
    }

    Result<void> read_message(json::Walk& message, std::size_t index) {
        const auto name = [&] { return "'messages[" + std::to_string(index) + "]'"; };
        if (!message.at_object()) return refuse("messages", name() + " must be an object");
        std::optional<json::Span> role;
        std::optional<json::Span> content;
        RecentTurns::Turn turn;
        for (json::Walk walk = json::Walk::inside(message); walk.next();) {
            if (walk.key_is("tool_calls"))
                turn.calls = !json::is_null(walk.raw()) && !json::is_empty_container(walk.raw());
            std::optional<json::Span>* const slot = walk.key_is("role")      ? &role
                                                    : walk.key_is("content") ? &content
                                                                             : nullptr;
            if (slot == nullptr) continue;
            if (slot->has_value()) {
                return refuse("messages", name() + " has two members of the same name (byte " +
                                              std::to_string(walk.key().begin) + ")");
            }
            *slot = walk.value();
        }
        const std::string_view who = role ? role->of(request_.body) : std::string_view();
        if (json::string_equals(who, "system") || json::string_equals(who, "developer")) {
            if (content) add_system_text(*content);
            return {};
        }
        turn_ = message.value();
        turn.role = role_of(who);
        if (content) turn.content = *content;
        const bool assistants = turn.role == RecentTurns::Role::assistant;
        const bool after_another = request_.recent.count > 0 && request_.recent.back(0).role == turn.role;
        if (assistants && !after_another) request_.answered = request_.turns;
        request_.recent.add(turn);
        if (request_.turns.empty()) request_.turns.begin = turn_.begin;
        request_.turns.end = turn_.end;
        if (content && turn.role == RecentTurns::Role::user) request_.question = only_text(*content);
        return {};
    }

    static RecentTurns::Role role_of(std::string_view raw) {
        using Role = RecentTurns::Role;
        if (json::string_equals(raw, "user")) return Role::user;
        if (json::string_equals(raw, "assistant")) return Role::assistant;
        if (json::string_equals(raw, "tool") || json::string_equals(raw, "function")) return Role::tool;
        return Role::other;
    }

    // The one text of a message's content; empty where there is none or more than one.
    json::Span only_text(json::Span content) const {
        const std::string_view raw = content.of(request_.body);
        if (json::is_string(raw)) return content;
        json::Span only;
        if (!json::is_array(raw)) return only;
        for (json::Walk part(request_.body, content); part.next();) {
            const std::optional<json::Span> text = json::find_member(request_.body, part.value(), "text");
            if (!text) continue;
            if (!only.empty() || !json::is_string(text->of(request_.body))) return {};
            only = *text;
        }
        return only;
    }

    void add_system_text(json::Span content) {
        if (json::is_array(content.of(request_.body))) {
            for (json::Walk part(request_.body, content); part.next();) {
                const std::optional<json::Span> type = json::find_member(request_.body, part.value(), "type");
                const std::optional<json::Span> text = json::find_member(request_.body, part.value(), "text");
                if (type && text && json::string_equals(type->of(request_.body), "text")) add_system_text(*text);
            }
        } else if (json::is_string(content.of(request_.body))) {
            if (system_seen_) request_.system_text += '\n';
            system_seen_ = true;
            json::append_string(content.of(request_.body), request_.system_text);
        }
    }

    std::string& error_param_;
    ChatRequest& request_;
    std::array<const json::Member*, known_count> known_ = {};
    bool system_seen_ = false;
    json::Span turn_;  // the message before, if it was no system message
};

const json::Member* find(const ChatRequest& request, std::string_view key) {
    const auto found = std::find_if(request.members.begin(), request.members.end(),
                                    [&](const json::Member& member) { return member.key == key; });
    return found == request.members.end() ? nullptr : &*found;
}

// A member together with one of the commas beside it.
json::Span removal(const ChatRequest& request, const json::Member& member) {
    const auto index = static_cast<std::size_t>(&member - request.members.data());
    if (index > 0) return {request.members[index - 1].value.end, member.value.end};
    if (request.members.size() > 1) return {member.key_span.begin, request.members[1].key_span.begin};
    return {member.key_span.begin, member.value.end};
}

json::Edit include_usage_edit(const ChatRequest& request, json::Span end) {
    const json::Member* const options = find(request, "stream_options");
    if (options == nullptr) return {end, R"(,"stream_options":{"include_usage":true})"};
    if (json::is_null(options->raw(request.body))) return {options->value, R"({"include_usage":true})"};
    if (const auto value = json::find_member(request.body, options->value, "include_usage")) return {*value, "true"};
    const std::size_t inside = options->value.begin + 1;
    const bool empty = json::is_empty_container(options->raw(request.body));
    return {{inside, inside}, empty ? R"("include_usage":true)" : R"("include_usage":true,)"};
}

void vary_edits(const ChatRequest& request, json::Span end, std::vector<json::Edit>& edits) {
    const json::Member* const temperature = find(request, "temperature");
    if (request.temperature.value_or(0) <= 0) {
        edits.push_back(temperature != nullptr
                            ? json::Edit{temperature->value, std::string(kSampleTemperature)}
                            : json::Edit{end, ",\"temperature\":" + std::string(kSampleTemperature)});
    }
    if (const json::Member* const seed = find(request, "seed")) edits.push_back({seed->value, "null"});
}

}  // namespace

const std::vector<std::string_view> kUncachedMembers = {"metadata",
                                                        "prompt_cache_key",
                                                        "prompt_cache_retention",
                                                        "safety_identifier",
                                                        "service_tier",
                                                        "store",
                                                        "stream",
                                                        "stream_options",
                                                        "user"};

void ChatRequest::clear() {
    ChatRequest fresh;
    fresh.members.swap(members);
    fresh.members.clear();
    fresh.model.swap(model);
    fresh.model.clear();
    fresh.system_text.swap(system_text);
    fresh.system_text.clear();
    *this = std::move(fresh);
}

Result<ChatRequest> parse_chat_request(std::string_view body, std::string& error_param) {
    ChatRequest request;
    if (Result<void> parsed = parse_chat_request(body, error_param, request); !parsed) {
        return tl::unexpected(std::move(parsed.error()));
    }
    return request;
}

Result<void> parse_chat_request(std::string_view body, std::string& error_param, ChatRequest& out) {
    return Parser(body, error_param, out).run();
}

void render_upstream_body(const ChatRequest& request, const UpstreamForm& form, std::string& out) {
    std::vector<json::Edit> edits;
    edits.reserve(4);
    const std::size_t last = request.members.back().value.end;
    const json::Span end = {last, last};
    if (form.model != request.model) {
        std::string name;
        json::write_string(form.model, name);
        edits.push_back({request.model_value, std::move(name)});
    }
    if (request.stream && form.stream == UpstreamForm::Stream::force_body) {
        edits.push_back({find(request, "stream")->value, "false"});
        if (const json::Member* options = find(request, "stream_options"))
            edits.push_back({removal(request, *options), ""});
    } else if (request.stream && form.add_include_usage && !request.include_usage) {
        edits.push_back(include_usage_edit(request, end));
    }
    if (form.add_logprobs && !request.logprobs) {
        const json::Member* const member = find(request, "logprobs");
        edits.push_back(member != nullptr ? json::Edit{member->value, "true"} : json::Edit{end, R"(,"logprobs":true)"});
    }
    if (form.vary) vary_edits(request, end, edits);
    std::stable_sort(edits.begin(), edits.end(), [](const json::Edit& a, const json::Edit& b) {
        return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end < b.span.end;
    });
    json::splice(request.body, edits, out);
}

namespace {

constexpr std::size_t kMaxHistoryRead = 16 * 1024;  // bytes; a longer history may say anything
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The question, unescaped; a view of the body, or of `scratch`. Nothing where it can't be told exactly: an escaped lone
// surrogate has no UTF-8 of its own.
std::optional<std::string_view> read_question(const ChatRequest& request, std::string& scratch) {
    const std::string_view raw = request.question.of(request.body);
    if (raw.size() < 2) return std::nullopt;
    const std::string_view inside = raw.substr(1, raw.size() - 2);
    if (inside.find('\\') == std::string_view::npos) return inside;
    scratch.clear();
    json::append_string(raw, scratch);
    if (scratch.find(kReplacement) != std::string::npos) return std::nullopt;
    return scratch;
}

}  // namespace

Digest256 canonical_digest(const ChatRequest& request, std::string_view scope, Spelling spelling) {
    thread_local std::string unescaped;
    thread_local std::string neutral;
    thread_local std::string rewritten;
    const auto as_it_is = [&] { return canonical_digest(request.body, request.members, kUncachedMembers, scope); };
    if (spelling == Spelling::as_is || request.question.size() > 2 * kMaxNeutralBytes) return as_it_is();
    const std::optional<std::string_view> question = read_question(request, unescaped);
    if (!question) return as_it_is();
    neutral.clear();
    const bool differs = append_neutral(*question, neutral);
    if (!differs && question->size() + 2 == request.question.size()) return as_it_is();
    const std::string_view history = request.history.of(request.body);
    if (history.size() > kMaxHistoryRead || is_about_spelling(history)) return as_it_is();
    rewritten.clear();
    json::write_string(neutral, rewritten);
    const json::Edit edit{request.question, rewritten};
    return canonical_digest(request.body, request.members, kUncachedMembers, scope, &edit);
}

std::optional<std::string> question_text(const ChatRequest& request) {
    std::string scratch;
    const std::optional<std::string_view> question = read_question(request, scratch);
    if (!question || question->empty()) return std::nullopt;
    return std::string(*question);
}

std::size_t append_content(const ChatRequest& request, json::Span content, std::size_t most_bytes, std::string& out) {
    if (content.empty()) return 0;
    std::string_view raw = content.of(request.body);
    if (json::is_array(raw)) {
        raw = {};
        for (json::Walk part(request.body, content); raw.empty() && part.next();) {
            const std::optional<json::Span> text = json::find_member(request.body, part.value(), "text");
            if (text && json::is_string(text->of(request.body))) raw = text->of(request.body);
        }
    }
    return json::append_excerpt(raw, most_bytes, out) ? raw.size() - 2 : 0;
}

Digest256 partition_digest(const ChatRequest& request, std::string_view scope) {
    const json::Edit nothing{request.question, "\"\""};
    const std::string marked = "partition " + std::string(scope);
    return canonical_digest(request.body, request.members, kUncachedMembers, marked, &nothing);
}

PromptParts prompt_parts(const ChatRequest& request) {
    PromptParts parts;
    parts.system_text = request.system_text;
    for (const json::Member& member : request.members) {
        std::string_view* const part = member.key == "tools"             ? &parts.tools
                                       : member.key == "functions"       ? &parts.functions
                                       : member.key == "response_format" ? &parts.response_format
                                                                         : nullptr;
        if (part != nullptr && !json::is_null(member.raw(request.body))) *part = member.raw(request.body);
    }
    return parts;
}

std::uint64_t prompt_digest(const PromptParts& parts) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update_part(parts.system_text);
    std::string value;
    for (const std::string_view raw : {parts.tools, parts.functions, parts.response_format}) {
        value.clear();
        json::minify(raw, value);
        hasher.update_part(value);
    }
    return short_digest(hasher.finish());
}

std::uint64_t prompt_digest(const ChatRequest& request) {
    return prompt_digest(prompt_parts(request));
}

}  // namespace weir::wire
