// How commands print: aligned columns for people, or JSON.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

enum class OutputFormat : std::uint8_t { table, json };

class Table {
  public:
    enum class Align : std::uint8_t { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void add(std::vector<std::string> cells);  // as many as there are columns
    void add_rule();                           // a line across
    // Columns two spaces apart, no spaces at line ends; widths in code points, control characters as '?'.
    std::string render() const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;  // a rule is an empty row
};

// A JSON string with its quotes.
std::string json_string(std::string_view text);
std::string json_strings(const std::vector<std::string>& texts);  // ["a", "b"]

}  // namespace weir::cli
