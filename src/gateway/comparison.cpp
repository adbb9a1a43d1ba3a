#include "gateway/comparison.h"

#include <utility>

#include "gateway/arbiter.h"
#include "gateway/inference.h"
#include "wire/answer_text.h"

namespace weir::gateway {
namespace {

using cascade::Agreed;

bool counts_as_worse(const cascade::Promise& promise, Agreed agreed, wire::JudgeWord word) {
    switch (word) {
        case wire::JudgeWord::same:
            return false;
        case wire::JudgeWord::a:  // the reference's
            return true;
        case wire::JudgeWord::b:
            return !promise.by_harm;
        case wire::JudgeWord::none:
            break;
    }
    return agreed != Agreed::agree;  // what can't be told to agree counts against the promise
}

// By the owner's right answers: worse is a wrong answer where the reference's is right. Nothing: they don't tell.
std::optional<bool> by_gold(const Comparison& about, const std::string& reference, const std::string& text) {
    const auto& gold = about.plan->cascade->gold;
    if (!gold) return std::nullopt;
    const std::optional<bool> answer = gold->is_right(about.question, text, about.rules);
    if (answer == true) return false;
    const std::optional<bool> wanted = gold->is_right(about.question, reference, about.rules);
    if (wanted == false) return false;
    return answer && wanted ? std::optional(true) : std::nullopt;
}

// What is said where the form has not the last word.
struct Open {
    Lane& lane;
    std::shared_ptr<const Plan> plan;
    std::uint64_t task;
    cascade::AgreementForm set;
    Agreed form;
    std::string_view how;
    std::function<void(const Outcome&)> then;

    const cascade::Promise& promise() const { return *plan->cascade->options.promise; }

    void on_word(const Judgement& judgement) const {
        const bool word = judgement.word != wire::JudgeWord::none;
        const Agreed said = judgement.word == wire::JudgeWord::same ? Agreed::agree : Agreed::differ;
        lane.shared.agreements->compared(task, set, word ? "judge" : how, word ? said : form);
        then({counts_as_worse(promise(), form, judgement.word), lane.background_closed && !word});
    }
    void on_arbitration(const Arbitration& arbitration) const {
        if (arbitration.by_judge) return on_word(arbitration.judgement);
        const bool told = arbitration.agreed != Agreed::undecided;
        lane.shared.agreements->compared(task, set, told ? "similarity" : how, told ? arbitration.agreed : form);
        then({counts_as_worse(promise(), told ? arbitration.agreed : form, wire::JudgeWord::none), false});
    }
    void without_word() const {
        lane.shared.agreements->compared(task, set, how, form);
        then({counts_as_worse(promise(), form, wire::JudgeWord::none), lane.background_closed});
    }
};

}  // namespace

void compare(Lane& lane, const Comparison& about, std::function<void(const Outcome&)> then) {
    if (about.plan->inference != nullptr) {
        const cascade::AnswerRules& rules = about.plan->inference->options.agreement;
        const cascade::Agreement said =
            compare_answers(about.plan->inference->options, about.reference_body, about.body);
        lane.shared.agreements->compared(about.task, rules.by, said.how, said.result);
        return then({said.result != Agreed::agree, false});
    }
    const cascade::Promise& promise = *about.plan->cascade->options.promise;
    const std::optional<std::string> reference = wire::answer_text(about.reference_body);
    const std::optional<std::string> text = wire::answer_text(about.body);
    if (reference && text && promise.by_harm) {
        if (const auto worse = by_gold(about, *reference, *text)) {
            const Agreed agreed = *worse ? Agreed::differ : Agreed::agree;
            lane.shared.agreements->compared(about.task, about.rules.form, "gold", agreed);
            return then({*worse, false});
        }
    }
    cascade::Agreement form{Agreed::differ, "calls"};
    if (reference && text) form = cascade::agreement(about.question, *reference, *text, about.rules);
    // For a promise on harm somebody says whose answer is the better one; for one on disagreement they are asked only
    // where the form can't tell.
    const bool settled = form.result == Agreed::agree || (form.result == Agreed::differ && !promise.by_harm);
    if (settled || !reference || !text) {
        lane.shared.agreements->compared(about.task, about.rules.form, form.how, form.result);
        return then({counts_as_worse(promise, form.result, wire::JudgeWord::none), false});
    }
    JudgeCall call;
    call.routes = about.routes;
    call.plan = about.plan;
    call.tenant = about.tenant;
    call.task = about.task;
    call.mode = about.mode;
    call.request = about.request;
    call.origin = about.origin;
    call.proof = about.proof;
    call.payer = about.payer;
    call.question_system = about.system;
    call.question_user = about.question;
    call.answer_a = *reference;
    call.answer_b = *text;
    const auto open = std::make_shared<const Open>(
        Open{lane, about.plan, about.task, about.rules.form, form.result, form.how, std::move(then)});
    // Vectors tell what is alike, not what is better.
    const bool by_vectors = !promise.by_harm && about.rules.form != cascade::AgreementForm::judge;
    bool asked = false;
    if (by_vectors) {
        asked = arbitrate(lane, std::move(call), [open](const Arbitration& said) { open->on_arbitration(said); });
    } else {
        call.then = [open](const Judgement& judgement) { open->on_word(judgement); };
        asked = judge(lane, std::move(call));
    }
    if (!asked) open->without_word();
}

}  // namespace weir::gateway
