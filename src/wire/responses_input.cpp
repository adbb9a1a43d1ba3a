// The `input` of a Responses request as messages of chat.
#include <array>

#include "wire/responses_request.h"

namespace weir::wire {
namespace {

using json::Span;
using Use = MemberRule::Use;

constexpr std::string_view kNoImageFiles = "can't be given to chat models; send the image as image_url, data: will do";
constexpr std::string_view kOnlyDirect = "belongs to built-in tools, which this gateway does not run";

// A content on its way: the parts of a chat message, joined by commas.
struct Parts {
    std::string text;
    std::size_t count = 0;
    std::string said;       // the texts, joined, without quotes
    bool only_text = true;  // there is nothing else in it
    bool may_join = false;  // several texts amount to one

    std::string& next(bool is_plain_text = false) {
        if (count++ > 0) text += ',';
        only_text &= is_plain_text;
        return text;
    }
    // One text is a string, as most callers of chat write it.
    std::string content() const { return only_text && (may_join || count <= 1) ? '"' + said + '"' : '[' + text + ']'; }
};

class Messages {
  public:
    Messages(StrictReader& reader, bool comma, std::string& out) : reader_(reader), out_(out), comma_(comma) {}

    Result<void> add_all(Span input) {
        const Path path{nullptr, "input"};
        const std::string_view raw = reader_.raw(input);
        if (json::is_string(raw)) {
            begin_message(R"("user")", raw);
            out_ += '}';
            return {};
        }
        if (!json::is_array(raw)) return reader_.refuse(path, "must be a string or an array of items");
        std::size_t index = 0;
        for (json::Walk item(reader_.document(), input); item.next(); ++index) {
            if (Result<void> added = add(item.value(), path.element(index)); !added) return added;
        }
        end_turn();
        return {};
    }

  private:
    Result<void> add(Span item, const Path& path) {
        if (!json::is_object(reader_.raw(item))) return reader_.refuse(path, "must be an object");
        const Span type = reader_.type_of(item);
        const auto is = [&](std::string_view name) { return json::string_equals(reader_.raw(type), name); };
        if (type.empty() || is("message")) return add_message(item, path);
        if (is("function_call") || is("custom_tool_call")) return add_call(item, path, is("function_call"));
        if (is("function_call_output") || is("custom_tool_call_output")) return add_output(item, path);
        // What a model thought is its own: chat has no place for it, and another provider can't read it.
        if (is("reasoning")) return {};
        if (is("item_reference")) {
            return reader_.refuse(path, "refers to an item that is kept elsewhere; send the item itself");
        }
        return reader_.refuse_type(item, path);
    }

    Result<void> add_message(Span item, const Path& path) {
        enum : std::size_t { type, role, content, id, status, phase, count };
        static constexpr std::array<MemberRule, count> kRules = {
            {{"type"}, {"role"}, {"content"}, {"id", Use::drop}, {"status", Use::drop}, {"phase", Use::drop}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(item, path, kRules, values); !read) return read;
        const std::string_view who = reader_.raw(values[role]);
        const bool assistant = json::string_equals(who, "assistant");
        if (!assistant && !json::string_equals(who, "user") && !json::string_equals(who, "system") &&
            !json::string_equals(who, "developer")) {
            return reader_.refuse(path.member("role"), "must be user, assistant, system or developer");
        }
        end_turn();
        Parts parts;
        parts.may_join = assistant;
        if (Result<void> read = content_of(values[content], path.member("content"), parts); !read) return read;
        if (assistant) {  // calls may follow that are part of it
            in_assistant_ = true;
            said_ = parts.content();
            return {};
        }
        begin_message(who, parts.content());
        out_ += '}';
        return {};
    }

    // A call of a function, or of a custom tool: part of the assistant's message before, or one of its own.
    Result<void> add_call(Span item, const Path& path, bool function) {
        enum : std::size_t { type, call_id, name, arguments, id, status, caller, space, async, count };
        static constexpr std::array<MemberRule, count> kFunction = {{{"type"},
                                                                     {"call_id"},
                                                                     {"name"},
                                                                     {"arguments"},
                                                                     {"id", Use::drop},
                                                                     {"status", Use::drop},
                                                                     {"caller", Use::refuse, kOnlyDirect},
                                                                     {"namespace", Use::refuse, kOnlyDirect},
                                                                     {"async", Use::refuse, kOnlyDirect}}};
        static constexpr auto kCustom = [] {
            auto rules = kFunction;
            rules[arguments].name = "input";
            return rules;
        }();
        const std::array<MemberRule, count>& rules = function ? kFunction : kCustom;
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(item, path, rules, values); !read) return read;
        for (const std::size_t needed : {call_id, name, arguments}) {
            Result<void> checked = reader_.string_at(values[needed], path.member(rules[needed].name));
            if (!checked) return checked;
        }
        end_outputs();
        in_assistant_ = true;
        calls_ += calls_.empty() ? R"({"id":)" : R"(,{"id":)";
        calls_ += reader_.raw(values[call_id]);
        calls_ += function ? R"(,"type":"function","function":{"name":)" : R"(,"type":"custom","custom":{"name":)";
        calls_ += reader_.raw(values[name]);
        calls_ += function ? R"(,"arguments":)" : R"(,"input":)";
        calls_ += reader_.raw(values[arguments]);
        calls_ += "}}";
        return {};
    }

    Result<void> add_output(Span item, const Path& path) {
        enum : std::size_t { type, call_id, output, id, status, name, caller, space, count };
        static constexpr std::array<MemberRule, count> kRules = {{{"type"},
                                                                  {"call_id"},
                                                                  {"output"},
                                                                  {"id", Use::drop},
                                                                  {"status", Use::drop},
                                                                  {"name", Use::drop},
                                                                  {"caller", Use::refuse, kOnlyDirect},
                                                                  {"namespace", Use::refuse, kOnlyDirect}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(item, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[call_id], path.member("call_id")); !checked) return checked;
        end_assistant();
        Parts texts;
        if (Result<void> read = output_of(values[output], path.member("output"), values[call_id], texts); !read) {
            return read;
        }
        begin_object(R"({"role":"tool","tool_call_id":)");
        out_ += reader_.raw(values[call_id]);
        out_ += R"(,"content":)";
        out_ += texts.content();
        out_ += '}';
        return {};
    }

    // Chat's tool messages hold text alone: what else a tool gave goes to a user's message behind the outputs.
    Result<void> output_of(Span output, const Path& path, Span call_id, Parts& texts) {
        if (!json::is_array(reader_.raw(output))) return content_of(output, path, texts);
        std::size_t index = 0;
        bool captioned = false;
        for (json::Walk part(reader_.document(), output); part.next(); ++index) {
            const Path place = path.element(index);
            const Span type = part.at_object() ? reader_.type_of(part.value()) : Span{};
            const bool text = !part.at_object() || json::string_equals(reader_.raw(type), "input_text");
            if (!text && !captioned) {
                captioned = true;
                const std::string_view id = reader_.raw(call_id);
                std::string& out = shown_.next();
                out += R"({"type":"text","text":"In the result of tool call )";
                out += id.substr(1, id.size() - 2);
                out += R"(:"})";
            }
            if (Result<void> added = add_part(part.value(), place, text ? texts : shown_); !added) return added;
        }
        if (texts.count == 0 && captioned) texts.said = "See the next message.";
        return {};
    }

    Result<void> content_of(Span content, const Path& path, Parts& parts) {
        const std::string_view raw = reader_.raw(content);
        if (json::is_string(raw)) {
            ++parts.count;
            parts.said = raw.substr(1, raw.size() - 2);
            return {};
        }
        if (!json::is_array(raw)) return reader_.refuse(path, "must be a string or an array of parts");
        std::size_t index = 0;
        for (json::Walk part(reader_.document(), content); part.next(); ++index) {
            if (Result<void> added = add_part(part.value(), path.element(index), parts); !added) return added;
        }
        return {};
    }

    Result<void> add_part(Span part, const Path& path, Parts& parts) {
        if (!json::is_object(reader_.raw(part))) return reader_.refuse(path, "must be an object");
        const std::string_view type = reader_.raw(reader_.type_of(part));
        const auto is = [&](std::string_view name) { return json::string_equals(type, name); };
        if (is("input_text") || is("output_text")) return add_text(part, path, parts);
        if (is("refusal")) return add_refusal(part, path, parts.next());
        if (is("input_image")) return add_image(part, path, parts.next());
        if (is("input_file")) return add_file(part, path, parts.next());
        if (is("input_audio")) return add_audio(part, path, parts.next());
        return reader_.refuse_type(part, path);
    }

    Result<void> add_text(Span part, const Path& path, Parts& parts) {
        enum : std::size_t { type, text, annotations, logprobs, mark, count };
        static constexpr std::array<MemberRule, count> kRules = {
            {{"type"}, {"text"}, {"annotations", Use::drop}, {"logprobs", Use::drop}, {"prompt_cache_breakpoint"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(part, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[text], path.member("text")); !checked) return checked;
        const std::string_view raw = reader_.raw(values[text]);
        std::string& out = parts.next(values[mark].empty());
        out += R"({"type":"text","text":)";
        out += raw;
        end_part(values[mark], out);
        parts.said += raw.substr(1, raw.size() - 2);
        return {};
    }

    Result<void> add_refusal(Span part, const Path& path, std::string& out) {
        static constexpr std::array<MemberRule, 2> kRules = {{{"type"}, {"refusal"}}};
        std::array<Span, 2> values;
        if (Result<void> read = reader_.read(part, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[1], path.member("refusal")); !checked) return checked;
        out += R"({"type":"refusal","refusal":)";
        out += reader_.raw(values[1]);
        out += '}';
        return {};
    }

    Result<void> add_image(Span part, const Path& path, std::string& out) {
        enum : std::size_t { type, url, detail, file_id, mark, count };
        static constexpr std::array<MemberRule, count> kRules = {{{"type"},
                                                                  {"image_url"},
                                                                  {"detail"},
                                                                  {"file_id", Use::refuse, kNoImageFiles},
                                                                  {"prompt_cache_breakpoint"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(part, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[url], path.member("image_url")); !checked) return checked;
        out += R"({"type":"image_url","image_url":{"url":)";
        out += reader_.raw(values[url]);
        if (!values[detail].empty()) {
            out += R"(,"detail":)";
            json::minify(reader_.raw(values[detail]), out);
        }
        out += '}';
        end_part(values[mark], out);
        return {};
    }

    Result<void> add_file(Span part, const Path& path, std::string& out) {
        enum : std::size_t { type, filename, data, file_id, url, detail, mark, count };
        static constexpr std::array<MemberRule, count> kRules = {
            {{"type"},
             {"filename"},
             {"file_data"},
             {"file_id"},
             {"file_url", Use::refuse, "can't be fetched by chat models; send the content as file_data"},
             {"detail"},
             {"prompt_cache_breakpoint"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(part, path, kRules, values); !read) return read;
        if (!values[detail].empty() && !json::string_equals(reader_.raw(values[detail]), "auto")) {
            return reader_.refuse(path.member("detail"), "must be auto: chat has no other for files");
        }
        out += R"({"type":"file","file":{)";
        bool first = true;
        for (const std::size_t which : {filename, data, file_id}) {
            if (values[which].empty()) continue;
            if (!first) out += ',';
            first = false;
            out += '"' + std::string(kRules[which].name) + "\":";
            json::minify(reader_.raw(values[which]), out);
        }
        out += '}';
        end_part(values[mark], out);
        return {};
    }

    Result<void> add_audio(Span part, const Path& path, std::string& out) {
        enum : std::size_t { type, audio, mark, count };
        static constexpr std::array<MemberRule, count> kRules = {
            {{"type"}, {"input_audio"}, {"prompt_cache_breakpoint"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(part, path, kRules, values); !read) return read;
        if (!json::is_object(reader_.raw(values[audio]))) {
            return reader_.refuse(path.member("input_audio"), "must be an object");
        }
        out += R"({"type":"input_audio","input_audio":)";
        json::minify(reader_.raw(values[audio]), out);
        end_part(values[mark], out);
        return {};
    }

    void end_part(Span mark, std::string& out) {
        if (!mark.empty()) {
            out += R"(,"prompt_cache_breakpoint":)";
            json::minify(reader_.raw(mark), out);
        }
        out += '}';
    }

    void begin_object(std::string_view begin) {
        if (comma_) out_ += ',';
        comma_ = true;
        out_ += begin;
    }

    void begin_message(std::string_view raw_role, std::string_view content) {
        begin_object(R"({"role":)");
        out_ += raw_role;
        out_ += R"(,"content":)";
        out_ += content;
    }

    void end_assistant() {
        if (!in_assistant_) return;
        begin_message(R"("assistant")", said_.empty() ? "null" : std::string_view(said_));
        if (!calls_.empty()) {
            out_ += R"(,"tool_calls":[)";
            out_ += calls_;
            out_ += ']';
        }
        out_ += '}';
        in_assistant_ = false;
        said_.clear();
        calls_.clear();
    }

    void end_outputs() {
        if (shown_.count == 0) return;
        begin_message(R"("user")", shown_.content());
        out_ += '}';
        shown_ = {};
    }

    void end_turn() {
        end_assistant();
        end_outputs();
    }

    StrictReader& reader_;
    std::string& out_;
    bool comma_;
    // The assistant's message that is not written yet: its content (empty: none), and its calls, joined.
    bool in_assistant_ = false;
    std::string said_;
    std::string calls_;
    Parts shown_;  // what the tools' outputs hold besides text
};

}  // namespace

Result<void> responses_input_to_messages(StrictReader& reader, Span input, bool comma, std::string& out) {
    return Messages(reader, comma, out).add_all(input);
}

}  // namespace weir::wire
