// Answers of generateContent as chat completions.
#include "wire/gemini_answer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "wire/gemini.h"
#include "wire/raw_text.h"
#include "wire/usage_form.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using json::Walk;

bool is_text(std::string_view raw) {
    return json::is_string(raw) && raw.size() > 2;
}
class Parts {
  public:
    Parts(std::string_view document, CallNames names, Candidate& out) : document_(document), names_(names), out_(out) {}

    Result<void> run(Walk& parts) {
        std::size_t count = 0;
        for (Walk part = Walk::inside(parts); part.next(); ++count) {
            if (!part.at_object()) return fail(ErrorCode::protocol, "a part of the answer is no object");
            if (Result<void> read = read_part(part); !read) return read;
        }
        if (count != 1) out_.only_text = {};
        return {};
    }

  private:
    enum class Kind : std::uint8_t { none, text, call, data, code, output };
    struct Known {
        std::string_view name;
        Kind kind;
    };
    static constexpr std::array<Known, 5> kKinds = {{{"text", Kind::text},
                                                     {"functionCall", Kind::call},
                                                     {"inlineData", Kind::data},
                                                     {"executableCode", Kind::code},
                                                     {"codeExecutionResult", Kind::output}}};

    Result<void> read_part(Walk& part) {
        Kind kind = Kind::none;
        Span value;
        std::string_view signature;
        bool thought = false;
        for (Walk member = Walk::inside(part); member.next();) {
            const auto* const known =
                std::find_if(kKinds.begin(), kKinds.end(), [&](const Known& one) { return member.key_is(one.name); });
            if (known != kKinds.end()) {
                if (kind != Kind::none) return fail(ErrorCode::protocol, "a part of the answer is two things at once");
                kind = known->kind;
                value = member.value();
            } else if (member.key_is("thought")) {
                thought = json::as_bool(member.raw()).value_or(false);
            } else if (member.key_is("thoughtSignature")) {
                if (is_text(member.raw())) signature = member.raw();
            } else if (member.key_is("fileData") || member.key_is("functionResponse") || member.key_is("toolCall") ||
                       member.key_is("toolResponse")) {
                return fail(ErrorCode::protocol, "the answer has a part that chat can't tell");
            }
        }
        return take(kind, value, thought, signature);
    }

    Result<void> take(Kind kind, Span value, bool thought, std::string_view signature) {
        if (kind != Kind::call && kind != Kind::data && !signature.empty()) out_.signature = signature;
        const std::string_view raw = value.of(document_);
        switch (kind) {
            case Kind::text:
                if (!json::is_string(raw)) return fail(ErrorCode::protocol, "a text of the answer is no string");
                (thought ? out_.thought : out_.text) += inside(raw);
                if (signature.empty()) out_.only_text = {value.begin + 1, value.end - 1};
                out_.only_is_thought = thought;
                return {};
            case Kind::call:
                return add_call(value, signature);
            case Kind::data:
                return add_image(value, signature);
            case Kind::code:
                add_code(value);
                return {};
            case Kind::output:
                add_output(value);
                return {};
            case Kind::none:
                return {};
        }
        return {};
    }

    static void sign(std::string_view signature, std::string& out) {
        if (signature.empty()) return;
        out += R"(,"extra_content":)";
        append_extra_content(signature, "", "", out);
    }

    Result<void> add_call(Span value, std::string_view signature) {
        std::string_view id, name, args;
        for (Walk member(document_, value); member.next();) {
            if (member.key_is("id")) {
                id = member.raw();
            } else if (member.key_is("name")) {
                name = member.raw();
            } else if (member.key_is("args")) {
                args = member.raw();
            } else if (member.key_is("partialArgs") || member.key_is("willContinue")) {
                return fail(ErrorCode::protocol, "the answer calls a tool in pieces, which nobody asked for");
            }
        }
        if (!is_text(name)) return fail(ErrorCode::protocol, "the answer calls a tool without a name");
        if (!args.empty() && !json::is_object(args) && !json::is_null(args)) {
            return fail(ErrorCode::protocol, "the arguments of a tool call in the answer are no JSON object");
        }
        const std::size_t number = names_.before + out_.call_count++;
        if (number >= kMaxCalls) return fail(ErrorCode::too_large, "the answer has too many tool calls");
        std::string& out = out_.calls;
        out += out.empty() ? "{" : ",{";
        if (names_.numbered) out += R"("index":)" + std::to_string(number) + ',';
        out += R"("id":)";
        out += is_text(id) ? std::string(id) : made_id(number);
        out += R"(,"type":"function")";
        sign(signature, out);
        out += R"(,"function":{"name":)";
        out += name;
        out += R"(,"arguments":)";
        json::write_string(json::is_object(args) ? args : "{}", out);
        out += "}}";
        return {};
    }

    std::string made_id(std::size_t number) const {
        std::string id = "\"call_" + std::string(names_.request_id) + '_';
        if (out_.index > 0) id += std::to_string(out_.index) + '_';
        return id + std::to_string(number) + '"';
    }

    Result<void> add_image(Span value, std::string_view signature) {
        const auto mime = json::find_member(document_, value, "mimeType");
        const auto data = json::find_member(document_, value, "data");
        const std::string_view type = mime ? mime->of(document_) : std::string_view();
        if (!is_text(type) || !inside(type).starts_with("image/") || !data || !is_text(data->of(document_))) {
            return fail(ErrorCode::protocol, "the answer has a part that chat can't tell");
        }
        std::string& out = out_.images;
        if (!out.empty()) out += ',';
        out += R"({"type":"image_url","image_url":{"url":"data:)";
        out += inside(type);
        out += ";base64,";
        out += inside(data->of(document_));
        out += "\"}";
        sign(signature, out);
        out += '}';
        return {};
    }

    // What Gemini ran on its own, as it stands in the text of other models' answers.
    void add_code(Span value) {
        const auto code = json::find_member(document_, value, "code");
        const auto language = json::find_member(document_, value, "language");
        if (!code || !is_text(code->of(document_))) return;
        const bool python = language && json::string_equals(language->of(document_), "PYTHON");
        out_.text += python ? R"(\n```python\n)" : R"(\n```\n)";
        out_.text += inside(code->of(document_));
        out_.text += R"(\n```\n)";
    }
    void add_output(Span value) {
        const auto output = json::find_member(document_, value, "output");
        if (!output || !is_text(output->of(document_))) return;
        out_.text += R"(\n```\n)";
        out_.text += inside(output->of(document_));
        out_.text += R"(\n```\n)";
    }

    std::string_view document_;
    CallNames names_;
    Candidate& out_;
};

void append_token(std::string_view document, Span candidate, std::string& out) {
    std::string_view token = R"("")";
    std::string_view logprob = "0";  // Google's JSON leaves zeros out
    for (Walk member(document, candidate); member.next();) {
        if (member.key_is("token") && json::is_string(member.raw())) token = member.raw();
        if (member.key_is("logProbability") && json::as_double(member.raw())) logprob = member.raw();
    }
    out += R"({"token":)";
    out += token;
    out += R"(,"logprob":)";
    out += logprob;
    out += R"(,"bytes":null)";
}

}  // namespace

Result<void> read_candidate(Walk& at, std::int64_t position, Candidate& out) {
    if (!at.at_object()) return fail(ErrorCode::protocol, "a candidate of the answer is no object");
    out.index = position;
    for (Walk member = Walk::inside(at); member.next();) {
        if (member.key_is("content")) {
            out.content = member.value();
        } else if (member.key_is("finishReason")) {
            out.finish = is_text(member.raw()) ? member.raw() : std::string_view();
        } else if (member.key_is("finishMessage")) {
            out.finish_message = member.raw();
        } else if (member.key_is("index")) {
            out.index = json::as_int64(member.raw()).value_or(-1);
        } else if (member.key_is("logprobsResult")) {
            out.logprobs = member.value();
        } else if (member.key_is("groundingMetadata") && member.at_object()) {
            out.grounding = member.value();
        } else if (member.key_is("citationMetadata") && member.at_object()) {
            out.citations = member.value();
        }
    }
    if (out.index < 0 || out.index >= kMaxCandidates) {
        return fail(ErrorCode::protocol, "a candidate of the answer has an impossible index");
    }
    return {};
}

Result<void> read_parts(std::string_view document, CallNames names, Candidate& out) {
    for (Walk member(document, out.content); member.next();) {
        if (!member.key_is("parts") || !member.at_array()) continue;
        if (Result<void> read = Parts(document, names, out).run(member); !read) return read;
    }
    return {};
}

Result<std::string_view> finish_reason(std::string_view raw_finish, bool has_calls) {
    const std::string reason = json::as_string(raw_finish).value_or("");
    if (reason == "STOP") return has_calls ? "tool_calls" : "stop";
    if (reason == "MAX_TOKENS") return "length";
    for (const std::string_view broken : {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL",
                                          "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "NO_IMAGE"}) {
        if (reason == broken) {
            return fail(ErrorCode::protocol, "the model's answer is broken: " + std::string(broken));
        }
    }
    return "content_filter";
}

void append_native_finish(std::string_view raw_finish, std::string& out) {
    if (raw_finish.empty() || json::string_equals(raw_finish, "STOP") ||
        json::string_equals(raw_finish, "MAX_TOKENS")) {
        return;
    }
    out += R"(,"native_finish_reason":)";
    out += raw_finish;
}

void append_refusal(std::string_view what, std::string_view reason, std::string_view message, std::string& out) {
    out += '"';
    out += what;
    out += is_text(reason) ? inside(reason) : std::string_view("no reason is given");
    if (is_text(message)) {
        out += ": ";
        out += inside(message);
    }
    out += '"';
}

void append_logprobs(std::string_view document, Span result, std::string& out) {
    Span chosen, tops;
    for (Walk member(document, result); member.next();) {
        if (member.key_is("chosenCandidates") && member.at_array()) chosen = member.value();
        if (member.key_is("topCandidates") && member.at_array()) tops = member.value();
    }
    if (chosen.empty()) {
        out += "null";
        return;
    }
    out += R"({"content":[)";
    Walk top(document, tops);
    bool has_top = !tops.empty();
    for (Walk token(document, chosen); token.next();) {
        if (out.back() != '[') out += ',';
        append_token(document, token.value(), out);
        out += R"(,"top_logprobs":[)";
        has_top = has_top && top.next();
        const auto list = has_top ? json::find_member(document, top.value(), "candidates") : std::nullopt;
        for (Walk one(document, list.value_or(Span{})); list && one.next();) {
            if (out.back() != '[') out += ',';
            append_token(document, one.value(), out);
            out += '}';
        }
        out += "]}";
    }
    out += R"(],"refusal":null})";
}

void append_extra_content(std::string_view signature, std::string_view grounding, std::string_view citations,
                          std::string& out) {
    out += R"({"google":{)";
    const auto add = [&](std::string_view name, std::string_view raw) {
        if (raw.empty()) return;
        if (out.back() != '{') out += ',';
        out += name;
        out += raw;
    };
    add(R"("thought_signature":)", signature);
    add(R"("grounding_metadata":)", grounding);
    add(R"("citation_metadata":)", citations);
    out += "}}";
}

void append_head(std::string_view raw_id, std::string_view raw_model, std::string_view object,
                 const ProviderExchange& exchange, std::string& out) {
    out += R"("id":"chatcmpl-)";
    out += is_text(raw_id) ? inside(raw_id) : std::string_view(exchange.request_id);
    out += R"(","object":")";
    out += object;
    out += R"(","created":)" + std::to_string(exchange.created_unix_s) + R"(,"model":)";
    if (is_text(raw_model)) {
        out += raw_model;
    } else {
        json::write_string(exchange.model, out);
    }
}

Block block_in(std::string_view document, Span prompt_feedback) {
    Block block;
    for (Walk member(document, prompt_feedback); member.next();) {
        if (member.key_is("blockReason") && is_text(member.raw())) block.reason = member.raw();
        if (member.key_is("blockReasonMessage")) block.message = member.raw();
    }
    return block;
}

}  // namespace weir::wire::gemini
