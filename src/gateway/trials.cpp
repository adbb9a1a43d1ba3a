// What a request means for the model tiers whose gates are learned: whether their ladder is climbed for the caller, and
// what is asked and graded afterwards.
#include <algorithm>

#include "cascade/prompt_classes.h"
#include "gateway/chat_life.h"
#include "gateway/examples.h"
#include "gateway/spending.h"
#include "gateway/switch_loss.h"
#include "gateway/trial_coins.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "wire/answer_text.h"

namespace weir::gateway {
namespace {

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

void note_triage(ChatLife& life, const cascade::PromptClasses::Verdict& verdict) {
    const auto first = std::find_if(verdict.agree.begin(), verdict.agree.end(), [](double agree) { return agree > 0; });
    auto reason = store::Reason::of(store::Said::triage, static_cast<std::uint8_t>(verdict.of));
    if (first != verdict.agree.end()) reason = reason.scored(*first);
    life.steps().decided(store::StepVerdict::asked, reason, life.debug ? cascade::describe(verdict) : std::string());
}

// What the prompt alone says.
cascade::PromptClasses::Verdict sort_prompt(ChatLife& life, const cascade::Course& course) {
    cascade::PromptClasses::Verdict verdict;
    if (const auto classes = course.classes()) {
        verdict = classes->judge(*life.grading->prompt, life.row.task, *life.grading->climb.policy);
        note_triage(life, verdict);
        life.grading->climb.trial.foresee(verdict.agree);
    }
    life.row.prompt_class = verdict.of;
    life.lane.counters.by_class[static_cast<std::size_t>(verdict.of)].fetch_add(1, std::memory_order_relaxed);
    return verdict;
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
    life.grading = begin_grading(life, course);
    Grading& grading = *life.grading;
    grading.climb.leaving_usd = switch_loss_usd(life);
    grading.prompt = seen_of(life);
    const cascade::PromptClasses::Verdict verdict = sort_prompt(life, *course);
    if (plan.compares_samples()) {
        grading.question = question_of(life);
        grading.rules = plan.cascade->options.agreement.rules_of(life.task_name);
    }
    cascade::Trial& trial = grading.climb.trial;
    cascade::ask_early(plan.ladder, question, grading.climb);
    for (const std::optional<tiers::Climb>& early : grading.climb.early) {
        if (!early) continue;
        LaneCounters& counters = life.lane.counters;
        (early->offer ? counters.student_offers : counters.student_declined).fetch_add(1, std::memory_order_relaxed);
    }
    note_proof(life, grading);
    if (trial.in_force) {
        trial.skipped = grading.climb.policy->skipped(grading.climb.plan, verdict.opens, grading.climb.leaving_usd);
    }
    return toss(life, *life.grading);
}

void conclude_trial(ChatLife& life) {
    const std::unique_ptr<Grading> owned = std::move(life.grading);
    if (!owned) return;
    Grading& grading = *owned;
    const bool by_reference = grading.climb.trial.served == cascade::kReference;
    // Without a whole answer of the reference's there is nothing to compare with, and nobody was served.
    if (by_reference && (!grading.reference || life.row.status != 200)) return;
    if (by_reference) tell_student(life, grading);
    if (!by_reference) take_complaints(life, grading);
    const bool by_student = !by_reference && life.row.tier == store::TierKind::student;
    const auto audit_of_student = [&life](double share) { return student_audit_falls(life, share); };
    const bool graded = by_student ? wants_grading(life, grading, audit_of_student) : wants_grading(life, grading);
    if (!graded) return;
    if (by_student) grading.listener = student_listener(life, tiers::student::LabelWatch::Of::trusted);
    if (!by_reference && life.may_store) grading.keep_reference = keeper_of(life);
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
