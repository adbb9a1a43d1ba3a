// Gathers what student_life.h tells a student's state from.
#include <algorithm>

#include "base/hash.h"
#include "gateway/gateway.h"
#include "gateway/lane.h"

namespace weir::gateway {
namespace {

using CourseView = cascade::CascadeLearner::View;
using tiers::student::StudentKey;

const CascadeRoute* cascade_of(const Routes& routes, const StudentKey& key) {
    const auto found =
        std::find_if(routes.cascades().begin(), routes.cascades().end(),
                     [&key](const CascadeRoute& cascade) { return cascade.options.name == key.cascade; });
    return found == routes.cascades().end() ? nullptr : &*found;
}

// The course that its trials go to, as the configuration is now; null: it has not begun.
const CourseView* course_of(const std::vector<CourseView>& courses, const CascadeRoute& cascade, const StudentKey& key,
                            const std::vector<std::string>& tiers) {
    cascade::CourseName name{key.cascade, cascade.options.promise->by_harm, tiers, key.reference, {}};
    if (cascade.options.promise->over_task) name.task = to_hex(key.task);
    const std::string wanted = cascade::to_string(name);
    const auto found =
        std::find_if(courses.begin(), courses.end(), [&wanted](const CourseView& view) { return view.name == wanted; });
    return found == courses.end() ? nullptr : &*found;
}

cascade::Mode mode_of(const CascadeRoute& cascade, std::uint64_t task) {
    const auto own = cascade.options.tasks.find(to_hex(task));
    return own == cascade.options.tasks.end() ? cascade.options.mode : std::min(cascade.options.mode, own->second.mode);
}

void take_plan(const CourseView& view, std::uint64_t task, std::size_t tier, StudentCourse& course) {
    const auto found = std::find_if(view.tasks.begin(), view.tasks.end(),
                                    [task](const CourseView::Task& each) { return each.task == task; });
    if (found == view.tasks.end()) return;
    const cascade::TaskPlan& plan = found->plan;
    const auto* const end = plan.ladder.begin() + plan.rungs;
    course.gate = found->state;
    course.in_ladder = std::find(plan.ladder.begin(), end, static_cast<std::uint8_t>(tier)) != end;
    course.share = found->share;
    course.trials = found->trials;
    course.graded = found->graded[tier];
    course.audited = found->audited[tier];
}

}  // namespace

std::vector<StudentLife> student_lives(const std::vector<Students::View>& students, const Routes& routes,
                                       const cascade::CascadeLearner& cascades) {
    const std::vector<CourseView> courses = cascades.views();
    std::vector<StudentLife> lives;
    lives.reserve(students.size());
    for (const Students::View& student : students) {
        StudentCourse course;
        const StudentKey& key = student.key;
        const CascadeRoute* const cascade = cascade_of(routes, key);
        if (cascade != nullptr && cascade->options.promise) {
            const std::vector<std::string> tiers = learned_tiers(*cascade, key.reference, true);
            const auto tier = std::find(tiers.begin(), tiers.end(), kStudentTier);
            const CourseView* const view = course_of(courses, *cascade, key, tiers);
            course.mode = mode_of(*cascade, key.task);
            course.promise = *cascade->options.promise;
            course.held_to = course.promise.disagreement;
            if (view != nullptr && tier != tiers.end()) {
                course.name = view->name;
                course.held_to = view->held_to;
                course.blind = view->proof.blind;
                course.certificate = view->certificate;
                course.turn = cascades.decisions().last_turn(view->name, key.task);
                take_plan(*view, key.task, static_cast<std::size_t>(tier - tiers.begin()), course);
            }
        }
        lives.push_back(student_life(student, std::move(course)));
    }
    return lives;
}

}  // namespace weir::gateway
