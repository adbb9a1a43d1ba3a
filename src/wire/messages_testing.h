// For tests: the events of a Messages stream, checked against the API's grammar, and the message they amount to.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"

namespace weir::wire::messages {

struct Accumulated {
    std::string problem;             // what was against the grammar; empty: nothing
    std::string message;             // the whole message, as body_from_chat() writes it; empty: the stream has no end
    std::vector<std::string> kinds;  // of the events, in order
    std::string error;               // the data of an error event
};

class Accumulator {
  public:
    static Accumulated run(std::string_view events) {
        Accumulator accumulator;
        http::SseSplitter splitter;
        splitter.feed(events);
        http::SseSplitter::Event event;
        while (splitter.next(event) == http::SseSplitter::State::event) accumulator.take(event);
        if (splitter.pending() > 0) accumulator.complain("an event is cut");
        return accumulator.out_;
    }

  private:
    void complain(std::string_view what) {
        if (out_.problem.empty()) out_.problem = std::string(what) + " at event " + std::to_string(out_.kinds.size());
    }

    static std::string at(std::string_view document, std::string_view path) {
        json::Span span{0, document.size()};
        while (!path.empty()) {
            const std::size_t end = std::min(path.find('.'), path.size());
            const auto found = json::find_member(document, span, path.substr(0, end));
            if (!found) return "";
            span = *found;
            path.remove_prefix(std::min(end + 1, path.size()));
        }
        return std::string(span.of(document));
    }
    static std::string inside(std::string_view raw) {
        return raw.size() < 2 ? std::string() : std::string(raw.substr(1, raw.size() - 2));
    }

    void take(const http::SseSplitter::Event& event) {
        if (event.data.empty()) return;  // a comment
        std::vector<json::Member> members;
        const std::string data(event.data);
        if (!json::members(data, members)) complain("no JSON");
        const std::string kind = inside(at(data, "type"));
        if (kind != event.name) complain("name and type differ");
        if (ended_) complain("something behind the end");
        out_.kinds.push_back(kind);
        if (kind == "ping") return;
        if (kind == "error") {
            out_.error = data;
            ended_ = true;
        } else if (kind == "message_start") {
            if (!head_.empty()) complain("a second message_start");
            head_ = at(data, "message");
            if (at(head_, "content") != "[]" || at(head_, "stop_reason") != "null") complain("a begun message");
        } else if (head_.empty()) {
            complain(kind + " before message_start");
        } else if (kind == "message_stop") {
            if (out_.message.empty()) complain("message_stop before message_delta");
            ended_ = true;
        } else if (!out_.message.empty()) {
            complain(kind + " behind message_delta");
        } else if (kind == "message_delta") {
            end(data);
        } else {
            block_event(kind, data);
        }
    }

    void block_event(std::string_view kind, const std::string& data) {
        if (at(data, "index") != std::to_string(count_)) complain("the block's index");
        if (kind == "content_block_start") {
            if (open_) complain("two blocks are open");
            open_ = true;
            block_ = at(data, "content_block");
            type_ = inside(at(block_, "type"));
            text_.clear();
            signature_.clear();
        } else if (kind == "content_block_delta") {
            if (!open_) complain("a delta outside a block");
            const std::string type = inside(at(data, "delta.type"));
            const bool fits = (type_ == "text" && type == "text_delta") ||
                              (type_ == "thinking" && (type == "thinking_delta" || type == "signature_delta")) ||
                              (type_ == "tool_use" && type == "input_json_delta");
            if (!fits) complain("a delta of another type");
            if (type == "signature_delta") {
                signature_ += inside(at(data, "delta.signature"));
                return;
            }
            if (!signature_.empty()) complain("a thought behind its signature");
            const std::string_view name = type_ == "text" ? "text" : type_ == "thinking" ? "thinking" : "partial_json";
            const std::string piece = inside(at(data, "delta." + std::string(name)));
            if (piece.empty()) complain("an empty delta");
            text_ += piece;
        } else if (kind == "content_block_stop") {
            if (!open_) complain("a second content_block_stop");
            open_ = false;
            content_ += (count_++ > 0 ? "," : "") + whole_block();
        } else {
            complain("an unknown event");
        }
    }

    std::string whole_block() const {
        if (type_ == "text") return R"({"type":"text","text":")" + text_ + "\"}";
        if (type_ == "thinking") {
            return R"({"type":"thinking","thinking":")" + text_ + R"(","signature":")" + signature_ + "\"}";
        }
        if (type_ == "redacted_thinking") return block_;
        std::string input;
        json::append_string('"' + text_ + '"', input);
        if (input.find_first_not_of(" \t\r\n") == std::string::npos) input = "{}";
        return R"({"type":"tool_use","id":)" + at(block_, "id") + R"(,"name":)" + at(block_, "name") + R"(,"input":)" +
               input + '}';
    }

    void end(const std::string& data) {
        if (open_) complain("message_delta inside a block");
        out_.message = R"({"id":)" + at(head_, "id") + R"(,"type":"message","role":"assistant","model":)" +
                       at(head_, "model") + R"(,"content":[)" + content_ + R"(],"stop_reason":)" +
                       at(data, "delta.stop_reason") + R"(,"stop_sequence":)" + at(data, "delta.stop_sequence") +
                       R"(,"usage":)" + at(data, "usage") + '}';
    }

    Accumulated out_;
    std::string head_, block_, type_, text_, signature_, content_;
    std::size_t count_ = 0;  // blocks that are closed
    bool open_ = false;
    bool ended_ = false;
};

}  // namespace weir::wire::messages
