// Do two answers to two questions say the same? The cheap agreement functions: equal texts after neutral normalisation
// (case, white space, marks at the end), equal numbers ("1,000", "$1000", "1000.0"), equal JSON (white space and the order
// of members do not count, spelling of numbers does).
// Thread rule: pure functions. Limits: JSON as in json/scan.h, at most 1 MiB; beyond that texts are compared.
#pragma once

#include <string_view>

namespace weir::tiers::semantic {

bool answers_agree(std::string_view first, std::string_view second);

}  // namespace weir::tiers::semantic
