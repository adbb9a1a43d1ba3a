// Requests of Anthropic Messages as chat requests.
#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/messages.h"
#include "wire/messages_content.h"
#include "wire/token_limit.h"

namespace weir::wire::messages {
namespace {

using json::Span;
using Use = MemberRule::Use;

enum Top : std::size_t {
    model,
    max_tokens,
    messages_,
    system,
    stream,
    temperature,
    top_p,
    stop_sequences,
    tools,
    tool_choice,
    metadata,
    thinking,
    output_config,
    output_format,
    top_count
};
constexpr std::array<MemberRule, 22> kTop = {{
    {"model"},
    {"max_tokens"},
    {"messages"},
    {"system"},
    {"stream"},
    {"temperature"},
    {"top_p"},
    {"stop_sequences"},
    {"tools"},
    {"tool_choice"},
    {"metadata"},
    {"thinking"},
    {"output_config"},
    {"output_format"},
    {"service_tier", Use::drop},
    {"cache_control", Use::drop},
    {"top_k", Use::refuse, kNotExpressible},
    {"container", Use::refuse, kNotExpressible},
    {"mcp_servers", Use::refuse, kNotExpressible},
    {"context_management", Use::refuse, kNotExpressible},
    {"inference_geo", Use::refuse, kNotExpressible},
    {"speed", Use::refuse, kNotExpressible},
}};

class Request {
  public:
    Request(std::string_view body, std::string& error_param, std::string& out)
        : body_(body), in_(body, error_param), out_(out) {}

    Result<void> run() {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(body_, members); !checked) {
            return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        }
        if (Result<void> read = in_.read(members, kTop, top_); !read) return read;
        out_ += '{';
        using Step = Result<void> (Request::*)();
        for (const Step step : {&Request::write_plain, &Request::write_conversation, &Request::write_tools,
                                &Request::write_tool_choice, &Request::write_output, &Request::write_rest}) {
            if (Result<void> written = (this->*step)(); !written) return written;
        }
        out_ += '}';
        return {};
    }

    std::string_view stop_sequences() const { return raw(top_[Top::stop_sequences]); }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }

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
        copy("model", top_[Top::model]);
        const Span tokens = top_[Top::max_tokens];
        const Path path = root_.member("max_tokens");
        if (tokens.empty()) return in_.refuse(path, "is required");
        const std::optional<std::int64_t> count = json::as_int64(raw(tokens));
        if (!count || *count < 1) return in_.refuse(path, "must be an integer of at least 1");
        const std::string called = json::as_string(raw(top_[Top::model])).value_or("");
        copy(token_limit_name(called), tokens);
        copy("temperature", top_[Top::temperature]);
        copy("top_p", top_[Top::top_p]);
        const Span stop = top_[Top::stop_sequences];
        if (!stop.empty() && !json::is_array(raw(stop))) {
            return in_.refuse(root_.member("stop_sequences"), "must be an array");
        }
        if (!stop.empty() && !json::is_empty_container(raw(stop))) copy("stop", stop);
        copy("stream", top_[Top::stream]);
        return {};
    }

    Result<void> write_conversation() {
        name("messages");
        return write_messages(in_, top_[Top::system], top_[Top::messages_], out_);
    }

    // ---- tools

    Result<void> write_tools() {
        const Span list = top_[Top::tools];
        if (list.empty()) return {};
        const Path path = root_.member("tools");
        if (!json::is_array(raw(list))) return in_.refuse(path, "must be an array");
        if (json::is_empty_container(raw(list))) return {};
        name("tools");
        out_ += '[';
        std::size_t index = 0;
        for (json::Walk tool(body_, list); tool.next(); ++index) {
            if (Result<void> written = write_tool(tool.value(), path.element(index)); !written) return written;
        }
        out_ += ']';
        has_tools_ = true;
        return {};
    }

    Result<void> write_tool(Span tool, const Path& path) {
        if (!json::is_object(raw(tool))) return in_.refuse(path, "must be an object");
        const Span type = in_.type_of(tool);
        if (!type.empty() && !is(type, "custom")) return in_.refuse_type(tool, path);
        constexpr std::array<MemberRule, 8> kRules = {{{"name"},
                                                       {"description"},
                                                       {"input_schema"},
                                                       {"strict"},
                                                       {"type"},
                                                       {"cache_control", Use::drop},
                                                       {"eager_input_streaming", Use::drop},
                                                       {"defer_loading"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(tool, path, kRules, values); !read) return read;
        if (Result<void> checked = in_.string_at(values[0], path.member("name")); !checked) return checked;
        if (values[2].empty()) return in_.refuse(path.member("input_schema"), "is required");
        if (!json::is_object(raw(values[2]))) return in_.refuse(path.member("input_schema"), "must be an object");
        if (!values[7].empty() && json::as_bool(raw(values[7])) != false) {
            return in_.refuse(path.member("defer_loading"), kNotExpressible);
        }
        if (out_.back() != '[') out_ += ',';
        out_ += R"({"type":"function","function":{)";
        copy("name", values[0]);
        copy("description", values[1]);
        copy("parameters", values[2]);
        copy("strict", values[3]);
        out_ += "}}";
        return {};
    }

    Result<void> write_tool_choice() {
        const Span choice = top_[Top::tool_choice];
        if (choice.empty()) return {};
        const Path path = root_.member("tool_choice");
        constexpr std::array<MemberRule, 3> kRules = {{{"type"}, {"name"}, {"disable_parallel_tool_use"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(choice, path, kRules, values); !read) return read;
        const auto [type, called, alone] = values;
        if (!has_tools_) return in_.refuse(path, "may only be given with tools");
        const bool named = is(type, "tool");
        if (named == called.empty()) {
            return in_.refuse(path.member("name"), named ? "is required" : "belongs to the type tool only");
        }
        name("tool_choice");
        if (is(type, "auto")) {
            out_ += R"("auto")";
        } else if (is(type, "any")) {
            out_ += R"("required")";
        } else if (is(type, "none")) {
            out_ += R"("none")";
        } else if (named) {
            if (Result<void> checked = in_.string_at(called, path.member("name")); !checked) return checked;
            out_ += R"({"type":"function","function":{"name":)";
            out_ += raw(called);
            out_ += "}}";
        } else {
            return in_.refuse(path.member("type"), "must be auto, any, tool or none");
        }
        const std::optional<bool> one = alone.empty() ? false : json::as_bool(raw(alone));
        if (!one) return in_.refuse(path.member("disable_parallel_tool_use"), "must be a boolean");
        if (*one) {
            name("parallel_tool_calls");
            out_ += "false";
        }
        return {};
    }

    // ---- the rest

    Result<void> write_output() {
        Path path = root_.member("output_format");
        Span format = top_[Top::output_format];
        const Path config = root_.member("output_config");
        if (!top_[Top::output_config].empty()) {
            constexpr std::array<MemberRule, 2> kRules = {{{"format"}, {"effort"}}};
            std::array<Span, kRules.size()> values;
            if (Result<void> read = in_.read(top_[Top::output_config], config, kRules, values); !read) return read;
            if (!values[0].empty()) {
                if (!format.empty()) return in_.refuse(path, "stands in output_config.format as well");
                path = config.member("format");
                format = values[0];
            }
            const Span effort = values[1];
            if (!effort.empty() && !is(effort, "low") && !is(effort, "medium") && !is(effort, "high") &&
                !is(effort, "xhigh")) {
                return in_.refuse(config.member("effort"),
                                  "must be low, medium, high or xhigh: others " + std::string(kNotExpressible));
            }
            copy("reasoning_effort", effort);
        }
        if (format.empty()) return {};
        constexpr std::array<MemberRule, 2> kRules = {{{"type"}, {"schema"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(format, path, kRules, values); !read) return read;
        if (!is(values[0], "json_schema")) return in_.refuse(path.member("type"), "must be json_schema");
        if (!json::is_object(raw(values[1]))) return in_.refuse(path.member("schema"), "must be an object");
        name("response_format");
        out_ += R"({"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":)";
        out_ += raw(values[1]);
        out_ += "}}";
        return {};
    }

    Result<void> write_rest() {
        if (!top_[Top::thinking].empty()) {
            const Path path = root_.member("thinking");
            constexpr std::array<MemberRule, 3> kRules = {
                {{"type"}, {"budget_tokens", Use::drop}, {"display", Use::drop}}};
            std::array<Span, kRules.size()> values;
            if (Result<void> read = in_.read(top_[Top::thinking], path, kRules, values); !read) return read;
            if (!is(values[0], "disabled")) return in_.refuse(path, kNotExpressible);
        }
        if (!top_[Top::metadata].empty()) {
            const Path path = root_.member("metadata");
            constexpr std::array<MemberRule, 1> kRules = {{{"user_id"}}};
            std::array<Span, kRules.size()> values;
            if (Result<void> read = in_.read(top_[Top::metadata], path, kRules, values); !read) return read;
            if (!values[0].empty()) {
                if (Result<void> checked = in_.string_at(values[0], path.member("user_id")); !checked) return checked;
                copy("user", values[0]);
            }
        }
        return {};
    }

    std::string_view body_;
    StrictReader in_;
    std::string& out_;
    const Path root_;
    std::array<Span, kTop.size()> top_{};
    bool has_tools_ = false;
};

}  // namespace

Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body, Echo& echo) {
    error_param.clear();
    const std::size_t begin = chat_body.size();
    chat_body.reserve(begin + body.size() + body.size() / 4 + 256);
    echo.body = body;
    Request request(body, error_param, chat_body);
    Result<void> written = request.run();
    if (!written) {
        chat_body.resize(begin);
        return written;
    }
    echo.notes = request.stop_sequences();
    return {};
}

}  // namespace weir::wire::messages
