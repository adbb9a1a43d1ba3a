// JSON strings as they are spelled, with their quotes.
// Thread rule: pure functions.
#pragma once

#include <string_view>

#include "json/scan.h"

namespace weir::wire {

// A string that isn't empty.
inline bool is_text(std::string_view raw) {
    return json::is_string(raw) && raw.size() > 2;
}

// Without the quotes (or the brackets of an array).
inline std::string_view inside(std::string_view raw) {
    return raw.substr(1, raw.size() - 2);
}

}  // namespace weir::wire
