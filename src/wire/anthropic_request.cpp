// Chat requests as requests of Messages.
#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/anthropic_content.h"
#include "wire/anthropic_form.h"
#include "wire/anthropic_models.h"
#include "wire/strict_object.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;
using Use = MemberRule::Use;

enum Top : std::size_t {
    model,
    messages,
    stream,
    max_tokens,
    max_completion_tokens,
    temperature,
    top_p,
    top_k,
    stop,
    tools,
    tool_choice,
    parallel_tool_calls,
    response_format,
    reasoning_effort,
    thinking,
    user,
    safety_identifier,
    service_tier,
    cache_control,
    functions,
    function_call,
    n,
    logprobs,
    top_logprobs,
    logit_bias,
    frequency_penalty,
    presence_penalty,
    modalities,
    verbosity,
};
constexpr std::array<MemberRule, 39> kTop = {{
    {"model"},
    {"messages"},
    {"stream"},
    {"max_tokens"},
    {"max_completion_tokens"},
    {"temperature"},
    {"top_p"},
    {"top_k"},
    {"stop"},
    {"tools"},
    {"tool_choice"},
    {"parallel_tool_calls"},
    {"response_format"},
    {"reasoning_effort"},
    {"thinking"},
    {"user"},
    {"safety_identifier"},
    {"service_tier"},
    {"cache_control"},
    {"functions"},
    {"function_call"},
    {"n"},
    {"logprobs"},
    {"top_logprobs"},
    {"logit_bias"},
    {"frequency_penalty"},
    {"presence_penalty"},
    {"modalities"},
    {"verbosity"},
    // Delivery, accounting and hints, which change nothing in an answer.
    {"stream_options", Use::drop},
    {"store", Use::drop},
    {"metadata", Use::drop},
    {"prompt_cache_key", Use::drop},
    {"prompt_cache_retention", Use::drop},
    {"prompt_cache_options", Use::drop},
    {"prediction", Use::drop},
    {"seed", Use::refuse, kNotExpressible},
    {"audio", Use::refuse, kNotExpressible},
    {"web_search_options", Use::refuse, kNotExpressible},
}};

bool is_number(std::string_view raw, double value) {
    return json::as_double(raw) == value;
}
bool is_zero(std::string_view raw) {
    return is_number(raw, 0);
}

// Members that have no place, unless they ask for what there is anyway.
struct Default {
    Top member;
    bool (*holds)(std::string_view raw);
};
constexpr std::array<Default, 8> kDefaults = {{
    {n, [](std::string_view raw) { return is_number(raw, 1); }},
    {logprobs, [](std::string_view raw) { return json::as_bool(raw) == false; }},
    {top_logprobs, is_zero},
    {logit_bias, json::is_empty_container},
    {frequency_penalty, is_zero},
    {presence_penalty, is_zero},
    {modalities,
     [](std::string_view raw) {
         json::Walk one(raw, {0, raw.size()});
         return json::is_array(raw) && one.next() && json::string_equals(one.raw(), "text") && !one.next();
     }},
    {verbosity, [](std::string_view raw) { return json::string_equals(raw, "medium"); }},
}};

class Request {
  public:
    Request(std::string_view body, std::string& error_param, ProviderExchange& exchange, std::string& out)
        : body_(body),
          in_(body, error_param, exchange.drop_unsupported ? &exchange.dropped : nullptr),
          exchange_(exchange),
          out_(out) {}

    Result<void> run() {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members); !checked) {
            return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        }
        if (Result<void> read = in_.read(members, kTop, top_); !read) return read;
        for (const Default& one : kDefaults) {
            if (top_[one.member].empty() || one.holds(raw(top_[one.member]))) continue;
            if (Result<void> left = in_.leave_out(at(one.member), kNotExpressible); !left) return left;
        }
        for (const Top one : {functions, function_call}) {
            if (!top_[one].empty()) return in_.refuse(at(one), "is the form before tools: use tools and tool_choice");
        }
        traits_ = traits_of(json::as_string(raw(top_[model])).value_or(""));
        out_ += '{';
        using Step = Result<void> (Request::*)();
        for (const Step step :
             {&Request::write_plain, &Request::write_sampling, &Request::write_stop, &Request::write_messages,
              &Request::write_tool_choice, &Request::write_tools, &Request::write_output, &Request::write_rest}) {
            if (Result<void> written = (this->*step)(); !written) return written;
        }
        out_ += '}';
        return {};
    }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }
    Path at(Top member) const { return root_.member(kTop[member].name); }

    void name(std::string_view key) {
        if (out_.back() != '{') out_ += ',';
        out_ += '"';
        out_ += key;
        out_ += "\":";
    }
    void copy(std::string_view key, Span value) {
        if (value.empty()) return;
        name(key);
        out_ += raw(value);
    }

    Result<void> write_plain() {
        copy("model", top_[model]);
        const Span limit = top_[top_[max_completion_tokens].empty() ? max_tokens : max_completion_tokens];
        if (limit.empty()) {
            name("max_tokens");
            out_ += std::to_string(exchange_.max_output.value_or(traits_.max_output));
        } else {
            copy("max_tokens", limit);
        }
        copy("stream", top_[stream]);
        return {};
    }

    Result<void> write_sampling() {
        for (const Top one : {temperature, top_p, top_k}) {
            const Span value = top_[one];
            if (value.empty()) continue;
            if (in_.drops() && !traits_.sampling) {
                if (one != top_k && is_number(raw(value), 1)) continue;
                if (Result<void> left = in_.leave_out(at(one), kNotExpressible); !left) return left;
            } else if (one == temperature && json::as_double(raw(value)).value_or(0) > 1) {
                Result<void> left = in_.leave_out(at(one), "must be from 0 to 1 for the model that is asked");
                if (!left) return left;
            } else {
                copy(kTop[one].name, value);
            }
        }
        return {};
    }

    Result<void> write_stop() {
        const Span given = top_[stop];
        if (given.empty() || json::is_empty_container(raw(given))) return {};
        const bool one = json::is_string(raw(given));
        if (!one && !json::is_array(raw(given))) return in_.refuse(at(stop), "must be a string or an array of strings");
        name("stop_sequences");
        if (one) out_ += '[';
        out_ += raw(given);
        if (one) out_ += ']';
        return {};
    }

    Result<void> write_messages() {
        std::string system;
        std::string list;
        list.reserve(top_[messages].size() + 64);
        if (Result<void> written = write_conversation(in_, top_[messages], system, list); !written) return written;
        if (!system.empty()) {
            name("system");
            out_ += system;
        }
        name("messages");
        out_ += list;
        return {};
    }

    // ---- tools

    Result<void> write_tool_choice() {
        const Span list = top_[tools];
        has_tools_ = !list.empty() && !json::is_empty_container(raw(list));
        const Span choice = top_[tool_choice];
        const Path path = at(tool_choice);
        std::string_view mode = choice.empty() ? "" : "auto";
        Span called;
        if (is(choice, "none") || is(choice, "required")) {
            mode = is(choice, "none") ? "none" : "any";
        } else if (!choice.empty() && !is(choice, "auto")) {
            if (Result<void> read = read_choice(choice, path, mode, called); !read) return read;
        }
        bool alone = false;
        if (const Span parallel = top_[parallel_tool_calls]; !parallel.empty()) {
            const std::optional<bool> many = json::as_bool(raw(parallel));
            if (!many) return in_.refuse(at(parallel_tool_calls), "must be a boolean");
            alone = !*many && mode != "none";
        }
        if (!has_tools_) {
            if (mode == "any" || mode == "tool") return in_.refuse(path, "may only be given with tools");
            return {};
        }
        if (mode.empty() && !alone) return {};
        name("tool_choice");
        out_ += R"({"type":")";
        out_ += mode.empty() ? std::string_view("auto") : mode;
        out_ += '"';
        if (!called.empty()) {
            out_ += R"(,"name":)";
            out_ += raw(called);
        }
        if (alone) out_ += R"(,"disable_parallel_tool_use":true)";
        out_ += '}';
        return {};
    }

    // {"type":"function","function":{"name":..}} or {"type":"allowed_tools","allowed_tools":{"mode":..,"tools":[..]}}
    Result<void> read_choice(Span choice, const Path& path, std::string_view& mode, Span& called) {
        if (!json::is_object(raw(choice))) return in_.refuse(path, "must be auto, none, required or an object");
        const bool named = is(in_.type_of(choice), "function");
        if (!named && !is(in_.type_of(choice), "allowed_tools")) return in_.refuse_type(choice, path);
        const std::array<MemberRule, 2> rules = {{{named ? "function" : "allowed_tools"}, {"type"}}};
        std::array<Span, rules.size()> values;
        if (Result<void> read = in_.read(choice, path, rules, values); !read) return read;
        const Path place = path.member(rules[0].name);
        if (values[0].empty()) return in_.refuse(place, "is required");
        if (named) {
            mode = "tool";
            return read_called(values[0], place, called);
        }
        constexpr std::array<MemberRule, 2> kAllowed = {{{"mode"}, {"tools"}}};
        std::array<Span, kAllowed.size()> allowed;
        if (Result<void> read = in_.read(values[0], place, kAllowed, allowed); !read) return read;
        if (!is(allowed[0], "auto") && !is(allowed[0], "required")) {
            return in_.refuse(place.member("mode"), "must be auto or required");
        }
        mode = is(allowed[0], "auto") ? "auto" : "any";
        const Path tools_place = place.member("tools");
        if (!json::is_array(raw(allowed[1]))) return in_.refuse(tools_place, "must be an array");
        some_allowed_ = true;
        std::size_t index = 0;
        for (json::Walk one(body_, allowed[1]); one.next(); ++index) {
            const Path element = tools_place.element(index);
            if (!is(in_.type_of(one), "function")) return in_.refuse_type(one.value(), element);
            const auto function = json::find_member(body_, one.value(), "function");
            Span allowed_name;
            Result<void> read = read_called(function.value_or(Span{}), element.member("function"), allowed_name);
            if (!read) return read;
            allowed_.push_back(json::as_string(raw(allowed_name)).value_or(""));
        }
        return {};
    }

    Result<void> read_called(Span function, const Path& path, Span& called) {
        constexpr std::array<MemberRule, 1> kRules = {{{"name"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(function, path, kRules, values); !read) return read;
        called = values[0];
        return in_.string_at(called, path.member("name"));
    }

    Result<void> write_tools() {
        const Span list = top_[tools];
        if (!has_tools_) return {};
        if (!json::is_array(raw(list))) return in_.refuse(at(tools), "must be an array");
        const Path path = at(tools);
        name("tools");
        out_ += '[';
        std::size_t index = 0;
        for (json::Walk tool(body_, list); tool.next(); ++index) {
            if (Result<void> written = write_tool(tool.value(), path.element(index)); !written) return written;
        }
        if (out_.back() == '[') return in_.refuse(at(tool_choice), "allows none of the tools");
        out_ += ']';
        return {};
    }

    Result<void> write_tool(Span tool, const Path& path) {
        if (!json::is_object(raw(tool))) return in_.refuse(path, "must be an object");
        if (!is(in_.type_of(tool), "function")) return in_.refuse_type(tool, path);
        constexpr std::array<MemberRule, 3> kTool = {{{"function"}, {"cache_control"}, {"type"}}};
        std::array<Span, kTool.size()> outer;
        if (Result<void> read = in_.read(tool, path, kTool, outer); !read) return read;
        const Path place = path.member("function");
        constexpr std::array<MemberRule, 5> kFunction = {
            {{"name"}, {"description"}, {"parameters"}, {"strict"}, {"cache_control"}}};
        std::array<Span, kFunction.size()> values;
        if (outer[0].empty()) return in_.refuse(place, "is required");
        if (Result<void> read = in_.read(outer[0], place, kFunction, values); !read) return read;
        if (Result<void> checked = in_.string_at(values[0], place.member("name")); !checked) return checked;
        const Span parameters = values[2];
        if (!parameters.empty() && !json::is_object(raw(parameters))) {
            return in_.refuse(place.member("parameters"), "must be an object");
        }
        if (some_allowed_ &&
            std::none_of(allowed_.begin(), allowed_.end(), [&](const auto& one) { return is(values[0], one); })) {
            return {};
        }
        if (out_.back() != '[') out_ += ',';
        out_ += '{';
        copy("name", values[0]);
        copy("description", values[1]);
        name("input_schema");
        write_schema(parameters);
        copy("strict", values[3]);
        copy("cache_control", outer[1].empty() ? values[4] : outer[1]);
        out_ += '}';
        return {};
    }

    // Messages wants a schema, and its type.
    void write_schema(Span parameters) {
        const std::string_view schema = raw(parameters);
        if (schema.empty() || json::is_empty_container(schema)) {
            out_ += R"({"type":"object","properties":{}})";
        } else if (json::find_member(body_, parameters, "type")) {
            out_ += schema;
        } else {
            out_ += R"({"type":"object",)";
            out_ += schema.substr(1);
        }
    }

    // ---- the rest

    Result<void> write_output() {
        Span schema;
        if (Result<void> read = read_format(schema); !read) return read;
        std::string effort;
        if (Result<void> read = read_effort(effort); !read) return read;
        if (schema.empty() && effort.empty()) return {};
        name("output_config");
        out_ += '{';
        if (!effort.empty()) {
            name("effort");
            out_ += effort;
        }
        if (!schema.empty()) {
            name("format");
            out_ += R"({"type":"json_schema","schema":)";
            out_ += raw(schema);
            out_ += '}';
        }
        out_ += '}';
        return {};
    }

    Result<void> read_format(Span& schema) {
        const Span format = top_[response_format];
        if (format.empty()) return {};
        const Path path = at(response_format);
        const Span type = json::is_object(raw(format)) ? in_.type_of(format) : Span{};
        if (is(type, "text")) return {};
        if (is(type, "json_object")) {
            return in_.leave_out(path,
                                 "json_object can't be expressed for the model that is asked: give a json_schema");
        }
        if (!is(type, "json_schema")) return in_.refuse(path.member("type"), "must be text or json_schema");
        constexpr std::array<MemberRule, 2> kFormat = {{{"json_schema"}, {"type"}}};
        std::array<Span, kFormat.size()> outer;
        if (Result<void> read = in_.read(format, path, kFormat, outer); !read) return read;
        const Path place = path.member("json_schema");
        // A name for the schema and a promise that always holds there.
        constexpr std::array<MemberRule, 4> kSchema = {
            {{"schema"}, {"name", Use::drop}, {"strict", Use::drop}, {"description", Use::drop}}};
        std::array<Span, kSchema.size()> values;
        if (outer[0].empty()) return in_.refuse(place, "is required");
        if (Result<void> read = in_.read(outer[0], place, kSchema, values); !read) return read;
        if (!json::is_object(raw(values[0]))) return in_.refuse(place.member("schema"), "must be an object");
        schema = values[0];
        return {};
    }

    Result<void> read_effort(std::string& effort) {
        const Span given = top_[reasoning_effort];
        if (given.empty()) return {};
        if (Result<void> checked = in_.string_at(given, at(reasoning_effort)); !checked) return checked;
        if (is(given, "none")) {
            thinks_not_ = true;
        } else if (in_.drops() && !traits_.effort) {
            return in_.leave_out(at(reasoning_effort), kNotExpressible);
        } else {
            effort = is(given, "minimal") ? R"("low")" : std::string(raw(given));
        }
        return {};
    }

    Result<void> write_rest() {
        if (thinks_not_ && top_[thinking].empty()) {
            name("thinking");
            out_ += R"({"type":"disabled"})";
        }
        copy("thinking", top_[thinking]);
        const Top who = top_[user].empty() ? safety_identifier : user;
        if (!top_[who].empty()) {
            if (Result<void> checked = in_.string_at(top_[who], at(who)); !checked) return checked;
            name("metadata");
            out_ += R"({"user_id":)";
            out_ += raw(top_[who]);
            out_ += '}';
        }
        if (const Span tier = top_[service_tier]; !tier.empty()) {
            const bool any = is(tier, "auto") || is(tier, "priority");
            name("service_tier");
            out_ += any ? R"("auto")" : R"("standard_only")";
        }
        copy("cache_control", top_[cache_control]);
        return {};
    }

    std::string_view body_;
    StrictReader in_;
    ProviderExchange& exchange_;
    std::string& out_;
    const Path root_;
    std::array<Span, kTop.size()> top_{};
    ModelTraits traits_;
    std::vector<std::string> allowed_;  // names of tools, where some_allowed_
    bool some_allowed_ = false;
    bool has_tools_ = false;
    bool thinks_not_ = false;
};

}  // namespace

Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                               std::string& out) {
    error_param.clear();
    exchange.dropped.clear();
    const std::size_t begin = out.size();
    out.reserve(begin + chat_body.size() + 256);
    Result<void> written = Request(chat_body, error_param, exchange, out).run();
    if (!written) out.resize(begin);
    return written;
}

}  // namespace weir::wire::anthropic
