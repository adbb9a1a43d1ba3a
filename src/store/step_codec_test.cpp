#include "store/step_codec.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "store/ledger_codec.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;

namespace {

// A row of one look-up and what was decided about it and before it.
LedgerRow two_steps() {
    LedgerRow row;
    row.attempt_count = 1;
    row.attempts[0].tier = TierKind::semantic;
    row.attempts[0].outcome = Outcome::declined;
    Step before{};
    before.reason = Reason::of(Said::skipped_by_triage);
    before.verdict = StepVerdict::skipped;
    before.own = true;
    before.who = static_cast<std::uint8_t>(TierKind::model);
    before.model = 300;
    row.add_step(before);
    Step about{};
    about.reason = Reason::of(Said::guards, 3).scored(1.0).counting(15, 50);
    about.verdict = StepVerdict::refused;
    row.add_step(about);
    return row;
}

const std::string_view kPacked(
    "\x03\x01\x09\x00"  // version, one attempt: semantic, declined
    "\x36\x0C\x18"      // skipped by triage; skipped, of its own; before attempt 0, a model
    "\xAC\x02"          // model 300
    "\x10\x31\x40"      // guards; refused, detail and score; attempt 0, counts
    "\x03\x00\x80\x3F"  // numbers; 1.0
    "\x0F\x32",         // 15 and 50
    18);

}  // namespace

TEST_CASE("steps are packed behind the attempts as docs/formats.md says") {
    const LedgerRow row = two_steps();
    PackedAttempts buffer;
    CHECK(pack_attempts(row, buffer) == kPacked);
    LedgerRow back;
    REQUIRE(unpack_attempts(kPacked, back));
    CHECK(testing::same(row, back));
}

TEST_CASE("a row without steps is written as before there were any") {
    LedgerRow row = two_steps();
    row.step_count = 0;
    PackedAttempts buffer;
    CHECK(pack_attempts(row, buffer) == std::string_view("\x01\x09\x00", 3));
}

TEST_CASE("steps that are cut short or out of range are refused") {
    LedgerRow out;
    const std::string packed(kPacked);
    for (std::size_t size = 0; size < packed.size(); ++size) {
        // Nine bytes are the row with the first step alone.
        CHECK_MESSAGE(unpack_attempts(packed.substr(0, size), out).has_value() == (size == 9), size);
    }
    const auto with = [&](std::size_t at, unsigned byte) {
        std::string changed = packed;
        changed[at] = static_cast<char>(byte);
        return unpack_attempts(changed, out).has_value();
    };
    CHECK_FALSE(with(1, 7));      // seven attempts
    CHECK_FALSE(with(1, 2));      // another number of attempts than there are
    CHECK_FALSE(with(5, 0x0E));   // verdict 6
    CHECK_FALSE(with(6, 0x98));   // reserved bit
    CHECK_FALSE(with(6, 0x1A));   // before the attempt behind the last one's end
    CHECK_FALSE(with(6, 0x28));   // tier 5
    CHECK_FALSE(with(11, 0x41));  // about an attempt that there is not
    CHECK_FALSE(with(11, 0x48));  // about an attempt, of another tier
    CHECK_FALSE(with(12, 0));     // a detail that says nothing
    CHECK_FALSE(with(15, 0x7F));  // 0x7F8000: infinity
    CHECK(with(4, 0xFF));         // a reason of a later version
    std::string many(kPacked.substr(0, 4));
    for (std::size_t i = 0; i <= kMostSteps; ++i) many.append(kPacked.substr(4, 5));
    CHECK_FALSE(unpack_attempts(many, out));
}

TEST_CASE("numbers keep four digits; what is none is left out; the largest stays finite") {
    std::mt19937_64 random(3);
    PackedAttempts buffer;
    for (int i = 0; i < 20'000; ++i) {
        LedgerRow row = two_steps(), back;
        const double value =
            std::ldexp(static_cast<double>(random() % 2'000'000) - 1e6, static_cast<int>(random() % 80) - 60);
        row.steps[1].reason = Reason::of(Said::verifier).scored(value);
        REQUIRE(unpack_attempts(pack_attempts(row, buffer), back));
        CHECK(std::abs(static_cast<double>(back.steps[1].reason.score) - value) <= std::abs(value) * 2e-5);
    }
    CHECK(Reason::of(Said::risk).scored(std::nan("")).risking(std::numeric_limits<double>::infinity()).has == 0);
    LedgerRow row = two_steps(), back;
    row.steps[1].reason = Reason::of(Said::verifier).scored(std::numeric_limits<float>::max());
    REQUIRE(unpack_attempts(pack_attempts(row, buffer), back));
    CHECK(std::isfinite(back.steps[1].reason.score));
}

TEST_CASE("further steps than there is room for are left out") {
    LedgerRow row = two_steps();
    for (std::size_t i = 0; i < 2 * kMostSteps; ++i) row.add_step(row.steps[0]);
    CHECK(row.step_count == kMostSteps);
}
