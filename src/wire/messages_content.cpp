#include "wire/messages_content.h"

#include <array>

#include "json/scan.h"

namespace weir::wire::messages {
namespace {

using json::Span;
using Use = MemberRule::Use;

class Conversation {
  public:
    Conversation(StrictReader& in, std::string& out) : body_(in.document()), in_(in), out_(out) {}

    Result<void> run(Span given_system, Span list) {
        const Path path = root_.member("messages");
        if (list.empty()) return in_.refuse(path, "is required");
        if (!json::is_array(raw(list)) || json::is_empty_container(raw(list))) {
            return in_.refuse(path, "must be a non-empty array");
        }
        out_ += '[';
        if (Result<void> written = write_system(given_system); !written) return written;
        std::size_t index = 0;
        for (json::Walk message(body_, list); message.next(); ++index) {
            if (Result<void> written = write_message(message, path.element(index)); !written) return written;
        }
        if (last_is_assistant_) {
            return in_.refuse(
                path.element(index - 1),
                "the last message is the assistant's: to have the model go on from it " + std::string(kNotExpressible));
        }
        out_ += ']';
        return {};
    }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }
    std::string_view inside(Span text) const { return body_.substr(text.begin + 1, text.size() - 2); }

    void begin_message(std::string_view role) {
        if (out_.back() != '[') out_ += ',';
        out_ += R"({"role":")";
        out_ += role;
        out_ += R"(","content":)";
    }

    Result<void> write_system(Span given) {
        if (given.empty() || raw(given) == R"("")") return {};
        if (json::is_string(raw(given))) {
            begin_message("system");
            out_ += raw(given);
            out_ += '}';
            return {};
        }
        const Path path = root_.member("system");
        if (!json::is_array(raw(given))) return in_.refuse(path, "must be a string or an array of text blocks");
        Parts parts;
        std::size_t index = 0;
        for (json::Walk block(body_, given); block.next(); ++index) {
            if (Result<void> added = add_text(block, path.element(index), parts); !added) return added;
        }
        if (parts.count == 0) return {};
        begin_message("system");
        write_content(parts);
        out_ += '}';
        return {};
    }

    // Content on its way: the parts of a chat message, joined by commas.
    struct Parts {
        std::string text;
        std::size_t count = 0;
        Span only;  // the text, while there is one part and that is one

        std::string& next() {
            if (count++ > 0) text += ',';
            only = {};
            return text;
        }
    };

    // One text alone is a string, as most callers of chat write it.
    void write_content(const Parts& parts) {
        if (parts.count == 1 && !parts.only.empty()) {
            out_ += raw(parts.only);
            return;
        }
        out_ += '[';
        out_ += parts.text;
        out_ += ']';
    }

    Result<void> text_of(json::Walk& block, const Path& path, Span& text) {
        if (!block.at_object()) return in_.refuse(path, "must be an object");
        if (!is(in_.type_of(block), "text")) return in_.refuse_type(block.value(), path);
        constexpr std::array<MemberRule, 4> kRules = {
            {{"text"}, {"type"}, {"cache_control", Use::drop}, {"citations", Use::refuse, kNotExpressible}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(block, path, kRules, values); !read) return read;
        text = values[0];
        return in_.string_at(text, path.member("text"));
    }

    Result<void> add_text(json::Walk& block, const Path& path, Parts& parts) {
        Span text;
        if (Result<void> read = text_of(block, path, text); !read) return read;
        std::string& out = parts.next();
        out += R"({"type":"text","text":)";
        out += raw(text);
        out += '}';
        if (parts.count == 1) parts.only = text;
        return {};
    }

    Result<void> add_image(json::Walk& block, const Path& path, Parts& parts) {
        constexpr std::array<MemberRule, 3> kRules = {{{"source"}, {"type"}, {"cache_control", Use::drop}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(block, path, kRules, values); !read) return read;
        const Path place = path.member("source");
        if (values[0].empty()) return in_.refuse(place, "is required");
        if (!json::is_object(raw(values[0]))) return in_.refuse(place, "must be an object");
        const Span type = in_.type_of(values[0]);
        const bool by_url = is(type, "url");
        if (!by_url && !is(type, "base64")) return in_.refuse_type(values[0], place);
        constexpr std::array<MemberRule, 4> kSource = {{{"type"}, {"url"}, {"media_type"}, {"data"}}};
        std::array<Span, kSource.size()> source;
        if (Result<void> read = in_.read(values[0], place, kSource, source); !read) return read;
        for (const std::size_t i : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
            if ((i == 1) != by_url) continue;
            if (Result<void> checked = in_.string_at(source[i], place.member(kSource[i].name)); !checked)
                return checked;
        }
        std::string& out = parts.next();
        out += R"({"type":"image_url","image_url":{"url":)";
        if (by_url) {
            out += raw(source[1]);
        } else {
            out += R"("data:)";
            out += inside(source[2]);
            out += ";base64,";
            out += inside(source[3]);
            out += '"';
        }
        out += "}}";
        return {};
    }

    Result<void> write_message(json::Walk& message, const Path& path) {
        constexpr std::array<MemberRule, 2> kRules = {{{"role"}, {"content"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(message, path, kRules, values); !read) return read;
        const auto [role, content] = values;
        last_is_assistant_ = is(role, "assistant");
        if (!last_is_assistant_ && !is(role, "user")) {
            return in_.refuse(path.member("role"), "must be user or assistant");
        }
        const Path place = path.member("content");
        if (content.empty()) return in_.refuse(place, "is required");
        if (json::is_string(raw(content))) {
            begin_message(last_is_assistant_ ? "assistant" : "user");
            out_ += raw(content);
            out_ += '}';
            return {};
        }
        if (!json::is_array(raw(content))) return in_.refuse(place, "must be a string or an array of blocks");
        return last_is_assistant_ ? write_assistant(content, place) : write_user(content, place);
    }

    // Results of tools first, each as a message of its own, then what the user says.
    Result<void> write_user(Span content, const Path& path) {
        if (json::is_empty_container(raw(content))) return in_.refuse(path, "must have at least one block");
        Parts parts;
        bool said = false;
        std::size_t index = 0;
        for (json::Walk block(body_, content); block.next(); ++index) {
            const Path place = path.element(index);
            if (!block.at_object()) return in_.refuse(place, "must be an object");
            const Span type = in_.type_of(block);
            Result<void> added;
            if (is(type, "tool_result")) {
                if (said) return in_.refuse(place, "tool_result blocks must come before what else is in the message");
                added = write_tool_result(block, place, parts);
            } else {
                said = true;
                added = is(type, "image") ? add_image(block, place, parts) : add_text(block, place, parts);
            }
            if (!added) return added;
        }
        if (parts.count == 0) return {};
        begin_message("user");
        write_content(parts);
        out_ += '}';
        return {};
    }

    // Chat's tool messages hold text alone: images go to the user's message behind them, `after`.
    Result<void> write_tool_result(json::Walk& block, const Path& path, Parts& after) {
        constexpr std::array<MemberRule, 5> kRules = {
            {{"tool_use_id"}, {"content"}, {"is_error"}, {"type"}, {"cache_control", Use::drop}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(block, path, kRules, values); !read) return read;
        const Span id = values[0];
        const Span content = values[1];
        if (Result<void> checked = in_.string_at(id, path.member("tool_use_id")); !checked) return checked;
        std::optional<bool> error = false;
        if (!values[2].empty()) error = json::as_bool(raw(values[2]));
        if (!error) return in_.refuse(path.member("is_error"), "must be a boolean");
        const Path place = path.member("content");
        Parts texts;
        const std::size_t images_before = after.count;
        if (!content.empty() && json::is_string(raw(content))) {
            ++texts.count;
            texts.only = content;
        } else if (!content.empty()) {
            if (!json::is_array(raw(content))) return in_.refuse(place, "must be a string or an array of blocks");
            std::size_t index = 0;
            for (json::Walk part(body_, content); part.next(); ++index) {
                const Path at = place.element(index);
                const bool image = is(in_.type_of(part), "image");
                if (image && after.count == images_before) add_caption(id, after);
                Result<void> added = image ? add_image(part, at, after) : add_text(part, at, texts);
                if (!added) return added;
            }
        }
        if (out_.back() != '[') out_ += ',';
        out_ += R"({"role":"tool","tool_call_id":)";
        out_ += raw(id);
        out_ += R"(,"content":)";
        write_result_text(texts, *error, after.count > images_before);
        out_ += '}';
        return {};
    }

    void add_caption(Span id, Parts& parts) {
        std::string& out = parts.next();
        out += R"({"type":"text","text":"Image in the result of tool call )";
        out += inside(id);
        out += R"(:"})";
    }

    // Chat has no is_error: the text says so.
    void write_result_text(const Parts& texts, bool error, bool has_images) {
        if (texts.count == 0) {
            out_ += has_images ? (error ? R"("Error: see the image in the next message.")"
                                        : R"("See the image in the next message.")")
                               : (error ? R"("Error")" : R"("")");
        } else if (!error) {
            write_content(texts);
        } else if (texts.count == 1) {
            out_ += R"("Error: )";
            out_ += inside(texts.only);
            out_ += '"';
        } else {
            out_ += R"([{"type":"text","text":"Error:"},)";
            out_ += texts.text;
            out_ += ']';
        }
    }

    Result<void> write_assistant(Span content, const Path& path) {
        std::string text;
        std::string calls;
        bool has_text = false;
        std::size_t index = 0;
        for (json::Walk block(body_, content); block.next(); ++index) {
            const Path place = path.element(index);
            if (!block.at_object()) return in_.refuse(place, "must be an object");
            const Span type = in_.type_of(block);
            // What a model thought before it answered is no part of a chat.
            if ((is(type, "thinking") || is(type, "redacted_thinking"))) continue;
            if (is(type, "tool_use")) {
                if (Result<void> added = add_call(block, place, calls); !added) return added;
                continue;
            }
            Span said;
            if (Result<void> read = text_of(block, place, said); !read) return read;
            has_text = true;
            text += inside(said);
        }
        begin_message("assistant");
        if (!has_text && !calls.empty()) {
            out_ += "null";
        } else {
            out_ += '"';
            out_ += text;
            out_ += '"';
        }
        if (!calls.empty()) {
            out_ += R"(,"tool_calls":[)";
            out_ += calls;
            out_ += ']';
        }
        out_ += '}';
        return {};
    }

    Result<void> add_call(json::Walk& block, const Path& path, std::string& out) {
        constexpr std::array<MemberRule, 6> kRules = {
            {{"id"}, {"name"}, {"input"}, {"type"}, {"cache_control", Use::drop}, {"caller", Use::drop}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(block, path, kRules, values); !read) return read;
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            if (Result<void> checked = in_.string_at(values[i], path.member(kRules[i].name)); !checked) return checked;
        }
        if (!json::is_object(raw(values[2]))) return in_.refuse(path.member("input"), "must be an object");
        if (!out.empty()) out += ',';
        out += R"({"id":)";
        out += raw(values[0]);
        out += R"(,"type":"function","function":{"name":)";
        out += raw(values[1]);
        out += R"(,"arguments":)";
        json::write_string(raw(values[2]), out);
        out += "}}";
        return {};
    }

    std::string_view body_;
    StrictReader& in_;
    std::string& out_;
    const Path root_;
    bool last_is_assistant_ = false;
};

}  // namespace

Result<void> write_messages(StrictReader& in, Span system, Span messages, std::string& out) {
    return Conversation(in, out).run(system, messages);
}

}  // namespace weir::wire::messages
