// Why a tier was served, refused or passed over, in words: the codes of store/step.h, for x-weir-why and the dashboard.
// Thread rule: pure functions. Limits: fewer than 100 bytes; no text of a prompt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/step.h"

namespace weir::tiers {

// With all the numbers that were compared: "log-prob -0.05 >= -0.1". Empty: there is nothing to say.
std::string words_of(const store::Reason& reason, store::StepVerdict verdict);
// What is left to say beside the score and what was needed: "log-prob", "number 15 against 50".
std::string said_of(const store::Reason& reason, store::StepVerdict verdict);
// Whose decision it is, where it is none about one tier: "triage", "budget", "tiers".
inline constexpr std::string_view kBudgetLabel = "budget";
std::string_view label_of(store::Said said);

// The numbers of a guard's detail ("number 15 vs 50") that may be kept: both whole and below 100, which is no key, no
// amount, no date, and nobody's name.
std::optional<std::pair<std::uint16_t, std::uint16_t>> small_numbers(std::string_view detail);

}  // namespace weir::tiers
