#include "cli/table.h"

#include <algorithm>

#include "json/scan.h"

namespace weir::cli {
namespace {

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string printable(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return text;
}

void append_cell(const std::string& text, std::size_t width, Table::Align align, std::string& line) {
    const std::size_t own = width_of(text);
    const std::string padding(width > own ? width - own : 0, ' ');
    line += align == Table::Align::right ? padding + text : text + padding;
}

void append_line(std::string line, std::string& out) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (std::string& cell : cells) cell = printable(std::move(cell));
    rows_.push_back(std::move(cells));
}

void Table::add_rule() {
    rows_.emplace_back();
}

std::string Table::render() const {
    constexpr std::string_view kGap = "  ";
    std::vector<std::size_t> widths;
    std::size_t total = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = width_of(columns_[i].title);
        for (const auto& row : rows_) {
            if (!row.empty()) width = std::max(width, width_of(row[i]));
        }
        widths.push_back(width);
        total += width + (i > 0 ? kGap.size() : 0);
    }
    std::string out;
    const auto append_row = [&](const auto& text_of) {
        std::string line;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (i > 0) line += kGap;
            append_cell(text_of(i), widths[i], columns_[i].align, line);
        }
        append_line(std::move(line), out);
    };
    append_row([&](std::size_t i) -> const std::string& { return columns_[i].title; });
    for (const auto& row : rows_) {
        if (row.empty()) {
            append_line(std::string(total, '-'), out);
        } else {
            append_row([&row](std::size_t i) -> const std::string& { return row[i]; });
        }
    }
    return out;
}

std::string json_string(std::string_view text) {
    std::string out;
    json::write_string(text, out);
    return out;
}

std::string json_strings(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) {
        if (out.size() > 1) out += ", ";
        json::write_string(text, out);
    }
    return out + "]";
}

}  // namespace weir::cli
