#include "wire/responses_answer.h"

#include <algorithm>

#include "wire/chat_answer.h"
#include "wire/responses_calls.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;
using Status = ResponseHead::Status;

constexpr std::size_t kMaxNameBytes = 64;

bool says_something(std::string_view raw) {
    return json::is_string(raw) && raw.size() > 2;
}

bool fits_an_id(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view status_name(Status status) {
    switch (status) {
        case Status::in_progress:
            return "in_progress";
        case Status::completed:
            return "completed";
        case Status::cut:
        case Status::filtered:
            return "incomplete";
        case Status::failed:
            break;
    }
    return "failed";
}

void append_list(std::string_view item, std::string& list) {
    if (!list.empty()) list += ',';
    list += item;
}

}  // namespace

void append_response_usage(const Usage& usage, std::string& out) {
    out += R"({"input_tokens":)" + std::to_string(usage.input());
    out += R"(,"input_tokens_details":{"cache_write_tokens":)" +
           std::to_string(usage.input_cache_write + usage.input_cache_write_1h);
    out += R"(,"cached_tokens":)" + std::to_string(usage.input_cached);
    out += R"(},"output_tokens":)" + std::to_string(usage.output);
    out += R"(,"output_tokens_details":{"reasoning_tokens":)" + std::to_string(usage.reasoning);
    out += R"(},"total_tokens":)" + std::to_string(usage.input() + usage.output) + '}';
}

void ResponseHead::take(std::string_view key, std::string_view raw) {
    if (key == "id" && name_.empty()) {
        std::string name = json::as_string(raw).value_or("");
        for (const std::string_view prefix : {"chatcmpl-", "resp_"}) {
            if (name.starts_with(prefix)) name.erase(0, prefix.size());
        }
        name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return !fits_an_id(c); }), name.end());
        if (name.size() > kMaxNameBytes) name.resize(kMaxNameBytes);
        name_ = std::move(name);
    } else if (key == "created" && created_.empty() && json::as_int64(raw).value_or(0) > 0) {
        created_ = raw;
    } else if (key == "model" && model_.empty() && says_something(raw)) {
        model_ = raw;
    } else if (key == "service_tier" && json::is_string(raw)) {
        service_tier_ = raw;
    }
}

std::string ResponseHead::id(std::string_view kind, std::size_t ordinal) const {
    std::string out(kind);
    out += '_';
    out += name_.empty() ? echo_.request_id : name_;
    if (ordinal > 0) out += '_' + std::to_string(ordinal);
    return out;
}

void ResponseHead::write(Status status, std::string_view output, const std::optional<Usage>& usage,
                         const ApiError* error, std::string& out) const {
    out += R"({"id":")" + id("resp") + R"(","object":"response","created_at":)";
    out += created_.empty() ? std::to_string(echo_.created_unix_s) : created_;
    out += R"(,"status":")";
    out += status_name(status);
    out += R"(","error":)";
    if (error == nullptr) {
        out += "null";
    } else {
        out += R"({"code":")";
        out += error->status == 429 ? "rate_limit_exceeded" : "server_error";
        out += R"(","message":)";
        json::write_string(error->message, out);
        out += '}';
    }
    out += R"(,"incomplete_details":)";
    out += status == Status::cut        ? R"({"reason":"max_output_tokens"})"
           : status == Status::filtered ? R"({"reason":"content_filter"})"
                                        : "null";
    out += R"(,"model":)";
    out += model_.empty() ? R"("")" : std::string_view(model_);
    out += R"(,"output":[)";
    out += output;
    out += R"(],"service_tier":)";
    out += service_tier_.empty() ? "null" : std::string_view(service_tier_);
    out += R"(,"usage":)";
    if (usage) {
        append_response_usage(*usage, out);
    } else {
        out += "null";
    }
    if (!echo_.notes.empty()) {
        out += ',';
        out += echo_.notes;
    }
    out += '}';
}

std::optional<Status> ResponseHead::status_of(std::string_view raw_finish_reason) {
    if (!says_something(raw_finish_reason)) return std::nullopt;
    if (json::string_equals(raw_finish_reason, "length")) return Status::cut;
    if (json::string_equals(raw_finish_reason, "content_filter")) return Status::filtered;
    return Status::completed;
}

namespace response_item {

std::string_view status(Status status) {
    return status == Status::completed ? "completed" : "incomplete";
}

std::string text_part(std::string_view text, std::string_view annotations, std::string_view logprobs) {
    std::string out = R"({"type":"output_text","annotations":[)";
    out += annotations;
    out += R"(],"logprobs":[)";
    out += logprobs;
    out += R"(],"text":)";
    out += text;
    out += '}';
    return out;
}

std::string refusal_part(std::string_view text) {
    return R"({"type":"refusal","refusal":)" + std::string(text) + '}';
}

std::string reasoning_part(std::string_view text) {
    return R"({"type":"reasoning_text","text":)" + std::string(text) + '}';
}

std::string message(std::string_view id, std::string_view status, std::string_view parts) {
    std::string out = R"({"id":")";
    out += id;
    out += R"(","type":"message","status":")";
    out += status;
    out += R"(","content":[)";
    out += parts;
    out += R"(],"role":"assistant"})";
    return out;
}

std::string reasoning(std::string_view id, std::string_view status, std::string_view parts) {
    std::string out = R"({"id":")";
    out += id;
    out += R"(","type":"reasoning","status":")";
    out += status;
    out += R"(","summary":[],"content":[)";
    out += parts;
    out += "]}";
    return out;
}

std::string call(std::string_view id, std::string_view status, const Call& call) {
    std::string out = R"({"id":")";
    out += id;
    out += call.custom ? R"(","type":"custom_tool_call","status":")" : R"(","type":"function_call","status":")";
    out += status;
    out += call.custom ? R"(","input":)" : R"(","arguments":)";
    out += call.arguments;
    out += R"(,"call_id":)";
    out += call.call_id;
    out += R"(,"name":)";
    out += call.name;
    out += '}';
    return out;
}

void append_annotation(std::string_view document, Span annotation, std::string& out) {
    const std::optional<Span> cited = json::find_member(document, annotation, "url_citation");
    if (!cited || !json::is_object(cited->of(document))) {
        json::minify(annotation.of(document), out);
        return;
    }
    out += R"({"type":"url_citation")";
    const std::string_view raw = cited->of(document);
    if (!json::is_empty_container(raw)) {
        out += ',';
        json::minify(raw.substr(1), out);
    } else {
        out += '}';
    }
}

}  // namespace response_item

namespace {

// The first choice, as items.
class Items {
  public:
    Items(std::string_view body, const ResponseHead& head) : body_(body), head_(head) {}

    Result<void> read(Span choice) {
        Span message;
        std::string_view finish = "null";
        for (Walk member(body_, choice); member.next();) {
            if (member.key_is("message")) {
                message = member.value();
            } else if (member.key_is("finish_reason")) {
                finish = member.raw();
            } else if (member.key_is("logprobs")) {
                read_logprobs(member);
            }
        }
        const std::optional<Status> status = ResponseHead::status_of(finish);
        if (!status) return fail(ErrorCode::protocol, "the answer has no finish_reason");
        status_ = *status;
        if (Result<void> read = read_message(message); !read) return read;
        write();
        return {};
    }

    Status status() const { return status_; }
    const std::string& text() const { return items_; }

  private:
    void read_logprobs(Walk& logprobs) {
        for (Walk list = Walk::inside(logprobs); list.next();) {
            if (!list.key_is("content") || !list.at_array()) continue;
            for (Walk token = Walk::inside(list); token.next();) {
                if (!logprobs_.empty()) logprobs_ += ',';
                json::minify(token.raw(), logprobs_);
            }
        }
    }

    Result<void> read_message(Span message) {
        for (Walk member(body_, message); member.next();) {
            const std::string_view raw = member.raw();
            if (member.key_is("content")) {
                if (Result<void> read = read_content(member); !read) return read;
            } else if (member.key_is("refusal")) {
                if (says_something(raw)) refusal_ = raw;
            } else if (member.key_is("reasoning_content")) {
                if (says_something(raw)) reasoning_ = raw;
            } else if (member.key_is("reasoning")) {
                if (says_something(raw) && reasoning_.empty()) reasoning_ = raw;
            } else if (member.key_is("annotations") && member.at_array()) {
                for (Walk each = Walk::inside(member); each.next();) {
                    if (!annotations_.empty()) annotations_ += ',';
                    response_item::append_annotation(body_, each.value(), annotations_);
                }
            } else if (member.key_is("tool_calls") && member.at_array()) {
                for (Walk call = Walk::inside(member); call.next();) read_call(call);
            }
        }
        return {};
    }

    Result<void> read_content(Walk& content) {
        if (says_something(content.raw())) {
            text_ = content.raw();
            return {};
        }
        if (!content.at_array()) return {};
        std::string joined;
        for (Walk part = Walk::inside(content); part.next();) {
            const std::optional<Span> text = json::find_member(body_, part.value(), "text");
            const std::string_view raw = text ? text->of(body_) : std::string_view();
            if (!json::is_string(raw)) return fail(ErrorCode::protocol, "the answer's content is not only text");
            joined += raw.substr(1, raw.size() - 2);
        }
        if (!joined.empty()) text_ = '"' + joined + '"';
        return {};
    }

    void read_call(Walk& walk) {
        response_item::Call call;
        for (Walk member = Walk::inside(walk); member.next();) {
            if (member.key_is("id")) {
                if (says_something(member.raw())) call.call_id = member.raw();
            } else if (member.at_object() && (member.key_is("function") || member.key_is("custom"))) {
                call.custom = member.key_is("custom");
                for (Walk part = Walk::inside(member); part.next();) {
                    if (part.key_is("name") && json::is_string(part.raw())) call.name = part.raw();
                    if (part.key_is("arguments") || part.key_is("input")) {
                        call.arguments = '"' + arguments_in(part.raw()) + '"';
                    }
                }
            }
        }
        if (call.call_id.empty()) call.call_id = '"' + head_.id("call", calls_.size()) + '"';
        if (call.name.empty()) call.name = R"("")";
        if (call.arguments.empty()) call.arguments = R"("")";
        calls_.push_back(std::move(call));
    }

    void write() {
        const std::string_view status = response_item::status(status_);
        std::string parts;
        const bool nothing = reasoning_.empty() && refusal_.empty() && calls_.empty();
        if (text_.empty() && nothing) text_ = R"("")";
        if (!text_.empty()) parts = response_item::text_part(text_, annotations_, logprobs_);
        if (!refusal_.empty()) append_list(response_item::refusal_part(refusal_), parts);
        // What the answer ended in is incomplete where the answer is.
        if (!reasoning_.empty()) {
            const bool last = parts.empty() && calls_.empty();
            items_ = response_item::reasoning(head_.id("rs"), last ? status : "completed",
                                              response_item::reasoning_part(reasoning_));
        }
        if (!parts.empty()) {
            append_list(response_item::message(head_.id("msg"), calls_.empty() ? status : "completed", parts), items_);
        }
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            const std::string id = head_.id(calls_[i].custom ? "ctc" : "fc", i);
            const bool last = i + 1 == calls_.size();
            append_list(response_item::call(id, last ? status : "completed", calls_[i]), items_);
        }
    }

    std::string_view body_;
    const ResponseHead& head_;
    Status status_ = Status::completed;
    std::string text_, refusal_, reasoning_;  // raw strings; empty: there is none
    std::string annotations_, logprobs_;
    std::vector<response_item::Call> calls_;
    std::string items_;
};

}  // namespace

Result<void> response_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) {
    thread_local std::vector<json::Member> members;
    if (Result<void> checked = json::members(chat_body, members); !checked) {
        return fail(ErrorCode::protocol, "the answer is no chat completion: " + checked.error().message);
    }
    ResponseHead head(echo);
    std::optional<Usage> usage;
    std::optional<Span> choice;
    for (const json::Member& member : members) {
        head.take(member.key, member.raw(chat_body));
        if (member.key == "usage") {
            usage = read_usage(chat_body, member.value);
        } else if (member.key == "choices" && json::is_array(member.raw(chat_body))) {
            Walk first(chat_body, member.value);
            if (first.next()) choice = first.value();
        }
    }
    if (!choice || !json::is_object(choice->of(chat_body))) {
        return fail(ErrorCode::protocol, "the answer has no choices");
    }
    if (usage && !usage->reported) usage.reset();
    Items items(chat_body, head);
    if (Result<void> read = items.read(*choice); !read) return read;
    head.write(items.status(), items.text(), usage, nullptr, out);
    return {};
}

}  // namespace weir::wire
