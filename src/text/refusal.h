// Whether an answer in words says that it gives none: "I'm sorry, but I can't help with that." English alone.
// Thread rule: pure function. Limits: only the first kRefusalBytes are looked at; one that comes later is not found.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::text {

inline constexpr std::size_t kRefusalBytes = 160;

bool refuses(std::string_view answer);

}  // namespace weir::text
