// Chat bodies as messages, and errors in Anthropic's form.
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/messages.h"
#include "wire/raw_text.h"

namespace weir::wire {
namespace messages {
namespace {

using json::Span;
using json::Walk;

// Anthropic's name for what went wrong.
std::string_view error_type(const ApiError& error) {
    switch (error.status) {
        case 401:
            return "authentication_error";
        case 402:
            return "billing_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 503:
        case 529:
            return "overloaded_error";
        case 408:
        case 504:
            return "timeout_error";
        default:
            return error.status < 500 ? "invalid_request_error" : "api_error";
    }
}

// The sequence in the caller's list that the upstream says it met.
bool is_among(std::string_view raw, std::string_view list) {
    if (!is_text(raw) || list.empty()) return false;
    const std::optional<std::string> met = json::as_string(raw);
    for (Walk one(list, {0, list.size()}); one.next();) {
        if (met && json::string_equals(one.raw(), *met)) return true;
    }
    return false;
}

// One body's content, in the order in which a stream brings it: thoughts, text, tool calls.
class Content {
  public:
    Content(std::string_view body, const Echo& echo, std::string& out) : body_(body), echo_(echo), out_(out) {}

    Result<void> run(Span choice, End& end) {
        Span message;
        for (Walk member(body_, choice); member.next();) {
            if (member.key_is("message")) {
                message = member.value();
            } else if (member.key_is("finish_reason")) {
                end.finish = member.raw();
            } else if (member.key_is("stop_reason")) {
                end.stop = member.raw();
            } else if (member.key_is("native_finish_reason")) {
                end.native = member.raw();
            }
        }
        std::string_view thought;
        Span signed_thoughts;
        Span content;
        Span calls;
        std::string_view refusal;
        for (Walk member(body_, message); member.next();) {
            if (member.key_is("content")) {
                content = member.value();
            } else if (member.key_is("tool_calls")) {
                calls = member.value();
            } else if (member.key_is("refusal")) {
                refusal = member.raw();
            } else if (member.key_is("reasoning_content") || member.key_is("reasoning")) {
                // Servers that give both say the same twice.
                if (is_text(member.raw()) && thought.empty()) thought = member.raw();
            } else if (member.key_is("thinking_blocks")) {
                signed_thoughts = member.value();
            } else if (member.key_is("function_call") && member.at_object()) {
                return fail(ErrorCode::protocol, "the answer calls a function, where tools were given");
            }
        }
        const bool whole = write_signed(signed_thoughts);
        if (!whole && !thought.empty()) {
            out_ += begin() + R"({"type":"thinking","thinking":)";
            out_ += thought;
            out_ += R"(,"signature":""})";
        }
        if (Result<void> written = write_text(content); !written) return written;
        if (is_text(refusal)) {
            end.refused = true;
            add_text(refusal);
        }
        return write_calls(calls, end);
    }

  private:
    std::string begin() { return count_++ > 0 ? "," : ""; }

    // false: there are none.
    bool write_signed(Span thoughts) {
        const std::size_t before = count_;
        for (Walk block(body_, thoughts); json::is_array(thoughts.of(body_)) && block.next();) {
            if (!is_signed_thought(body_, block.value())) continue;
            out_ += begin();
            out_ += block.raw();
        }
        return count_ > before;
    }

    void add_text(std::string_view raw) {
        if (!is_text(raw)) return;
        out_ += begin() + R"({"type":"text","text":)";
        out_ += raw;
        out_ += '}';
    }

    Result<void> write_text(Span content) {
        const std::string_view raw = content.of(body_);
        if (!json::is_array(raw)) {
            add_text(raw);
            return {};
        }
        for (Walk part(body_, content); part.next();) {
            const std::optional<Span> text = json::find_member(body_, part.value(), "text");
            if (!text) return fail(ErrorCode::protocol, "the answer has a part that is no text");
            add_text(text->of(body_));
        }
        return {};
    }

    Result<void> write_calls(Span calls, End& end) {
        std::size_t number = 0;
        for (Walk call(body_, calls); call.next(); ++number) {
            std::string_view id;
            std::string_view name;
            std::string_view arguments;
            for (Walk member = Walk::inside(call); member.next();) {
                if (member.key_is("id")) id = member.raw();
                if (!member.key_is("function")) continue;
                for (Walk part = Walk::inside(member); part.next();) {
                    if (part.key_is("name")) name = part.raw();
                    if (part.key_is("arguments")) arguments = part.raw();
                }
            }
            if (!is_text(name)) return fail(ErrorCode::protocol, "the answer calls a tool without a name");
            end.called_tools = true;
            out_ += begin() + R"({"type":"tool_use","id":)" + call_id(id, echo_, number) + R"(,"name":)";
            out_ += name;
            out_ += R"(,"input":)";
            if (Result<void> written = write_input(arguments, end); !written) return written;
            out_ += '}';
        }
        return {};
    }

    Result<void> write_input(std::string_view arguments, const End& end) {
        if (json::is_object(arguments)) {
            out_ += arguments;
            return {};
        }
        const std::string text = json::as_string(arguments).value_or("");
        const bool none = text.find_first_not_of(" \t\r\n") == std::string::npos;
        std::vector<json::Member> members;
        if (!none && json::members(text, members)) {
            out_ += text;
            return {};
        }
        // Cut off by max_tokens: the stop reason says that the call is not whole.
        if (!none && !json::string_equals(end.finish, "length")) {
            return fail(ErrorCode::protocol, "the arguments of a tool call in the answer are no JSON object");
        }
        out_ += "{}";
        return {};
    }

    std::string_view body_;
    const Echo& echo_;
    std::string& out_;
    std::size_t count_ = 0;
};

}  // namespace

void write_end(const End& end, const Echo& echo, std::string& out) {
    std::string_view reason = "null";
    std::string_view sequence = "null";
    const auto native = [&end](std::string_view name) { return json::string_equals(end.native, name); };
    if (native("model_context_window_exceeded") || native("pause_turn")) {
        reason = end.native;
    } else if (json::string_equals(end.finish, "length")) {
        reason = R"("max_tokens")";
    } else if (end.refused || json::string_equals(end.finish, "content_filter")) {
        reason = R"("refusal")";
    } else if (end.called_tools) {
        reason = R"("tool_use")";
    } else if (is_among(end.stop, echo.notes)) {
        reason = R"("stop_sequence")";
        sequence = end.stop;
    } else if (is_text(end.finish)) {
        reason = R"("end_turn")";
    }
    out += R"("stop_reason":)";
    out += reason;
    out += R"(,"stop_sequence":)";
    out += sequence;
}

void write_usage(const Usage& usage, std::string& out) {
    out += R"({"input_tokens":)" + std::to_string(usage.input_uncached);
    const Tokens written = usage.input_cache_write + usage.input_cache_write_1h;
    out += R"(,"cache_creation_input_tokens":)" + std::to_string(written);
    out += R"(,"cache_read_input_tokens":)" + std::to_string(usage.input_cached);
    if (written > 0) {
        out += R"(,"cache_creation":{"ephemeral_5m_input_tokens":)" + std::to_string(usage.input_cache_write);
        out += R"(,"ephemeral_1h_input_tokens":)" + std::to_string(usage.input_cache_write_1h) + '}';
    }
    out += R"(,"output_tokens":)" + std::to_string(usage.output);
    if (usage.reasoning > 0) {
        out += R"(,"output_tokens_details":{"thinking_tokens":)" + std::to_string(usage.reasoning) + '}';
    }
    if (usage.web_searches > 0) {
        out += R"(,"server_tool_use":{"web_search_requests":)" + std::to_string(usage.web_searches) + '}';
    }
    out += '}';
}

bool is_signed_thought(std::string_view document, json::Span block) {
    std::string_view type, signature, data;
    for (Walk member(document, block); member.next();) {
        if (member.key_is("type")) type = member.raw();
        if (member.key_is("signature")) signature = member.raw();
        if (member.key_is("data")) data = member.raw();
    }
    return json::string_equals(type, "redacted_thinking") ? is_text(data)
                                                          : json::string_equals(type, "thinking") && is_text(signature);
}

void write_head(std::string_view raw_id, std::string_view raw_model, const Echo& echo, std::string& out) {
    out += R"({"id":"msg_)";
    if (is_text(raw_id)) {
        std::string_view id = inside(raw_id);
        if (id.starts_with("msg_")) id.remove_prefix(4);  // the provider speaks Messages itself
        out += id;
    } else {
        out += echo.request_id;
    }
    out += R"(","type":"message","role":"assistant","model":)";
    if (is_text(raw_model)) {
        out += raw_model;
    } else {
        const auto asked = json::find_member(echo.body, {0, echo.body.size()}, "model");
        out += asked ? asked->of(echo.body) : std::string_view(R"("")");
    }
}

std::string call_id(std::string_view raw_id, const Echo& echo, std::size_t number) {
    if (is_text(raw_id)) return std::string(raw_id);
    return "\"toolu_" + echo.request_id + '_' + std::to_string(number) + '"';
}

Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) {
    std::vector<json::Member> members;
    if (Result<void> checked = json::members(chat_body, members); !checked) return checked;
    std::string_view id;
    std::string_view model;
    Span choices;
    Usage usage;
    for (const json::Member& member : members) {
        if (member.key == "id") {
            id = member.raw(chat_body);
        } else if (member.key == "model") {
            model = member.raw(chat_body);
        } else if (member.key == "choices") {
            choices = member.value;
        } else if (member.key == "usage") {
            usage = read_usage(chat_body, member.value).value_or(Usage{});
        }
    }
    Walk choice(chat_body, choices);
    if (choices.empty() || !choice.next()) return fail(ErrorCode::protocol, "the answer has no choices");
    const std::size_t begin = out.size();
    out.reserve(begin + chat_body.size() + 512);
    write_head(id, model, echo, out);
    out += R"(,"content":[)";
    End end;
    if (Result<void> written = Content(chat_body, echo, out).run(choice.value(), end); !written) {
        out.resize(begin);
        return written;
    }
    out += "],";
    write_end(end, echo, out);
    out += R"(,"usage":)";
    write_usage(usage, out);
    out += '}';
    return {};
}

std::string render_error(const ApiError& error, std::string_view request_id) {
    std::string out = R"({"type":"error","error":{"type":")";
    out += error_type(error);
    out += R"(","message":)";
    json::write_string(error.message, out);
    out += R"(},"request_id":"req_)";
    out += request_id;
    out += "\"}";
    return out;
}

}  // namespace messages

namespace {

class AnthropicMessages final : public Dialect {
  public:
    std::string_view name() const override { return "anthropic.messages"; }
    Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                 Echo& echo) const override {
        return messages::request_to_chat(body, error_param, chat_body, echo);
    }
    Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) const override {
        return messages::body_from_chat(chat_body, echo, out);
    }
    std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo,
                                                       const std::optional<Usage>& usage) const override {
        return messages::stream_from_chat(echo, usage);
    }
    std::string render_error(const ApiError& error, std::string_view request_id) const override {
        return messages::render_error(error, request_id);
    }
    IdHeader id_header() const override { return {"request-id", "req_"}; }
};

}  // namespace

const Dialect& anthropic_messages() {
    static const AnthropicMessages dialect;
    return dialect;
}

}  // namespace weir::wire
