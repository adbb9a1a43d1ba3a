#include "wire/anthropic_tools.h"

#include <algorithm>
#include <array>

#include "json/scan.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;

void member(std::string_view name, std::string_view raw, std::string& out) {
    if (raw.empty()) return;
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
    out += raw;
}

}  // namespace

Result<void> Tools::write(Span tools, Span tool_choice, Span parallel_tool_calls, std::string& said,
                          std::string& choice_said) {
    const Path path = root_.member("tools");
    const Path choice_path = root_.member("tool_choice");
    if (!tools.empty() && !json::is_array(in_.raw(tools))) return in_.refuse(path, "must be an array");
    if (Result<void> read = read_choice(tool_choice, choice_path); !read) return read;
    std::optional<bool> many = true;
    if (!parallel_tool_calls.empty()) many = json::as_bool(in_.raw(parallel_tool_calls));
    if (!many) return in_.refuse(root_.member("parallel_tool_calls"), "must be a boolean");
    if (tools.empty() || json::is_empty_container(in_.raw(tools))) {
        if (mode_ == "any" || mode_ == "tool") return in_.refuse(choice_path, "may only be given with tools");
        return {};
    }
    said += '[';
    std::size_t index = 0;
    for (json::Walk tool(in_.document(), tools); tool.next(); ++index) {
        if (Result<void> written = write_tool(tool.value(), path.element(index), said); !written) return written;
    }
    if (said.back() == '[') return in_.refuse(choice_path, "allows none of the tools");
    said += ']';
    write_choice(!*many && mode_ != "none", choice_said);
    return {};
}

Result<void> Tools::read_choice(Span choice, const Path& path) {
    if (choice.empty()) return {};
    const std::string_view raw = in_.raw(choice);
    if (json::is_object(raw)) return read_object(choice, path);
    mode_ = json::string_equals(raw, "auto")       ? "auto"
            : json::string_equals(raw, "none")     ? "none"
            : json::string_equals(raw, "required") ? "any"
                                                   : "";
    if (mode_.empty()) return in_.refuse(path, "must be auto, none, required or an object");
    return {};
}

// {"type":"function","function":{"name":..}} or {"type":"allowed_tools","allowed_tools":{"mode":..,"tools":[..]}}
Result<void> Tools::read_object(Span choice, const Path& path) {
    const std::string_view type = in_.raw(in_.type_of(choice));
    const bool named = json::string_equals(type, "function");
    if (!named && !json::string_equals(type, "allowed_tools")) return in_.refuse_type(choice, path);
    const std::array<MemberRule, 2> rules = {{{named ? "function" : "allowed_tools"}, {"type"}}};
    std::array<Span, rules.size()> values;
    if (Result<void> read = in_.read(choice, path, rules, values); !read) return read;
    const Path place = path.member(rules[0].name);
    if (!named) return read_allowed(values[0], place);
    mode_ = "tool";
    return read_called(values[0], place, called_);
}

// Messages has no such choice; the model is told of the allowed tools alone, which comes to the same.
Result<void> Tools::read_allowed(Span allowed, const Path& path) {
    constexpr std::array<MemberRule, 2> kRules = {{{"mode"}, {"tools"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in_.read(allowed, path, kRules, values); !read) return read;
    const bool required = json::string_equals(in_.raw(values[0]), "required");
    if (!required && !json::string_equals(in_.raw(values[0]), "auto")) {
        return in_.refuse(path.member("mode"), "must be auto or required");
    }
    mode_ = required ? "any" : "auto";
    const Path place = path.member("tools");
    if (!json::is_array(in_.raw(values[1]))) return in_.refuse(place, "must be an array");
    allowed_.emplace();
    std::size_t index = 0;
    for (json::Walk one(in_.document(), values[1]); one.next(); ++index) {
        const Path element = place.element(index);
        if (!json::string_equals(in_.raw(in_.type_of(one)), "function")) return in_.refuse_type(one.value(), element);
        const auto function = json::find_member(in_.document(), one.value(), "function");
        Span called;
        Result<void> read = read_called(function.value_or(Span{}), element.member("function"), called);
        if (!read) return read;
        allowed_->push_back(json::as_string(in_.raw(called)).value_or(""));
    }
    return {};
}

Result<void> Tools::read_called(Span function, const Path& path, Span& called) {
    constexpr std::array<MemberRule, 1> kRules = {{{"name"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in_.read(function, path, kRules, values); !read) return read;
    called = values[0];
    return in_.string_at(called, path.member("name"));
}

void Tools::write_choice(bool alone, std::string& out) const {
    if (mode_.empty() && !alone) return;
    out += R"({"type":")";
    out += mode_.empty() ? std::string_view("auto") : mode_;
    out += '"';
    member("name", in_.raw(called_), out);
    if (alone) member("disable_parallel_tool_use", "true", out);
    out += '}';
}

bool Tools::is_allowed(Span name) const {
    if (!allowed_) return true;
    return std::any_of(allowed_->begin(), allowed_->end(),
                       [&](const std::string& one) { return json::string_equals(in_.raw(name), one); });
}

Result<void> Tools::write_tool(Span tool, const Path& path, std::string& out) {
    if (!json::is_object(in_.raw(tool))) return in_.refuse(path, "must be an object");
    if (!json::string_equals(in_.raw(in_.type_of(tool)), "function")) return in_.refuse_type(tool, path);
    constexpr std::array<MemberRule, 3> kTool = {{{"function"}, {"cache_control"}, {"type"}}};
    std::array<Span, kTool.size()> outer;
    if (Result<void> read = in_.read(tool, path, kTool, outer); !read) return read;
    const Path place = path.member("function");
    constexpr std::array<MemberRule, 5> kFunction = {
        {{"name"}, {"description"}, {"parameters"}, {"strict"}, {"cache_control"}}};
    std::array<Span, kFunction.size()> values;
    if (outer[0].empty()) return in_.refuse(place, "is required");
    if (Result<void> read = in_.read(outer[0], place, kFunction, values); !read) return read;
    const auto [name, description, parameters, strict, mark] = values;
    if (Result<void> checked = in_.string_at(name, place.member("name")); !checked) return checked;
    if (!parameters.empty() && !json::is_object(in_.raw(parameters))) {
        return in_.refuse(place.member("parameters"), "must be an object");
    }
    if (!is_allowed(name)) return {};
    if (out.back() != '[') out += ',';
    out += '{';
    member("name", in_.raw(name), out);
    member("description", in_.raw(description), out);
    out += R"(,"input_schema":)";
    write_schema(parameters, out);
    member("strict", in_.raw(strict), out);
    member("cache_control", in_.raw(outer[1].empty() ? mark : outer[1]), out);
    out += '}';
    return {};
}

// Messages wants a schema, and its type.
void Tools::write_schema(Span parameters, std::string& out) const {
    const std::string_view schema = in_.raw(parameters);
    if (schema.empty() || json::is_empty_container(schema)) {
        out += R"({"type":"object","properties":{}})";
    } else if (json::find_member(in_.document(), parameters, "type")) {
        out += schema;
    } else {
        out += R"({"type":"object",)";
        out += schema.substr(1);
    }
}

}  // namespace weir::wire::anthropic
