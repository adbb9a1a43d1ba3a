#include "gateway/grading.h"

#include <deque>
#include <utility>

#include "gateway/background.h"
#include "gateway/comparison.h"
#include "gateway/inference.h"
#include "gateway/trial_coins.h"
#include "wire/verification.h"

namespace weir::gateway {

namespace {

constexpr Micros kTrialMicros = 60'000'000;  // one that takes longer would be no good on a caller's path either

// One request's, with the number of answers that are still awaited.
struct Job {
    std::unique_ptr<Grading> of;
    std::size_t awaited = 0;
    tiers::ExactCache::EntryPtr again;  // what the reference said when it was asked once more
    // What each tier said when it was asked; several times where its samples are its evidence.
    std::array<std::vector<std::shared_ptr<tiers::CacheEntry>>, cascade::kMostModelTiers> said;
    std::array<std::optional<double>, cascade::kMostModelTiers> right;  // what it says of its answer
    std::array<Usd, cascade::kMostModelTiers> verified_for;             // what that cost
    std::array<bool, cascade::kMostModelTiers> left_out{};              // some of its samples, by Weir itself
    bool unheard = false;  // the gateway ends before a judge could say its word
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
    if (!job->unheard) lane.shared.cascades.learn(job->of->course, trial, job->of->prompt, job->of->turn);
    if (!lane.grading) return;
    --lane.grading->running;
    pump(lane);
}

Comparison comparison_of(const Grading& grading, const std::string& body) {
    return {grading.routes,  grading.plan,   grading.tenant,   grading.climb.trial.task, grading.rules, grading.mode,
            grading.request, grading.system, grading.question, grading.reference->body,  body,          grading.proof,
            grading.payer,   grading.origin};
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
    call.origin = grading.origin;
    call.body = grading.body;
    call.tail = grading.tail;
    call.json_bytes = grading.json_bytes;
    call.proof = grading.proof;
    call.payer = grading.payer;
    return call;
}

tiers::Gathering gathering_of(const Grading& grading, std::size_t number) {
    const auto& gathers = grading.plan->ladder_gathers;
    return number < gathers.size() ? gathers[number] : tiers::Gathering{};
}

// Nothing where it is no answer.
std::string sound_body(const Grading& grading, const std::shared_ptr<tiers::CacheEntry>& answer) {
    const auto read = answer ? wire::read_chat_answer(answer->body) : tl::unexpected(Error{});
    const bool sound = read && wire::flaw_of(grading.response_format, *read, answer->body) == wire::AnswerFlaw::none;
    return sound ? answer->body : std::string();
}

// What a tier said in a trial: the same as on a caller's path (tiers/model/model_tier.h).
void take_answer(Job& job, std::size_t number) {
    Grading& grading = *job.of;
    const std::vector<std::shared_ptr<tiers::CacheEntry>>& said = job.said[number];
    if (said.empty() || !said.front() || job.left_out[number]) return;
    tiers::CacheEntry& first = *said.front();
    if (grading.plan->inference != nullptr) {
        note_inference_answer(*grading.plan, number, first.body, first.cost, grading.climb.trial.tiers[number]);
        grading.climb.answers[number] = said.front();
        return;
    }
    const auto read = wire::read_chat_answer(first.body);
    if (!read) return;
    Usd cost = job.verified_for[number];
    std::vector<std::string> others;
    for (std::size_t sample = 0; sample < said.size(); ++sample) {
        if (said[sample]) cost += said[sample]->cost;
        if (sample > 0) others.push_back(sound_body(grading, said[sample]));
    }
    const wire::AnswerFlaw flaw = wire::flaw_of(grading.response_format, *read, first.body);
    cascade::TierTrial& trial = grading.climb.trial.tiers[number];
    cascade::note_answer(*read, flaw, cost, trial);
    if (flaw != wire::AnswerFlaw::none) return;
    cascade::note_agreement(first.body, others, {grading.question, grading.rules}, trial);
    if (gathering_of(grading, number).verify) cascade::note_verification(job.right[number], trial);
    grading.climb.answers[number] = said.front();
}

// The hold-out is a random sample of a task's requests, and bounds what asking twice costs: a new task, of which all
// requests are tried in full, is left alone.
bool wants_repeat(Lane& lane, const Grading& grading) {
    const bool held_out = grading.climb.trial.everything && grading.climb.plan.everything < 1;
    return held_out && grading.reference &&
           lane.shared.agreements->take_repeat(grading.climb.trial.task,
                                               grading.plan->cascade->options.agreement.repeat);
}

// Asks the tier about its answer, where that is one.
void ask_about_answer(Lane& lane, const JobPtr& job, std::size_t number, const std::function<void()>& one_less) {
    const Grading& grading = *job->of;
    const std::string answer = sound_body(grading, job->said[number].front());
    std::string param;
    const auto chat = wire::parse_chat_request(grading.body, param);
    if (answer.empty() || !chat) return;
    const auto body = wire::render_verification(*chat, grading.plan->ladder_models[number]->upstream_name, answer);
    if (!body) return;
    BackgroundCall call = background_call(grading, store::Purpose::trial);
    call.target = grading.plan->ladder_models[number];
    call.body = *body;
    call.timeout_micros = kTrialMicros;
    call.whole_answers = false;  // one token
    call.then = [job, number, one_less](const std::shared_ptr<tiers::CacheEntry>& fresh) {
        if (fresh) job->right[number] = wire::read_verification(fresh->body);
        if (fresh) job->verified_for[number] = fresh->cost;
        one_less();
    };
    ++job->awaited;
    if (ask_in_background(lane, std::move(call))) return;
    --job->awaited;
    job->said[number].clear();  // Weir left it out: that tells nothing of the tier
}

void ask_tier(Lane& lane, const JobPtr& job, std::size_t number, const std::function<void()>& one_less) {
    const Grading& grading = *job->of;
    const tiers::Gathering gathers = gathering_of(grading, number);
    // A sample that Weir itself leaves out would tell against the tier: all of them are asked, or none.
    if (gathers.samples > 1 && background_room(lane) < gathers.samples) {
        lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    job->said[number].resize(gathers.samples);
    for (std::size_t sample = 0; sample < gathers.samples; ++sample) {
        BackgroundCall call = background_call(grading, store::Purpose::trial);
        call.target = grading.plan->ladder_models[number];
        if (!grading.shown[number].empty()) call.body = grading.shown[number];
        call.logprobs = gathers.by_logprobs();
        call.vary = sample > 0;
        call.timeout_micros = kTrialMicros;
        call.whole_answers = false;  // what is no answer is told to the learner as well
        call.then = [&lane, job, number, sample, gathers, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            job->said[number][sample] = std::move(fresh);
            if (gathers.verify) ask_about_answer(lane, job, number, one_less);
            one_less();
        };
        ++job->awaited;
        if (ask_in_background(lane, std::move(call))) continue;
        --job->awaited;
        job->left_out[number] = true;  // by a budget
        return;
    }
}

// How many calls it is going to make at once.
std::size_t calls_of(const Grading& grading) {
    std::size_t calls = grading.reference ? 0 : 1;
    for (std::size_t number = 0; number < grading.plan->ladder_models.size(); ++number) {
        if (grading.to_ask[number] && grading.plan->ladder_models[number])
            calls += gathering_of(grading, number).samples;
    }
    return calls;
}

void start(Lane& lane, const JobPtr& job) {
    Grading& grading = *job->of;
    ++lane.grading->running;
    job->awaited = 1;
    const auto one_less = [&lane, job] {
        if (--job->awaited > 0) return;
        for (std::size_t number = 0; number < job->said.size(); ++number) {
            take_answer(*job, number);
        }
        if (job->of->reference) {
            compare_all(lane, job);
        } else {
            finish(lane, job, false);
        }
    };
    if (!grading.reference) {
        BackgroundCall call = background_call(grading, store::Purpose::audit);
        call.then = [job, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (fresh) job->of->climb.trial.reference_usd = to_dollars(fresh->cost);
            if (fresh && job->of->listener) job->of->listener(fresh->body);
            if (fresh && job->of->keep_reference) job->of->keep_reference(fresh);
            if (fresh && job->of->keep_example) job->of->keep_example(fresh->body, false);
            job->of->reference = std::move(fresh);
            one_less();
        };
        ++job->awaited;
        if (ask_in_background(lane, std::move(call))) {
            lane.counters.tier_audits.fetch_add(1, std::memory_order_relaxed);
        } else {
            --job->awaited;
        }
    }
    if (wants_repeat(lane, grading)) {
        BackgroundCall call = background_call(grading, store::Purpose::audit);
        call.then = [&lane, job, one_less](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (!fresh) lane.shared.agreements->give_repeat_back(job->of->climb.trial.task);
            if (fresh && job->of->keep_example) job->of->keep_example(fresh->body, true);
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
        // A student was asked before.
        if (grading.to_ask[number] && grading.plan->ladder_models[number]) ask_tier(lane, job, number, one_less);
    }
    one_less();
}

void pump(Lane& lane) {
    while (lane.grading && lane.grading->running < kMostGraded && !lane.grading->waiting.empty()) {
        const Grading& first = *lane.grading->waiting.front()->of;
        if (lane.grading->running > 0 && calls_of(first) > background_room(lane)) return;
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
