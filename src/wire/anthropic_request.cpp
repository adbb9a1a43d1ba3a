// Chat requests as requests of Messages.
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/anthropic_content.h"
#include "wire/anthropic_form.h"
#include "wire/anthropic_models.h"
#include "wire/anthropic_tools.h"
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
              &Request::write_tools, &Request::write_output, &Request::write_rest}) {
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

    Result<void> write_tools() {
        std::string said;
        std::string choice;
        Result<void> written =
            Tools(in_).write(top_[tools], top_[tool_choice], top_[parallel_tool_calls], said, choice);
        if (!written) return written;
        if (!choice.empty()) {
            name("tool_choice");
            out_ += choice;
        }
        if (!said.empty()) {
            name("tools");
            out_ += said;
        }
        return {};
    }

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
