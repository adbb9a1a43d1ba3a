// A world that changes: what a recorded request, or the teacher's answer to it, becomes from some row on. For
// `weir eval student --change`: how soon a student is taken back, and what that costs.
//   rename     every label has another name: letters exchanged for others, the same each time
//   new-label  an eighth of the texts, told by their digest alone, have a label that was never heard before: nothing in
//              the text tells of it, so a student stays as sure as it was
//   language   the same is done to the texts; numbers and marks stay
// Thread rule: pure functions. Limits: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "eval/student_rows.h"

namespace weir::eval {

enum class Change : std::uint8_t { none, rename, new_label, language };

std::optional<Change> parse_change(std::string_view name);

// The row as it comes once the world has changed; gold becomes unknown where it would no longer be right.
StudentRow changed(const StudentRow& row, Change change);

}  // namespace weir::eval
