#include "admin/student_requests.h"

#include <array>
#include <utility>

#include "json/scan.h"

namespace weir::admin {
namespace {

constexpr std::string_view kStudents = "/api/students";
constexpr std::array<std::pair<std::string_view, StudentAction>, 3> kActions{
    {{"promote", StudentAction::promote}, {"demote", StudentAction::demote}, {"rollback", StudentAction::rollback}}};

std::string_view name_of(StudentAction action) {
    return kActions[static_cast<std::size_t>(action)].first;
}

}  // namespace

Result<StudentRequest> parse_student_request(std::string_view path) {
    const std::string_view rest = path.substr(kStudents.size() + 1);
    const std::size_t slash = rest.find('/');
    const std::string_view student = rest.substr(0, slash);
    const std::string_view word = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    for (const auto& [name, action] : kActions) {
        if (word == name && !student.empty() && student.size() <= kMostStudentName)
            return StudentRequest{student, action};
    }
    return fail(ErrorCode::not_found,
                "no such path; there are /api/students/{student}/promote, .../demote and "
                ".../rollback, each for a name of at most 64 bytes");
}

Result<std::string> change_student(gateway::Students& students, const StudentRequest& request) {
    Result<std::string> said;
    switch (request.action) {
        case StudentAction::promote:
            said = students.promote(request.student);
            break;
        case StudentAction::demote:
            said = students.demote(request.student);
            break;
        case StudentAction::rollback:
            said = students.rollback(request.student);
            break;
    }
    if (!said) return said;
    std::string body = R"({"student":)";
    json::write_string(request.student, body);
    body += R"(,"action":")" + std::string(name_of(request.action)) + R"(","said":)";
    json::write_string(*said, body);
    return body + "}";
}

}  // namespace weir::admin
