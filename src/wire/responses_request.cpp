#include "wire/responses_request.h"

#include <algorithm>
#include <array>
#include <vector>

#include "wire/token_limit.h"

namespace weir::wire {
namespace {

using json::Span;
using Use = MemberRule::Use;

constexpr std::size_t kMaxMembers = 256;

// What a response object repeats of its request, and what stands there where the request has nothing.
enum Top : std::size_t {
    model,
    input,
    instructions,
    stream,
    stream_options,
    max_output_tokens,
    temperature,
    top_p,
    top_logprobs,
    parallel_tool_calls,
    tools,
    tool_choice,
    text,
    reasoning,
    include,
    truncation,
    background,
    max_tool_calls,
    metadata,
    store,
    user,
    safety_identifier,
    prompt_cache_key,
    prompt_cache_retention,
    prompt_cache_options,
    service_tier,
    previous_response_id,
    conversation,
    prompt,
    context_management,
    background_options,
    moderation,
    access_programs,
    image,
    top_count
};

constexpr std::string_view kNoState = "can't be used: no responses are kept here; send the whole conversation as input";

constexpr std::array<MemberRule, top_count> kTop = {
    {{"model"},
     {"input"},
     {"instructions"},
     {"stream"},
     {"stream_options"},
     {"max_output_tokens"},
     {"temperature"},
     {"top_p"},
     {"top_logprobs"},
     {"parallel_tool_calls"},
     {"tools"},
     {"tool_choice"},
     {"text"},
     {"reasoning"},
     {"include"},
     {"truncation"},
     {"background"},
     {"max_tool_calls"},
     {"metadata"},
     {"store"},
     {"user"},
     {"safety_identifier"},
     {"prompt_cache_key"},
     {"prompt_cache_retention"},
     {"prompt_cache_options"},
     {"service_tier"},
     {"previous_response_id", Use::refuse, kNoState},
     {"conversation", Use::refuse, kNoState},
     {"prompt", Use::refuse, "can't be used: prompt templates live at the provider; send their text"},
     {"context_management", Use::refuse, kNotExpressible},
     {"background_options", Use::refuse, kNotExpressible},
     {"moderation", Use::refuse, kNotExpressible},
     {"access_programs", Use::refuse, kNotExpressible},
     {"image", Use::refuse, kNotExpressible}}};

class Translation {
  public:
    Translation(std::string_view body, std::string& error_param, std::string& out, std::string& echo)
        : reader_(body, error_param), body_(body), out_(out), echo_(echo) {}

    Result<void> run() {
        thread_local std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members, kMaxMembers); !checked) {
            return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        }
        if (Result<void> read = reader_.read(members, kTop, values_); !read) return read;
        out_ += '{';
        if (has(model)) {
            out_ += R"("model":)";
            json::minify(raw(model), out_);
            out_ += ',';
        }
        using Step = Result<void> (Translation::*)();
        for (const Step step :
             {&Translation::check, &Translation::messages, &Translation::options, &Translation::take_tools,
              &Translation::choose_tool, &Translation::take_text, &Translation::reason, &Translation::take_logprobs}) {
            if (Result<void> done = (this->*step)(); !done) return done;
        }
        out_ += '}';
        repeat();
        return {};
    }

  private:
    bool has(Top which) const { return !values_[which].empty(); }
    std::string_view raw(Top which) const { return reader_.raw(values_[which]); }
    Path at(Top which) const { return {nullptr, kTop[which].name}; }
    bool is(Top which, std::string_view value) const { return json::string_equals(raw(which), value); }

    void add(std::string_view name, Span value) {
        if (value.empty()) return;
        out_ += ",\"";
        out_ += name;
        out_ += "\":";
        json::minify(reader_.raw(value), out_);
    }

    // Members that are refused for what they say.
    Result<void> check() {
        if (has(background) && raw(background) != "false") {
            return reader_.refuse(at(background), "must be false: no responses are kept here that could be asked for");
        }
        if (has(truncation) && !is(truncation, "disabled")) {
            return reader_.refuse(at(truncation), "must be disabled: nothing is cut from a request here");
        }
        if (has(instructions) && !json::is_string(raw(instructions))) {
            return reader_.refuse(at(instructions), "must be a string");
        }
        if (has(stream) && !json::as_bool(raw(stream))) return reader_.refuse(at(stream), "must be a boolean");
        if (has(max_output_tokens) && json::as_int64(raw(max_output_tokens)).value_or(0) < 1) {
            return reader_.refuse(at(max_output_tokens), "must be an integer above 0");
        }
        if (has(stream_options)) {
            // Weir sends no obfuscation; whether it is wanted makes no difference.
            static constexpr std::array<MemberRule, 1> kRules = {{{"include_obfuscation", Use::drop}}};
            std::array<Span, 1> values;
            return reader_.read(values_[stream_options], at(stream_options), kRules, values);
        }
        return {};
    }

    Result<void> messages() {
        if (!has(input)) return reader_.refuse(at(input), "is missing: it is what the model is asked");
        out_ += R"("messages":[)";
        const std::size_t begin = out_.size();
        if (has(instructions)) {
            out_ += R"({"role":"system","content":)";
            out_ += raw(instructions);
            out_ += '}';
        }
        Result<void> added = responses_input_to_messages(reader_, values_[input], has(instructions), out_);
        if (!added) return added;
        if (out_.size() == begin) return reader_.refuse(at(input), "must not be empty");
        out_ += ']';
        return {};
    }

    Result<void> options() {
        add("stream", values_[stream]);
        add(token_limit_name(json::as_string(raw(model)).value_or("")), values_[max_output_tokens]);
        for (const Top which :
             {temperature, top_p, user, safety_identifier, prompt_cache_key, prompt_cache_retention, service_tier}) {
            add(kTop[which].name, values_[which]);
        }
        if (!has(prompt_cache_options)) return {};
        static constexpr std::array<MemberRule, 2> kRules = {{{"mode"}, {"ttl"}}};
        std::array<Span, 2> values;
        add("prompt_cache_options", values_[prompt_cache_options]);
        return reader_.read(values_[prompt_cache_options], at(prompt_cache_options), kRules, values);
    }

    // An object without its type and what is null in it, in the caller's order.
    void write_untyped(Span object, std::string& out) {
        out += '{';
        bool first = true;
        for (json::Walk member(body_, object); member.next();) {
            if (member.key_is("type") || json::is_null(member.raw())) continue;
            if (!first) out += ',';
            first = false;
            out += member.raw_key();
            out += ':';
            json::minify(member.raw(), out);
        }
        out += '}';
    }

    Result<void> take_tools() {
        if (!has(tools)) return {};
        if (!json::is_array(raw(tools))) return reader_.refuse(at(tools), "must be an array");
        if (json::is_empty_container(raw(tools))) return {};  // which chat refuses
        const Path path = at(tools);
        out_ += R"(,"tools":)";
        std::size_t index = 0;
        for (json::Walk tool(body_, values_[tools]); tool.next(); ++index) {
            out_ += index == 0 ? '[' : ',';
            if (Result<void> added = add_tool(tool.value(), path.element(index)); !added) return added;
        }
        out_ += ']';
        if (has(parallel_tool_calls)) add("parallel_tool_calls", values_[parallel_tool_calls]);
        return {};
    }

    Result<void> add_tool(Span tool, const Path& path) {
        if (!json::is_object(reader_.raw(tool))) return reader_.refuse(path, "must be an object");
        const std::string_view type = reader_.raw(reader_.type_of(tool));
        if (json::string_equals(type, "function")) return add_function(tool, path);
        if (json::string_equals(type, "custom")) return add_custom(tool, path);
        return reader_.refuse_type(tool, path);
    }

    Result<void> add_function(Span tool, const Path& path) {
        enum : std::size_t { type, name, description, parameters, strict, defer, count };
        static constexpr std::array<MemberRule, count> kRules = {
            {{"type"}, {"name"}, {"description"}, {"parameters"}, {"strict"}, {"defer_loading"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(tool, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[name], path.member("name")); !checked) return checked;
        if (!values[defer].empty() && reader_.raw(values[defer]) != "false") {
            return reader_.refuse(path.member("defer_loading"), kNotExpressible);
        }
        out_ += R"({"type":"function","function":{"name":)";
        out_ += reader_.raw(values[name]);
        for (const std::size_t each : {description, parameters, strict}) add(kRules[each].name, values[each]);
        out_ += "}}";
        return {};
    }

    Result<void> add_custom(Span tool, const Path& path) {
        enum : std::size_t { type, name, description, format, count };
        static constexpr std::array<MemberRule, count> kRules = {{{"type"}, {"name"}, {"description"}, {"format"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(tool, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[name], path.member("name")); !checked) return checked;
        out_ += R"({"type":"custom","custom":{"name":)";
        out_ += reader_.raw(values[name]);
        add("description", values[description]);
        if (!values[format].empty()) {
            static constexpr std::array<MemberRule, 3> kFormat = {{{"type"}, {"syntax"}, {"definition"}}};
            std::array<Span, 3> parts;
            const Path place = path.member("format");
            if (Result<void> read = reader_.read(values[format], place, kFormat, parts); !read) return read;
            if (json::string_equals(reader_.raw(parts[0]), "grammar")) {
                out_ += R"(,"format":{"type":"grammar","grammar":)";
                write_untyped(values[format], out_);
                out_ += '}';
            } else if (json::string_equals(reader_.raw(parts[0]), "text")) {
                add("format", values[format]);
            } else {
                return reader_.refuse(place.member("type"), "must be text or grammar");
            }
        }
        out_ += "}}";
        return {};
    }

    Result<void> choose_tool() {
        if (!has(tool_choice)) return {};
        const bool no_tools = !has(tools) || json::is_empty_container(raw(tools));
        if (json::is_string(raw(tool_choice))) {
            if (is(tool_choice, "auto") || is(tool_choice, "none")) {
                if (!no_tools) add("tool_choice", values_[tool_choice]);  // chat refuses it where there are none
                return {};
            }
            if (!is(tool_choice, "required")) {
                return reader_.refuse(at(tool_choice), "must be none, auto, required or an object");
            }
            add("tool_choice", values_[tool_choice]);
            return {};
        }
        out_ += R"(,"tool_choice":)";
        const Path path = at(tool_choice);
        const Span type = reader_.type_of(values_[tool_choice]);
        if (!json::string_equals(reader_.raw(type), "allowed_tools")) {
            return add_named_tool(values_[tool_choice], path);
        }
        enum : std::size_t { kind, mode, allowed, count };
        static constexpr std::array<MemberRule, count> kRules = {{{"type"}, {"mode"}, {"tools"}}};
        std::array<Span, count> values;
        if (Result<void> read = reader_.read(values_[tool_choice], path, kRules, values); !read) return read;
        const Path list = path.member("tools");
        if (!json::is_array(reader_.raw(values[allowed]))) return reader_.refuse(list, "must be an array");
        if (values[mode].empty()) return reader_.refuse(path.member("mode"), "is missing");
        out_ += R"({"type":"allowed_tools","allowed_tools":{"mode":)";
        json::minify(reader_.raw(values[mode]), out_);
        out_ += R"(,"tools":[)";
        std::size_t index = 0;
        for (json::Walk tool(body_, values[allowed]); tool.next(); ++index) {
            if (index > 0) out_ += ',';
            if (Result<void> added = add_named_tool(tool.value(), list.element(index)); !added) return added;
        }
        out_ += "]}}";
        return {};
    }

    // {"type":"function","name":".."}, which chat nests.
    Result<void> add_named_tool(Span choice, const Path& path) {
        if (!json::is_object(reader_.raw(choice))) return reader_.refuse(path, "must be an object");
        const std::string_view type = reader_.raw(reader_.type_of(choice));
        const bool function = json::string_equals(type, "function");
        if (!function && !json::string_equals(type, "custom")) return reader_.refuse_type(choice, path);
        static constexpr std::array<MemberRule, 2> kRules = {{{"type"}, {"name"}}};
        std::array<Span, 2> values;
        if (Result<void> read = reader_.read(choice, path, kRules, values); !read) return read;
        if (Result<void> checked = reader_.string_at(values[1], path.member("name")); !checked) return checked;
        out_ += function ? R"({"type":"function","function":{"name":)" : R"({"type":"custom","custom":{"name":)";
        out_ += reader_.raw(values[1]);
        out_ += "}}";
        return {};
    }

    Result<void> take_text() {
        if (!has(text)) return {};
        static constexpr std::array<MemberRule, 2> kRules = {{{"format"}, {"verbosity"}}};
        const Path path = at(text);
        if (Result<void> read = reader_.read(values_[text], path, kRules, text_); !read) return read;
        add("verbosity", text_[1]);
        if (text_[0].empty()) return {};
        enum : std::size_t { type, name, schema, strict, description, count };
        static constexpr std::array<MemberRule, count> kFormat = {
            {{"type"}, {"name"}, {"schema"}, {"strict"}, {"description"}}};
        std::array<Span, count> values;
        const Path place = path.member("format");
        if (Result<void> read = reader_.read(text_[0], place, kFormat, values); !read) return read;
        const std::string_view kind = reader_.raw(values[type]);
        if (json::string_equals(kind, "json_schema")) {
            out_ += R"(,"response_format":{"type":"json_schema","json_schema":)";
            write_untyped(text_[0], out_);
            out_ += '}';
        } else if (json::string_equals(kind, "json_object")) {
            out_ += R"(,"response_format":{"type":"json_object"})";
        } else if (!json::string_equals(kind, "text")) {
            return reader_.refuse(place.member("type"), "must be text, json_object or json_schema");
        }
        return {};
    }

    Result<void> reason() {
        if (!has(reasoning)) return {};
        enum : std::size_t { effort, summary, generate_summary, context, mode, count };
        // Reasoning is given as the provider gives it, so that there is nothing to sum up.
        static constexpr std::array<MemberRule, count> kRules = {
            {{"effort"}, {"summary"}, {"generate_summary", Use::drop}, {"context"}, {"mode"}}};
        std::array<Span, count> values;
        const Path path = at(reasoning);
        if (Result<void> read = reader_.read(values_[reasoning], path, kRules, values); !read) return read;
        if (json::string_equals(reader_.raw(values[context]), "all_turns")) {
            return reader_.refuse(path.member("context"),
                                  "can't be all_turns: chat models are not given back what "
                                  "they thought");
        }
        if (!values[mode].empty() && !json::string_equals(reader_.raw(values[mode]), "standard")) {
            return reader_.refuse(path.member("mode"), "must be standard: chat has no other");
        }
        add("reasoning_effort", values[effort]);
        effort_ = values[effort];
        summary_ = values[summary];
        return {};
    }

    Result<void> take_logprobs() {
        bool wanted = false;
        if (has(include)) {
            const Path path = at(include);
            if (!json::is_array(raw(include))) return reader_.refuse(path, "must be an array");
            std::size_t index = 0;
            for (json::Walk item(body_, values_[include]); item.next(); ++index) {
                if (json::string_equals(item.raw(), "message.output_text.logprobs")) {
                    wanted = true;
                } else if (!json::string_equals(item.raw(), "reasoning.encrypted_content")) {
                    return reader_.refuse(path.element(index),
                                          "must be message.output_text.logprobs or "
                                          "reasoning.encrypted_content");
                }
            }
        }
        std::int64_t top = 0;
        if (has(top_logprobs)) {
            top = json::as_int64(raw(top_logprobs)).value_or(-1);
            if (top < 0 || top > 20) return reader_.refuse(at(top_logprobs), "must be an integer from 0 to 20");
        }
        if (wanted || top > 0) out_ += R"(,"logprobs":true)";
        if (top > 0) add("top_logprobs", values_[top_logprobs]);
        return {};
    }

    void repeat(std::string_view name, std::string_view value) {
        if (!echo_.empty()) echo_ += ',';
        echo_ += '"';
        echo_ += name;
        echo_ += "\":";
        json::minify(value, echo_);
    }

    void repeat() {
        struct Default {
            Top which;
            std::string_view value;
        };
        static constexpr std::array<Default, 14> kDefaults = {{{instructions, "null"},
                                                               {max_output_tokens, "null"},
                                                               {max_tool_calls, "null"},
                                                               {metadata, "{}"},
                                                               {parallel_tool_calls, "true"},
                                                               {prompt_cache_key, "null"},
                                                               {safety_identifier, "null"},
                                                               {temperature, "1.0"},
                                                               {tool_choice, R"("auto")"},
                                                               {tools, "[]"},
                                                               {top_logprobs, "0"},
                                                               {top_p, "1.0"},
                                                               {truncation, R"("disabled")"},
                                                               {user, "null"}}};
        echo_.clear();
        repeat("background", "false");
        repeat("previous_response_id", "null");
        repeat("store", "false");  // whatever was asked for
        for (const Default& each : kDefaults) {
            repeat(kTop[each.which].name, has(each.which) ? raw(each.which) : each.value);
        }
        const auto or_else = [&](Span value, std::string_view otherwise) {
            return value.empty() ? otherwise : reader_.raw(value);
        };
        echo_ += R"(,"reasoning":{"effort":)";
        json::minify(or_else(effort_, "null"), echo_);
        echo_ += R"(,"summary":)";
        json::minify(or_else(summary_, "null"), echo_);
        echo_ += R"(},"text":{"format":)";
        json::minify(or_else(text_[0], R"({"type":"text"})"), echo_);
        echo_ += R"(,"verbosity":)";
        json::minify(or_else(text_[1], R"("medium")"), echo_);
        echo_ += '}';
    }

    StrictReader reader_;
    std::string_view body_;
    std::string& out_;
    std::string& echo_;
    std::array<Span, top_count> values_;
    std::array<Span, 2> text_;  // format, verbosity
    Span effort_;
    Span summary_;
};

// "input.0.content.1" -> "input[0].content[1]", which is how OpenAI writes it.
std::string with_brackets(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('.'), path.size());
        const std::string_view part = path.substr(0, end);
        if (part.find_first_not_of("0123456789") == std::string_view::npos && !out.empty()) {
            out += '[' + std::string(part) + ']';
        } else {
            if (!out.empty()) out += '.';
            out += part;
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return out;
}

}  // namespace

Result<void> responses_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                               std::string& echo) {
    error_param.clear();
    const std::size_t begin = chat_body.size();
    chat_body.reserve(begin + body.size() + body.size() / 4 + 256);
    Result<void> done = Translation(body, error_param, chat_body, echo).run();
    if (done) return done;
    chat_body.resize(begin);
    if (error_param.empty()) return done;
    std::string place = with_brackets(error_param);
    std::string& message = done.error().message;
    if (message.starts_with(error_param)) message.replace(0, error_param.size(), "'" + place + "'");
    error_param = std::move(place);
    return done;
}

}  // namespace weir::wire
