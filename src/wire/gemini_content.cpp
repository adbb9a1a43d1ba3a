// The messages of a chat request as contents and systemInstruction.
#include <array>
#include <unordered_map>
#include <vector>

#include "json/scan.h"
#include "wire/gemini.h"
#include "wire/gemini_request.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using Use = MemberRule::Use;

// Gemini 3 refuses a history whose calls have no signature. This one stands for it where the calls are another model's,
// or the caller didn't keep it (ai.google.dev, Thought signatures, FAQ).
constexpr std::string_view kForeignSignature = R"("skip_thought_signature_validator")";

enum Member : std::size_t {
    role,
    content,
    name,
    tool_calls,
    tool_call_id,
    refusal,
    images,
    extra_content,
    audio,
    function_call,
    member_count
};
// What the assistant's messages have beside is what an answer brought: it was for the caller, and is no question.
constexpr std::array<MemberRule, 20> kMessage = {{
    {"role"},
    {"content"},
    {"name"},
    {"tool_calls"},
    {"tool_call_id"},
    {"refusal"},
    {"images"},
    {"extra_content"},
    {"audio"},
    {"function_call"},
    {"annotations", Use::drop},
    {"reasoning_content", Use::drop},
    {"reasoning", Use::drop},
    {"reasoning_details", Use::drop},
    {"thinking_blocks", Use::drop},
    {"citations", Use::drop},
    {"server_blocks", Use::drop},
    {"provider_specific_fields", Use::drop},
    {"parsed", Use::drop},  // OpenAI's library puts it into an answer, and the answer back into the history
    {"cache_control", Use::drop},
}};
using Values = std::array<Span, kMessage.size()>;

class Conversation {
  public:
    Conversation(StrictReader& in, bool third_generation, std::string& out, std::string& system)
        : body_(in.document()), in_(in), third_generation_(third_generation), out_(out), system_(system) {}

    Result<void> run(Span list) {
        const Path path = root_.member("messages");
        if (!json::is_array(raw(list))) return in_.refuse(path, "must be an array");
        out_ += '[';
        std::size_t index = 0;
        for (json::Walk message(body_, list); message.next(); ++index) {
            if (Result<void> written = write_message(message, path.element(index)); !written) return written;
        }
        if (open_ == Turn::none && !system_.empty()) {
            // Gemini wants contents: what there is to say is said by the user.
            begin(Turn::user);
            out_ += system_;
            system_.clear();
        }
        if (open_ == Turn::none) return in_.refuse(path, "has nothing to say");
        out_ += "]}]";
        return {};
    }

  private:
    enum class Turn : std::uint8_t { none, user, model, tool };

    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }

    // Messages of the same side are one content: that the results of parallel calls stand together is demanded.
    void begin(Turn turn) {
        if (open_ == turn) {
            out_ += ',';
            return;
        }
        if (open_ != Turn::none) out_ += "]},";
        open_ = turn;
        out_ += turn == Turn::model ? R"({"role":"model","parts":[)" : R"({"role":"user","parts":[)";
    }

    Result<void> write_message(json::Walk& message, const Path& path) {
        Values values;
        if (Result<void> read = in_.read(message, path, kMessage, values); !read) return read;
        const Span who = values[role];
        const bool by_assistant = is(who, "assistant");
        const bool by_tool = is(who, "tool");
        const bool by_user = is(who, "user");
        if (!by_assistant && !by_tool && !by_user && !is(who, "system") && !is(who, "developer")) {
            return in_.refuse(path.member("role"), "must be system, developer, user, assistant or tool");
        }
        if (Result<void> checked = check_belongings(values, by_assistant, by_tool, path); !checked) return checked;
        if (by_assistant) return write_assistant(values, path);
        if (by_tool) return write_result(values, path);
        // What the operator says later keeps its place, in the user's turn: only there has Gemini one.
        const bool first = !by_user && open_ == Turn::none;
        std::string parts;
        if (Result<void> read = read_parts(values[content], path.member("content"), by_user, parts); !read) return read;
        if (parts.empty()) return {};
        if (!first) begin(Turn::user);
        std::string& to = first ? system_ : out_;
        if (first && !to.empty()) to += ',';
        to += parts;
        return {};
    }

    // Members that only some messages may have.
    Result<void> check_belongings(const Values& values, bool by_assistant, bool by_tool, const Path& path) {
        for (const Member member : {tool_calls, refusal, images, extra_content, audio, function_call, name}) {
            const bool expressible =
                by_assistant ? member != audio && member != function_call && member != name : by_tool && member == name;
            if (expressible || values[member].empty() || says_nothing(raw(values[member]))) continue;
            const Path place = path.member(kMessage[member].name);
            if (member != name && member != extra_content) return in_.refuse(place, kNotExpressible);
            if (Result<void> told = in_.leave_out(place, kNotExpressible); !told) return told;
        }
        return {};
    }

    // The parts that a string or an array of parts says, joined by commas.
    Result<void> read_parts(Span given, const Path& path, bool by_user, std::string& parts) {
        if (given.empty()) return in_.refuse(path, "is required");
        if (json::is_string(raw(given))) {
            parts += R"({"text":)";
            parts += raw(given);
            parts += '}';
            return {};
        }
        if (!json::is_array(raw(given))) return in_.refuse(path, "must be a string or an array of parts");
        std::size_t index = 0;
        for (json::Walk part(body_, given); part.next(); ++index) {
            const Path place = path.element(index);
            if (!by_user && part.at_object() && !is(in_.type_of(part), "text")) {
                return in_.refuse(place, "must be a part of type text");
            }
            std::string one;
            if (Result<void> written = write_part(in_, part, place, one); !written) return written;
            if (!one.empty() && !parts.empty()) parts += ',';
            parts += one;
        }
        return {};
    }

    // ---- the assistant's

    // The texts among its content, as they are spelled.
    Result<void> read_texts(Span given, const Path& path, std::vector<std::string_view>& texts) {
        const auto add = [&](std::string_view text) {
            if (text.size() > 2) texts.push_back(text);
        };
        if (given.empty()) return {};
        if (json::is_string(raw(given))) {
            add(raw(given));
            return {};
        }
        if (!json::is_array(raw(given))) return in_.refuse(path, "must be a string or an array of parts");
        std::size_t index = 0;
        for (json::Walk part(body_, given); part.next(); ++index) {
            const Path place = path.element(index);
            constexpr std::array<MemberRule, 4> kRules = {
                {{"type"}, {"text"}, {"refusal"}, {"cache_control", Use::drop}}};
            std::array<Span, kRules.size()> values;
            if (Result<void> read = in_.read(part, place, kRules, values); !read) return read;
            const std::size_t which = is(values[0], "refusal") ? 2 : 1;
            if (which == 1 && !is(values[0], "text")) {
                return in_.refuse(place.member("type"), "must be text or refusal");
            }
            if (Result<void> checked = in_.string_at(values[which], place.member(kRules[which].name)); !checked) {
                return checked;
            }
            add(raw(values[which]));
        }
        return {};
    }

    Result<void> write_assistant(const Values& values, const Path& path) {
        std::vector<std::string_view> texts;
        if (Result<void> read = read_texts(values[content], path.member("content"), texts); !read) return read;
        const Span refused = values[refusal];
        if (json::is_string(raw(refused)) && refused.size() > 2) texts.push_back(raw(refused));
        const std::string_view signature = signature_in(body_, values[extra_content]);
        if (texts.empty() && !signature.empty()) texts.emplace_back(R"("")");
        for (const std::string_view& text : texts) {
            begin(Turn::model);
            out_ += R"({"text":)";
            out_ += text;
            if (&text == &texts.back()) add_signature(signature);
            out_ += '}';
        }
        if (Result<void> written = write_images(values[images], path.member("images")); !written) return written;
        return write_calls(values[tool_calls], path.member("tool_calls"));
    }

    void add_signature(std::string_view signature) {
        if (signature.empty()) return;
        out_ += R"(,"thoughtSignature":)";
        out_ += signature;
    }

    Result<void> write_images(Span list, const Path& path) {
        if (list.empty()) return {};
        if (!json::is_array(raw(list))) return in_.refuse(path, "must be an array");
        std::size_t index = 0;
        for (json::Walk image(body_, list); image.next(); ++index) {
            begin(Turn::model);
            if (Result<void> written = write_image(in_, image, path.element(index), out_); !written) return written;
        }
        return {};
    }

    struct Call {
        std::string_view id, name, signature;  // as they are spelled
        std::string arguments;
    };

    Result<void> write_calls(Span list, const Path& path) {
        if (list.empty()) return {};
        if (!json::is_array(raw(list))) return in_.refuse(path, "must be an array");
        std::vector<Call> calls;
        bool is_signed = false;
        std::size_t index = 0;
        for (json::Walk call(body_, list); call.next(); ++index) {
            if (Result<void> read = read_call(call, path.element(index), calls.emplace_back()); !read) return read;
            is_signed |= !calls.back().signature.empty();
        }
        if (third_generation_ && !is_signed && !calls.empty()) calls.front().signature = kForeignSignature;
        for (const Call& call : calls) {
            begin(Turn::model);
            out_ += R"({"functionCall":{)";
            if (!call.id.empty()) {
                out_ += R"("id":)";
                out_ += call.id;
                out_ += ',';
            }
            out_ += R"("name":)";
            out_ += call.name;
            out_ += R"(,"args":)";
            out_ += call.arguments;
            out_ += '}';
            add_signature(call.signature);
            out_ += '}';
        }
        return {};
    }

    Result<void> read_call(json::Walk& at, const Path& path, Call& call) {
        constexpr std::array<MemberRule, 7> kRules = {{{"id"},
                                                       {"type"},
                                                       {"function"},
                                                       {"extra_content"},
                                                       {"index", Use::drop},
                                                       {"cache_control", Use::drop},
                                                       {"provider_specific_fields", Use::drop}}};
        std::array<Span, kRules.size()> values;
        const Span type = in_.type_of(at);
        if (json::is_string(raw(type)) && !is(type, "function")) {
            return in_.refuse(path.member("type"), "must be function: others " + std::string(kNotExpressible));
        }
        if (Result<void> read = in_.read(at, path, kRules, values); !read) return read;
        const Path place = path.member("function");
        if (values[2].empty()) return in_.refuse(place, "is required");
        constexpr std::array<MemberRule, 3> kFunction = {{{"name"}, {"arguments"}, {"parsed_arguments", Use::drop}}};
        std::array<Span, kFunction.size()> function;
        if (Result<void> read = in_.read(values[2], place, kFunction, function); !read) return read;
        if (Result<void> checked = in_.string_at(function[0], place.member("name")); !checked) return checked;
        call.name = raw(function[0]);
        if (call.name.size() > kMaxFunctionName + 2) return in_.refuse(place.member("name"), "is too long");
        if (!values[0].empty()) {
            if (Result<void> checked = in_.string_at(values[0], path.member("id")); !checked) return checked;
            call.id = raw(values[0]);
            names_[json::as_string(call.id).value_or("")] = call.name;
        }
        call.signature = signature_in(body_, values[3]);
        const Span given = function[1];
        if (!given.empty() && !json::is_string(raw(given))) {
            return in_.refuse(place.member("arguments"), "must be a string");
        }
        if (!given.empty()) json::append_string(raw(given), call.arguments);
        if (call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) call.arguments = "{}";
        if (!json::members(call.arguments, members_)) {
            return in_.refuse(place.member("arguments"), "must be a JSON object, as a string");
        }
        return {};
    }

    // ---- results

    Result<void> write_result(const Values& values, const Path& path) {
        const Span id = values[tool_call_id];
        if (Result<void> checked = in_.string_at(id, path.member("tool_call_id")); !checked) return checked;
        const auto found = names_.find(json::as_string(raw(id)).value_or(""));
        std::string_view called = found == names_.end() ? raw(values[name]) : found->second;
        if (!json::is_string(called) || called.size() > kMaxFunctionName + 2) {
            return in_.refuse(path.member("tool_call_id"), "no message before calls a tool by that id");
        }
        const Path place = path.member("content");
        const Span given = values[content];
        if (given.empty()) return in_.refuse(place, "is required");
        std::string text;  // as it is spelled, with its quotes
        if (json::is_string(raw(given))) {
            text = raw(given);
        } else {
            std::vector<std::string_view> texts;
            if (Result<void> read = read_texts(given, place, texts); !read) return read;
            text = '"';
            for (const std::string_view one : texts) text += inside(one);
            text += '"';
        }
        begin(Turn::tool);
        out_ += R"({"functionResponse":{"id":)";
        out_ += raw(id);
        out_ += R"(,"name":)";
        out_ += called;
        out_ += R"(,"response":)";
        const std::string said = json::as_string(text).value_or("");
        if (json::members(said, members_)) {
            out_ += said;
        } else {
            out_ += R"({"result":)";
            out_ += text;
            out_ += '}';
        }
        out_ += "}}";
        return {};
    }

    std::string_view body_;
    StrictReader& in_;
    const bool third_generation_;
    std::string& out_;
    std::string& system_;
    const Path root_;
    Turn open_ = Turn::none;
    std::unordered_map<std::string, std::string_view> names_;  // of functions, as spelled, by the ids of their calls
    std::vector<json::Member> members_;
};

}  // namespace

std::string_view signature_in(std::string_view document, Span extra_content) {
    std::optional<Span> at = extra_content;
    for (const std::string_view member : {"google", "thought_signature"}) {
        if (!json::is_object(at->of(document))) return "";
        at = json::find_member(document, *at, member);
        if (!at) return "";
    }
    const std::string_view raw = at->of(document);
    return json::is_string(raw) && raw.size() > 2 ? raw : std::string_view();
}

Result<void> write_conversation(StrictReader& in, Span messages, std::string_view model, std::string& contents,
                                std::string& system_parts) {
    return Conversation(in, is_third_generation(model), contents, system_parts).run(messages);
}

}  // namespace weir::wire::gemini
