// Appends the small pieces that OTLP's JSON is made of. For this room alone.
// Thread rule: one owner; `out` outlives it. Limits: none. Names and texts are written as they are: escaped before.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "base/units.h"

namespace weir::telemetry {

inline void append_number(std::int64_t value, std::string& out) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, static_cast<std::size_t>(end - digits));
}

// The shortest that reads as the same number.
inline void append_real(double value, std::string& out) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, static_cast<std::size_t>(end - digits));
}

// Unix microseconds as OTLP's nanoseconds, in quotes.
inline void append_nanos(Micros unix_micros, std::string& out) {
    out += '"';
    append_number(unix_micros, out);
    out += "000\"";
}

// The elements of a list of KeyValue.
class Attributes {
  public:
    explicit Attributes(std::string& out) : out_(out) {}

    void text(std::string_view key, std::string_view value) {
        begin(key, "stringValue\":\"");
        out_ += value;
        out_ += "\"}}";
    }
    void whole(std::string_view key, std::int64_t value) {
        begin(key, "intValue\":\"");
        append_number(value, out_);
        out_ += "\"}}";
    }
    void usd(std::string_view key, Usd value) {
        begin(key, "doubleValue\":");
        out_ += to_decimal(value);
        out_ += "}}";
    }
    void real(std::string_view key, double value) {
        begin(key, "doubleValue\":");
        append_real(value, out_);
        out_ += "}}";
    }
    void flag(std::string_view key, bool value) {
        begin(key, "boolValue\":");
        out_ += value ? "true}}" : "false}}";
    }

  private:
    void begin(std::string_view key, std::string_view type) {
        out_ += first_ ? "{\"key\":\"" : ",{\"key\":\"";
        first_ = false;
        out_ += key;
        out_ += "\",\"value\":{\"";
        out_ += type;
    }

    std::string& out_;
    bool first_ = true;
};

}  // namespace weir::telemetry
