// Where in its life a student is, told from what is logged already: the examples and marks that gateway/students.h
// knows of, and its task's plan, gate and counters in the course (cascade/cascade_learner.h). Nothing is decided here.
//   observe    too few examples, or answers too varied to be learned
//   eligible   enough and, as far as is known, narrow: about to be trained
//   shadow     there is one; its answers are compared with the reference's, its gate has not opened yet
//   canary     its gate is open, for a share of its task's requests
//   serving    ... for all of them
//   demoted    it was in service and its gate shut, or its labels were outdated, or somebody took it from service
// A gate belongs to the task: a student that is trained after its gate shut stays `demoted` until it opens again.
// Thread rule: plain values and a pure function. Limits: none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cascade/cascade_learner.h"
#include "cascade/options.h"
#include "gateway/students.h"

namespace weir::gateway {

enum class StudentState : std::uint8_t { observe, eligible, shadow, canary, serving, demoted };
inline constexpr std::size_t kStudentStates = 6;
std::string_view to_string(StudentState state);

// What its cascade and its course say. The defaults: there are no trials of the task yet.
struct StudentCourse {
    std::string name;                           // of the course; empty: there is none yet
    cascade::Mode mode = cascade::Mode::serve;  // the cascade's, or less for the task
    bool blind = false;                         // the cap on proof is spent: nothing is served
    cascade::Promise promise;                   // as configured
    double held_to = 0;                         // ... and what gates are held to
    cascade::PolicyLearner::Certificate certificate;
    std::string gate = "new";              // cascade::state_of()
    bool in_ladder = false;                // the student, in the task's plan
    double share = 1;                      // of the task's requests that its ladder may serve
    std::size_t trials = 0;                // of the task
    cascade::GradedCount graded, audited;  // the student's answers, as of the last certificate
    // The last time that the task began or ceased to be served by cheaper tiers.
    std::optional<cascade::Decision> turn;
};

struct StudentLife {
    Students::View student;
    StudentCourse course;
    StudentState state = StudentState::observe;
    Micros since_unix_micros = 0;  // 0: not known
    std::string why;               // in plain words
};
StudentLife student_life(Students::View student, StudentCourse course);

// "the reference agrees with itself on 96 % of 120 repeats"; empty: there were none.
std::string describe(const SelfAgreement& itself);

}  // namespace weir::gateway
