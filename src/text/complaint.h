// Whether a turn of a conversation says that the answer before it will not do: "No, that is wrong. Try again." English
// alone. Thread rule: pure function. Limits: only the first kComplaintBytes are looked at.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::text {

inline constexpr std::size_t kComplaintBytes = 120;

bool complains(std::string_view turn);

}  // namespace weir::text
