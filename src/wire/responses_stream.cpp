// A chat stream as the events of a Responses stream:
//   created, in_progress, then item by item
//     output_item.added, (content_part.added, delta.., done, content_part.done).. or arguments' delta.., done,
//     output_item.done,
//   and completed or incomplete; or at any point error and failed.
// One item is open at a time. Chat may mix the pieces of its tool calls: what belongs to a later one waits until the
// one before is whole, its arguments' brackets closed. What was said is kept for the events that repeat it whole.
#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/responses.h"
#include "wire/responses_answer.h"
#include "wire/responses_calls.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;
using Status = ResponseHead::Status;

bool says_something(std::string_view raw) {
    return json::is_string(raw) && raw.size() > 2;
}

std::string_view inside(std::string_view raw_string) {
    return raw_string.substr(1, raw_string.size() - 2);
}

class ResponsesStream final : public ChunkReader {
  public:
    explicit ResponsesStream(const Echo& echo) : head_(echo) {}

    void go_on_after(const std::string& first, const std::string& last) override;

  protected:
    Result<void> on_chunk(std::string_view chunk, std::string& out) override;
    Result<void> on_text(std::string_view raw_inside, std::string& out) override;
    Result<void> on_done(std::string& out) override;
    void on_error(const ApiError& error, std::string& out) override;

  private:
    enum class Item : std::uint8_t { none, reasoning, message, call };
    enum class Part : std::uint8_t { none, text, refusal };

    Result<void> take_choice(Walk& choice, std::string& out);
    Result<void> take_delta(Span delta, std::string& out);
    Result<void> take_content(Span content, std::string& out);
    Result<void> take_call(Walk& call, std::string& out);
    void tell_calls(std::string& out);
    void take_logprobs(Span logprobs);
    Result<void> check_size() const;
    void take_annotations(Span annotations, std::string& out);

    // Each a step of the grammar.
    void begin(std::string& out);
    void open_reasoning(std::string& out);
    void open_part(Part part, std::string& out);
    void open_call(CallQueue::Call& call, std::string& out);
    void close_part(std::string& out);
    void close_item(Status status, std::string& out);       // and the calls that wait
    void close_open_item(Status status, std::string& out);  // the one
    void say(std::string_view event, std::string_view text, std::string& out);

    void begin_event(std::string_view type, std::string& out);
    void item_event(std::string_view type, std::string_view item, std::string& out);
    void part_event(std::string_view type, std::string_view part, std::string& out);
    void done_event(std::string_view type, std::string_view member, std::string& out);
    void response_event(std::string_view type, Status status, const ApiError* error, std::string& out);
    std::string quoted_text() const { return '"' + text_ + '"'; }

    ResponseHead head_;
    std::string_view chunk_;
    Span only_text_;  // the inside of the chunk's text, where it says nothing else
    std::optional<Usage> usage_;
    std::optional<Status> status_;  // since there was a finish_reason
    bool began_ = false;
    std::uint64_t sequence_ = 0;
    std::size_t output_index_ = 0;  // of the open item, or the next one
    std::string items_;             // the closed ones, joined

    Item item_ = Item::none;
    Part part_ = Part::none;
    std::size_t content_index_ = 0;
    std::string id_;        // the open item's
    std::string place_;     // the members that say which item and part a delta belongs to
    std::string text_;      // the open part's or call's, without quotes
    std::string parts_;     // the open message's closed parts
    std::string logprobs_;  // the open text's, and of those that came since its last delta
    std::string new_logprobs_;
    std::string annotations_;
    std::size_t annotation_count_ = 0;
    std::size_t kept_ = 0;
    std::size_t reasonings_ = 0, messages_ = 0;  // items of each kind so far
    CallQueue calls_;                            // the open item, where that is a call, and those that wait behind it
};

Result<void> ResponsesStream::on_chunk(std::string_view chunk, std::string& out) {
    chunk_ = chunk;
    only_text_ = {};
    std::size_t choices = 0;
    bool has_usage = false;
    for (Walk member(chunk, {0, chunk.size()}); member.next();) {
        if (member.key_is("choices")) {
            for (Walk choice = Walk::inside(member); choice.next(); ++choices) {
                if (!choice.at_object()) return fail(ErrorCode::protocol, "a chunk's choice is no object");
                if (Result<void> taken = take_choice(choice, out); !taken) return taken;
            }
        } else if (member.key_is("usage")) {
            const std::optional<Usage> usage = read_usage(chunk, member.value());
            if (usage && usage->reported) usage_ = usage;
            has_usage |= usage.has_value();
        } else if (!began_) {
            head_.take(json::as_string(member.raw_key()).value_or(""), member.raw());
        }
    }
    if (!only_text_.empty() && choices == 1 && !has_usage) says_only(chunk, only_text_);
    return check_size();
}

Result<void> ResponsesStream::on_text(std::string_view raw_inside, std::string& out) {
    open_part(Part::text, out);
    say("response.output_text.delta", raw_inside, out);
    return check_size();
}

Result<void> ResponsesStream::check_size() const {
    if (kept_ > kMaxResponseBytes) return fail(ErrorCode::too_large, "the answer is too large for this API's stream");
    return {};
}

Result<void> ResponsesStream::take_choice(Walk& choice, std::string& out) {
    Span delta;
    Span logprobs;
    std::string_view finish = "null";
    std::int64_t index = 0;
    for (Walk member = Walk::inside(choice); member.next();) {
        if (member.key_is("delta")) {
            delta = member.value();
        } else if (member.key_is("finish_reason")) {
            finish = member.raw();
        } else if (member.key_is("logprobs")) {
            logprobs = member.value();
        } else if (member.key_is("index")) {
            index = json::as_int64(member.raw()).value_or(0);
        }
    }
    if (index != 0) return fail(ErrorCode::protocol, "the answer has several choices");
    // What stands behind the choices in the first chunk belongs to the head, too.
    if (!began_) {
        for (Walk member(chunk_, {0, chunk_.size()}); member.next();) {
            head_.take(json::as_string(member.raw_key()).value_or(""), member.raw());
        }
        begin(out);
    }
    if (!logprobs.empty()) take_logprobs(logprobs);
    if (!delta.empty()) {
        if (Result<void> taken = take_delta(delta, out); !taken) return taken;
    }
    if (!logprobs.empty() && !json::is_null(logprobs.of(chunk_))) only_text_ = {};
    if (const std::optional<Status> status = ResponseHead::status_of(finish)) {
        only_text_ = {};
        status_ = status;
        if (item_ == Item::none && output_index_ == 0) open_part(Part::text, out);
        close_item(*status, out);
    }
    return {};
}

Result<void> ResponsesStream::take_delta(Span delta, std::string& out) {
    Span content, refusal, thought, calls, annotations;
    for (Walk member(chunk_, delta); member.next();) {
        if (member.key_is("content")) {
            content = member.value();
        } else if (member.key_is("refusal")) {
            refusal = member.value();
        } else if (member.key_is("reasoning_content") || (member.key_is("reasoning") && thought.empty())) {
            if (says_something(member.raw())) thought = member.value();
        } else if (member.key_is("tool_calls") && member.at_array()) {
            calls = member.value();
        } else if (member.key_is("annotations") && member.at_array()) {
            annotations = member.value();
        }
    }
    const bool refuses = says_something(refusal.of(chunk_));
    if (thought.empty() && calls.empty() && annotations.empty() && !refuses && says_something(content.of(chunk_))) {
        only_text_ = {content.begin + 1, content.end - 1};
    }
    if (!thought.empty()) {
        open_reasoning(out);
        say("response.reasoning_text.delta", inside(thought.of(chunk_)), out);
    }
    if (!content.empty()) {
        if (Result<void> taken = take_content(content, out); !taken) return taken;
    }
    if (!annotations.empty()) take_annotations(annotations, out);
    if (refuses) {
        open_part(Part::refusal, out);
        say("response.refusal.delta", inside(refusal.of(chunk_)), out);
    }
    if (!calls.empty()) {
        for (Walk call(chunk_, calls); call.next();) {
            if (!call.at_object()) return fail(ErrorCode::protocol, "a tool call of the stream is no object");
            if (Result<void> taken = take_call(call, out); !taken) return taken;
        }
    }
    return {};
}

Result<void> ResponsesStream::take_content(Span content, std::string& out) {
    const std::string_view raw = content.of(chunk_);
    if (says_something(raw)) {
        open_part(Part::text, out);
        say("response.output_text.delta", inside(raw), out);
        return {};
    }
    if (!json::is_array(raw)) return {};
    for (Walk part(chunk_, content); part.next();) {
        const std::optional<Span> text = json::find_member(chunk_, part.value(), "text");
        const std::string_view said = text ? text->of(chunk_) : std::string_view();
        if (!json::is_string(said)) return fail(ErrorCode::protocol, "the answer's content is not only text");
        if (!says_something(said)) continue;
        open_part(Part::text, out);
        say("response.output_text.delta", inside(said), out);
    }
    return {};
}

Result<void> ResponsesStream::take_call(Walk& walk, std::string& out) {
    const Result<std::size_t> taken = calls_.take(walk);
    if (!taken) return tl::unexpected(taken.error());
    kept_ += *taken;
    tell_calls(out);
    return {};
}

// As far as they can be told in order.
void ResponsesStream::tell_calls(std::string& out) {
    while (!calls_.empty()) {
        CallQueue::Call& call = calls_.front();
        if (item_ != Item::call) {
            if (call.item.name.empty()) return;
            open_call(call, out);
        }
        if (!call.waiting.empty()) {
            say(call.item.custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta",
                call.waiting, out);
            call.waiting.clear();
        }
        if (calls_.size() == 1 || !(call.item.custom || call.progress.whole())) return;
        close_open_item(Status::completed, out);
    }
}

void ResponsesStream::take_logprobs(Span logprobs) {
    const std::optional<Span> content = json::find_member(chunk_, logprobs, "content");
    if (!content || !json::is_array(content->of(chunk_))) return;
    for (Walk token(chunk_, *content); token.next();) {
        if (!new_logprobs_.empty()) new_logprobs_ += ',';
        json::minify(token.raw(), new_logprobs_);
    }
}

void ResponsesStream::take_annotations(Span annotations, std::string& out) {
    for (Walk each(chunk_, annotations); each.next();) {
        open_part(Part::text, out);
        std::string annotation;
        response_item::append_annotation(chunk_, each.value(), annotation);
        begin_event("response.output_text.annotation.added", out);
        out += place_;
        out += R"(,"annotation_index":)" + std::to_string(annotation_count_++) + R"(,"annotation":)" + annotation;
        out += "}\n\n";
        if (!annotations_.empty()) annotations_ += ',';
        annotations_ += annotation;
        kept_ += annotation.size();
    }
}

void ResponsesStream::begin(std::string& out) {
    began_ = true;
    response_event("response.created", Status::in_progress, nullptr, out);
    response_event("response.in_progress", Status::in_progress, nullptr, out);
}

void ResponsesStream::open_reasoning(std::string& out) {
    if (item_ == Item::reasoning) return;
    close_item(Status::completed, out);
    item_ = Item::reasoning;
    id_ = head_.id("rs", reasonings_++);
    item_event("response.output_item.added", response_item::reasoning(id_, "in_progress", ""), out);
    content_index_ = 0;
    part_event("response.content_part.added", response_item::reasoning_part(R"("")"), out);
}

void ResponsesStream::open_part(Part part, std::string& out) {
    if (item_ == Item::message && part_ == part) return;
    if (item_ != Item::message) {
        close_item(Status::completed, out);
        item_ = Item::message;
        id_ = head_.id("msg", messages_++);
        item_event("response.output_item.added", response_item::message(id_, "in_progress", ""), out);
        content_index_ = 0;
    } else {
        close_part(out);
        ++content_index_;
    }
    part_ = part;
    part_event("response.content_part.added",
               part == Part::text ? response_item::text_part(R"("")", "", "") : response_item::refusal_part(R"("")"),
               out);
}

void ResponsesStream::open_call(CallQueue::Call& call, std::string& out) {
    close_open_item(Status::completed, out);
    item_ = Item::call;
    if (call.item.call_id.empty()) call.item.call_id = '"' + head_.id("call", call.ordinal) + '"';
    if (call.item.name.empty()) call.item.name = R"("")";
    call.item.arguments = R"("")";
    id_ = head_.id(call.item.custom ? "ctc" : "fc", call.ordinal);
    item_event("response.output_item.added", response_item::call(id_, "in_progress", call.item), out);
    place_ = R"(,"item_id":")" + id_ + R"(","output_index":)" + std::to_string(output_index_);
}

void ResponsesStream::say(std::string_view event, std::string_view text, std::string& out) {
    begin_event(event, out);
    out += place_;
    out += R"(,"delta":")";
    out += text;
    out += '"';
    if (part_ == Part::text) {
        out += R"(,"logprobs":[)";
        out += new_logprobs_;
        out += ']';
        if (!new_logprobs_.empty()) {
            if (!logprobs_.empty()) logprobs_ += ',';
            logprobs_ += new_logprobs_;
            kept_ += new_logprobs_.size();
            new_logprobs_.clear();
        }
    }
    out += "}\n\n";
    text_ += text;
    kept_ += text.size();
}

void ResponsesStream::close_part(std::string& out) {
    std::string part;
    if (part_ == Part::text) {
        if (!new_logprobs_.empty() && !logprobs_.empty()) logprobs_ += ',';
        logprobs_ += new_logprobs_;
        begin_event("response.output_text.done", out);
        out += place_;
        out += R"(,"text":")" + text_ + R"(","logprobs":[)" + logprobs_ + "]}\n\n";
        part = response_item::text_part(quoted_text(), annotations_, logprobs_);
    } else {
        done_event("response.refusal.done", "refusal", out);
        part = response_item::refusal_part(quoted_text());
    }
    part_event("response.content_part.done", part, out);
    if (!parts_.empty()) parts_ += ',';
    parts_ += part;
    part_ = Part::none;
    text_.clear();
    logprobs_.clear();
    new_logprobs_.clear();
    annotations_.clear();
    annotation_count_ = 0;
}

void ResponsesStream::close_item(Status status, std::string& out) {
    while (!calls_.empty()) {
        CallQueue::Call& call = calls_.front();
        if (call.item.name.empty()) call.item.name = R"("")";  // and none comes any more
        tell_calls(out);
        if (item_ != Item::call) continue;  // the next one has no name either
        const bool last = calls_.size() == 1;
        close_open_item(last ? status : Status::completed, out);
        if (last) return;
    }
    close_open_item(status, out);
}

void ResponsesStream::close_open_item(Status status, std::string& out) {
    const std::string_view said = response_item::status(status);
    std::string item;
    switch (item_) {
        case Item::none:
            return;
        case Item::reasoning: {
            const std::string part = response_item::reasoning_part(quoted_text());
            done_event("response.reasoning_text.done", "text", out);
            part_event("response.content_part.done", part, out);
            item = response_item::reasoning(id_, said, part);
            break;
        }
        case Item::message:
            close_part(out);
            item = response_item::message(id_, said, parts_);
            break;
        case Item::call: {
            response_item::Call& call = calls_.front().item;
            call.arguments = quoted_text();
            done_event(call.custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
                       call.custom ? "input" : "arguments", out);
            item = response_item::call(id_, said, call);
            calls_.pop();
            break;
        }
    }
    item_event("response.output_item.done", item, out);
    if (!items_.empty()) items_ += ',';
    items_ += item;
    item_ = Item::none;
    part_ = Part::none;
    text_.clear();
    parts_.clear();
    ++output_index_;
}

void ResponsesStream::begin_event(std::string_view type, std::string& out) {
    out += "event: ";
    out += type;
    out += "\ndata: {\"type\":\"";
    out += type;
    out += R"(","sequence_number":)";
    out += std::to_string(sequence_++);
}

void ResponsesStream::item_event(std::string_view type, std::string_view item, std::string& out) {
    begin_event(type, out);
    out += R"(,"output_index":)" + std::to_string(output_index_) + R"(,"item":)";
    out += item;
    out += "}\n\n";
}

void ResponsesStream::part_event(std::string_view type, std::string_view part, std::string& out) {
    place_ = R"(,"item_id":")" + id_ + R"(","output_index":)" + std::to_string(output_index_) + R"(,"content_index":)" +
             std::to_string(content_index_);
    begin_event(type, out);
    out += place_;
    out += R"(,"part":)";
    out += part;
    out += "}\n\n";
}

void ResponsesStream::done_event(std::string_view type, std::string_view member, std::string& out) {
    begin_event(type, out);
    out += place_;
    out += ",\"";
    out += member;
    out += "\":\"";
    out += text_;
    out += "\"}\n\n";
}

void ResponsesStream::response_event(std::string_view type, Status status, const ApiError* error, std::string& out) {
    begin_event(type, out);
    out += R"(,"response":)";
    head_.write(status, items_, usage_, error, out);
    out += "}\n\n";
}

Result<void> ResponsesStream::on_done(std::string& out) {
    if (!status_) return fail(ErrorCode::protocol, "the answer ended before it was finished");
    close_item(*status_, out);
    const bool whole = *status_ == Status::completed;
    response_event(whole ? "response.completed" : "response.incomplete", *status_, nullptr, out);
    return {};
}

// Both events: some clients look for the one, some for the other. The error stands there as it is documented, and
// under `error` as OpenAI sends it.
void ResponsesStream::on_error(const ApiError& error, std::string& out) {
    if (!began_) begin(out);
    begin_event("error", out);
    const auto or_null = [&](std::string_view name, std::string_view text) {
        out += ",\"";
        out += name;
        out += "\":";
        if (text.empty()) {
            out += "null";
        } else {
            json::write_string(text, out);
        }
    };
    or_null("code", error.code);
    or_null("message", error.message);
    or_null("param", error.param);
    std::string body = render_error(error);  // {"error":{..}}
    out += ',';
    out.append(body, 1, body.size() - 1);
    out += "\n\n";
    usage_.reset();
    response_event("response.failed", Status::failed, &error, out);
}

// The numbers go on, and the response that fails is the one that began.
void ResponsesStream::go_on_after(const std::string& first, const std::string& last) {
    began_ = true;
    std::vector<json::Member> members;
    if (json::members(last, members)) {
        const auto number = json::find_member(last, {0, last.size()}, "sequence_number");
        const std::int64_t said = number ? json::as_int64(number->of(last)).value_or(-1) : -1;
        if (said >= 0 && said < INT64_MAX) sequence_ = static_cast<std::uint64_t>(said) + 1;
    }
    if (!json::members(first, members)) return;
    const Span response = json::find_member(first, {0, first.size()}, "response").value_or(Span{});
    for (Walk member(first, response); member.next();) {
        if (member.key_is("id")) head_.take("id", member.raw());
        if (member.key_is("model")) head_.take("model", member.raw());
        if (member.key_is("created_at")) head_.take("created", member.raw());
    }
}

}  // namespace

std::unique_ptr<StreamTranslator> response_stream(const Echo& echo) {
    return std::make_unique<ResponsesStream>(echo);
}

}  // namespace weir::wire
