#include "gateway/student_life.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::gateway {
namespace {

constexpr double kAlpha = 0.025;  // below and above a 95 % interval

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
    return text;
}

std::string many(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "of 140 of its answers 12.1 % say something else (95 %: 7.9 % to 17.6 %)"
std::string compared(const cascade::GradedCount& graded) {
    if (graded.count() == 0) return "no answer of it is compared yet";
    return "of " + many(graded.count(), "compared answer") + " " + percent(graded.share()) +
           " say something else (95 %: " + percent(graded.low(kAlpha)) + " to " + percent(graded.high(kAlpha)) + ")";
}

// How far the gate is from opening.
std::string gate_word(const StudentCourse& course) {
    if (course.name.empty() || course.trials == 0) return "nothing has been tried of its task yet";
    const cascade::PolicyLearner::Certificate& proof = course.certificate;
    const std::string judged = compared(course.graded);
    if (course.gate == "new") {
        return "its task is new to the cascade: " + many(course.trials, "trial") + " so far; " + judged;
    }
    if (!course.in_ladder) return "the plan of its task goes by other tiers; " + judged;
    if (course.gate == "serving") {
        if (course.blind) return "its gate would be open, but the cap on audits is spent; " + judged;
        return "its gate would be open, but the mode is " + std::string(store::to_string(course.mode)) + "; " + judged;
    }
    if (!proof.harm_price_usd) {
        return judged + "; of all answers at most " + percent(proof.worse_bound) +
               " would be proved to differ if only its surest were served, " + percent(proof.promise_now) +
               " may at present (" + many(proof.trials, "trial") + " of the cascade, promise " +
               percent(course.held_to) + ")";
    }
    return "the cascade keeps its promise with others; the task's own trials do not show it yet: " + judged;
}

std::string open_word(const StudentCourse& course) {
    const cascade::PolicyLearner::Certificate& proof = course.certificate;
    std::string text = "of all answers at most " + percent(proof.worse_bound) + " differ, " +
                       percent(proof.promise_now) + " may at present (" + many(proof.trials, "trial") + ", promise " +
                       percent(course.held_to) + ")";
    if (course.audited.count() > 0) {
        text += "; of " + many(course.audited.count(), "audited answer") + " of it " + percent(course.audited.share()) +
                " differed";
    }
    return text;
}

// The promise asks more than the reference keeps with itself.
std::string yardstick_word(const StudentLife& life) {
    const SelfAgreement& itself = life.student.itself;
    const cascade::Promise& promise = life.course.promise;
    if (promise.disagreement <= 0 || promise.by_harm) return {};
    if (life.course.held_to > promise.disagreement) {
        return "; the reference differs from itself more than is promised: gates are held to " +
               percent(life.course.held_to);
    }
    if (promise.by_repeats || itself.all.asked < cascade::kLeastRepeats) return {};
    if (itself.differ_low() <= promise.disagreement) return {};
    return "; the promise of " + percent(promise.disagreement) +
           " asks more than the reference keeps with itself: " + describe(itself) + ", at least " +
           percent(itself.differ_low()) + " differ (promise: { yardstick: repeats })";
}

std::string examples_word(const Students::View& student) {
    return std::to_string(student.kept) + " of " + std::to_string(std::max(student.wanted, Students::kFirstExamples)) +
           " examples";
}

struct Told {
    StudentState state;
    Micros since = 0;
    std::string why;
};

Told without_student(const Students::View& student) {
    const Micros outdated = student.marks.outdated_unix_micros;
    if (outdated > 0 && !student.varied && student.kept < student.wanted) {
        return {StudentState::demoted, outdated,
                "the reference says what the student could not: it begins anew, " + examples_word(student)};
    }
    if (student.varied) {
        return {StudentState::observe, 0, student.why + "; tried again when there are more, " + examples_word(student)};
    }
    if (student.kept < Students::kFirstExamples) return {StudentState::observe, 0, examples_word(student)};
    return {StudentState::eligible, 0,
            many(student.kept, "example") + ": about to be trained" +
                (student.why.empty() ? "" : " (" + student.why + ")")};
}

Told with_student(const Students::View& student, const StudentCourse& course) {
    const bool open =
        course.gate == "serving" && course.in_ladder && course.mode == cascade::Mode::serve && !course.blind;
    const bool was_closed = course.turn && course.turn->kind == cascade::Decision::Kind::demoted;
    const Micros turned = course.turn ? course.turn->unix_micros : 0;
    if (open && course.share < 1) {
        return {StudentState::canary, turned,
                "its gate is open for " + percent(course.share) + " of its task's requests: " + open_word(course)};
    }
    if (open) return {StudentState::serving, turned, "its gate is open: " + open_word(course)};
    if (was_closed) {
        return {StudentState::demoted, turned,
                "it was in service and its gate shut; until it opens again: " + gate_word(course)};
    }
    return {StudentState::shadow, student.trained_unix_micros, gate_word(course)};
}

}  // namespace

std::string_view to_string(StudentState state) {
    constexpr std::array<std::string_view, kStudentStates> kNames{"observe", "eligible", "shadow",
                                                                  "canary",  "serving",  "demoted"};
    return kNames[static_cast<std::size_t>(state)];
}

std::string describe(const SelfAgreement& itself) {
    if (itself.all.asked == 0) return {};
    return "the reference agrees with itself on " + percent(1 - itself.differ_share()) + " of " +
           many(itself.all.asked, "repeat");
}

StudentLife student_life(Students::View student, StudentCourse course) {
    StudentLife life{std::move(student), std::move(course), StudentState::observe, 0, {}};
    Told told = life.student.examples == 0 ? without_student(life.student) : with_student(life.student, life.course);
    if (life.student.marks.demoted_unix_micros > 0) {
        const std::string otherwise = std::string(to_string(told.state)) + ", " + told.why;
        told = {StudentState::demoted, life.student.marks.demoted_unix_micros,
                "taken from service by hand until it is promoted (else: " + otherwise + ")"};
    }
    if (life.student.marks.rolled_back_unix_micros > 0 && life.student.examples > 0) {
        told.why += "; rolled back to an earlier one, not trained anew before there are " +
                    many(life.student.wanted, "example");
    }
    life.state = told.state;
    life.since_unix_micros = told.since;
    life.why = told.why + yardstick_word(life);
    return life;
}

}  // namespace weir::gateway
