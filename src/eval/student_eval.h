// `weir eval student`: recorded requests and a teacher's answers through the live policy learner, with a student as the
// only tier below the teacher. One pass, from nothing: the teacher's answer is looked at only where the teacher was
// asked (nothing was served, hold-out, audit); the student that judges a request was trained before it came, and is
// trained anew when its examples have grown by a part. Each task has a student of its own.
// Thread rule: one thread; seconds for 1,000 rows and shuffle. Limits: those of student_rows.h.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "cascade/policy_learner.h"
#include "eval/student_change.h"
#include "eval/student_rows.h"
#include "eval/text_vectors.h"

namespace weir::eval {

struct StudentPlay {
    cascade::PolicyLearner::Options learner = cascade::PolicyLearner::options_of_students();
    std::size_t shuffles = 0;        // 0: once, in the file's order
    std::size_t first_student = 40;  // examples
    double growth = 1.15;            // of the examples, until the next one
    std::uint64_t seed = 1;
    Change change = Change::none;
    std::size_t change_at = 0;  // the first row that has changed; 0: in the middle
};

// How a change went, of the passes in which a student answered shortly before it.
struct AfterChange {
    std::size_t passes = 0;
    // Requests from the change until the first kQuiet in a row that no student answers.
    std::size_t stopped_median = 0, stopped_p90 = 0, stopped_most = 0;
    double late = 0;                        // share of the passes in which that took more than kSoon
    double wrong_mean = 0, wrong_most = 0;  // answers that differ, from the change on
    static constexpr std::size_t kQuiet = 40, kSoon = 200;
};

struct StudentSummary {
    std::size_t rows = 0, shuffles = 0;
    // Means over shuffles; shares of all rows, or of the rows of the last third.
    double served = 0, served_last_third = 0;
    double saved = 0, saved_last_third = 0;    // the teacher was not asked
    double differ = 0;                         // served, and not what the teacher would have said
    double agreement_served = 1;               // share of the served answers that are
    double audits = 0;                         // served, and the teacher asked as well
    double gold_teacher = 0, gold_hybrid = 0;  // right by gold, of the rows with gold
    double broken = 0;                         // share of shuffles in which `differ` was over the promise
    double saved_least = 0, differ_most = 0;   // of all shuffles
    std::uint64_t alarms = 0;                  // of all shuffles
    std::size_t forgotten = 0;                 // students whose labels were no longer the teacher's, of all shuffles
    std::size_t too_early = 0;                 // alarms of any kind before the change, of all shuffles
    double suspended = 0;                      // share of the rows that a student was not asked about, out of suspicion
    AfterChange after;
    std::size_t students = 0;  // trained, of all shuffles
    double train_s = 0;        // the longest training
    double predict_us = 0;     // mean
    double student_bytes = 0;  // the largest
    std::size_t embedded = 0;  // rows with a vector
};

// `vectors`: of the prompts; a student of those that have one, and asked about those, sees it too.
StudentSummary evaluate_student(const std::vector<StudentRow>& rows, const TextVectors& vectors,
                                const StudentPlay& play, const Clock& clock);
std::vector<std::string_view> texts_of(const std::vector<StudentRow>& rows);

}  // namespace weir::eval
