// Reads the student evaluator's recorded requests: JSON Lines, a request a line, with the teacher's answer:
//   {"id", "task", "system", "prompt", "answer", "gold"?}
// Thread rule: a plain function that blocks on disk. Limits: those of json_lines.h. Errors begin with file:line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::eval {

struct StudentRow {
    std::string id, task, system, prompt;
    std::string answer;               // the teacher's
    std::optional<std::string> gold;  // what is right, where it is known
};

// Other members are passed over.
Result<std::vector<StudentRow>> read_student_rows(const std::string& file);

}  // namespace weir::eval
