#include "gateway/grading.h"

#include <deque>
#include <utility>

#include "gateway/background.h"
#include "gateway/comparison.h"

namespace weir::gateway {

namespace {

constexpr double kNanosPerUsd = 1e9;
constexpr Micros kTrialMicros = 60'000'000;  // one that takes longer would be no good on a caller's path either

// One request's, with the number of answers that are still awaited.
struct Job {
    std::unique_ptr<Grading> of;
    std::size_t awaited = 0;
    tiers::ExactCache::EntryPtr again;  // what the reference said when it was asked once more
    bool unheard = false;               // the gateway ends before a judge could say its word
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace

struct GradingQueue {
    std::deque<JobPtr> waiting;
    std::size_t running = 0;
};

namespace {

void pump(Lane& lane);

void finish(Lane& lane, const JobPtr& job, bool known) {
    cascade::Trial& trial = job->of->climb.trial;
    trial.known = known;
    if (!known) {
        for (cascade::TierTrial& tier : trial.tiers) tier.graded = tier.worse = false;
    }
    if (!job->unheard) lane.shared.cascades.learn(job->of->course, trial, job->of->prompt);
    if (!lane.grading) return;
    --lane.grading->running;
    pump(lane);
}

Comparison comparison_of(const Grading& grading, const std::string& body) {
    return {grading.routes,  grading.plan,   grading.tenant,   grading.climb.trial.task, grading.rules, grading.mode,
            grading.request, grading.system, grading.question, grading.reference->body,  body,          grading.proof};
}

// Each tier's answer beside the reference's.
void compare_all(Lane& lane, const JobPtr& job) {
    Grading& grading = *job->of;
    settle_coins(grading);
    job->awaited = 1;
    const auto one_less = [&lane, job] {
        if (--job->awaited == 0) finish(lane, job, true);
    };
    for (std::size_t number = 0; number < cascade::kMostModelTiers; ++number) {
        cascade::TierTrial& tier = grading.climb.trial.tiers[number];
        const tiers::ExactCache::EntryPtr answer = grading.climb.answers[number];
        if (!tier.asked || !answer) continue;
        tier.graded = true;
        ++job->awaited;
        compare(lane, comparison_of(grading, answer->body), [job, number, one_less](const Outcome& outcome) {
            job->unheard = job->unheard || outcome.unheard;
            job->of->climb.trial.tiers[number].worse = outcome.worse;
            one_less();
        });
    }
    if (job->again) {
        ++job->awaited;
        const std::uint64_t task = grading.climb.trial.task;
        compare(lane, comparison_of(grading, job->again->body), [&lane, task, one_less](const Outcome& outcome) {
            if (outcome.unheard) {
                lane.shared.agreements->give_repeat_back(task);
            } else {
                lane.shared.agreements->repeated(task, outcome.worse);
            }
            one_less();
        });
    }
    one_less();
}

BackgroundCall background_call(const Grading& grading, store::Purpose purpose) {
    BackgroundCall call;
    call.purpose = purpose;
    call.routes = grading.routes;
    call.plan = grading.plan;
    call.tenant = grading.tenant;
    call.task = grading.climb.trial.task;
    call.mode = grading.mode;
    call.body = grading.body;
    call.proof = grading.proof;
    return call;
}

// What a tier said in a trial.
void take_answer(Grading& grading, std::size_t number, std::shared_ptr<tiers::CacheEntry> fresh) {
    const auto read = wire::read_chat_answer(fresh->body);
    if (!read) return;
    const wire::AnswerFlaw flaw = wire::flaw_of(grading.response_format, *read, fresh->body);
    grading.climb.trial.tiers[number] = cascade::trial_of(*read, flaw, fresh->cost);
    if (flaw == wire::AnswerFlaw::none) grading.climb.answers[number] = std::move(fresh);
}

// The hold-out is a random sample of a task's requests, and bounds what asking twice costs: a new task, of which all
// requests are tried in full, is left alone.
bool wants_repeat(Lane& lane, const Grading& grading) {
    const bool held_out = grading.climb.trial.everything && grading.climb.plan.everything < 1;
    return held_out && grading.reference &&
           lane.shared.agreements->take_repeat(grading.climb.trial.task,
                                               grading.plan->cascade->options.agreement.repeat);
}

void start(Lane& lane, const JobPtr& job) {
    Grading& grading = *job->of;
    ++lane.grading->running;
    job->awaited = 1;
    const auto one_less = [&lane, job] {
        if (--job->awaited > 0) return;
        if (job->of->reference) {
            compare_all(lane, job);
        } else {
            finish(lane, job, false);
        }
    };
    if (!grading.reference) {
        BackgroundCall call = background_call(grading, store::Purpose::audit);
        call.then = [job, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (fresh) job->of->climb.trial.reference_usd = static_cast<double>(fresh->cost.nanos) / kNanosPerUsd;
            if (fresh && job->of->keep_reference) job->of->keep_reference(fresh);
            job->of->reference = std::move(fresh);
            one_less();
        };
        ++job->awaited;
        if (ask_in_background(lane, std::move(call))) {
            lane.counters.audits.fetch_add(1, std::memory_order_relaxed);
        } else {
            --job->awaited;
        }
    }
    if (wants_repeat(lane, grading)) {
        BackgroundCall call = background_call(grading, store::Purpose::audit);
        call.then = [&lane, job, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (!fresh) lane.shared.agreements->give_repeat_back(job->of->climb.trial.task);
            job->again = std::move(fresh);
            one_less();
        };
        ++job->awaited;
        if (!ask_in_background(lane, std::move(call))) {
            lane.shared.agreements->give_repeat_back(grading.climb.trial.task);
            --job->awaited;
        }
    }
    for (std::size_t number = 0; number < grading.plan->ladder_models.size(); ++number) {
        if (!grading.to_ask[number]) continue;
        BackgroundCall call = background_call(grading, store::Purpose::trial);
        call.target = grading.plan->ladder_models[number];
        call.logprobs = true;
        call.timeout_micros = kTrialMicros;
        call.whole_answers = false;  // what is no answer is told to the learner as well
        call.then = [job, number, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (fresh) take_answer(*job->of, number, std::move(fresh));
            one_less();
        };
        ++job->awaited;
        if (!ask_in_background(lane, std::move(call))) --job->awaited;
    }
    one_less();
}

void pump(Lane& lane) {
    while (lane.grading && lane.grading->running < kMostGraded && !lane.grading->waiting.empty()) {
        const JobPtr next = std::move(lane.grading->waiting.front());
        lane.grading->waiting.pop_front();
        start(lane, next);
    }
}

}  // namespace

void grade(Lane& lane, std::unique_ptr<Grading> grading) {
    if (lane.background_closed) return;
    if (!lane.grading) lane.grading = std::make_shared<GradingQueue>();
    if (lane.grading->waiting.size() >= kMostWaitingToBeGraded) {
        lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
        lane.shared.cascades.learn(grading->course, grading->climb.trial, grading->prompt);
        return;
    }
    auto job = std::make_shared<Job>();
    job->of = std::move(grading);
    lane.grading->waiting.push_back(std::move(job));
    pump(lane);
}

}  // namespace weir::gateway
