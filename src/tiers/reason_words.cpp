#include "tiers/reason_words.h"

#include <cstdio>

#include "store/ledger_row.h"
#include "tiers/semantic_cache/guards.h"
#include "tiers/student/student_answer.h"
#include "wire/answer_flaw.h"

namespace weir::tiers {
namespace {

using store::Reason;
using store::Said;
using store::StepVerdict;

template <class... Numbers>
std::string format(const char* form, Numbers... numbers) {
    char text[96];
    std::snprintf(text, sizeof text, form, numbers...);
    return text;
}

double number(float value) {
    return static_cast<double>(value);
}

bool is_met(StepVerdict verdict) {
    return verdict != StepVerdict::refused && verdict != StepVerdict::declined;
}

// "risk 0.012 <= 0.02", where both are known.
std::string risk_of(const Reason& reason, StepVerdict verdict) {
    if (!reason.has_all(Reason::kRisk | Reason::kNeeded)) return "risk";
    return format("risk %.3g %s %.3g", number(reason.risk), is_met(verdict) ? "<=" : ">", number(reason.needed));
}

std::string_view word_of(store::Unusable unusable) {
    switch (unusable) {
        case store::Unusable::gone:
            return "the answer is gone";
        case store::Unusable::stale:
            return "stale";
        case store::Unusable::expired:
            return "expired";
        case store::Unusable::purged:
            return "purged";
        case store::Unusable::anothers:
            return "the answer is another's";
        case store::Unusable::unknown:
            break;
    }
    return "it can't be used";
}

std::string_view word_of(store::Uncacheable reason) {
    return reason == store::Uncacheable::temperature ? "temperature" : reason == store::Uncacheable::several ? "n" : "";
}

std::string guard_of(const Reason& reason) {
    return std::string(semantic::to_string(static_cast<semantic::Refusal>(reason.detail)));
}

// Whole sentences, without numbers.
std::string_view plain(Said said) {
    switch (said) {
        case Said::same_request:
            return "same request";
        case Said::miss:
            return "miss";
        case Said::not_looked_up:
            return "not looked up";
        case Said::expired:
            return "expired";
        case Said::purged:
            return "purged";
        case Said::follows:
            return "follows the same request";
        case Said::opted_out:
            return "the tenant has opted out";
        case Said::no_key:
            return "no key";
        case Said::not_together:
            return "they do not go together";
        case Said::no_question:
            return "no question to compare";
        case Said::off_for_task:
            return "off for this task: look-ups cost more than hits save";
        case Said::no_candidate:
            return "no candidate";
        case Said::context:
            return "context";
        case Said::gate_closed:
            return "explained, but the gate is closed";
        case Said::explained:
            return "explained";
        case Said::not_asked:
            return "not asked";
        case Said::no_gate:
            return "no gate";
        case Said::not_ready:
            return "not ready";
        case Said::rests:
            return "rests after failures";
        case Said::no_time:
            return "no time for it";
        case Said::no_place:
            return "its provider has as many calls under way as it may have";
        case Said::no_examples:
            return "no examples to show";
        case Said::cant_be_said:
            return "its API has no words for it";
        case Said::asked_again:
            return "asked again";
        case Said::next_asked:
            return "the next model is asked";
        case Said::length_changed:
            return "the vectors' length has changed";
        case Said::answer_not_whole:
            return "answer not whole";
        case Said::no_log_probabilities:
            return "no log-probabilities";
        default:
            return {};
    }
}

std::string_view plain_of_student(Said said) {
    switch (said) {
        case Said::not_for_students:
            return "not a student's question";
        case Said::no_student:
            return "no student yet";
        case Said::suspicious:
            return "the reference has said what it can't";
        case Said::too_long:
            return "too long, or no one text";
        case Said::unlike:
            return "unlike what came of late";
        case Said::needs_hidden:
            return "its answer needs what it was not shown";
        case Said::other_form:
            return "not of the form that is asked for";
        default:
            return {};
    }
}

std::string_view plain_of_plan(Said said) {
    switch (said) {
        case Said::enough_trials:
            return "a new task: enough trials are under way";
        case Said::held_out:
            return "held out for comparison";
        case Said::new_task:
            return "a new task: trying all tiers";
        case Said::skipped_by_triage:
            return "skipped by triage";
        case Said::not_in_canary:
            return "not in the canary's share";
        case Said::cap_spent:
            return "in shadow, the cap on audits is spent";
        case Said::not_for_task:
            return "not for this task";
        case Said::in_shadow:
            return "in shadow";
        case Said::passed_on:
            return "passed on as it is: caches and cheaper tiers can't read it";
        case Said::binary:
            return "binary tensors: passed on";
        case Said::unreadable:
            return "not for Weir to read: passed on";
        case Said::budget_spent:
            return "spent";
        case Said::budget_full:
            return "no room: requests under way may need the rest";
        case Said::budget_unpriced:
            return "the model's price is not known";
        case Said::budget_unwritten:
            return "what is spent can't be written down";
        case Said::budget_cheaper:
            return "cheaper models are asked first";
        case Said::budget_free:
            return "spent: models that cost nothing alone";
        case Said::budget_cut:
            return "cut: the budget has no more for it";
        case Said::not_for_version:
            return "not for a certain version";
        case Said::kept_of_tier:
            return "a cheaper model's answer, which may not serve here";
        default:
            return {};
    }
}

// The words that are the same beside the numbers and without them.
std::string common(const Reason& reason) {
    switch (reason.said) {
        case Said::not_cacheable:
            return "not cacheable (" + std::string(word_of(static_cast<store::Uncacheable>(reason.detail))) + ")";
        case Said::known_of:
            return std::to_string(reason.one) + " of " + std::to_string(reason.other) + " known";
        case Said::passed_over:
            return "passed over (" + std::string(word_of(static_cast<store::Unusable>(reason.detail))) + ")";
        case Said::no_answer:
            return "no answer: " + std::string(wire::to_string(static_cast<wire::AnswerFlaw>(reason.detail)));
        case Said::not_known:
            return std::string(student::to_string(static_cast<student::Declined>(reason.detail)));
        case Said::triage:
            return reason.detail < store::kPromptClasses
                       ? std::string(store::to_string(static_cast<store::PromptClass>(reason.detail)))
                       : std::string();
        case Said::prompt_cache:
            return format("leaving the reference gives up %.3g USD", number(reason.score));
        default:
            break;
    }
    for (const std::string_view words : {plain(reason.said), plain_of_student(reason.said), plain_of_plan(reason.said)})
        if (!words.empty()) return std::string(words);
    return {};
}

std::string_view evidence_of(Said said) {
    switch (said) {
        case Said::risk_log_probability:
            return "log-prob, ";
        case Said::risk_samples:
            return "samples that agree, ";
        case Said::risk_own_word:
            return "P(true), ";
        case Said::risk_student:
            return "sure, ";
        default:
            return {};
    }
}

}  // namespace

std::string words_of(const Reason& reason, StepVerdict verdict) {
    const double score = number(reason.score);
    switch (reason.said) {
        case Said::guards:
            return "guards: " + guard_of(reason);
        case Said::verifier:
            return format(is_met(verdict) ? "verifier %.4f >= %.4f" : "verifier %.4f < %.4f", score,
                          number(reason.needed));
        case Said::log_probability:
            return format("log-prob %.4g %s %.4g", score, is_met(verdict) ? ">=" : "<", number(reason.needed));
        case Said::risk_samples:
            return format("%.0f %% of samples agree, ", 100 * score) + risk_of(reason, verdict);
        case Said::risk_own_word:
            return format("P(true) %.3g, ", score) + risk_of(reason, verdict);
        case Said::risk_student:
            return format("sure by %.3g, ", score) + risk_of(reason, verdict);
        case Said::risk:
        case Said::risk_log_probability:
            return risk_of(reason, verdict);
        case Said::suspicious:
        case Said::too_long:
        case Said::unlike:
        case Said::not_known:
        case Said::needs_hidden:
        case Said::other_form:
            return "declined: " + common(reason);
        default:
            return common(reason);
    }
}

std::string said_of(const Reason& reason, StepVerdict verdict) {
    switch (reason.said) {
        case Said::guards:
            if (!reason.has_all(Reason::kCounts)) return "guards: " + guard_of(reason);
            return "number " + std::to_string(reason.one) + " against " + std::to_string(reason.other);
        case Said::verifier:
            return "verifier";
        case Said::log_probability:
            return "log-prob";
        case Said::risk:
        case Said::risk_log_probability:
        case Said::risk_samples:
        case Said::risk_own_word:
        case Said::risk_student:
            return std::string(evidence_of(reason.said)) + risk_of(reason, verdict);
        default:
            return common(reason);
    }
}

std::string_view label_of(Said said) {
    switch (said) {
        case Said::triage:
            return "triage";
        case Said::prompt_cache:
            return "prompt cache";
        case Said::budget_spent:
        case Said::budget_full:
        case Said::budget_unpriced:
        case Said::budget_unwritten:
        case Said::budget_cheaper:
        case Said::budget_free:
        case Said::budget_cut:
            return kBudgetLabel;
        default:
            return "tiers";
    }
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> small_numbers(std::string_view detail) {
    constexpr std::string_view kFirst = "number ", kSecond = " vs ";
    if (!detail.starts_with(kFirst)) return std::nullopt;
    detail.remove_prefix(kFirst.size());
    const std::size_t middle = detail.find(kSecond);
    if (middle == std::string_view::npos) return std::nullopt;
    const auto read = [](std::string_view text) -> std::optional<std::uint16_t> {
        if (text.empty() || text.size() > 2) return std::nullopt;
        std::uint16_t value = 0;
        for (const char c : text) {
            if (c < '0' || c > '9') return std::nullopt;
            value = static_cast<std::uint16_t>(value * 10 + (c - '0'));
        }
        return value;
    };
    const auto one = read(detail.substr(0, middle)), two = read(detail.substr(middle + kSecond.size()));
    if (!one || !two) return std::nullopt;
    return std::pair{*one, *two};
}

}  // namespace weir::tiers
