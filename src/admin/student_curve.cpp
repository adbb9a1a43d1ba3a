#include "admin/student_curve.h"

#include <algorithm>

#include "admin/graded_json.h"
#include "admin/json_object.h"
#include "gateway/lane.h"

namespace weir::admin {
namespace {

constexpr Micros kSecond = 1'000'000;

struct Version {
    gateway::StudentVersion of;
    cascade::GradedCount compared, audited;
};

// Students from before versions were kept: the one that there is.
std::vector<Version> versions_of(const gateway::Students::View& student) {
    std::vector<Version> versions;
    for (const gateway::StudentVersion& each : student.versions) versions.push_back({each, {}, {}});
    if (versions.empty() && student.examples > 0) {
        versions.push_back({{student.trained_unix_micros, student.examples, student.bytes}, {}, {}});
    }
    return versions;
}

// To the version that stood in its place when the request came.
void add(const cascade::Trial& trial, const cascade::TierTrial& said, int tier, std::vector<Version>& versions) {
    const Micros at = Micros{trial.unix_seconds} * kSecond;
    const auto after = std::find_if(versions.begin(), versions.end(),
                                    [at](const Version& version) { return version.of.unix_micros > at + kSecond; });
    if (after == versions.begin()) return;
    Version& version = *(after - 1);
    if (trial.everything || !trial.in_force) version.compared.add(said.worse, 1);
    if (trial.served == tier) version.audited.add(said.worse, trial.known_probability);
}

}  // namespace

std::string render_student_curve(const gateway::StudentLife& life, const cascade::RecordedCourse& course) {
    std::vector<Version> versions = versions_of(life.student);
    const auto name = cascade::parse_course_name(course.name);
    const std::vector<std::string> tiers = name ? name->tiers : std::vector<std::string>();
    const auto student = std::find(tiers.begin(), tiers.end(), gateway::kStudentTier);
    const auto tier = static_cast<std::size_t>(student - tiers.begin());
    for (const cascade::Trial& trial : course.trials) {
        if (student == tiers.end() || tier >= cascade::kMostModelTiers) break;
        if (trial.task != life.student.key.task || trial.unix_seconds == 0 || !trial.known) continue;
        const cascade::TierTrial& said = trial.tiers[tier];
        if (said.graded) add(trial, said, static_cast<int>(tier), versions);
    }
    std::string out, list = "[";
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (i > 0) list += ',';
        JsonObject version(list);
        version.whole("trained_unix_us", versions[i].of.unix_micros);
        version.whole("examples", versions[i].of.examples);
        version.whole("bytes", versions[i].of.bytes);
        version.raw("compared", graded_json(versions[i].compared));
        version.raw("audited", graded_json(versions[i].audited));
        version.end();
    }
    JsonObject object(out);
    object.text("student", file_name(life.student.key));
    object.text_or_null("course", life.course.name);
    life.course.name.empty() ? object.raw("promise", "null")
                             : object.share("promise", life.course.promise.disagreement);
    object.raw("versions", list + "]");
    object.end();
    return out;
}

void add_student_curve(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/students/*/curve", AdminRole::view, RunOn::admin_worker,
                [&gateway](const AdminCall& call) -> Result<AdminReply> {
                    const std::vector<gateway::StudentLife> lives = gateway.student_lives();
                    const auto life = std::find_if(lives.begin(), lives.end(), [&](const gateway::StudentLife& each) {
                        return file_name(each.student.key) == call.parts[0];
                    });
                    if (life == lives.end()) return fail(ErrorCode::not_found, "there is no student of that name");
                    auto courses = cascade::read_courses(gateway.routes()->options().data_folder + "/trials");
                    if (!courses && courses.error().code != ErrorCode::not_found) {
                        return tl::unexpected(courses.error());
                    }
                    cascade::RecordedCourse course;
                    for (cascade::RecordedCourse& each : courses ? *courses : std::vector<cascade::RecordedCourse>()) {
                        if (each.name == life->course.name && !each.name.empty()) course = std::move(each);
                    }
                    return AdminReply{render_student_curve(*life, course)};
                }});
}

}  // namespace weir::admin
