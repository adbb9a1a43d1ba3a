#include "wire/anthropic_content.h"

#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/anthropic_blocks.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;
using Use = MemberRule::Use;

enum Member : std::size_t {
    role,
    content,
    tool_call_id,
    tool_calls,
    refusal,
    thinking_blocks,
    cache_control,
    name,
    function_call,
    audio,
};
// What the assistant's messages have beside is what an answer brought: it was for the caller, and is no question.
constexpr std::array<MemberRule, 18> kMessage = {{{"role"},
                                                  {"content"},
                                                  {"tool_call_id"},
                                                  {"tool_calls"},
                                                  {"refusal"},
                                                  {"thinking_blocks"},
                                                  {"cache_control"},
                                                  {"name"},
                                                  {"function_call"},
                                                  {"audio"},
                                                  {"annotations", Use::drop},
                                                  {"citations", Use::drop},
                                                  {"parsed", Use::drop},
                                                  {"server_blocks", Use::drop},
                                                  {"reasoning", Use::drop},
                                                  {"reasoning_content", Use::drop},
                                                  {"reasoning_details", Use::drop},
                                                  {"provider_specific_fields", Use::drop}}};
using Values = std::array<Span, kMessage.size()>;

class Conversation {
  public:
    Conversation(StrictReader& in, std::string& system, std::string& out)
        : in_(in), system_out_(system), out_(out), system_(in), by_user_(in), by_assistant_(in) {}

    Result<void> run(Span list) {
        const Path path = root_.member("messages");
        out_ += '[';
        std::size_t index = 0;
        for (json::Walk message(in_.document(), list); message.next(); ++index) {
            if (Result<void> added = add(message, path.element(index)); !added) return added;
        }
        flush();
        if (out_.back() == '[') return in_.refuse(path, "must have a message of the user's that says something");
        out_ += ']';
        if (!system_.empty()) system_.write(system_out_);
        return {};
    }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }

    // Messages of one role that follow each other become one, as Messages has it with the results of several tools;
    // one that says nothing parts no others.
    void flush() {
        if (open_ == nullptr) return;
        if (out_.back() != '[') out_ += ',';
        out_ += open_ == &by_assistant_ ? R"({"role":"assistant","content":)" : R"({"role":"user","content":)";
        open_->write(out_);
        out_ += '}';
        open_->clear();
    }
    // Behind what a message has added to `to`.
    void settle(Blocks& to) {
        if (&to == open_ || to.empty()) return;
        flush();
        open_ = &to;
    }

    Result<void> add(json::Walk& message, const Path& path) {
        Values values;
        if (Result<void> read = in_.read(message, path, kMessage, values); !read) return read;
        const Span by = values[Member::role];
        const bool assistant = is(by, "assistant");
        const bool tool = is(by, "tool");
        const bool system = is(by, "system") || is(by, "developer");
        if (!assistant && !tool && !system && !is(by, "user")) {
            return in_.refuse(path.member("role"), is(by, "function")
                                                       ? "'function' is the form before tools: use tools and 'tool'"
                                                       : "must be system, developer, user, assistant or tool");
        }
        if (Result<void> checked = check_belongs(values, path, assistant, tool); !checked) return checked;
        Blocks& to = system ? system_ : assistant ? by_assistant_ : by_user_;
        const std::size_t before = to.count();
        Result<void> added;
        if (assistant) {
            added = add_assistant(values, path);
        } else if (tool) {
            added = add_result(values, path);
        } else {
            added = to.add_content(values[Member::content], path.member("content"), system);
            to.mark_last(before, values[Member::cache_control]);
        }
        if (!system) settle(to);
        return added;
    }

    Result<void> check_belongs(const Values& values, const Path& path, bool assistant, bool tool) {
        for (const Member one : {Member::tool_calls, Member::refusal, Member::thinking_blocks}) {
            if (values[one].empty() || assistant) continue;
            return in_.refuse(path.member(kMessage[one].name), "belongs to the assistant's messages");
        }
        if (!values[Member::tool_call_id].empty() && !tool) {
            return in_.refuse(path.member("tool_call_id"), "belongs to messages of role tool");
        }
        if (!values[Member::function_call].empty()) {
            return in_.refuse(path.member("function_call"), "is the form before tools: use tool_calls");
        }
        if (!values[Member::audio].empty()) return in_.leave_out(path.member("audio"), kNotExpressible);
        // A result's tool is known by its call.
        if (values[Member::name].empty() || tool) return {};
        return in_.leave_out(path.member("name"), kNotExpressible);
    }

    Result<void> add_assistant(const Values& values, const Path& path) {
        if (Result<void> added = add_thoughts(values[Member::thinking_blocks], path); !added) return added;
        Blocks& to = by_assistant_;
        const std::size_t before = to.count();
        Result<void> added = to.add_content(values[Member::content], path.member("content"), true);
        if (!added) return added;
        if (const Span refused = values[Member::refusal]; !refused.empty()) {
            if (Result<void> checked = in_.string_at(refused, path.member("refusal")); !checked) return checked;
            to.add_text(refused, {});
        }
        added = add_calls(values[Member::tool_calls], path.member("tool_calls"));
        to.mark_last(before, values[Member::cache_control]);
        return added;
    }

    // As LiteLLM hands them out and takes them back. What is not signed was not thought by this provider, which would
    // refuse it.
    Result<void> add_thoughts(Span list, const Path& path) {
        if (list.empty()) return {};
        const Path place = path.member("thinking_blocks");
        if (!json::is_array(raw(list))) return in_.refuse(place, "must be an array");
        std::size_t index = 0;
        for (json::Walk block(in_.document(), list); block.next(); ++index) {
            const Span type = block.at_object() ? in_.type_of(block) : Span{};
            const bool redacted = is(type, "redacted_thinking");
            if (!redacted && !is(type, "thinking")) {
                return in_.refuse(place.element(index), "must be a thinking or redacted_thinking block");
            }
            const auto proof = json::find_member(in_.document(), block.value(), redacted ? "data" : "signature");
            if (!proof || !json::is_string(raw(*proof)) || proof->size() == 2) continue;
            by_assistant_.begin() += raw(block.value());
        }
        return {};
    }

    Result<void> add_calls(Span list, const Path& path) {
        if (list.empty()) return {};
        if (!json::is_array(raw(list))) return in_.refuse(path, "must be an array");
        std::size_t index = 0;
        for (json::Walk call(in_.document(), list); call.next(); ++index) {
            if (Result<void> added = add_call(call, path.element(index)); !added) return added;
        }
        return {};
    }

    Result<void> add_call(json::Walk& call, const Path& path) {
        const Span type = call.at_object() ? in_.type_of(call) : Span{};
        if (!type.empty() && !is(type, "function")) return in_.refuse_type(call.value(), path);
        constexpr std::array<MemberRule, 5> kCall = {
            {{"id"}, {"function"}, {"cache_control"}, {"type"}, {"index", Use::drop}}};
        std::array<Span, kCall.size()> values;
        if (Result<void> read = in_.read(call, path, kCall, values); !read) return read;
        if (Result<void> checked = in_.string_at(values[0], path.member("id")); !checked) return checked;
        const Path place = path.member("function");
        constexpr std::array<MemberRule, 4> kCalled = {
            {{"name"}, {"arguments"}, {"cache_control"}, {"parsed_arguments", Use::drop}}};
        std::array<Span, kCalled.size()> called;
        if (values[1].empty()) return in_.refuse(place, "is required");
        if (Result<void> read = in_.read(values[1], place, kCalled, called); !read) return read;
        if (Result<void> checked = in_.string_at(called[0], place.member("name")); !checked) return checked;
        std::string input;
        if (Result<void> read = input_of(called[1], place.member("arguments"), input); !read) return read;
        const std::size_t before = by_assistant_.count();
        std::string& out = by_assistant_.begin();
        out += R"({"type":"tool_use","id":)";
        append_tool_id(raw(values[0]), out);
        out += R"(,"name":)";
        out += raw(called[0]);
        out += R"(,"input":)";
        out += input;
        out += '}';
        by_assistant_.mark_last(before, values[2].empty() ? called[2] : values[2]);
        return {};
    }

    // The object that the arguments spell, byte for byte.
    Result<void> input_of(Span arguments, const Path& path, std::string& input) {
        if (json::is_object(raw(arguments))) {
            input = raw(arguments);
            return {};
        }
        if (!arguments.empty() && !json::append_string(raw(arguments), input)) {
            return in_.refuse(path, "must be a string");
        }
        std::vector<json::Member> members;
        if (input.find_first_not_of(" \t\r\n") == std::string::npos) {
            input = "{}";
        } else if (!json::members(input, members)) {
            return in_.refuse(path, "must spell a JSON object");
        }
        return {};
    }

    Result<void> add_result(const Values& values, const Path& path) {
        const Span id = values[Member::tool_call_id];
        if (Result<void> checked = in_.string_at(id, path.member("tool_call_id")); !checked) return checked;
        Blocks result(in_);
        Result<void> added = result.add_content(values[Member::content], path.member("content"), false);
        if (!added) return added;
        const std::size_t before = by_user_.count();
        std::string& out = by_user_.begin();
        out += R"({"type":"tool_result","tool_use_id":)";
        append_tool_id(raw(id), out);
        if (!result.empty()) {
            out += R"(,"content":)";
            result.write(out);
        }
        out += '}';
        by_user_.mark_last(before, values[Member::cache_control]);
        return {};
    }

    StrictReader& in_;
    std::string& system_out_;
    std::string& out_;
    const Path root_;
    Blocks system_, by_user_, by_assistant_;
    Blocks* open_ = nullptr;  // the message that is being put together
};

}  // namespace

void append_tool_id(std::string_view raw, std::string& out) {
    const auto allowed = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
               byte == '_' || byte == '-';
    };
    std::string id = json::as_string(raw).value_or("");
    std::replace_if(
        id.begin(), id.end(), [&](char byte) { return !allowed(byte); }, '_');
    out += '"';
    out += id;
    out += '"';
}

Result<void> write_conversation(StrictReader& in, Span messages, std::string& system, std::string& out) {
    return Conversation(in, system, out).run(messages);
}

}  // namespace weir::wire::anthropic
