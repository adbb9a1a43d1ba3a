// ChatStream::body(): the kept chunks of a stream put together.
#include <algorithm>

#include "json/scan.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

using json::Walk;

constexpr std::size_t kMaxFields = 256;   // different members of one object, over all chunks
constexpr std::int64_t kMaxParts = 1024;  // choices of an answer, tool calls of a choice

// An object that grows chunk by chunk. Strings are joined as they are spelled, so that an escaped surrogate pair which
// was cut between two chunks is whole again.
class Fields {
  public:
    // The last value that says something: null and "" replace nothing.
    void last(std::string_view key, std::string_view raw) {
        Field* const field = at(key, raw);
        if (field == nullptr || raw == "null" || raw == R"("")") return;
        field->kind = Kind::value;
        field->text = raw;
    }
    void first(std::string_view key, std::string_view raw) {
        Field* const field = at(key, raw);
        if (field != nullptr && field->kind == Kind::value && (field->text == "null" || field->text == R"("")")) {
            field->text = raw;
        }
    }
    void join_text(std::string_view key, std::string_view raw) {
        if (!json::is_string(raw)) return last(key, raw);
        if (Field* const field = at(key, "")) {
            if (field->kind != Kind::text) *field = {std::move(field->key), "", Kind::text};
            field->text += raw.substr(1, raw.size() - 2);
        }
    }
    void join_list(std::string_view key, std::string_view raw) {
        if (!json::is_array(raw)) return last(key, raw);
        if (Field* const field = at(key, "")) {
            if (field->kind != Kind::list) *field = {std::move(field->key), "", Kind::list};
            if (json::is_empty_container(raw)) return;
            if (!field->text.empty()) field->text += ',';
            field->text += raw.substr(1, raw.size() - 2);
        }
    }

    bool too_many() const { return too_many_; }
    bool empty() const { return fields_.empty(); }
    // Appends the members, each with a comma before it where `comma` is set or it is not the first.
    void write(bool comma, std::string& out) const {
        for (const Field& field : fields_) {
            if (comma) out += ',';
            comma = true;
            out += field.key;
            out += ':';
            constexpr std::string_view kBegins[] = {"", "\"", "["};
            constexpr std::string_view kEnds[] = {"", "\"", "]"};
            out += kBegins[static_cast<std::size_t>(field.kind)];
            out += field.text;
            out += kEnds[static_cast<std::size_t>(field.kind)];
        }
    }

  private:
    enum class Kind : std::uint8_t { value, text, list };
    struct Field {
        std::string key;  // as spelled, with its quotes
        std::string text;
        Kind kind = Kind::value;
    };

    Field* at(std::string_view key, std::string_view initial) {
        const auto found =
            std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return field.key == key; });
        if (found != fields_.end()) return &*found;
        if (fields_.size() == kMaxFields) {
            too_many_ = true;
            return nullptr;
        }
        return &fields_.emplace_back(Field{std::string(key), std::string(initial), Kind::value});
    }

    std::vector<Field> fields_;
    bool too_many_ = false;
};

// {"name":..,"arguments":..} of a function, {"name":..,"input":..} of a custom tool.
void add_call(Walk& call, Fields& fields) {
    for (Walk member = Walk::inside(call); member.next();) {
        if (member.key_is("arguments") || member.key_is("input")) {
            fields.join_text(member.raw_key(), member.raw());
        } else {
            fields.last(member.raw_key(), member.raw());
        }
    }
}

struct ToolCall {
    std::int64_t index = 0;
    std::int64_t number = 0;  // what the stream calls it: its index, unless several calls come under the same one
    std::string id;           // raw; empty: none yet
    Fields fields;
    std::string called_key;  // "function" or "custom", with quotes
    Fields called;
};

struct Choice {
    std::int64_t index = 0;
    Fields message;
    std::vector<ToolCall> tool_calls;
    Fields function_call;
    Fields logprobs;
    bool has_logprobs = false;
    Fields more;
};

// The part of that index, made at its place in the order where it is new; nullptr: out of range.
template <class Part>
Part* part_at(std::vector<Part>& parts, std::int64_t index) {
    if (index < 0 || index >= kMaxParts) return nullptr;
    const auto place = std::lower_bound(parts.begin(), parts.end(), index,
                                        [](const Part& part, std::int64_t value) { return part.index < value; });
    if (place != parts.end() && place->index == index) return &*place;
    Part fresh;
    fresh.index = index;
    return &*parts.insert(place, std::move(fresh));
}

class Assembly {
  public:
    Result<void> add(std::string_view chunk) {
        if (Result<void> checked = json::members(chunk, members_); !checked) {
            return fail(ErrorCode::protocol, "an event of the stream is broken: " + checked.error().message);
        }
        chunk_ = chunk;
        for (const json::Member& member : members_) {
            const std::string_view raw = member.raw(chunk);
            const std::string_view key = member.key_span.of(chunk);
            if (member.key == "choices") {
                for (Walk choice(chunk, member.value); choice.next();) add_choice(choice);
            } else if (member.key == "usage") {
                if (!json::is_null(raw)) usage_ = raw;
            } else if (member.key == "x_groq" && json::is_object(raw)) {
                const std::optional<json::Span> nested = json::find_member(chunk, member.value, "usage");
                if (nested && usage_.empty()) usage_ = nested->of(chunk);
                top_.first(key, raw);
            } else if (member.key == "object") {
                top_.first(key, R"("chat.completion")");
            } else if (member.key != "obfuscation") {
                top_.first(key, raw);
            }
        }
        if (too_many_ || top_.too_many()) return fail(ErrorCode::too_large, "the stream has too many different parts");
        return {};
    }

    Result<std::string> finish() {
        if (choices_.empty()) return fail(ErrorCode::protocol, "the stream has no choices");
        std::string out = "{";
        top_.write(false, out);
        if (!top_.empty()) out += ',';
        out += R"("choices":[)";
        for (const Choice& choice : choices_) {
            if (&choice != choices_.data()) out += ',';
            write(choice, out);
        }
        out += ']';
        if (!usage_.empty()) out += R"(,"usage":)" + usage_;
        out += '}';
        return out;
    }

  private:
    std::int64_t index_of(Walk& part, std::int64_t otherwise) {
        const std::optional<json::Span> index = json::find_member(chunk_, part.value(), "index");
        return index ? json::as_int64(index->of(chunk_)).value_or(otherwise) : otherwise;
    }

    void add_choice(Walk& part) {
        if (!part.at_object()) return;
        const std::int64_t index = index_of(part, 0);
        const bool is_new =
            std::none_of(choices_.begin(), choices_.end(), [&](const Choice& c) { return c.index == index; });
        Choice* const choice = part_at(choices_, index);
        too_many_ |= choice == nullptr;
        if (choice == nullptr) return;
        if (is_new) {
            choice->message.last(R"("role")", R"("assistant")");
            choice->message.last(R"("content")", "null");
            choice->more.last(R"("finish_reason")", "null");
        }
        for (Walk member = Walk::inside(part); member.next();) {
            if (member.key_is("delta")) {
                add_delta(member, *choice);
            } else if (member.key_is("logprobs")) {
                choice->has_logprobs = true;
                for (Walk list = Walk::inside(member); list.next();)
                    choice->logprobs.join_list(list.raw_key(), list.raw());
            } else if (!member.key_is("index")) {
                choice->more.last(member.raw_key(), member.raw());
            }
        }
        too_many_ |= choice->message.too_many() || choice->logprobs.too_many() || choice->more.too_many();
    }

    void add_delta(Walk& delta, Choice& choice) {
        for (Walk member = Walk::inside(delta); member.next();) {
            if (member.key_is("content") || member.key_is("refusal") || member.key_is("reasoning_content") ||
                member.key_is("reasoning")) {
                choice.message.join_text(member.raw_key(), member.raw());
            } else if (member.key_is("thinking_blocks") || member.key_is("annotations") || member.key_is("citations") ||
                       member.key_is("server_blocks") || member.key_is("images")) {
                choice.message.join_list(member.raw_key(), member.raw());
            } else if (member.key_is("tool_calls")) {
                for (Walk call = Walk::inside(member); call.next();) add_tool_call(call, choice);
            } else if (member.key_is("function_call")) {
                add_call(member, choice.function_call);
                too_many_ |= choice.function_call.too_many();
            } else {
                choice.message.last(member.raw_key(), member.raw());
            }
        }
    }

    // The newest call of that number, or a new one: there is none, or others send all calls whole under number 0.
    static ToolCall* call_at(std::vector<ToolCall>& calls, std::int64_t number, std::string_view raw_id) {
        const bool has_id = json::is_string(raw_id) && raw_id.size() > 2;
        const auto found =
            std::find_if(calls.rbegin(), calls.rend(), [&](const ToolCall& call) { return call.number == number; });
        const bool known = found != calls.rend();
        ToolCall* call = known ? &*found : nullptr;
        if (!known || (has_id && !call->id.empty() && call->id != raw_id)) {
            const bool taken =
                std::any_of(calls.begin(), calls.end(), [&](const ToolCall& c) { return c.index == number; });
            call = part_at(calls, taken ? calls.back().index + 1 : number);
            if (call == nullptr) return nullptr;
            call->number = number;
        }
        if (has_id) call->id = raw_id;
        return call;
    }

    void add_tool_call(Walk& part, Choice& choice) {
        if (!part.at_object()) return;
        // Some servers send each call whole and without an index: one that brings an id is a new one.
        const std::int64_t newest = choice.tool_calls.empty() ? -1 : choice.tool_calls.back().index;
        const std::optional<json::Span> id = json::find_member(chunk_, part.value(), "id");
        const std::int64_t unnumbered = id ? newest + 1 : std::max<std::int64_t>(newest, 0);
        const std::string_view raw_id = id ? id->of(chunk_) : std::string_view();
        ToolCall* const call = call_at(choice.tool_calls, index_of(part, unnumbered), raw_id);
        too_many_ |= call == nullptr;
        if (call == nullptr) return;
        for (Walk member = Walk::inside(part); member.next();) {
            if (member.at_object() && (member.key_is("function") || member.key_is("custom"))) {
                call->called_key = member.raw_key();
                add_call(member, call->called);
            } else if (!member.key_is("index")) {
                call->fields.last(member.raw_key(), member.raw());
            }
        }
        too_many_ |= call->fields.too_many() || call->called.too_many();
    }

    static void write_call(std::string_view key, const Fields& fields, bool comma, std::string& out) {
        if (comma) out += ',';
        out += key;
        out += ":{";
        fields.write(false, out);
        out += '}';
    }

    static void write(const Choice& choice, std::string& out) {
        out += R"({"index":)" + std::to_string(choice.index) + R"(,"message":{)";
        choice.message.write(false, out);
        if (!choice.tool_calls.empty()) {
            out += R"(,"tool_calls":[)";
            for (const ToolCall& call : choice.tool_calls) {
                out += &call == choice.tool_calls.data() ? "{" : ",{";
                call.fields.write(false, out);
                if (!call.called_key.empty()) write_call(call.called_key, call.called, !call.fields.empty(), out);
                out += '}';
            }
            out += ']';
        }
        if (!choice.function_call.empty()) write_call(R"("function_call")", choice.function_call, true, out);
        out += '}';
        if (choice.has_logprobs && choice.logprobs.empty()) out += R"(,"logprobs":null)";
        if (!choice.logprobs.empty()) write_call(R"("logprobs")", choice.logprobs, true, out);
        choice.more.write(true, out);
        out += '}';
    }

    std::vector<json::Member> members_;
    std::string_view chunk_;
    Fields top_;
    std::vector<Choice> choices_;
    std::string usage_;
    bool too_many_ = false;
};

}  // namespace

Result<std::string> ChatStream::body() const {
    if (!options_.keep) return fail(ErrorCode::internal, "the stream was not kept");
    if (kept_too_large_) {
        return fail(ErrorCode::too_large,
                    "the stream is larger than " + std::to_string(options_.max_kept_bytes) + " bytes");
    }
    if (!done_) return fail(ErrorCode::protocol, "the stream ended before [DONE]");
    if (failed_) return fail(ErrorCode::protocol, "the stream holds an error");
    Assembly assembly;
    std::string_view rest = kept_;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (Result<void> added = assembly.add(rest.substr(0, end)); !added)
            return tl::unexpected(std::move(added.error()));
        rest.remove_prefix(end + 1);
    }
    return assembly.finish();
}

}  // namespace weir::wire
