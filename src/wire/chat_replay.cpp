// A complete body as a stream of chunks.
#include "json/scan.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

using json::Walk;

// Appends `key:value` of members to an object under construction, with a comma where one is due.
class ObjectText {
  public:
    void add(std::string_view raw_key, std::string_view raw_value) {
        name(raw_key);
        json::minify(raw_value, text_);
    }
    // The caller appends the value.
    std::string& name(std::string_view raw_key) {
        if (!text_.empty()) text_ += ',';
        text_ += raw_key;
        text_ += ':';
        return text_;
    }
    void clear() { text_.clear(); }
    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }  // without the braces

  private:
    std::string text_;
};

class Replay {
  public:
    Replay(std::string_view body, bool include_usage, std::string& out)
        : body_(body), include_usage_(include_usage), out_(out) {}

    Result<void> run() {
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members); !checked) {
            return fail(ErrorCode::protocol, "the answer is no chat completion: " + checked.error().message);
        }
        const json::Member* choices = nullptr;
        const json::Member* usage = nullptr;
        bool has_object = false;
        for (const json::Member& member : members) {
            const std::string_view key = member.key_span.of(body_);
            if (member.key == "choices") {
                choices = &member;
            } else if (member.key == "usage") {
                usage = &member;
            } else if (member.key == "object") {
                has_object = true;
                head_.add(key, R"("chat.completion.chunk")");
            } else if (member.key == "id" || member.key == "created" || member.key == "model" ||
                       member.key == "system_fingerprint" || member.key == "service_tier") {
                head_.add(key, member.raw(body_));
            } else {
                first_only_.add(key, member.raw(body_));
            }
        }
        if (!has_object) head_.add(R"("object")", R"("chat.completion.chunk")");
        if (choices == nullptr || !json::is_array(choices->raw(body_))) {
            return fail(ErrorCode::protocol, "the answer has no choices");
        }
        std::size_t count = 0;
        for (Walk choice(body_, choices->value); choice.next(); ++count) {
            if (!choice.at_object() || !add_choice(choice.value(), count)) {
                return fail(ErrorCode::protocol, "choices[" + std::to_string(count) + "] of the answer has no message");
            }
        }
        if (count == 0) return fail(ErrorCode::protocol, "the answer has no choices");
        if (include_usage_ && usage != nullptr && json::is_object(usage->raw(body_))) {
            begin_chunk();
            out_ += R"(,"choices":[],"usage":)";
            json::minify(usage->raw(body_), out_);
            out_ += "}\n\n";
        }
        out_ += "data: [DONE]\n\n";
        return {};
    }

  private:
    void begin_chunk() {
        out_ += "data: {";
        out_ += head_.text();
        if (!first_only_.empty()) {
            out_ += ',';
            out_ += first_only_.text();
            first_only_.clear();
        }
    }

    // `logprobs` empty: the body's choice has none; `more`: other members of the choice.
    void chunk(std::string_view index, std::string_view delta, std::string_view logprobs, std::string_view finish,
               const ObjectText* more = nullptr) {
        begin_chunk();
        out_ += R"(,"choices":[{"index":)";
        out_ += index;
        out_ += R"(,"delta":{)";
        out_ += delta;
        out_ += '}';
        if (!logprobs.empty()) {
            out_ += R"(,"logprobs":)";
            json::minify(logprobs, out_);
        }
        out_ += R"(,"finish_reason":)";
        json::minify(finish, out_);
        if (more != nullptr && !more->empty()) {
            out_ += ',';
            out_ += more->text();
        }
        out_ += "}]";
        if (include_usage_) out_ += R"(,"usage":null)";
        out_ += "}\n\n";
    }

    bool add_choice(json::Span choice, std::size_t ordinal) {
        std::string index = std::to_string(ordinal);
        std::string_view finish = "null";
        std::string_view logprobs;
        std::optional<json::Span> message;
        ObjectText more;
        for (Walk member(body_, choice); member.next();) {
            if (member.key_is("message")) {
                if (!member.at_object()) return false;
                message = member.value();
            } else if (member.key_is("index")) {
                if (json::as_int64(member.raw())) index = member.raw();
            } else if (member.key_is("finish_reason")) {
                finish = member.raw();
            } else if (member.key_is("logprobs")) {
                logprobs = member.raw();
            } else {
                more.add(member.raw_key(), member.raw());
            }
        }
        if (!message) return false;
        ObjectText role;
        ObjectText delta;
        split_message(*message, role, delta);
        const std::string_view no_logprobs = logprobs.empty() ? "" : "null";
        chunk(index, role.text(), no_logprobs, "null");
        if (!delta.empty() || logprobs.size() > no_logprobs.size()) chunk(index, delta.text(), logprobs, "null");
        chunk(index, "", no_logprobs, finish, &more);
        return true;
    }

    // The role chunk says whether there is content at all: "" or null.
    void split_message(json::Span message, ObjectText& role, ObjectText& delta) {
        std::string_view name = R"("assistant")";
        std::string_view content;
        for (Walk member(body_, message); member.next();) {
            if (member.key_is("role")) {
                name = member.raw();
            } else if (member.key_is("tool_calls") && member.at_array()) {
                add_tool_calls(member, delta.name(R"("tool_calls")"));
            } else if (member.key_is("content")) {
                content = json::is_string(member.raw()) ? R"("")" : "null";
                if (member.raw().size() > 2 && !json::is_null(member.raw())) delta.add(R"("content")", member.raw());
            } else {
                delta.add(member.raw_key(), member.raw());
            }
        }
        role.add(R"("role")", name);
        if (!content.empty()) role.add(R"("content")", content);
    }

    // Chunks number tool calls, bodies do not.
    void add_tool_calls(Walk& calls, std::string& out) {
        std::size_t count = 0;
        out += '[';
        for (Walk call = Walk::inside(calls); call.next(); ++count) {
            ObjectText text;
            text.add(R"("index")", std::to_string(count));
            for (Walk member = Walk::inside(call); member.next();) {
                if (!member.key_is("index")) text.add(member.raw_key(), member.raw());
            }
            out += count > 0 ? ",{" : "{";
            out += text.text();
            out += '}';
        }
        out += ']';
    }

    std::string_view body_;
    bool include_usage_;
    std::string& out_;
    ObjectText head_;        // members of every chunk
    ObjectText first_only_;  // further members of the body, which go with the first chunk
};

}  // namespace

Result<void> body_to_stream(std::string_view body, bool include_usage, std::string& out) {
    const std::size_t begin = out.size();
    out.reserve(begin + body.size() + 1024);
    Result<void> result = Replay(body, include_usage, out).run();
    if (!result) out.resize(begin);
    return result;
}

}  // namespace weir::wire
