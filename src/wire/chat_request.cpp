#include "wire/chat_request.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace weir::wire {
namespace {

constexpr std::size_t kMaxMembers = 256;
constexpr std::size_t kMaxModelBytes = 256;
constexpr std::size_t kMaxIdleScratchBytes = 1u << 20;  // a thread's canonical_digest buffer between requests

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
    Parser(std::string_view body, std::string& error_param) : error_param_(error_param) {
        error_param_.clear();
        request_.body = body;
    }

    Result<ChatRequest> run() {
        const Result<void> checked = json::members(request_.body, request_.members, kMaxMembers);
        if (!checked) return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        if (Result<void> result = sort_out(); !result) return tl::unexpected(std::move(result.error()));
        using Step = Result<void> (Parser::*)();
        for (const Step step :
             {&Parser::read_model, &Parser::read_options, &Parser::read_numbers, &Parser::read_messages}) {
            if (Result<void> result = (this->*step)(); !result) return tl::unexpected(std::move(result.error()));
        }
        return std::move(request_);
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
            if (Result<void> result = read_message(walk, index); !result) return result;
        }
        return {};
    }

    Result<void> read_message(json::Walk& message, std::size_t index) {
        const auto name = [&] { return "'messages[" + std::to_string(index) + "]'"; };
        if (!message.at_object()) return refuse("messages", name() + " must be an object");
        std::optional<json::Span> role;
        std::optional<json::Span> content;
        for (json::Walk walk = json::Walk::inside(message); walk.next();) {
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
        if (!role || !content) return {};
        const std::string_view who = role->of(request_.body);
        if (json::string_equals(who, "system") || json::string_equals(who, "developer")) add_system_text(*content);
        return {};
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
    ChatRequest request_;
    std::array<const json::Member*, known_count> known_ = {};
    bool system_seen_ = false;
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

void put_size(std::string& out, std::size_t at, std::uint64_t size) {
    std::memcpy(out.data() + at, &size, sizeof size);
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

Result<ChatRequest> parse_chat_request(std::string_view body, std::string& error_param) {
    return Parser(body, error_param).run();
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
    std::stable_sort(edits.begin(), edits.end(), [](const json::Edit& a, const json::Edit& b) {
        return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end < b.span.end;
    });
    json::splice(request.body, edits, out);
}

Digest256 canonical_digest(const ChatRequest& request) {
    thread_local std::string scratch;
    thread_local std::vector<const json::Member*> sorted;
    thread_local Sha256 hasher;

    const auto key = [&](const json::Member& member) {
        return request.body.substr(member.key_span.begin + 1, member.key_span.size() - 2);
    };
    sorted.clear();
    for (const json::Member& member : request.members) {
        if (std::find(kUncachedMembers.begin(), kUncachedMembers.end(), member.key) == kUncachedMembers.end()) {
            sorted.push_back(&member);
        }
    }
    std::sort(sorted.begin(), sorted.end(), [&](const json::Member* a, const json::Member* b) {
        const int order = key(*a).compare(key(*b));
        return order != 0 ? order < 0 : a < b;
    });

    scratch.clear();
    for (const json::Member* member : sorted) {
        const std::string_view name = key(*member);
        const std::size_t begin = scratch.size();
        scratch.append(sizeof(std::uint64_t), '\0');
        put_size(scratch, begin, name.size());
        scratch += name;
        const std::size_t value = scratch.size();
        scratch.append(sizeof(std::uint64_t), '\0');
        json::minify(member->raw(request.body), scratch);
        put_size(scratch, value, scratch.size() - value - sizeof(std::uint64_t));
    }
    hasher.reset();
    hasher.update(scratch);
    if (scratch.capacity() > kMaxIdleScratchBytes) std::string().swap(scratch);
    return hasher.finish();
}

std::uint64_t prompt_digest(const ChatRequest& request) {
    Sha256 hasher;
    hasher.update_part(request.system_text);
    for (const std::string_view key : {"tools", "functions", "response_format"}) {
        std::string value;
        const json::Member* const member = find(request, key);
        if (member != nullptr && !json::is_null(member->raw(request.body)))
            json::minify(member->raw(request.body), value);
        hasher.update_part(value);
    }
    return short_digest(hasher.finish());
}

}  // namespace weir::wire
