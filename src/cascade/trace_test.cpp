#include "cascade/trace.h"

#include <doctest/doctest.h>

#include "cascade/step_recorder.h"
#include "store/ledger_codec.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::cascade;
using store::Attempt;
using store::LedgerRow;
using store::Outcome;
using store::Reason;
using store::Said;
using store::StepVerdict;
using store::TierKind;

namespace {

constexpr store::NameId kReference = 7, kSmall = 8;

Attempt attempt_of(TierKind tier, Outcome outcome, store::NameId model = store::kNoName, std::uint16_t status = 0) {
    Attempt attempt;
    attempt.tier = tier;
    attempt.outcome = outcome;
    attempt.model = model;
    attempt.status = status;
    return attempt;
}

void add(LedgerRow& row, const Attempt& attempt) {
    row.attempts[row.attempt_count++] = attempt;
}

// "semantic refused: number 15 against 50 | ..."
std::string line_of(const LedgerRow& row) {
    std::string line;
    for (const TraceEntry& entry : trace_of(row)) {
        if (!line.empty()) line += " | ";
        line += entry.tier ? std::string(store::to_string(*entry.tier)) : std::string(entry.label);
        if (entry.model != store::kNoName) line += "/" + std::to_string(entry.model);
        if (entry.stands_in) line += "*";
        if (entry.score) line += " " + std::to_string(*entry.score).substr(0, 5);
        if (entry.needed) line += " of " + std::to_string(*entry.needed).substr(0, 5);
        line += " " + std::string(to_string(entry.verdict));
        if (!entry.said.empty()) line += ": " + entry.said;
    }
    return line;
}

LedgerRow row_of() {
    LedgerRow row;
    row.reference = kReference;
    return row;
}

}  // namespace

TEST_CASE("what attempts tell by themselves takes no step") {
    LedgerRow hit = row_of();
    StepRecorder steps(hit, nullptr);
    const Attempt served = attempt_of(TierKind::exact, Outcome::served);
    steps.tried(0, served, "exact", StepVerdict::served, Reason::of(Said::same_request));
    add(hit, served);
    CHECK(hit.step_count == 0);
    CHECK(line_of(hit) == "exact served: same request");

    LedgerRow miss = row_of();
    const Attempt missed = attempt_of(TierKind::exact, Outcome::declined);
    StepRecorder(miss, nullptr).tried(0, missed, "exact", StepVerdict::declined, Reason::of(Said::miss));
    add(miss, missed);
    add(miss, attempt_of(TierKind::reference, Outcome::failed, kReference, 503));
    add(miss, attempt_of(TierKind::reference, Outcome::timed_out, kReference));
    add(miss, attempt_of(TierKind::reference, Outcome::served, kSmall, 200));
    CHECK(miss.step_count == 0);
    CHECK(
        line_of(miss) ==
        "exact declined: miss | reference/7 failed: status 503 | reference/7 failed: timed out | reference/8* served");
    CHECK(line_of(row_of()).empty());
}

TEST_CASE("steps and attempts stand in the order in which things happened, words and codes say the same") {
    LedgerRow row = row_of();
    std::string words;
    StepRecorder steps(row, &words);
    const auto look = [&](const Attempt& attempt, std::string_view name, StepVerdict verdict, const Reason& reason,
                          std::string_view fuller = {}) {
        steps.tried(steps.next(), attempt, name, verdict, reason, fuller);
        add(row, attempt);
    };
    steps.decided(StepVerdict::asked, Reason::of(Said::budget_cheaper));
    look(attempt_of(TierKind::exact, Outcome::declined), "exact", StepVerdict::declined, Reason::of(Said::miss));
    look(attempt_of(TierKind::semantic, Outcome::declined), "semantic", StepVerdict::refused,
         Reason::of(Said::guards, 3).scored(0.93).counting(15, 50), "guards: numbers (number 15 vs 50)");
    steps.decided(StepVerdict::asked, Reason::of(Said::triage, 1).scored(0.875));
    look(attempt_of(TierKind::student, Outcome::declined, 3), "student", StepVerdict::refused,
         Reason::of(Said::risk_student).scored(0.71).risking(0.2).needing(0.05));
    steps.not_asked(steps.next(), TierKind::model, 9, "p/mid", StepVerdict::skipped,
                    Reason::of(Said::skipped_by_triage));
    look(attempt_of(TierKind::model, Outcome::served, kSmall, 200), "p/small", StepVerdict::served,
         Reason::of(Said::log_probability).scored(-0.04).needing(-0.1));
    CHECK(line_of(row) ==
          "budget asked: cheaper models are asked first | exact declined: miss | "
          "semantic 0.930 refused: number 15 against 50 | triage 0.875 asked: simple | "
          "student/3 0.710 refused: sure, risk 0.2 > 0.05 | model/9 skipped: skipped by triage | "
          "model/8 -0.04 of -0.10 served: log-prob");
    CHECK(words ==
          "budget: cheaper models are asked first -> exact: miss -> semantic: guards: numbers (number 15 vs 50) -> "
          "triage: simple -> student: sure by 0.71, risk 0.2 > 0.05 -> p/mid: skipped by triage -> "
          "p/small: log-prob -0.04 >= -0.1");
}

TEST_CASE("a failure that was asked again says so, and with what it failed") {
    LedgerRow row = row_of();
    add(row, attempt_of(TierKind::reference, Outcome::failed, kReference, 503));
    StepRecorder(row, nullptr)
        .tried(0, row.attempts[0], "reference", StepVerdict::failed, Reason::of(Said::asked_again));
    add(row, attempt_of(TierKind::reference, Outcome::served, kReference, 200));
    CHECK(line_of(row) == "reference/7 failed: status 503, asked again | reference/7 served");
}

TEST_CASE("a gate that is shut needs nothing that could be reached; observe mode serves nothing") {
    LedgerRow row = row_of();
    StepRecorder steps(row, nullptr);
    const Attempt semantic = attempt_of(TierKind::semantic, Outcome::declined);
    steps.tried(0, semantic, "semantic", StepVerdict::refused, Reason::of(Said::verifier).scored(0.9).needing(2));
    add(row, semantic);
    add(row, attempt_of(TierKind::exact, Outcome::observed));
    CHECK(line_of(row) == "semantic 0.900 refused: verifier, its gate is closed | exact asked: same request");
}

TEST_CASE("a budget's decision names it, in the ledger too") {
    for (const store::NameId name : {store::kNoName, store::NameId{5}, store::NameId{0xFFFF'0000}, ~store::NameId{0}}) {
        LedgerRow row = row_of();
        std::string words;
        StepRecorder steps(row, &words);
        steps.decided(StepVerdict::refused, Reason::of(Said::budget_spent).naming(name));
        steps.decided(StepVerdict::asked, Reason::of(Said::known_of).counting(3, 4));
        CHECK(words == "budget: spent -> tiers: 3 of 4 known");
        store::PackedAttempts buffer;
        LedgerRow read = row_of();
        REQUIRE(store::unpack_attempts(store::pack_attempts(row, buffer), read));
        const std::vector<TraceEntry> trace = trace_of(read);
        REQUIRE(trace.size() == 2);
        CHECK(trace[0].label == "budget");
        CHECK(trace[0].budget == name);
        CHECK(trace[0].said == "spent");
        CHECK(trace[1].budget == store::kNoName);
    }
}

TEST_CASE("more attempts than a row keeps: the last one that answered is told by the row") {
    LedgerRow row = row_of();
    for (std::size_t i = 0; i < store::kMaxAttempts; ++i) {
        add(row, attempt_of(TierKind::model, Outcome::failed, kSmall, 500));
    }
    row.tier = TierKind::reference;
    row.served_model = kReference;
    row.complete = true;
    StepRecorder(row, nullptr)
        .tried(store::kMaxAttempts, attempt_of(TierKind::model, Outcome::declined, 9), "p/mid", StepVerdict::refused,
               Reason::of(Said::no_answer, 2));
    const std::vector<TraceEntry> trace = trace_of(row);
    REQUIRE(trace.size() == store::kMaxAttempts + 2);
    CHECK(trace[store::kMaxAttempts].model == 9);
    CHECK(trace[store::kMaxAttempts].said == "no answer: cut short");
    CHECK(trace.back().verdict == StepVerdict::served);
    CHECK(trace.back().tier == TierKind::reference);
}

TEST_CASE("whatever a row holds has a trace within its limits, and the same after it was in the ledger") {
    store::testing::RandomRows random(4711);
    for (int i = 0; i < 5'000; ++i) {
        const LedgerRow row = random.row(1);
        const std::vector<TraceEntry> trace = trace_of(row);
        CHECK(trace.size() <= store::kMaxAttempts + store::kMostSteps + 1);
        for (const TraceEntry& entry : trace) CHECK(entry.said.size() < 150);
        store::PackedAttempts buffer;
        LedgerRow back = row;
        REQUIRE(store::unpack_attempts(store::pack_attempts(row, buffer), back));
        CHECK(line_of(back) == line_of(row));
    }
}
