// How reports write numbers and names for people.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::cli {

std::string with_thousands(std::uint64_t value);                  // "1,234"
std::string fixed(double value, int digits);                      // digits after the point
std::string percent(double share, int digits = 1);                // "2.5 %"
std::string share_text(std::uint64_t part, std::uint64_t whole);  // "-" for nothing
// At most 32 characters, so that a table stays within a terminal; the JSON form has the whole name.
std::string shortened(const std::string& name);
// Caches first, the reference last, between them by name.
std::vector<std::string> tiers_in_order(const std::map<std::string, std::uint64_t>& by_tier);

}  // namespace weir::cli
