// Whether two JSON answers of an inference route say the same: the values at a path in both, as numbers within a
// tolerance, as labels, or member by member (docs/other-inference.md). Thread rule: pure functions.
// Limits: an answer over kMaxComparedBytes is undecided, unless its bytes are equal; those of json/path.h.
#pragma once

#include <optional>
#include <string_view>

#include "cascade/agreement.h"
#include "json/path.h"

namespace weir::cascade {

constexpr std::size_t kMaxComparedBytes = 1u << 20;

struct AnswerRules {
    AgreementForm by = AgreementForm::json;  // json, number or text (a label)
    json::Path at;                           // the whole answer by default
    double tolerance = 1e-6;                 // of numbers, relative to the larger one
    friend bool operator==(const AnswerRules&, const AnswerRules&) = default;
};

// number: each value is a number, or an array of them, in both. A label is a string, number, true, false or null, or an
// array of these, and counts as it is spelled (a string as what it stands for). How arrays are nested does not count
// for either: tensors come flat or in rows. What has no such values at the path is `differ` where the other one has
// them, else `undecided`.
Agreement agreement_at(std::string_view a, std::string_view b, const AnswerRules& rules);

// Whether the answer, a JSON object, has what the rules compare.
bool has_answer_at(std::string_view body, const AnswerRules& rules);

// What a model says of how sure it is: the number at the path, the largest where there are several or it is an array.
// Nothing: there is none from 0 to 1.
std::optional<double> confidence_at(std::string_view body, const json::Path& path);

}  // namespace weir::cascade
