// The student for extraction on made-up tasks: it learns them, is sure where it may be, and declines what is not its.
#include "tiers/student/span_student.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "tiers/student/span_testing.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

Result<SpanStudent> train(const std::vector<Errand>& pairs, const SpanStudent::Options& options = {}) {
    std::vector<StudentExample> examples;
    for (const Errand& each : pairs) examples.push_back({each.slot, each.answer});
    return SpanStudent::train(examples, options);
}

}  // namespace

TEST_CASE("a span student answers in the teacher's form, and knows what it knows") {
    for (const bool records : {false, true}) {
        const auto student = train(errands(300, 1, records));
        REQUIRE(student);
        CHECK(student->training().learned == 300);
        CHECK(student->training().same_unseen > 0.9);
        SpanStudent::Scratch scratch;
        StudentAnswer answer;
        std::size_t same = 0;
        double said = 0;
        for (const Errand& each : errands(200, 2, records)) {
            REQUIRE(student->answer(each.slot, scratch, answer));
            same += answer.text == each.answer ? 1 : 0;
            said += std::exp(answer.log_probability);
            CHECK(answer.log_probability <= 0);
        }
        CHECK(same > 180);
        CHECK(std::abs(said - static_cast<double>(same)) < 20);
        // Another kind of text, and another language.
        if (student->answer("ERROR 17: Disk Full; Ask Anna", scratch, answer)) {
            CHECK(std::exp(answer.log_probability) < 0.8 * said / 200);
        }
        CHECK_FALSE(answer.novel);
        REQUIRE(student->answer("Ayer por la tarde mi hermana se fue a Madrid con sus amigos", scratch, answer));
        CHECK(answer.novel);
        CHECK(std::exp(answer.log_probability) < kStrangeProbability + 1e-9);
        CHECK(student->could_say("Then Bo slept.", records ? R"([{"type": "person", "text": "Bo"}])"
                                                           : R"({"person": ["Bo"], "place": null})"));
        CHECK_FALSE(student->could_say("Then Bo slept.", records ? R"([{"type": "person", "text": "Al"}])"
                                                                 : R"({"person": ["Al"], "place": null})"));
        CHECK_FALSE(student->could_say("Then Bo slept.", R"({"animal": "Bo"})"));
    }
}

TEST_CASE("a span student is the same each time, and the same after it was read back") {
    const auto pairs = errands(120, 3);
    const auto student = train(pairs);
    REQUIRE(student);
    const std::string bytes = student->bytes();
    CHECK(bytes == train(pairs)->bytes());
    const auto again = SpanStudent::read(bytes);
    REQUIRE(again);
    CHECK(again->bytes() == bytes);
    SpanStudent::Scratch scratch;
    StudentAnswer first, second;
    for (const Errand& each : errands(50, 4)) {
        REQUIRE(student->answer(each.slot, scratch, first));
        REQUIRE(again->answer(each.slot, scratch, second));
        CHECK(first.text == second.text);
        CHECK(first.log_probability == second.log_probability);
    }
    CHECK_FALSE(SpanStudent::read(bytes + "x"));
    CHECK(rc::check("damaged bytes are refused or make a student that answers", [&] {
        std::string damaged = bytes;
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        if (*rc::gen::arbitrary<bool>()) {
            damaged.resize(at);
            RC_ASSERT_FALSE(SpanStudent::read(damaged).has_value());
            return;
        }
        damaged[at] = *rc::gen::arbitrary<char>();
        const auto read = SpanStudent::read(damaged);
        if (read) read->answer("Then Anbocle went to Rome.", scratch, first);
    }));
}

TEST_CASE("a span student is not made of what is no extraction, and declines what is too long") {
    CHECK_FALSE(train(errands(10, 5)));
    std::vector<Errand> labels;
    for (const Errand& each : errands(60, 6)) labels.push_back({each.slot, "{\"label\": \"news\"}"});
    CHECK_FALSE(train(labels));
    std::vector<Errand> inside;  // strings that are no whole words
    for (const Errand& each : errands(60, 7)) inside.push_back({each.slot, "[\"" + each.slot.substr(1, 3) + "\"]"});
    CHECK_FALSE(train(inside));
    std::stop_source stop;
    stop.request_stop();
    const auto pairs = errands(60, 8);
    std::vector<StudentExample> examples;
    for (const Errand& each : pairs) examples.push_back({each.slot, each.answer});
    CHECK(SpanStudent::train(examples, {}, stop.get_token()).error().code == ErrorCode::canceled);
    const auto student = train(pairs);
    REQUIRE(student);
    SpanStudent::Scratch scratch;
    StudentAnswer answer;
    CHECK_FALSE(student->answer(std::string(kMostSlotBytes + 1, 'a'), scratch, answer));
    REQUIRE(student->answer("", scratch, answer));
    CHECK(answer.text == R"({"person": [], "place": null})");
}
