// What a request means for the model tiers whose gates are learned: whether their ladder is climbed for the caller, and
// what is asked and graded afterwards.
#include <algorithm>

#include "cascade/prompt_classes.h"
#include "gateway/chat_life.h"
#include "gateway/coin.h"
#include "gateway/examples.h"
#include "gateway/spending.h"
#include "gateway/switch_loss.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "wire/answer_text.h"

namespace weir::gateway {
namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;

// The question as a judge reads it.
std::string question_of(const ChatLife& life) {
    const wire::ChatRequest& chat = life.chat;
    std::string question = wire::question_text(chat).value_or(std::string());
    if (chat.history.empty()) return question;
    return "The conversation so far, as JSON: " + std::string(chat.history.of(chat.body)) +
           "\n\nThe message that was answered: " + question;
}

// Later turns are like those before them: one conversation would count as many.
cascade::CascadeLearner::Prompt seen_of(const ChatLife& life) {
    cascade::SeenPrompt seen{cascade::prompt_features(life.chat), life.chat.history.empty()};
    if (life.look) seen.embedding = life.look->vectors[tiers::semantic::kDenseSpace];
    return std::make_shared<const cascade::SeenPrompt>(std::move(seen));
}

// What the prompt alone says.
cascade::PromptClasses::Verdict sort_prompt(ChatLife& life, const cascade::Course& course) {
    cascade::PromptClasses::Verdict verdict;
    if (const auto classes = course.classes()) {
        verdict = classes->judge(*life.grading->prompt, life.row.task, *life.grading->climb.policy);
        if (life.debug) life.note(cascade::describe(verdict));
        life.grading->climb.trial.foresee(verdict.agree);
    }
    life.row.prompt_class = verdict.of;
    life.lane.counters.by_class[static_cast<std::size_t>(verdict.of)].fetch_add(1, std::memory_order_relaxed);
    return verdict;
}

void ask_ladder(Grading& grading) {
    const cascade::TaskPlan& plan = grading.climb.plan;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        const cascade::TierTrial& tried = grading.climb.trial.tiers[tier];
        if (!tried.asked && tried.flaw == wire::AnswerFlaw::none) grading.to_ask[tier] = true;
    }
}

// What somebody may say of a tier's answer later goes to the tier's learner.
void take_complaints(const ChatLife& life, const Grading& grading) {
    constexpr std::size_t kMostBody = 16 * 1024;
    const auto tier = static_cast<std::size_t>(grading.climb.trial.served);
    cascade::Trial complaint;
    complaint.task = grading.climb.trial.task;
    complaint.served = grading.climb.trial.served;
    complaint.complaint = true;
    complaint.tiers[tier].asked = true;
    ServedAnswer served;
    served.request = life.row.id;
    if (life.may_store) served.key = life.cache_key;
    served.complain = [&learner = life.lane.shared.cascades, course = grading.course, complaint] {
        learner.learn(course, complaint);
    };
    const std::string& body = grading.climb.answers[tier]->body;
    if (body.size() <= kMostBody) {
        served.asked = wire::question_text(life.chat).value_or("");
        served.said = wire::answer_text(body).value_or("");
    }
    life.lane.served->note(std::move(served));
}

// What asking everybody about this request would cost, as far as that is known of its task: nothing that it has itself
// shown, since that would have to do with how it ends.
Usd expected_proof(const Grading& grading) {
    return from_dollars(grading.climb.plan.reference_usd);
}

// A new task's first requests may come faster than what they are answered is indexed. They tell nothing of a tier that
// is shown such answers, so its plan waits for others; not for long, since nothing is served before it is made.
bool is_too_early(const ChatLife& life, const Grading& grading) {
    if (grading.climb.plan.everything < 1 || !life.keeps_example) return false;
    auto& counts = life.plan->too_early;
    if (counts.size() >= kMaxPlanTasks && !counts.contains(life.row.task)) return false;
    return ++counts[life.row.task] <= kMostTooEarly;
}

// What the tiers that are shown examples would have been shown when the request came: nothing that has been said since,
// the reference's answer to this request above all. One that has none declines, as it would on a caller's path.
void show_examples(const ChatLife& life, Grading& grading) {
    const auto& sources = life.plan->ladder_sources;
    tiers::Question question{life.chat, life.tenant->name};
    question.task = life.row.task;
    question.task_is_named = !life.task_name.empty();
    for (std::size_t tier = 0; tier < sources.size(); ++tier) {
        if (!grading.to_ask[tier] || !sources[tier]) continue;
        tiers::ExampleSource::Shown shown = sources[tier]->show(question, life.row.started_unix_micros);
        grading.shown[tier] = std::move(shown.body);
        grading.to_ask[tier] = !grading.shown[tier].empty();
        cascade::Trial& trial = grading.climb.trial;
        if (!grading.to_ask[tier]) trial.skipped = static_cast<std::uint8_t>(trial.skipped | 1U << tier);
        if (shown.not_yet && is_too_early(life, grading)) trial.everything = false;
    }
}

// The reference has answered the caller: what it says costs nothing to hear. Where the ladder was climbed in vain it is
// a sample of what the student is not trusted with; else a coin has sent it there, or what all requests have in common.
void tell_student(const ChatLife& life, const Grading& grading) {
    using Of = tiers::student::LabelWatch::Of;
    const auto hear = student_listener(life, grading.climbed ? Of::declined : Of::all);
    if (hear) hear(grading.reference->body);
}

}  // namespace

bool plan_trial(ChatLife& life, const tiers::Question& question) {
    const Plan& plan = *life.plan;
    const bool learns = life.mode == cascade::Mode::serve || life.mode == cascade::Mode::shadow;
    if (plan.ladder.empty() || !learns || life.chat.n != 1) return false;
    const std::shared_ptr<cascade::Course> course = plan.course_of(life.row.task, life.lane.shared.cascades);
    if (!course) return false;
    life.grading = std::make_unique<Grading>();
    Grading& grading = *life.grading;
    grading.routes = life.routes;
    grading.plan = life.plan;
    grading.course = course;
    grading.tenant = life.row.tenant;
    grading.mode = life.mode;
    grading.request = life.row.id;
    grading.climb.policy = course->policy();
    grading.climb.plan = grading.climb.policy->plan(life.row.task);
    grading.canary = course->share_served(life.row.task);
    grading.climb.leaving_usd = switch_loss_usd(life);
    grading.prompt = seen_of(life);
    const cascade::PromptClasses::Verdict verdict = sort_prompt(life, *course);
    if (plan.compares_samples()) {
        grading.question = question_of(life);
        grading.rules = plan.cascade->options.agreement.rules_of(life.task_name);
    }
    cascade::Trial& trial = grading.climb.trial;
    trial.task = life.row.task;
    trial.unix_seconds = static_cast<std::uint32_t>(life.row.started_unix_micros / kMicrosPerSecond);
    cascade::ask_early(plan.ladder, question, grading.climb);
    for (const std::optional<tiers::Climb>& early : grading.climb.early) {
        if (!early) continue;
        LaneCounters& counters = life.lane.counters;
        (early->offer ? counters.student_offers : counters.student_declined).fetch_add(1, std::memory_order_relaxed);
    }
    const Micros now = life.lane.shared.clock.unix_micros();
    grading.proof_share = plan.proof->share(now, expected_proof(grading));
    grading.blind = plan.proof->blind(now);
    trial.in_force = grading.in_force();

    const cascade::TaskPlan& of_task = grading.climb.plan;
    if (trial.in_force)
        trial.skipped = grading.climb.policy->skipped(of_task, verdict.opens, grading.climb.leaving_usd);
    const bool is_new = of_task.everything >= 1;
    if (is_new) grading.turn = course->take_turn(life.row.task, of_task.wanted);
    if (is_new && !grading.turn) {
        life.note("a new task: enough trials are under way");
        return false;
    }
    if (falls(life.row.id, grading.proof_share * of_task.everything, kHoldOut)) {
        trial.everything = true;
        for (std::size_t tier = 0; tier < plan.ladder.size(); ++tier) grading.to_ask[tier] = true;
        life.note(!is_new ? "held out for comparison" : "a new task: trying all tiers");
        return false;
    }
    if (trial.in_force && falls(life.row.id, grading.canary, kCanary)) {
        grading.climbed = of_task.asks(trial.skipped);
        if (grading.climbed) return true;
        grading.bypassed = true;
        life.note("tiers: skipped by triage");
        return false;
    }
    life.note(trial.in_force                    ? "tiers: not in the canary's share"
              : grading.blind                   ? "tiers: in shadow, the cap on audits is spent"
              : grading.climb.policy->serving() ? "tiers: not for this task"
                                                : "tiers: in shadow");
    if (falls(life.row.id, grading.proof_share * of_task.trial, kTrial)) {
        grading.tried = true;
        ask_ladder(grading);
    }
    return false;
}

void settle_coins(Grading& grading) {
    cascade::LadderClimb& climb = grading.climb;
    const cascade::TaskPlan& plan = climb.plan;
    cascade::Trial& trial = climb.trial;
    double otherwise = plan.trial;
    if (grading.in_force()) {
        double risk = climb.risk;
        const bool by_reference = trial.served == cascade::kReference;
        const int lets_through = by_reference ? climb.policy->would_serve(plan, trial, risk) : trial.served;
        const double climbed = lets_through == cascade::kReference ? climb.policy->grading_probability(plan, trial)
                                                                   : climb.policy->audit_probability(plan, risk);
        otherwise = grading.canary * climbed + (1 - grading.canary) * plan.trial;
        if (by_reference) {  // what would have come of the ladder, had it been climbed for the caller
            trial.would_serve = lets_through;
            trial.would_cost_usd = cascade::Policy::climb_cost_usd(plan, trial, lets_through);
        }
    }
    const double by_hold_out = grading.proof_share * plan.everything;
    trial.known_probability = by_hold_out + (1 - by_hold_out) * grading.proof_share * otherwise;
}

void conclude_trial(ChatLife& life) {
    const std::unique_ptr<Grading> owned = std::move(life.grading);
    if (!owned) return;
    Grading& grading = *owned;
    cascade::Trial& trial = grading.climb.trial;
    const bool by_reference = trial.served == cascade::kReference;
    // Without a whole answer of the reference's there is nothing to compare with, and nobody was served.
    if (by_reference && (!grading.reference || life.row.status != 200)) return;
    if (by_reference) tell_student(life, grading);
    const Micros now = life.lane.shared.clock.unix_micros();
    life.plan->proof->traffic(now, life.row.counterfactual);
    const cascade::Policy& policy = *grading.climb.policy;
    bool known = trial.everything;
    if (!by_reference) {
        take_complaints(life, grading);
        const double share = policy.audit_probability(grading.climb.plan, grading.climb.risk);
        const bool by_student = life.row.tier == store::TierKind::student;
        known = by_student ? student_audit_falls(life, grading.proof_share * share)
                           : falls(life.row.id, grading.proof_share * share, kAuditOfLadder);
        if (known) ask_ladder(grading);
        if (known && by_student) grading.listener = student_listener(life, tiers::student::LabelWatch::Of::trusted);
        if (known && life.may_store) grading.keep_reference = keeper_of(life);
    } else {
        trial.reference_usd = to_dollars(grading.reference->cost);
        if (grading.climbed || grading.bypassed) {
            const double share = policy.grading_probability(grading.climb.plan, trial);
            known = known || falls(life.row.id, grading.proof_share * share, kAuditOfLadder);
            if (known && grading.bypassed) ask_ladder(grading);
        }
        known = known || grading.tried;
    }
    // Others may have been quicker to spend what is left.
    if (known) grading.proof = life.plan->proof->begin(now, expected_proof(grading));
    if (!known || !grading.proof) {
        life.lane.shared.cascades.learn(grading.course, trial, grading.prompt);
        return;
    }
    show_examples(life, grading);
    grading.keep_example = example_keeper_of(life);
    grading.payer = payer_of(life);
    grading.body = std::string(life.chat.body);
    grading.system = life.chat.system_text;
    grading.question = question_of(life);
    grading.rules = life.plan->cascade->options.agreement.rules_of(life.task_name);
    grading.response_format = wire::prompt_parts(life.chat).response_format;
    grade(life.lane, std::make_unique<Grading>(std::move(grading)));
}

}  // namespace weir::gateway
