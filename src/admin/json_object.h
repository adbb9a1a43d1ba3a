// Writes the members of one JSON object, one after another.
// Thread rule: one owner; `out` must outlive it. Limits: none.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/units.h"
#include "json/scan.h"

namespace weir::admin {

class JsonObject {
  public:
    explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
    void text(std::string_view name, std::string_view value) {
        begin(name);
        json::write_string(value, out_);
    }
    // Null where it is empty.
    void text_or_null(std::string_view name, std::string_view value) {
        value.empty() ? raw(name, "null") : text(name, value);
    }
    void raw(std::string_view name, std::string_view value) {
        begin(name);
        out_ += value;
    }
    template <class T>
    void whole(std::string_view name, T value) {
        raw(name, std::to_string(value));
    }
    void flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
    void share(std::string_view name, double value) { real(name, value, 9); }
    // With so many digits; null where it is none that JSON has (infinite, not a number).
    void real(std::string_view name, double value, int digits) {
        char text[32];
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        raw(name, std::isfinite(value) ? text : "null");
    }
    void money(std::string_view name, bool known, Usd value) {
        known ? raw(name, to_decimal(value)) : raw(name, "null");
    }
    void end() { out_ += '}'; }

  private:
    void begin(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        json::write_string(name, out_);
        out_ += ':';
    }

    std::string& out_;
    bool first_ = true;
};

}  // namespace weir::admin
