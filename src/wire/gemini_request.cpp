// Chat requests as requests of generateContent.
#include "wire/gemini_request.h"

#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/gemini.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using Use = MemberRule::Use;

enum Top : std::size_t {
    messages,
    tools,
    tool_choice,
    parallel_tool_calls,
    web_search_options,
    response_format,
    max_tokens,
    max_completion_tokens,
    stop,
    logprobs,
    top_logprobs,
    reasoning_effort,
    modalities,
    service_tier,
    extra_body,
    google,
    safety_settings,
    cached_content,
    verbosity,
    logit_bias,
    functions,
    function_call,
    audio,
    temperature,
    top_p,
    top_k,
    n,
    seed,
    presence_penalty,
    frequency_penalty,
    top_count
};
constexpr std::array<MemberRule, 41> kTop = {{
    {"messages"},
    {"tools"},
    {"tool_choice"},
    {"parallel_tool_calls"},
    {"web_search_options"},
    {"response_format"},
    {"max_tokens"},
    {"max_completion_tokens"},
    {"stop"},
    {"logprobs"},
    {"top_logprobs"},
    {"reasoning_effort"},
    {"modalities"},
    {"service_tier"},
    {"extra_body"},
    {"google"},
    {"safety_settings"},
    {"cached_content"},
    {"verbosity"},
    {"logit_bias"},
    {"functions"},
    {"function_call"},
    {"audio"},
    {"temperature"},
    {"top_p"},
    {"top_k"},
    {"n"},
    {"seed"},
    {"presence_penalty"},
    {"frequency_penalty"},
    {"model", Use::drop},
    {"stream", Use::drop},
    {"stream_options", Use::drop},
    {"user", Use::drop},
    {"metadata", Use::drop},
    {"safety_identifier", Use::drop},
    {"store", Use::drop},
    {"prediction", Use::drop},
    {"prompt_cache_key", Use::drop},
    {"prompt_cache_retention", Use::drop},
    {"prompt_cache_options", Use::drop},
}};

// Numbers that both APIs mean the same by.
struct Renamed {
    Top member;
    std::string_view name;
};
constexpr std::array<Renamed, 7> kNumbers = {{
    {temperature, "temperature"},
    {top_p, "topP"},
    {top_k, "topK"},
    {n, "candidateCount"},
    {seed, "seed"},
    {presence_penalty, "presencePenalty"},
    {frequency_penalty, "frequencyPenalty"},
}};

// Google's own members, of `extra_body.google`: as Google spells them, in either of its spellings.
enum Own : std::size_t { thinking_config, cached, safety, native_tools, media_resolution, speech_config, image_config };
constexpr std::size_t kOwnCount = 7;
constexpr std::array<MemberRule, 13> kOwn = {{
    {"thinking_config"},
    {"cached_content"},
    {"safety_settings"},
    {"tools"},
    {"media_resolution"},
    {"speech_config"},
    {"image_config"},
    {"thinkingConfig"},
    {"cachedContent"},
    {"safetySettings"},
    {"mediaResolution"},
    {"speechConfig"},
    {"imageConfig"},
}};
// The place of those from the eighth on.
constexpr std::array<Own, 6> kCamel = {thinking_config, cached, safety, media_resolution, speech_config, image_config};

// As Google's own endpoint of chat reads reasoning_effort (ai.google.dev, OpenAI compatibility).
struct Effort {
    std::string_view name, level, budget;
};
constexpr std::array<Effort, 4> kEfforts = {{
    {"minimal", "MINIMAL", "1024"},
    {"low", "LOW", "1024"},
    {"medium", "MEDIUM", "8192"},
    {"high", "HIGH", "24576"},
}};

class Request {
  public:
    Request(std::string_view body, std::string& error_param, ProviderExchange& exchange)
        : in_(body, error_param, exchange.drop_unsupported ? &exchange.dropped : nullptr), exchange_(exchange) {}

    Result<void> run(std::string& out) {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(in_.document(), members); !checked) {
            return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        }
        if (Result<void> read = in_.read(members, kTop, top_); !read) return read;
        out += R"({"contents":)";  // the most of it: it goes there at once
        std::string system;
        if (Result<void> read = write_conversation(in_, top_[messages], exchange_.model, out, system); !read) {
            return read;
        }
        if (!system.empty()) fields_.name("systemInstruction") += R"({"parts":[)" + system + "]}";
        for (const auto step :
             {&Request::check_absent, &Request::read_own, &Request::write_numbers, &Request::write_limits,
              &Request::write_logprobs, &Request::write_format, &Request::write_thinking, &Request::write_modalities,
              &Request::add_tools, &Request::write_tier}) {
            if (Result<void> done = (this->*step)(); !done) return done;
        }
        if (!config_.empty()) fields_.name("generationConfig") += '{' + config_.text() + '}';
        if (!fields_.empty()) out += ',';
        out += fields_.text();
        out += '}';
        return {};
    }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    std::string_view raw(Top member) const { return in_.raw(top_[member]); }
    bool is(Top member, std::string_view text) const { return json::string_equals(raw(member), text); }
    bool has(Top member) const { return !top_[member].empty(); }
    Path path(Top member) const { return root_.member(kTop[member].name); }

    // Members that there are no words for, unless they ask for what is so anyway.
    Result<void> check_absent() {
        for (const Top member : {verbosity, logit_bias, functions, function_call, audio}) {
            if (!has(member) || says_nothing(raw(member))) continue;
            if (member == verbosity && is(member, "medium")) continue;
            if (member == function_call && (is(member, "auto") || is(member, "none"))) continue;
            if (member == functions || member == function_call) {
                return in_.refuse(path(member), "is not supported here: tools take its place");
            }
            if (Result<void> told = in_.leave_out(path(member), kNotExpressible); !told) return told;
        }
        return {};
    }

    Result<void> read_own() {
        if (has(extra_body)) {
            constexpr std::array<MemberRule, 1> kRules = {{{"google"}}};
            std::array<Span, kRules.size()> values;
            if (Result<void> read = in_.read(top_[extra_body], kExtra, kRules, values); !read) return read;
            if (!values[0].empty()) {
                if (has(google)) return in_.refuse(path(google), "stands in extra_body.google as well");
                top_[google] = values[0];
                own_path_.parent = &kExtra;
            }
        }
        if (has(google)) {
            std::array<Span, kOwn.size()> values;
            if (Result<void> read = in_.read(top_[google], own_path_, kOwn, values); !read) return read;
            std::copy_n(values.begin(), kOwnCount, own_.begin());
            for (std::size_t i = 0; i < kCamel.size(); ++i) {
                const Span given = values[kOwnCount + i];
                if (given.empty()) continue;
                const Path place = own_path_.member(kOwn[kOwnCount + i].name);
                if (!own_[kCamel[i]].empty()) return in_.refuse(place, "is given twice, in two spellings");
                own_[kCamel[i]] = given;
            }
        }
        if (Result<void> merged = merge(safety_settings, safety); !merged) return merged;
        if (Result<void> merged = merge(cached_content, cached); !merged) return merged;
        fields_.copy("safetySettings", raw(own_[safety]));
        fields_.copy("cachedContent", raw(own_[cached]));
        config_.copy("mediaResolution", raw(own_[media_resolution]));
        config_.copy("speechConfig", raw(own_[speech_config]));
        config_.copy("imageConfig", raw(own_[image_config]));
        return {};
    }
    // What others let stand on the top level.
    Result<void> merge(Top member, Own own) {
        if (!has(member)) return {};
        if (!own_[own].empty()) return in_.refuse(path(member), "stands in extra_body.google as well");
        own_[own] = top_[member];
        return {};
    }

    Result<void> write_numbers() {
        for (const Renamed& number : kNumbers) {
            if (!has(number.member)) continue;
            if (!json::as_double(raw(number.member))) return in_.refuse(path(number.member), "must be a number");
            if (number.member == n && json::as_int64(raw(n)) == 1) continue;
            config_.add(number.name, raw(number.member));
        }
        return {};
    }

    Result<void> write_limits() {
        const Top limit = has(max_completion_tokens) ? max_completion_tokens : max_tokens;
        if (has(limit)) {
            const std::optional<std::int64_t> count = json::as_int64(raw(limit));
            if (!count || *count < 1) return in_.refuse(path(limit), "must be an integer of at least 1");
            config_.add("maxOutputTokens", raw(limit));
        }
        if (!has(stop) || says_nothing(raw(stop))) return {};
        if (json::is_string(raw(stop))) {
            config_.name("stopSequences") += '[' + std::string(raw(stop)) + ']';
            return {};
        }
        if (!json::is_array(raw(stop))) return in_.refuse(path(stop), "must be a string or an array of strings");
        config_.add("stopSequences", raw(stop));
        return {};
    }

    Result<void> write_logprobs() {
        const bool wanted = has(logprobs) && json::as_bool(raw(logprobs)).value_or(false);
        if (wanted) config_.add("responseLogprobs", "true");
        if (!has(top_logprobs)) return {};
        const std::optional<std::int64_t> count = json::as_int64(raw(top_logprobs));
        if (!count || *count < 0) return in_.refuse(path(top_logprobs), "must be an integer of at least 0");
        if (*count == 0) return {};
        if (!wanted) return in_.refuse(path(top_logprobs), "may only be given with logprobs");
        config_.add("logprobs", raw(top_logprobs));
        return {};
    }

    Result<void> write_format() {
        if (!has(response_format)) return {};
        const Path place = path(response_format);
        constexpr std::array<MemberRule, 2> kRules = {{{"type"}, {"json_schema"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(top_[response_format], place, kRules, values); !read) return read;
        const auto type_is = [&](std::string_view name) { return json::string_equals(raw(values[0]), name); };
        if (type_is("text")) return {};
        const bool by_schema = type_is("json_schema");
        if (!by_schema && !type_is("json_object")) {
            return in_.refuse(place.member("type"), "must be text, json_object or json_schema");
        }
        config_.add("responseMimeType", R"("application/json")");
        if (!by_schema) return {};
        const Path inner = place.member("json_schema");
        if (values[1].empty()) return in_.refuse(inner, "is required");
        constexpr std::array<MemberRule, 4> kSchema = {
            {{"schema"}, {"name", Use::drop}, {"description", Use::drop}, {"strict", Use::drop}}};
        std::array<Span, kSchema.size()> schema;
        if (Result<void> read = in_.read(values[1], inner, kSchema, schema); !read) return read;
        if (schema[0].empty()) return {};
        if (!json::is_object(raw(schema[0]))) return in_.refuse(inner.member("schema"), "must be an object");
        config_.add("responseJsonSchema", raw(schema[0]));
        return {};
    }

    Result<void> write_thinking() {
        if (!own_[thinking_config].empty()) {
            const Path place = own_path_.member(kOwn[thinking_config].name);
            if (!json::is_object(raw(own_[thinking_config]))) return in_.refuse(place, "must be an object");
            if (has(reasoning_effort)) return in_.refuse(path(reasoning_effort), "stands in thinking_config as well");
            config_.add("thinkingConfig", raw(own_[thinking_config]));
            return {};
        }
        if (!has(reasoning_effort)) return {};
        const bool by_level = is_third_generation(exchange_.model);
        if (is(reasoning_effort, "none")) {
            if (by_level) return in_.leave_out(path(reasoning_effort), "this model can't be kept from thinking");
            config_.add("thinkingConfig", R"({"thinkingBudget":0})");
            return {};
        }
        const auto* const effort = std::find_if(kEfforts.begin(), kEfforts.end(),
                                                [&](const Effort& known) { return is(reasoning_effort, known.name); });
        if (effort == kEfforts.end()) {
            return in_.leave_out(path(reasoning_effort),
                                 "must be none, minimal, low, medium or high: others " + std::string(kNotExpressible));
        }
        std::string& out = config_.name("thinkingConfig");
        if (!by_level) {
            out += R"({"thinkingBudget":)" + std::string(effort->budget) + '}';
            return {};
        }
        // Pro models know no level below LOW.
        const bool pro = exchange_.model.find("-pro") != std::string::npos;
        out += R"({"thinkingLevel":")" + std::string(pro && effort->level == "MINIMAL" ? "LOW" : effort->level) + "\"}";
        return {};
    }

    Result<void> write_modalities() {
        if (!has(modalities) || says_nothing(raw(modalities))) return {};
        const Path place = path(modalities);
        if (!json::is_array(raw(modalities))) return in_.refuse(place, "must be an array");
        std::string said;
        bool image = false;
        std::size_t index = 0;
        for (json::Walk one(in_.document(), top_[modalities]); one.next(); ++index) {
            const bool is_image = json::string_equals(one.raw(), "image");
            image |= is_image;
            if (!is_image && !json::string_equals(one.raw(), "text")) {
                if (Result<void> told = in_.leave_out(place.element(index), kNotExpressible); !told) return told;
                continue;
            }
            if (!said.empty()) said += ',';
            said += is_image ? R"("IMAGE")" : R"("TEXT")";
        }
        if (image) config_.name("responseModalities") += '[' + said + ']';
        return {};
    }

    Result<void> add_tools() {
        const Path place = own_path_.member("tools");
        const ToolMembers given{
            top_[tools], top_[tool_choice], top_[parallel_tool_calls], top_[web_search_options], own_[native_tools],
            &place};
        std::string list, config;
        bool own = false;
        if (Result<void> written = write_tools(in_, given, list, config, own); !written) return written;
        if (own) exchange_.notes = kMaySearch;
        fields_.copy("tools", list);
        fields_.copy("toolConfig", config);
        return {};
    }

    Result<void> write_tier() {
        if (!has(service_tier) || is(service_tier, "auto") || is(service_tier, "default")) return {};
        if (!is(service_tier, "flex") && !is(service_tier, "priority")) {
            return in_.leave_out(path(service_tier), "must be auto, default, flex or priority");
        }
        fields_.copy("serviceTier", raw(service_tier));
        return {};
    }

    static constexpr Path kExtra{nullptr, "extra_body", 0};

    StrictReader in_;
    ProviderExchange& exchange_;
    const Path root_;
    Path own_path_{nullptr, "google", 0};
    std::array<Span, kTop.size()> top_{};
    std::array<Span, kOwnCount> own_{};
    Fields fields_, config_;
};

}  // namespace

bool says_nothing(std::string_view raw) {
    return json::is_null(raw) || raw == "false" || raw == R"("")" || json::is_empty_container(raw);
}

bool is_third_generation(std::string_view model) {
    model.remove_prefix(model.rfind('/') + 1);  // npos + 1 is 0
    constexpr std::string_view kFamily = "gemini-";
    if (!model.starts_with(kFamily)) return false;
    model.remove_prefix(kFamily.size());
    const std::size_t digits = std::min(model.find_first_not_of("0123456789"), model.size());
    return digits != 1 || model.front() >= '3';
}

Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                               std::string& out) {
    error_param.clear();
    const std::size_t begin = out.size();
    out.reserve(begin + chat_body.size() + 512);
    Result<void> written = Request(chat_body, error_param, exchange).run(out);
    if (!written) out.resize(begin);
    return written;
}

}  // namespace weir::wire::gemini
