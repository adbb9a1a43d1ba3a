#include "wire/responses_form.h"

#include <optional>
#include <utility>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/chat_head.h"
#include "wire/raw_text.h"
#include "wire/responses.h"
#include "wire/usage_form.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

Result<void> broken(std::string_view what) {
    return fail(ErrorCode::protocol, "the answer is no response: " + std::string(what));
}

Span member_of(std::string_view document, Span object, std::string_view name) {
    return json::find_member(document, object, name).value_or(Span{});
}

void add_element(std::string_view raw, std::string& list) {
    if (!list.empty()) list += ',';
    list += raw;
}

// The call of a function or a custom tool, without its index; `arguments` is a raw string.
Result<std::string> call_of(std::string_view document, Span item, bool custom, std::string_view arguments) {
    const std::string_view id = member_of(document, item, "call_id").of(document);
    const std::string_view name = member_of(document, item, "name").of(document);
    if (!is_text(id) || !is_text(name)) return tl::unexpected(broken("a call without an id or a name").error());
    std::string call = R"("id":)" + std::string(id);
    call += custom ? R"(,"type":"custom","custom":{"name":)" : R"(,"type":"function","function":{"name":)";
    call += name;
    call += custom ? R"(,"input":)" : R"(,"arguments":)";
    call += json::is_string(arguments) ? arguments : std::string_view(R"("")");
    return call + "}";
}

// Raw: "stop", "tool_calls", "length", "content_filter"; nothing where the response isn't at its end.
std::optional<std::string_view> finish_of(std::string_view document, Span response, bool calls) {
    const std::string_view status = member_of(document, response, "status").of(document);
    if (json::string_equals(status, "completed")) return calls ? R"("tool_calls")" : R"("stop")";
    if (!json::string_equals(status, "incomplete")) return std::nullopt;
    const Span details = member_of(document, response, "incomplete_details");
    if (!json::is_object(details.of(document))) return R"("length")";
    const std::string_view reason = member_of(document, details, "reason").of(document);
    return json::string_equals(reason, "content_filter") ? R"("content_filter")" : R"("length")";
}

std::optional<Usage> usage_of(std::string_view document, Span response) {
    std::optional<Usage> usage = read_usage(document, member_of(document, response, "usage"));
    if (usage && !usage->reported) usage.reset();
    return usage;
}

ChatHead head_of(std::string_view document, Span response) {
    ChatHead head;
    head.raw_id = member_of(document, response, "id").of(document);
    head.raw_model = member_of(document, response, "model").of(document);
    head.raw_tier = member_of(document, response, "service_tier").of(document);
    return head;
}

// ---- bodies

// A response's output, sorted into what a chat message has.
class Output {
  public:
    explicit Output(std::string_view body) : body_(body) {}

    Result<void> add(Walk& item) {
        if (!item.at_object()) return broken("an item that is no object");
        const Span value = item.value();
        const std::string_view type = member_of(body_, value, "type").of(body_);
        if (json::string_equals(type, "message")) return add_message(member_of(body_, value, "content"));
        if (json::string_equals(type, "reasoning")) {
            add_texts(member_of(body_, value, thoughts_of(value)), thoughts_);
            return {};
        }
        const bool custom = json::string_equals(type, "custom_tool_call");
        if (!custom && !json::string_equals(type, "function_call")) return broken("an item that chat has no word for");
        if (++call_count_ > kMaxResponseCalls) return broken("too many calls");
        const Span arguments = member_of(body_, value, custom ? "input" : "arguments");
        Result<std::string> call = call_of(body_, value, custom, arguments.of(body_));
        if (!call) return tl::unexpected(call.error());
        add_element("{" + *call + "}", calls_);
        return {};
    }

    bool calls() const { return call_count_ > 0; }

    void write(std::string_view finish, std::string& out) const {
        out += R"("choices":[{"index":0,"message":{"role":"assistant","content":)";
        out += text_.empty() && (calls() || !refusal_.empty()) ? "null" : '"' + text_ + '"';
        out += R"(,"refusal":)";
        out += refusal_.empty() ? "null" : '"' + refusal_ + '"';
        if (!thoughts_.empty()) out += R"(,"reasoning_content":")" + thoughts_ + '"';
        if (!calls_.empty()) out += R"(,"tool_calls":[)" + calls_ + ']';
        out += R"(},"logprobs":)";
        out += logprobs_.empty() ? "null" : R"({"content":[)" + logprobs_ + R"(],"refusal":null})";
        out += R"(,"finish_reason":)";
        out += finish;
        out += "}]";
    }

  private:
    std::string_view thoughts_of(Span item) const {
        const std::string_view content = member_of(body_, item, "content").of(body_);
        return json::is_array(content) && !json::is_empty_container(content) ? "content" : "summary";
    }
    void add_texts(Span parts, std::string& to) const {
        if (!json::is_array(parts.of(body_))) return;
        for (Walk part(body_, parts); part.next();) {
            if (!part.at_object()) continue;
            const std::string_view text = member_of(body_, part.value(), "text").of(body_);
            if (is_text(text)) to += inside(text);
        }
    }
    Result<void> add_message(Span parts) {
        if (!json::is_array(parts.of(body_))) return broken("a message without content");
        for (Walk part(body_, parts); part.next();) {
            if (!part.at_object()) return broken("a part that is no object");
            const std::string_view type = member_of(body_, part.value(), "type").of(body_);
            const bool refuses = json::string_equals(type, "refusal");
            if (!refuses && !json::string_equals(type, "output_text")) return broken("a part of an unknown type");
            const std::string_view text = member_of(body_, part.value(), refuses ? "refusal" : "text").of(body_);
            if (is_text(text)) (refuses ? refusal_ : text_) += inside(text);
            const std::string_view logprobs = member_of(body_, part.value(), "logprobs").of(body_);
            if (json::is_array(logprobs) && !json::is_empty_container(logprobs)) {
                add_element(inside(logprobs), logprobs_);
            }
        }
        return {};
    }

    std::string_view body_;
    std::string text_, refusal_, thoughts_, calls_, logprobs_;  // as spelled, without quotes or brackets
    std::size_t call_count_ = 0;
};

// ---- streams

// created --> open --response.completed, response.incomplete--> ended; error, response.failed --> failed.
class Stream final : public ProviderStream {
  public:
    explicit Stream(const ProviderExchange& exchange) : exchange_(exchange) {}

    Result<void> feed(std::string_view bytes, std::string& out) override {
        return http::feed_events(splitter_, bytes,
                                 [&](const http::SseSplitter::Event& event) { return take(event, out); });
    }

    Result<void> end(std::string&) override {
        if (ended_) return {};
        return fail(ErrorCode::closed, "the upstream's stream ended before its response.completed");
    }

  private:
    struct Call {
        std::int64_t output_index = 0;
        bool custom = false;
    };

    Result<void> take(const http::SseSplitter::Event& event, std::string& out) {
        if (ended_ || failed_) return {};
        if (event.data.empty()) {
            http::append_comment(event, out);
            return {};
        }
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(event.data, members); !checked) {
            return broken("an event is broken: " + checked.error().message);
        }
        data_ = event.data;
        const Span whole{0, data_.size()};
        const std::string_view type = member_of(data_, whole, "type").of(data_);
        const auto is = [&](std::string_view name) { return json::string_equals(type, name); };
        if (is("response.output_text.delta")) return tell_text("content", whole, out);
        if (is("response.refusal.delta")) return tell_text("refusal", whole, out);
        if (is("response.reasoning_text.delta") || is("response.reasoning_summary_text.delta")) {
            return tell_text("reasoning_content", whole, out);
        }
        if (is("response.function_call_arguments.delta")) return tell_arguments(whole, false, out);
        if (is("response.custom_tool_call_input.delta")) return tell_arguments(whole, true, out);
        if (is("response.output_item.added")) return on_item(whole, out);
        if (is("response.completed") || is("response.incomplete")) return on_end(whole, out);
        if (is("error") || is("response.failed")) {
            failed_ = true;
            out += render_error_event(error_in(whole));
        }
        return {};
    }

    void begin(std::string& out) {
        if (!head_.empty()) return;
        const Span response = member_of(data_, {0, data_.size()}, "response");
        const ChatHead head = json::is_object(response.of(data_)) ? head_of(data_, response) : ChatHead{};
        append_chat_head("chat.completion.chunk", head, exchange_, head_);
        tell(R"("role":"assistant","content":"","refusal":null)", out);
    }
    void tell(std::string_view delta, std::string& out, std::string_view logprobs = "null",
              std::string_view finish = "null") const {
        out += "data: " + head_ + R"("choices":[{"index":0,"delta":{)";
        out += delta;
        out += R"(},"logprobs":)";
        out += logprobs;
        out += R"(,"finish_reason":)";
        out += finish;
        out += "}]}\n\n";
    }

    Result<void> tell_text(std::string_view name, Span event, std::string& out) {
        begin(out);
        const std::string_view text = member_of(data_, event, "delta").of(data_);
        if (!is_text(text)) return {};
        const std::string_view logprobs = member_of(data_, event, "logprobs").of(data_);
        const bool has = json::is_array(logprobs) && !json::is_empty_container(logprobs);
        tell('"' + std::string(name) + "\":" + std::string(text), out,
             has ? R"({"content":)" + std::string(logprobs) + R"(,"refusal":null})" : "null");
        return {};
    }

    Result<void> on_item(Span event, std::string& out) {
        begin(out);
        const Span item = member_of(data_, event, "item");
        if (!json::is_object(item.of(data_))) return broken("an output_item.added without its item");
        const std::string_view type = member_of(data_, item, "type").of(data_);
        const bool custom = json::string_equals(type, "custom_tool_call");
        if (!custom && !json::string_equals(type, "function_call")) {
            const bool known = json::string_equals(type, "message") || json::string_equals(type, "reasoning");
            return known ? Result<void>() : broken("an item that chat has no word for");
        }
        if (calls_.size() == kMaxResponseCalls) return fail(ErrorCode::too_large, "the answer has too many tool calls");
        Result<std::string> call = call_of(data_, item, custom, R"("")");
        if (!call) return tl::unexpected(call.error());
        tell(R"("tool_calls":[{"index":)" + std::to_string(calls_.size()) + "," + *call + "}]", out);
        calls_.push_back({json::as_int64(member_of(data_, event, "output_index").of(data_)).value_or(-1), custom});
        return {};
    }

    Result<void> tell_arguments(Span event, bool custom, std::string& out) {
        const std::int64_t index = json::as_int64(member_of(data_, event, "output_index").of(data_)).value_or(-1);
        std::size_t call = calls_.size();
        while (call > 0 && calls_[call - 1].output_index != index) --call;
        if (call == 0 || calls_[call - 1].custom != custom) return broken("arguments of a call that did not begin");
        const std::string_view piece = member_of(data_, event, "delta").of(data_);
        if (!is_text(piece)) return {};
        tell(R"("tool_calls":[{"index":)" + std::to_string(call - 1) +
                 (custom ? R"(,"custom":{"input":)" : R"(,"function":{"arguments":)") + std::string(piece) + "}}]",
             out);
        return {};
    }

    Result<void> on_end(Span event, std::string& out) {
        begin(out);
        const Span response = member_of(data_, event, "response");
        if (!json::is_object(response.of(data_))) return broken("an end without its response");
        const std::optional<std::string_view> finish = finish_of(data_, response, !calls_.empty());
        if (!finish) return broken("an end that is none");
        tell("", out, "null", *finish);
        if (const std::optional<Usage> usage = usage_of(data_, response)) {
            out += "data: " + head_ + R"("choices":[],"usage":)";
            append_chat_usage(*usage, out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
        ended_ = true;
        return {};
    }

    // {"type":"error","code","message"}, or the response that has failed, with its error.
    ApiError error_in(Span event) const {
        const Span response = member_of(data_, event, "response");
        std::string_view text = data_;
        if (json::is_object(response.of(data_))) text = response.of(data_);
        ApiError error{502, upstream_message(text), "server_error", "upstream_error", ""};
        take_type_and_code(text, error);
        return error;
    }

    const ProviderExchange& exchange_;
    http::SseSplitter splitter_;
    std::string_view data_;  // of the event that is read
    std::string head_;
    std::vector<Call> calls_;
    bool ended_ = false, failed_ = false;
};

class Form final : public ProviderForm {
  public:
    std::string_view name() const override { return responses_dialect().name(); }
    void append_path(const ProviderExchange&, std::string& path) const override { path += "/responses"; }
    KeyHeader key_header() const override { return {"authorization", "Bearer "}; }

    bool is_last_event(const http::SseSplitter::Event& event) const override {
        const std::string type = event_type(event);
        return type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
               type == "error";
    }

    Result<void> request_from_chat(std::string_view, std::string&, ProviderExchange&, std::string&) const override {
        return fail(ErrorCode::invalid, "nobody is asked in Responses for a request of another API");
    }

    Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange,
                              std::string& chat_body) const override {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(body, members); !checked) return broken(checked.error().message);
        const Span whole{0, body.size()};
        const Span items = member_of(body, whole, "output");
        if (!json::is_array(items.of(body))) return broken("no output");
        Output output(body);
        for (Walk item(body, items); item.next();) {
            if (Result<void> added = output.add(item); !added) return added;
        }
        const std::optional<std::string_view> finish = finish_of(body, whole, output.calls());
        if (!finish) return broken("its status is neither completed nor incomplete");
        append_chat_head("chat.completion", head_of(body, whole), exchange, chat_body);
        output.write(*finish, chat_body);
        if (const std::optional<Usage> usage = usage_of(body, whole)) {
            chat_body += R"(,"usage":)";
            append_chat_usage(*usage, chat_body);
        }
        chat_body += '}';
        return {};
    }

    std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) const override {
        return std::make_unique<Stream>(exchange);
    }

    ApiError error_of(unsigned status, std::string_view body) const override {
        ApiError error{status, upstream_message(body), "server_error", "upstream_error", ""};
        take_type_and_code(body, error);
        return error;
    }
};

}  // namespace

const ProviderForm& responses_form() {
    static const Form form;
    return form;
}

}  // namespace weir::wire
