#include "wire/anthropic_answer.h"

#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/anthropic_form.h"
#include "wire/chat_head.h"
#include "wire/raw_text.h"
#include "wire/usage_form.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxCalls = 1024;  // as ChatStream

void add_element(std::string_view raw, std::string& list) {
    if (!list.empty()) list += ',';
    list += raw;
}

std::string_view finish_of(std::string_view reason) {
    struct Row {
        std::string_view theirs, ours;
    };
    constexpr std::array<Row, 7> kRows = {{{"end_turn", R"("stop")"},
                                           {"stop_sequence", R"("stop")"},
                                           {"tool_use", R"("tool_calls")"},
                                           {"max_tokens", R"("length")"},
                                           {"model_context_window_exceeded", R"("length")"},
                                           {"pause_turn", R"("length")"},
                                           {"refusal", R"("content_filter")"}}};
    for (const Row& row : kRows) {
        if (json::string_equals(reason, row.theirs)) return row.ours;
    }
    // A new one: it ended, and nothing says that it is whole.
    return is_text(reason) ? R"("length")" : "null";
}

// A message's content, sorted into what a chat message has.
class Content {
  public:
    explicit Content(std::string_view body) : body_(body) {}

    Result<void> add(Walk& block) {
        if (!block.at_object()) return fail(ErrorCode::protocol, "the answer has a block that is no object");
        std::string_view type, text, thinking, id, name, input;
        Span citations;
        for (Walk member = Walk::inside(block); member.next();) {
            if (member.key_is("type")) type = member.raw();
            if (member.key_is("text")) text = member.raw();
            if (member.key_is("thinking")) thinking = member.raw();
            if (member.key_is("id")) id = member.raw();
            if (member.key_is("name")) name = member.raw();
            if (member.key_is("input")) input = member.raw();
            if (member.key_is("citations")) citations = member.value();
        }
        if (json::string_equals(type, "text")) {
            add_text(text, citations.of(body_));
        } else if (json::string_equals(type, "thinking")) {
            if (is_text(thinking)) thoughts_ += inside(thinking);
            add_element(block.raw(), thinking_blocks_);
        } else if (json::string_equals(type, "redacted_thinking")) {
            add_element(block.raw(), thinking_blocks_);
        } else if (json::string_equals(type, "tool_use")) {
            return add_call(id, name, input);
        } else if (is_text(type)) {
            add_element(block.raw(), server_blocks_);
        } else {
            return fail(ErrorCode::protocol, "the answer has a block without a type");
        }
        return {};
    }

    void write(std::string& out) const {
        out += R"({"role":"assistant","content":)";
        if (text_.empty() && !calls_.empty()) {
            out += "null";
        } else {
            out += '"' + text_ + '"';
        }
        out += R"(,"refusal":null)";
        if (!thoughts_.empty()) out += R"(,"reasoning_content":")" + thoughts_ + '"';
        write_list("thinking_blocks", thinking_blocks_, out);
        write_list("tool_calls", calls_, out);
        write_list("annotations", citations_.annotations, out);
        write_list("citations", citations_.raw, out);
        write_list("server_blocks", server_blocks_, out);
        out += '}';
    }

  private:
    static void write_list(std::string_view name, std::string_view elements, std::string& out) {
        if (elements.empty()) return;
        out += ",\"";
        out += name;
        out += "\":[";
        out += elements;
        out += ']';
    }

    void add_text(std::string_view text, std::string_view citations) {
        if (!is_text(text)) return;
        text_ += inside(text);
        if (!json::is_array(citations) || json::is_empty_container(citations)) {
            uncounted_ += inside(text);
            return;
        }
        const std::size_t begin = characters_ += characters_of(uncounted_);
        uncounted_.clear();
        characters_ += characters_of(inside(text));
        add_citations(inside(citations), begin, characters_, citations_);
    }

    Result<void> add_call(std::string_view id, std::string_view name, std::string_view input) {
        if (!is_text(id) || !is_text(name)) {
            return fail(ErrorCode::protocol, "the answer calls a tool without an id or a name");
        }
        if (!json::is_object(input)) return fail(ErrorCode::protocol, "the answer calls a tool without an input");
        if (++call_count_ > kMaxCalls) return fail(ErrorCode::protocol, "the answer has too many tool calls");
        add_element(R"({"id":)", calls_);
        calls_ += id;
        calls_ += R"(,"type":"function","function":{"name":)";
        calls_ += name;
        calls_ += R"(,"arguments":)";
        json::write_string(input, calls_);
        calls_ += "}}";
        return {};
    }

    std::string_view body_;
    std::string text_, thoughts_;  // as spelled, without quotes
    std::string thinking_blocks_, calls_, server_blocks_;
    Citations citations_;
    std::string uncounted_;  // text behind the last that cites
    std::size_t characters_ = 0;
    std::size_t call_count_ = 0;
};

}  // namespace

void read_end(std::string_view document, Span object, End& end) {
    for (Walk member(document, object); member.next();) {
        std::string* const to = member.key_is("stop_reason")     ? &end.reason
                                : member.key_is("stop_sequence") ? &end.sequence
                                : member.key_is("stop_details")  ? &end.details
                                                                 : nullptr;
        if (to != nullptr && (is_text(member.raw()) || member.at_object())) *to = member.raw();
    }
}

void append_finish(const End& end, std::string& out) {
    const std::string_view finish = finish_of(end.reason);
    out += R"("finish_reason":)";
    out += finish;
    if (json::string_equals(end.reason, "stop_sequence") && json::is_string(end.sequence)) {
        out += R"(,"stop_reason":)" + end.sequence;
    }
    if (json::string_equals(finish, "length") && !json::string_equals(end.reason, "max_tokens")) {
        out += R"(,"native_finish_reason":)" + end.reason;
    }
    if (json::is_object(end.details)) out += R"(,"stop_details":)" + end.details;
}

std::string_view service_tier_of(std::string_view document, Span usage) {
    if (!json::is_object(usage.of(document))) return {};
    const auto tier = json::find_member(document, usage, "service_tier");
    if (!tier || !is_text(tier->of(document))) return {};
    return json::string_equals(tier->of(document), "standard") ? R"("default")" : tier->of(document);
}

std::size_t characters_of(std::string_view raw_inside) {
    std::string text;
    std::string_view bytes = raw_inside;
    if (raw_inside.find('\\') != std::string_view::npos) {
        json::append_string('"' + std::string(raw_inside) + '"', text);
        bytes = text;
    }
    std::size_t count = 0;
    for (const char byte : bytes) count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;
    return count;
}

void add_citations(std::string_view raw_elements, std::size_t begin, std::size_t end, Citations& to) {
    add_element(raw_elements, to.raw);
    const std::string list = '[' + std::string(raw_elements) + ']';
    for (Walk one(list, {0, list.size()}); one.next();) {
        if (!one.at_object()) continue;
        std::string_view title, url;
        for (Walk member = Walk::inside(one); member.next();) {
            if (member.key_is("title")) title = member.raw();
            if (member.key_is("url")) url = member.raw();
        }
        if (!is_text(url)) continue;
        add_element(R"({"type":"url_citation","url_citation":{"start_index":)", to.annotations);
        to.annotations += std::to_string(begin) + R"(,"end_index":)" + std::to_string(end) + R"(,"title":)";
        to.annotations += is_text(title) ? title : std::string_view(R"("")");
        to.annotations += R"(,"url":)";
        to.annotations += url;
        to.annotations += "}}";
    }
}

Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange, std::string& chat_body) {
    std::vector<json::Member> members;
    if (Result<void> checked = json::members(body, members); !checked) {
        return fail(ErrorCode::protocol, "the answer is no message: " + checked.error().message);
    }
    std::string_view id, model;
    Span content, usage_object;
    for (const json::Member& member : members) {
        if (member.key == "id") id = member.raw(body);
        if (member.key == "model") model = member.raw(body);
        if (member.key == "content") content = member.value;
        if (member.key == "usage") usage_object = member.value;
    }
    if (!json::is_array(content.of(body))) return fail(ErrorCode::protocol, "the answer is no message: no content");
    Content sorted(body);
    for (Walk block(body, content); block.next();) {
        if (Result<void> added = sorted.add(block); !added) return added;
    }
    End end;
    read_end(body, {0, body.size()}, end);
    chat_body.reserve(chat_body.size() + body.size() + 512);
    append_chat_head("chat.completion", {id, model, service_tier_of(body, usage_object)}, exchange, chat_body);
    chat_body += R"("choices":[{"index":0,"message":)";
    sorted.write(chat_body);
    chat_body += R"(,"logprobs":null,)";
    append_finish(end, chat_body);
    chat_body += "}]";
    Usage usage;
    merge_messages_usage(body, usage_object, usage);
    if (usage.reported) {
        chat_body += R"(,"usage":)";
        append_chat_usage(usage, chat_body);
    }
    chat_body += '}';
    return {};
}

}  // namespace weir::wire::anthropic
