// Chat answers as completions: bodies and streams.
#include <algorithm>
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/completions.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

constexpr std::string_view kObject = R"("text_completion")";

bool says_something(std::string_view raw) {
    return json::is_string(raw) && raw.size() > 2;
}

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// The members of a chat body or chunk that every completion and chunk of a completion has, of each the first that says
// something.
class Head {
  public:
    explicit Head(const Echo& echo) : echo_(echo) {}

    void take(std::string_view document, Walk& member) {
        const std::string_view raw = member.raw();
        if (member.key_is("id")) {
            if (id_.empty() && says_something(raw)) id_ = id_of(raw);
        } else if (member.key_is("created")) {
            if (created_.empty() && json::as_int64(raw)) created_ = raw;
        } else if (member.key_is("model")) {
            if (model_.empty() && says_something(raw)) model_ = raw;
        } else if (member.key_is("system_fingerprint") || member.key_is("service_tier")) {
            const std::string_view key = member.key().of(document);
            if (!json::is_string(raw) || more_.find(key) != std::string::npos) return;
            more_ += ',';
            more_ += key;
            more_ += ':';
            more_ += raw;
        }
    }

    // Without the closing brace.
    void begin(std::string& out) const {
        out += R"({"id":)";
        out += id_.empty() ? "\"cmpl-" + echo_.request_id + '"' : id_;
        out += R"(,"object":)";
        out += kObject;
        out += R"(,"created":)";
        out += created_.empty() ? std::to_string(echo_.created_unix_s) : created_;
        out += R"(,"model":)";
        out += model_.empty() ? R"("")" : std::string_view(model_);
        out += more_;
    }

  private:
    // "chatcmpl-1" -> "cmpl-1"
    static std::string id_of(std::string_view raw) {
        constexpr std::string_view kChat = "\"chatcmpl-";
        if (raw.starts_with(kChat)) return "\"cmpl-" + std::string(raw.substr(kChat.size()));
        return std::string(raw);
    }

    const Echo& echo_;
    std::string id_, created_, model_, more_;
};

// What an answer says, from a message or a delta: its content, or the refusal where there is no content. What it
// thought has no place in this API. nullopt: it calls tools, which this API does not know.
std::optional<std::string> text_in(std::string_view document, Span message) {
    std::string text;
    std::string refusal;
    for (Walk member(document, message); member.next();) {
        const std::string_view raw = member.raw();
        if (member.key_is("content")) {
            if (json::is_string(raw)) text += raw.substr(1, raw.size() - 2);
            if (!member.at_array()) continue;
            for (Walk part = Walk::inside(member); part.next();) {
                const std::optional<Span> said = json::find_member(document, part.value(), "text");
                if (!said || !json::is_string(said->of(document))) return std::nullopt;
                text += said->of(document).substr(1, said->size() - 2);
            }
        } else if (member.key_is("refusal")) {
            if (json::is_string(raw)) refusal = raw.substr(1, raw.size() - 2);
        } else if (member.key_is("tool_calls")) {
            if (member.at_array() && !json::is_empty_container(raw)) return std::nullopt;
        } else if (member.key_is("function_call") && member.at_object()) {
            return std::nullopt;
        }
    }
    return text.empty() ? refusal : text;
}

tl::unexpected<Error> no_text() {
    return fail(ErrorCode::protocol, "the answer calls tools or is not only text");
}

struct Choice {
    Span said;  // message or delta
    Span logprobs;
    std::string_view finish = "null";
    std::int64_t index = 0;
};

Choice read_choice(Walk& walk, std::string_view said) {
    Choice choice;
    for (Walk member = Walk::inside(walk); member.next();) {
        if (member.key_is(said)) {
            choice.said = member.value();
        } else if (member.key_is("logprobs")) {
            choice.logprobs = member.value();
        } else if (member.key_is("finish_reason")) {
            choice.finish = member.raw();
        } else if (member.key_is("index")) {
            choice.index = json::as_int64(member.raw()).value_or(-1);
        }
    }
    return choice;
}

void write_choice(std::string_view document, const Choice& choice, std::string_view text, std::size_t& offset,
                  std::string& out) {
    out += R"({"text":")";
    out += text;
    out += R"(","index":)" + std::to_string(choice.index) + R"(,"logprobs":)";
    append_legacy_logprobs(document, choice.logprobs, offset, out);
    out += R"(,"finish_reason":)";
    out += choice.finish;
    out += '}';
}

class CompletionStream final : public ChunkReader {
  public:
    CompletionStream(const Echo& echo, bool include_usage) : head_(echo), include_usage_(include_usage) {}

  protected:
    Result<void> on_chunk(std::string_view chunk, std::string& out) override {
        Span choices;
        bool has_usage = false;
        for (Walk member(chunk, {0, chunk.size()}); member.next();) {
            if (member.key_is("choices")) {
                choices = member.value();
            } else if (member.key_is("usage")) {
                if (!member.at_object()) continue;
                has_usage = true;
                usage_.clear();
                json::minify(member.raw(), usage_);
            } else if (!began_) {
                head_.take(chunk, member);
            }
        }
        std::string written;
        std::size_t count = 0;
        only_text_ = {};
        for (Walk walk(chunk, choices); walk.next(); ++count) {
            if (!walk.at_object()) return fail(ErrorCode::protocol, "a chunk's choice is no object");
            began_ = true;
            if (Result<void> taken = take_choice(chunk, walk, written); !taken) return taken;
        }
        const std::size_t begin = out.size();
        if (!written.empty()) write_chunk(written, include_usage_ ? "null" : "", out);
        if (!only_text_.empty() && count == 1 && !has_usage) {
            // What is told of those that are like it differs in the same string.
            constexpr std::string_view kBegin = R"("choices":[{"text":")";
            const std::string_view told = std::string_view(out).substr(begin);
            const std::string_view said = only_text_.of(chunk);
            const std::size_t at = told.find(kBegin) + kBegin.size();
            if (!told.substr(at).starts_with(std::string(said) + '"')) return {};
            told_before_ = told.substr(0, at);
            told_behind_ = told.substr(at + said.size());
            says_only(chunk, only_text_);
        }
        return {};
    }

    Result<void> on_text(std::string_view raw_inside, std::string& out) override {
        out += told_before_;
        out += raw_inside;
        out += told_behind_;
        return {};
    }

    Result<void> on_done(std::string& out) override {
        const bool whole = std::all_of(seen_.begin(), seen_.end(), [](const Seen& seen) { return seen.finished; });
        if (seen_.empty() || !whole) return fail(ErrorCode::protocol, "the answer ended before it was finished");
        if (include_usage_ && !usage_.empty()) write_chunk("", usage_, out);
        out += "data: [DONE]\n\n";
        return {};
    }

    void on_error(const ApiError& error, std::string& out) override { out += render_error_event(error); }

  private:
    struct Seen {
        std::int64_t index = 0;
        std::size_t offset = 0;
        bool finished = false;
    };

    Result<void> take_choice(std::string_view chunk, Walk& walk, std::string& written) {
        const Choice choice = read_choice(walk, "delta");
        const std::optional<std::string> text = text_in(chunk, choice.said);
        if (!text) return no_text();
        const auto found =
            std::find_if(seen_.begin(), seen_.end(), [&](const Seen& s) { return s.index == choice.index; });
        if (found == seen_.end() && seen_.size() == kMaxChoices) {
            return fail(ErrorCode::too_large, "the answer has too many choices");
        }
        Seen& seen = found != seen_.end() ? *found : seen_.emplace_back(Seen{choice.index});
        seen.finished |= says_something(choice.finish);
        if (text->empty() && !says_something(choice.finish)) return {};
        const bool probable = !choice.logprobs.empty() && !json::is_null(choice.logprobs.of(chunk));
        const Span content = json::find_member(chunk, choice.said, "content").value_or(Span{});
        if (!says_something(choice.finish) && !probable && says_something(content.of(chunk))) {
            only_text_ = {content.begin + 1, content.end - 1};
        }
        if (!written.empty()) written += ',';
        write_choice(chunk, choice, *text, seen.offset, written);
        return {};
    }

    void write_chunk(std::string_view choices, std::string_view usage, std::string& out) {
        out += "data: ";
        head_.begin(out);
        out += R"(,"choices":[)";
        out += choices;
        out += ']';
        if (!usage.empty()) {
            out += R"(,"usage":)";
            out += usage;
        }
        out += "}\n\n";
    }

    Head head_;
    bool include_usage_;
    bool began_ = false;
    std::vector<Seen> seen_;
    std::string usage_;
    Span only_text_;  // the inside of the chunk's text, where it says nothing else
    std::string told_before_, told_behind_;
};

class CompletionsDialect final : public Dialect {
  public:
    std::string_view name() const override { return "openai.completions"; }

    Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                 Echo& echo) const override {
        echo.body = body;
        bool include_usage = false;
        Result<void> done = completion_to_chat(body, error_param, chat_body, include_usage);
        echo.notes = include_usage ? "usage" : "";
        return done;
    }

    Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) const override {
        return completion_from_chat(chat_body, echo, out);
    }

    std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo, const std::optional<Usage>&) const override {
        return std::make_unique<CompletionStream>(echo, !echo.notes.empty());
    }

    std::string render_error(const ApiError& error, std::string_view) const override {
        return wire::render_error(error);
    }
};

// The token's text and log-probability as a member of an object.
void append_probability(std::string_view token, std::string_view logprob, std::vector<std::string_view>& seen,
                        std::string& out) {
    if (std::find(seen.begin(), seen.end(), token) != seen.end()) return;
    if (!seen.empty()) out += ',';
    seen.push_back(token);
    out += token;
    out += ':';
    out += logprob;
}

struct Probability {
    std::string_view token = R"("")";
    std::string_view logprob = "null";
    Span top;
};

Probability read_probability(Walk& walk) {
    Probability read;
    for (Walk member = Walk::inside(walk); member.next();) {
        if (member.key_is("token")) {
            if (json::is_string(member.raw())) read.token = member.raw();
        } else if (member.key_is("logprob")) {
            if (json::as_double(member.raw())) read.logprob = member.raw();
        } else if (member.key_is("top_logprobs")) {
            read.top = member.value();
        }
    }
    return read;
}

}  // namespace

void append_legacy_logprobs(std::string_view document, Span logprobs, std::size_t& offset, std::string& out) {
    const std::optional<Span> content =
        logprobs.empty() ? std::nullopt : json::find_member(document, logprobs, "content");
    if (!content || !json::is_array(content->of(document))) {
        out += "null";
        return;
    }
    std::string tokens, token_logprobs, top, offsets;
    std::vector<std::string_view> seen;
    for (Walk walk(document, *content); walk.next();) {
        const Probability each = read_probability(walk);
        for (std::string* const list : {&tokens, &token_logprobs, &top, &offsets}) {
            if (!list->empty()) *list += ',';
        }
        tokens += each.token;
        token_logprobs += each.logprob;
        offsets += std::to_string(offset);
        offset += code_points(json::as_string(each.token).value_or(""));
        top += '{';
        seen.clear();
        for (Walk other(document, each.top); other.next();) {
            const Probability alternative = read_probability(other);
            append_probability(alternative.token, alternative.logprob, seen, top);
        }
        append_probability(each.token, each.logprob, seen, top);
        top += '}';
    }
    out += R"({"tokens":[)" + tokens + R"(],"token_logprobs":[)" + token_logprobs + R"(],"top_logprobs":[)" + top +
           R"(],"text_offset":[)" + offsets + "]}";
}

Result<void> completion_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) {
    thread_local std::vector<json::Member> members;
    if (Result<void> checked = json::members(chat_body, members); !checked) {
        return fail(ErrorCode::protocol, "the answer is no chat completion: " + checked.error().message);
    }
    Head head(echo);
    std::string choices;
    std::string_view usage;
    for (Walk member(chat_body, {0, chat_body.size()}); member.next();) {
        head.take(chat_body, member);
        if (member.key_is("usage")) usage = member.raw();
        if (!member.key_is("choices")) continue;
        for (Walk walk(chat_body, member.value()); walk.next();) {
            if (!walk.at_object()) return no_text();
            const Choice choice = read_choice(walk, "message");
            const std::optional<std::string> text = text_in(chat_body, choice.said);
            if (!text) return no_text();
            if (!says_something(choice.finish)) return fail(ErrorCode::protocol, "the answer has no finish_reason");
            std::size_t offset = 0;
            if (!choices.empty()) choices += ',';
            write_choice(chat_body, choice, *text, offset, choices);
        }
    }
    if (choices.empty()) return fail(ErrorCode::protocol, "the answer has no choices");
    head.begin(out);
    out += R"(,"choices":[)" + choices + ']';
    if (json::is_object(usage)) {
        out += R"(,"usage":)";
        json::minify(usage, out);
    }
    out += '}';
    return {};
}

const Dialect& completions_dialect() {
    static const CompletionsDialect dialect;
    return dialect;
}

}  // namespace weir::wire
