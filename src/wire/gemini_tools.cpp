// Tools and tool_choice of a chat request as functionDeclarations and functionCallingConfig.
#include <array>
#include <vector>

#include "json/scan.h"
#include "wire/gemini_request.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using Use = MemberRule::Use;

class Tools {
  public:
    Tools(StrictReader& in, const ToolMembers& given) : in_(in), given_(given) {}

    Result<void> run(std::string& tools, std::string& config, bool& own) {
        for (const auto step : {&Tools::read_functions, &Tools::read_native, &Tools::read_search, &Tools::read_choice,
                                &Tools::read_parallel}) {
            if (Result<void> done = (this->*step)(); !done) return done;
        }
        if (!functions_.empty()) add_tool(R"({"functionDeclarations":[)" + functions_ + "]}");
        own = !more_.empty();
        if (own) add_tool(more_);
        if (!tools_.empty()) tools = '[' + tools_ + ']';
        if (mode_.empty()) return {};
        config = R"({"functionCallingConfig":{"mode":")" + std::string(mode_) + '"';
        if (!allowed_.empty()) config += R"(,"allowedFunctionNames":[)" + allowed_ + ']';
        config += "}}";
        return {};
    }

  private:
    std::string_view raw(Span value) const { return in_.raw(value); }
    bool is(Span value, std::string_view text) const { return json::string_equals(raw(value), text); }

    void add_tool(std::string_view tool) {
        if (!tools_.empty()) tools_ += ',';
        tools_ += tool;
    }

    Result<void> read_functions() {
        if (given_.tools.empty()) return {};
        const Path path = root_.member("tools");
        if (!json::is_array(raw(given_.tools))) return in_.refuse(path, "must be an array");
        std::size_t index = 0;
        for (json::Walk tool(in_.document(), given_.tools); tool.next(); ++index) {
            if (Result<void> read = read_function(tool, path.element(index)); !read) return read;
        }
        return {};
    }

    Result<void> read_function(json::Walk& tool, const Path& path) {
        if (!tool.at_object()) return in_.refuse(path, "must be an object");
        const Span type = in_.type_of(tool);
        if (!is(type, "function")) {
            const std::string called = json::as_string(raw(type)).value_or("").substr(0, 64);
            return in_.refuse(path, "a tool of type '" + called + "' " + std::string(kNotExpressible));
        }
        constexpr std::array<MemberRule, 3> kRules = {{{"type"}, {"function"}, {"cache_control", Use::drop}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(tool, path, kRules, values); !read) return read;
        const Path place = path.member("function");
        if (values[1].empty()) return in_.refuse(place, "is required");
        constexpr std::array<MemberRule, 4> kFunction = {{{"name"}, {"description"}, {"parameters"}, {"strict"}}};
        std::array<Span, kFunction.size()> function;
        if (Result<void> read = in_.read(values[1], place, kFunction, function); !read) return read;
        const auto [name, description, parameters, strict] = function;
        if (Result<void> checked = in_.string_at(name, place.member("name")); !checked) return checked;
        if (name.size() > kMaxFunctionName + 2) return in_.refuse(place.member("name"), "is too long");
        if (!parameters.empty() && !json::is_object(raw(parameters))) {
            return in_.refuse(place.member("parameters"), "must be an object");
        }
        is_strict_ |= json::as_bool(raw(strict)).value_or(false);
        Fields fields;
        fields.add("name", raw(name));
        fields.copy("description", raw(description));
        if (!json::is_empty_container(raw(parameters))) fields.copy("parametersJsonSchema", raw(parameters));
        if (!functions_.empty()) functions_ += ',';
        functions_ += '{' + fields.text() + '}';
        return {};
    }

    // Gemini's own tools, as Gemini spells them.
    Result<void> read_native() {
        if (given_.native.empty()) return {};
        const Path& path = *given_.native_path;
        if (!json::is_array(raw(given_.native))) return in_.refuse(path, "must be an array");
        std::size_t index = 0;
        for (json::Walk tool(in_.document(), given_.native); tool.next(); ++index) {
            if (!tool.at_object()) return in_.refuse(path.element(index), "must be an object");
            add_more(tool.raw());
        }
        return {};
    }
    void add_more(std::string_view tool) {
        if (!more_.empty()) more_ += ',';
        more_ += tool;
    }

    Result<void> read_search() {
        if (given_.web_search.empty()) return {};
        const Path path = root_.member("web_search_options");
        constexpr std::array<MemberRule, 2> kRules = {{{"search_context_size"}, {"user_location"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(given_.web_search, path, kRules, values); !read) return read;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i].empty() || is(values[i], "medium")) continue;
            if (Result<void> told = in_.leave_out(path.member(kRules[i].name), kNotExpressible); !told) return told;
        }
        add_more(R"({"googleSearch":{}})");
        return {};
    }

    Result<void> read_choice() {
        if (is_strict_) mode_ = "VALIDATED";
        if (given_.choice.empty()) return {};
        const Path path = root_.member("tool_choice");
        if (is(given_.choice, "auto")) return {};
        if (is(given_.choice, "none")) {
            if (!functions_.empty()) mode_ = "NONE";
            return {};
        }
        if (functions_.empty()) return in_.refuse(path, "may only be given with tools");
        if (is(given_.choice, "required")) {
            mode_ = "ANY";
            return {};
        }
        if (!json::is_object(raw(given_.choice))) {
            return in_.refuse(path, "must be auto, none, required or an object");
        }
        const Span type = in_.type_of(given_.choice);
        if (is(type, "allowed_tools")) return read_allowed(path);
        if (!is(type, "function")) return in_.refuse_type(given_.choice, path);
        mode_ = "ANY";
        return read_named(given_.choice, path);
    }

    // {"type":"function","function":{"name":..}}
    Result<void> read_named(Span named, const Path& path) {
        constexpr std::array<MemberRule, 2> kRules = {{{"type"}, {"function"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(named, path, kRules, values); !read) return read;
        const Path place = path.member("function");
        if (!is(values[0], "function")) return in_.refuse_type(named, path);
        if (values[1].empty()) return in_.refuse(place, "is required");
        constexpr std::array<MemberRule, 1> kFunction = {{{"name"}}};
        std::array<Span, kFunction.size()> function;
        if (Result<void> read = in_.read(values[1], place, kFunction, function); !read) return read;
        if (Result<void> checked = in_.string_at(function[0], place.member("name")); !checked) return checked;
        if (!allowed_.empty()) allowed_ += ',';
        allowed_ += raw(function[0]);
        return {};
    }

    Result<void> read_allowed(const Path& outer) {
        constexpr std::array<MemberRule, 2> kOuter = {{{"type"}, {"allowed_tools"}}};
        std::array<Span, kOuter.size()> given;
        if (Result<void> read = in_.read(given_.choice, outer, kOuter, given); !read) return read;
        const Path path = outer.member("allowed_tools");
        if (given[1].empty()) return in_.refuse(path, "is required");
        constexpr std::array<MemberRule, 2> kRules = {{{"mode"}, {"tools"}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(given[1], path, kRules, values); !read) return read;
        const bool required = is(values[0], "required");
        if (!required && !is(values[0], "auto")) return in_.refuse(path.member("mode"), "must be auto or required");
        const Path list = path.member("tools");
        if (!json::is_array(raw(values[1])) || json::is_empty_container(raw(values[1]))) {
            return in_.refuse(list, "must be a non-empty array");
        }
        std::size_t index = 0;
        for (json::Walk tool(in_.document(), values[1]); tool.next(); ++index) {
            if (Result<void> read = read_named(tool.value(), list.element(index)); !read) return read;
        }
        // AUTO takes no names; this is AUTO with names, and with arguments that keep to the schemas.
        mode_ = required ? "ANY" : "VALIDATED";
        return {};
    }

    Result<void> read_parallel() {
        if (given_.parallel.empty()) return {};
        const Path path = root_.member("parallel_tool_calls");
        const std::optional<bool> parallel = json::as_bool(raw(given_.parallel));
        if (!parallel) return in_.refuse(path, "must be a boolean");
        if (*parallel || functions_.empty()) return {};
        return in_.leave_out(path, "a model can't be kept from calling tools in parallel here");
    }

    StrictReader& in_;
    const ToolMembers& given_;
    const Path root_;
    std::string functions_, more_, tools_;  // joined by commas
    std::string_view mode_;
    std::string allowed_;
    bool is_strict_ = false;
};

}  // namespace

Result<void> write_tools(StrictReader& in, const ToolMembers& given, std::string& tools, std::string& config,
                         bool& own) {
    return Tools(in, given).run(tools, config, own);
}

}  // namespace weir::wire::gemini
