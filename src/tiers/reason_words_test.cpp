#include "tiers/reason_words.h"

#include <doctest/doctest.h>

#include <set>

#include "store/ledger_row.h"
#include "tiers/semantic_cache/guards.h"
#include "tiers/student/student_answer.h"
#include "wire/answer_flaw.h"

using namespace weir;
using namespace weir::tiers;
using store::Reason;
using store::Said;
using store::StepVerdict;

TEST_CASE("words have the numbers that were compared, what is said beside them has not") {
    const Reason logprob = Reason::of(Said::log_probability).scored(-0.05).needing(-0.1);
    CHECK(words_of(logprob, StepVerdict::served) == "log-prob -0.05 >= -0.1");
    CHECK(words_of(logprob, StepVerdict::refused) == "log-prob -0.05 < -0.1");
    CHECK(said_of(logprob, StepVerdict::served) == "log-prob");
    const Reason risk = Reason::of(Said::risk_log_probability).scored(-0.04).risking(0.0124).needing(0.02);
    CHECK(words_of(risk, StepVerdict::served) == "risk 0.0124 <= 0.02");
    CHECK(said_of(risk, StepVerdict::served) == "log-prob, risk 0.0124 <= 0.02");
    CHECK(said_of(risk, StepVerdict::refused) == "log-prob, risk 0.0124 > 0.02");
    const Reason samples = Reason::of(Said::risk_samples).scored(1).risking(0.01).needing(0.02);
    CHECK(words_of(samples, StepVerdict::asked) == "100 % of samples agree, risk 0.01 <= 0.02");
    const Reason student = Reason::of(Said::not_known, static_cast<std::uint8_t>(student::Declined::other_prompt));
    CHECK(words_of(student, StepVerdict::declined) == "declined: a prompt of another template");
    CHECK(said_of(student, StepVerdict::declined) == "a prompt of another template");
    CHECK(said_of(Reason::of(Said::known_of).counting(1, 2), StepVerdict::served) == "1 of 2 known");
}

TEST_CASE("of a question's numbers two that differ are kept, if both are whole and below 100") {
    const auto kept = [](std::string_view detail) { return small_numbers(detail); };
    CHECK(kept("number 15 vs 50") == std::pair<std::uint16_t, std::uint16_t>{15, 50});
    CHECK(kept("number 0 vs 99").has_value());
    for (const std::string_view detail :
         {"number 123 vs 50", "number 15 vs 1999", "number none vs 50", "number 1.5 vs 50", "number -5 vs 50",
          "number 15 vs", "number fifteen vs 50", "word 15 vs 50", "order of numbers 15 vs 50", "number 15 vs 50 vs 51",
          "", "number ", "number \xC2\xBD vs 50"}) {
        CHECK_MESSAGE(!kept(detail), detail);
    }
    const auto guards = Reason::of(Said::guards, static_cast<std::uint8_t>(semantic::Refusal::numbers)).scored(0.93);
    CHECK(said_of(guards.counting(15, 50), StepVerdict::refused) == "number 15 against 50");
    CHECK(said_of(guards, StepVerdict::refused) == "guards: numbers");
    CHECK(words_of(guards.counting(15, 50), StepVerdict::refused) == "guards: numbers");
}

TEST_CASE("whatever a file says of a reason can be told, within the limit") {
    for (unsigned said = 0; said < 256; ++said) {
        for (unsigned detail = 0; detail < 256; ++detail) {
            const Reason reason = Reason::of(static_cast<Said>(said), static_cast<std::uint8_t>(detail))
                                      .scored(-3.4e38)
                                      .needing(3.4e38)
                                      .risking(-1e-38)
                                      .counting(65535, 65535);
            for (const StepVerdict verdict : {StepVerdict::served, StepVerdict::refused}) {
                CHECK(words_of(reason, verdict).size() < 100);
                CHECK(said_of(reason, verdict).size() < 100);
            }
        }
    }
}

// The numbers are in files: what a code means must not change.
TEST_CASE("each reason has words of its own, and codes are where they were") {
    CHECK(static_cast<unsigned>(Said::guards) == 16);
    CHECK(static_cast<unsigned>(Said::no_answer) == 29);
    CHECK(static_cast<unsigned>(Said::risk_student) == 40);
    CHECK(static_cast<unsigned>(Said::triage) == 49);
    CHECK(static_cast<unsigned>(Said::budget_spent) == 62);
    CHECK(static_cast<unsigned>(Said::budget_cut) == 68);
    CHECK(static_cast<unsigned>(Said::kept_of_tier) == 70);
    std::set<std::string> words;
    for (unsigned said = 1; said <= static_cast<unsigned>(Said::kept_of_tier); ++said) {
        const std::string one = said_of(Reason::of(static_cast<Said>(said)), StepVerdict::asked);
        CHECK_MESSAGE(!one.empty(), said);
        CHECK_MESSAGE(words.insert(one).second, one);
    }
    CHECK(said_of(Reason::of(static_cast<Said>(static_cast<unsigned>(Said::kept_of_tier) + 1)), StepVerdict::asked)
              .empty());
    CHECK(semantic::to_string(semantic::Refusal{3}) == "numbers");
    CHECK(semantic::to_string(semantic::Refusal{23}) == "problem");
    CHECK(semantic::to_string(semantic::Refusal{24}) == "kind");
    CHECK(student::to_string(student::Declined{3}) == "a prompt of another template");
    CHECK(wire::to_string(wire::AnswerFlaw{2}) == "cut short");
    CHECK(store::to_string(store::PromptClass{3}) == "complex");
}
