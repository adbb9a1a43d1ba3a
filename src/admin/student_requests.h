// What the admin address is asked to do with students: POST /api/students/{student}/promote|demote|rollback, where
// {student} is its name or what it begins with (gateway/students.h). Thread rule: pure functions, but for
// change_student(), which blocks on disk. Limits: a name of kMostStudentName bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/students.h"

namespace weir::admin {

inline constexpr std::size_t kMostStudentName = 64;

enum class StudentAction : std::uint8_t { promote, demote, rollback };

struct StudentRequest {
    std::string_view student;  // in the path
    StudentAction action = StudentAction::promote;
};
// Error not_found says what there is.
Result<StudentRequest> parse_student_request(std::string_view path);

// {"student", "action", "said"}. Errors: those of Students.
Result<std::string> change_student(gateway::Students& students, const StudentRequest& request);

}  // namespace weir::admin
