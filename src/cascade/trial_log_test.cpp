#include "cascade/trial_log.h"

#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "cascade/cascade_learner.h"

using namespace weir;
using namespace weir::cascade;

namespace {

Trial known_trial(std::uint64_t task) {
    Trial trial;
    trial.task = task;
    trial.known = trial.everything = true;
    trial.reference_usd = 1;
    return trial;
}

}  // namespace

TEST_CASE("a course's name is read as it was written") {
    CourseName name{"default", true, {"p/small", "q/mid"}, "p/large", {}};
    CHECK(to_string(name) == "default harm p/small q/mid > p/large");
    name.task = "00000000000000ff";
    name.by_harm = false;
    const std::string text = to_string(name);
    CHECK(text == "default disagreement p/small q/mid > p/large 00000000000000ff");
    const auto read = parse_course_name(text);
    REQUIRE(read.has_value());
    CHECK(to_string(*read) == text);
    CHECK(read->tiers == std::vector<std::string>{"p/small", "q/mid"});
    CHECK(read->task == "00000000000000ff");
    for (const char* const wrong :
         {"", "c", "c harm a b", "c harm > b", "c loss a > b", "c harm a >", "c harm a > b c d", "harm a > b"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_course_name(wrong).has_value());
    }
}

TEST_CASE("a course's record is no trial's, and the other way round") {
    const std::string course = write_course("c harm a > b");
    CHECK(read_course(course) == "c harm a > b");
    std::uint64_t number = 0;
    CHECK_FALSE(read_trial(course, number).has_value());
    CHECK_FALSE(read_course(write_trial(1, known_trial(2))).has_value());
    CHECK_FALSE(read_course(std::string_view(course).substr(0, course.size() - 1)).has_value());
    CHECK_FALSE(read_course("").has_value());
}

TEST_CASE("the log is read beside its writer: courses by name, their trials in order") {
    const TemporaryFolder folder;
    const std::string file = folder.file("trials");
    CHECK(read_courses(file).error().code == ErrorCode::not_found);
    auto learner = CascadeLearner::start({file});
    REQUIRE(learner.has_value());
    const auto first = (*learner)->course("c harm a > b", {});
    const auto second = (*learner)->course("c disagreement a > b", {});
    for (std::uint64_t i = 0; i < 5; ++i) {
        (*learner)->learn(first, known_trial(i));
        if (i % 2 == 0) (*learner)->learn(second, known_trial(100 + i));
    }
    (*learner)->wait_until_idle();
    const auto courses = read_courses(file);
    REQUIRE(courses.has_value());
    REQUIRE(courses->size() == 2);
    CHECK((*courses)[0].name == "c harm a > b");
    CHECK((*courses)[0].number == course_number("c harm a > b"));
    REQUIRE((*courses)[0].trials.size() == 5);
    CHECK((*courses)[0].trials[3].task == 3);
    CHECK((*courses)[1].name == "c disagreement a > b");
    CHECK((*courses)[1].trials.size() == 3);
}

TEST_CASE("a trial is read as it was written: what triage said, whoever was asked") {
    Trial trial = known_trial(7);
    trial.foresee({0.25, 0, 0.75, 0});
    trial.skipped = 0b0101;
    trial.tiers[1].asked = true;
    const std::string record = write_trial(9, trial);
    std::uint64_t number = 0;
    const auto read = read_trial(record, number);
    REQUIRE(read.has_value());
    CHECK(number == 9);
    CHECK(read->skipped == 0b0101);
    CHECK(read->tiers[0].foreseen == 0.25F);
    CHECK(std::isnan(read->tiers[1].foreseen));
    CHECK(read->tiers[2].foreseen == 0.75F);
    CHECK_FALSE(read->tiers[2].asked);

    for (std::size_t size = 0; size < record.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(read_trial(std::string_view(record).substr(0, size), number).has_value());
    }
    std::string other = record;
    other.back() = static_cast<char>(1 << kMostModelTiers);  // no tier of that number
    CHECK_FALSE(read_trial(other, number).has_value());
    trial.tiers[0].foreseen = 1.5F;
    CHECK_FALSE(read_trial(write_trial(9, trial), number).has_value());
}
