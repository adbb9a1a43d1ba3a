#include "gateway/student_life.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;
using cascade::Decision;

namespace {

Students::View none_of(std::uint64_t kept) {
    Students::View view;
    view.kept = kept;
    view.wanted = 40;
    return view;
}

Students::View made_of(std::uint64_t examples) {
    Students::View view = none_of(examples);
    view.examples = examples;
    view.trained_unix_micros = 5;
    return view;
}

// In force: certified, the student on the ladder.
StudentCourse open_course() {
    StudentCourse course;
    course.name = "default disagreement student > fake/big";
    course.promise.disagreement = course.held_to = 0.02;
    course.certificate.harm_price_usd = 1;
    course.certificate.trials = 400;
    course.certificate.worse_bound = 0.0123;
    course.certificate.promise_now = 0.021;
    course.gate = "serving";
    course.in_ladder = true;
    course.trials = 300;
    for (int i = 0; i < 140; ++i) course.graded.add(i < 17, 1);
    course.turn = Decision{};
    course.turn->kind = Decision::Kind::promoted;
    course.turn->unix_micros = 7;
    return course;
}

StudentCourse shut_course() {
    StudentCourse course = open_course();
    course.certificate.harm_price_usd.reset();
    course.gate = "shadow";
    course.turn.reset();
    return course;
}

bool has(const StudentLife& life, std::string_view part) {
    INFO(life.why);
    const bool found = life.why.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

}  // namespace

TEST_CASE("a student's life: before there is one") {
    StudentLife life = student_life(none_of(12), {});
    CHECK(life.state == StudentState::observe);
    CHECK(life.why == "12 of 40 examples");
    life = student_life(none_of(40), {});
    CHECK(life.state == StudentState::eligible);
    CHECK(life.why == "40 examples: about to be trained");
    Students::View varied = none_of(60);
    varied.varied = true;
    varied.why = "the answers are not narrow";
    varied.wanted = 121;
    life = student_life(varied, {});
    CHECK(life.state == StudentState::observe);
    has(life, "the answers are not narrow; tried again when there are more, 60 of 121 examples");
    Students::View outdated = none_of(10);
    outdated.marks.outdated_unix_micros = 9;
    life = student_life(outdated, open_course());
    CHECK(life.state == StudentState::demoted);
    CHECK(life.since_unix_micros == 9);
    has(life, "the reference says what the student could not: it begins anew, 10 of 40 examples");
}

TEST_CASE("a student's life: in shadow, with the figures that keep its gate shut") {
    StudentLife life = student_life(made_of(40), {});
    CHECK(life.state == StudentState::shadow);
    CHECK(life.since_unix_micros == 5);
    has(life, "nothing has been tried of its task yet");
    life = student_life(made_of(40), shut_course());
    CHECK(life.state == StudentState::shadow);
    has(life, "of 140 compared answers 12.1 % say something else (95 %: 7.07 % to 19.4 %)");
    has(life, "at most 1.23 % would be proved to differ if only its surest were served, 2.1 % may at present");
    StudentCourse course = shut_course();
    course.gate = "new";
    has(student_life(made_of(40), course), "its task is new to the cascade: 300 trials so far");
    course = open_course();
    course.in_ladder = false;
    life = student_life(made_of(40), course);
    CHECK(life.state == StudentState::shadow);
    has(life, "goes by other tiers");
    course = open_course();
    course.mode = cascade::Mode::shadow;
    life = student_life(made_of(40), course);
    CHECK(life.state == StudentState::shadow);
    has(life, "its gate would be open, but the mode is shadow");
    course = open_course();
    course.blind = true;
    has(student_life(made_of(40), course), "the cap on audits is spent");
}

TEST_CASE("a student's life: in service, for some and for all") {
    StudentCourse course = open_course();
    course.share = 0.1;
    StudentLife life = student_life(made_of(40), course);
    CHECK(life.state == StudentState::canary);
    CHECK(life.since_unix_micros == 7);
    has(life, "open for 10 % of its task's requests");
    course.share = 1;
    course.audited.add(false, 0.1);
    life = student_life(made_of(40), course);
    CHECK(life.state == StudentState::serving);
    has(life, "its gate is open: of all answers at most 1.23 % differ, 2.1 % may at present");
    has(life, "of 1 audited answer of it 0 % differed");
}

TEST_CASE("a student's life: demoted by its gate, or by hand") {
    StudentCourse course = shut_course();
    course.turn = Decision{};
    course.turn->kind = Decision::Kind::demoted;
    course.turn->unix_micros = 8;
    StudentLife life = student_life(made_of(40), course);
    CHECK(life.state == StudentState::demoted);
    CHECK(life.since_unix_micros == 8);
    has(life, "it was in service and its gate shut");
    for (Students::View view : {made_of(40), none_of(3)}) {
        view.marks.demoted_unix_micros = 11;
        view.marks.rolled_back_unix_micros = 10;
        life = student_life(view, open_course());
        CHECK(life.state == StudentState::demoted);
        CHECK(life.since_unix_micros == 11);
        has(life, "taken from service by hand until it is promoted (else: ");
    }
    Students::View back = made_of(40);
    back.marks.rolled_back_unix_micros = 10;
    back.wanted = 53;
    life = student_life(back, open_course());
    CHECK(life.state == StudentState::serving);
    has(life, "rolled back to an earlier one, not trained anew before there are 53 examples");
}

TEST_CASE("a student's life: a promise that asks more than the reference keeps with itself is told so") {
    Students::View view = made_of(40);
    view.itself.all = {120, 12};
    CHECK(describe(view.itself) == "the reference agrees with itself on 90 % of 120 repeats");
    CHECK(describe(SelfAgreement{}).empty());
    has(student_life(view, shut_course()),
        "; the promise of 2 % asks more than the reference keeps with itself: the reference agrees with itself on 90 % "
        "of 120 repeats, at least 5.27 % differ");
    StudentCourse course = shut_course();
    const auto is_silent = [&] {
        const std::string why = student_life(view, course).why;
        CHECK(why.find("itself") == std::string::npos);
    };
    course.promise.by_repeats = true;
    is_silent();
    course.held_to = 0.052;
    has(student_life(view, course), "gates are held to 5.2 %");
    course = shut_course();
    course.promise.disagreement = course.held_to = 0.06;
    is_silent();
    course = shut_course();
    view.itself.all = {29, 29};  // too few
    is_silent();
}
