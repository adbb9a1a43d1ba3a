// GET /api/students/{student}/curve: how a student came to answer as its reference does, from version to version: of
// how many examples each was made, and how many of its answers, while it stood in its place, said something else.
// Thread rule: on the admin's worker: reads the whole log of trials (some 10 ms a 10,000). Limits: those of the log
// (older trials are forgotten) and of gateway/student_marks.h.
#pragma once

#include <string>
#include <string_view>

#include "admin/route.h"
#include "cascade/trial_log.h"
#include "gateway/gateway.h"

namespace weir::admin {

// `course`: that of the student's trials, perhaps without any.
std::string render_student_curve(const gateway::StudentLife& life, const cascade::RecordedCourse& course);

void add_student_curve(RouteTable& routes, gateway::Gateway& gateway);

}  // namespace weir::admin
