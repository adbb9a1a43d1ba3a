// Part of anthropic_form.h: tools of a chat request, and how they may be used.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/strict_object.h"

namespace weir::wire::anthropic {

class Tools {
  public:
    explicit Tools(StrictReader& in) : in_(in) {}

    // Reads chat's members (empty: there are none) and appends the values of `tools` and `tool_choice` to what is
    // empty; they stay empty where there is nothing to be said. Errors: StrictReader's.
    Result<void> write(json::Span tools, json::Span tool_choice, json::Span parallel_tool_calls, std::string& said,
                       std::string& choice_said);

  private:
    Result<void> read_choice(json::Span choice, const Path& path);
    Result<void> read_object(json::Span choice, const Path& path);
    Result<void> read_allowed(json::Span allowed, const Path& path);
    Result<void> read_called(json::Span function, const Path& path, json::Span& called);
    void write_choice(bool alone, std::string& out) const;
    Result<void> write_tool(json::Span tool, const Path& path, std::string& out);
    void write_schema(json::Span parameters, std::string& out) const;
    bool is_allowed(json::Span name) const;

    StrictReader& in_;
    const Path root_;
    std::string_view mode_;  // auto, any, tool, none; empty: not told
    json::Span called_;      // of tool
    std::optional<std::vector<std::string>> allowed_;
};

}  // namespace weir::wire::anthropic
