#include "tiers/semantic_cache/semantic_tier.h"

#include <algorithm>
#include <deque>

#include "tiers/reason_words.h"

namespace weir::tiers {

using semantic::kDenseSpace;
using semantic::kHashingSpace;
using semantic::kLooked;

struct SemanticTier::Work {
    std::shared_ptr<semantic::TaskCounters> counters;
    std::shared_ptr<const semantic::TaskJudge> task;
    semantic::Question asked;
    std::shared_ptr<semantic::Look> look = std::make_shared<semantic::Look>();
    std::vector<semantic::Found> found;
    std::deque<semantic::Question> questions;  // of `found`, as far as they were read; addresses stay
    std::vector<semantic::Candidate> candidates;
    semantic::Match match;
    double threshold = 0;
};

void SemanticTier::find(Work& work, const Question& question) const {
    parts_.memory.index().candidates(question.partition, work.look->bag, work.look->vectors, kLooked, work.found);
    work.questions.clear();
    work.candidates.clear();
    const bool dense = !work.look->vectors[kDenseSpace].empty();
    for (std::size_t i = 0; i < work.found.size(); ++i) {
        work.questions.push_back(semantic::read_question(work.found[i].question));
        semantic::Similarities similarities;
        similarities.hashing = work.found[i].similarity[kHashingSpace];
        const float cosine = work.found[i].similarity[kDenseSpace];
        if (dense && cosine != 0) similarities.dense = cosine;
        work.candidates.push_back({i, &work.questions.back(), similarities, work.found[i].answer});
    }
    const double prior = dense ? rules_.prior_dense : rules_.prior_plain;
    work.threshold = std::max(work.task->threshold.value_or(prior), question.least_score);
    judge(work);
}

void SemanticTier::judge(Work& work) const {
    const semantic::Matcher matcher(*work.task->verifier, work.task->words());
    work.match = matcher.judge(work.candidates, work.asked, {work.threshold, rules_.same_history});
}

Task<void> SemanticTier::add_dense(Work& work, const Question& question) const {
    const std::string traceparent = question.traceparent();
    Result<embed::Vector> vector = co_await parts_.dense->embed(question.text, traceparent);
    if (!vector) co_return;  // the endpoint is down or the text too long: what the words say has to do
    work.look->vectors[kDenseSpace] = embed::Int8Vector(*vector);
    find(work, question);
}

Task<ExactCache::EntryPtr> SemanticTier::fetch(const Digest256& key, const Question& question,
                                               store::Unusable& why) const {
    bool maybe_on_disk = false;
    ExactCache::EntryPtr entry = parts_.cache.lookup_memory(key, maybe_on_disk);
    if (!entry && maybe_on_disk) entry = co_await parts_.cache.lookup(key, parts_.executor);
    if (!entry) {
        parts_.memory.remove(key);
        why = store::Unusable::gone;
        co_return nullptr;
    }
    const EntryState state = parts_.entries.judge(key, *entry, question.max_age);
    if (state == EntryState::voided) parts_.memory.remove(key);
    if (state != EntryState::fresh) {
        why = state == EntryState::stale     ? store::Unusable::stale
              : state == EntryState::expired ? store::Unusable::expired
                                             : store::Unusable::purged;
        co_return nullptr;
    }
    // The entry says itself whose it is: nothing is served on the index's word alone.
    if (entry->provenance.tenant != question.tenant || entry->provenance.partition != question.partition) {
        parts_.memory.remove(key);
        why = store::Unusable::anothers;
        co_return nullptr;
    }
    co_return entry;
}

// From the best candidate whose answer can be used. The others before it were not there as far as learning goes: what
// they say now may differ for their age alone.
Task<void> SemanticTier::make_offer(Work& work, const Question& question, Climb& climb) const {
    std::string passed;
    for (int fetched = 0; fetched < kFetched && work.match.serve; ++fetched) {
        store::Unusable unusable = store::Unusable::unknown;
        const Digest256 key = work.found[work.match.entry].key;
        ExactCache::EntryPtr entry = co_await fetch(key, question, unusable);
        if (entry) {
            parts_.memory.used(question.partition, key);
            climb.offer.emplace();
            climb.offer->answer = std::move(entry);
            climb.offer->answer_key = key;
            climb.offer->score = work.match.score;
            climb.offer->threshold = work.threshold;
            climb.offer->because = work.match.because(work.threshold);
            if (question.debug || !passed.empty())
                climb.offer->why = passed + work.match.reason(work.threshold, question.debug);
            co_return;
        }
        climb.because = store::Reason::of(store::Said::passed_over, static_cast<std::uint8_t>(unusable));
        passed += words_of(climb.because, store::StepVerdict::declined) + "; ";
        const auto at = static_cast<std::ptrdiff_t>(work.match.candidate);
        work.candidates.erase(work.candidates.begin() + at);
        work.look->seen.erase(work.look->seen.begin() + at);
        judge(work);
        work.look->let_through = work.match.judged();
    }
    if (work.match.serve) {
        passed.resize(passed.size() - 2);  // there are more, but enough were fetched
        climb.reason = std::move(passed);
    } else {
        climb.because = work.match.because(work.threshold);
        if (question.debug || !passed.empty()) {
            climb.reason = passed + work.match.reason(work.threshold, question.debug);
        }
    }
}

Task<Climb> SemanticTier::offer(const Question& question, Cancellation& cancellation) {
    Climb climb;
    climb.attempt.tier = store::TierKind::semantic;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.priced = true;  // a look-up costs nothing that is billed
    if (!question.may_look_up || question.text.empty() || question.text.size() > semantic::kQuestionBytesMost) {
        climb.because = question.may_look_up ? store::Reason::of(store::Said::no_question)
                                             : store::Reason::of(question.not_looked_up, question.not_looked_up_detail);
        co_return climb;
    }
    Work work;
    work.counters = parts_.judges.of(question.task);
    if (!semantic::TaskJudges::pays(*work.counters)) {
        climb.because = store::Reason::of(store::Said::off_for_task);
        co_return climb;
    }
    const Micros begun = parts_.clock.steady_micros();
    work.task = work.counters->judge.load();
    if (!work.task->holds_for(question.task, rules_.promise)) work.task = parts_.judges.shipped();
    work.asked = semantic::read_question(question.text);
    work.look->task = question.task;
    work.look->asked = question.text;
    work.look->bag = semantic::stem_bag(work.asked.content);
    work.look->vectors[kHashingSpace] = embed::Int8Vector(parts_.hashing.embed_now(work.asked.words));
    find(work, question);
    Micros computed = parts_.clock.steady_micros() - begun;
    const bool certain = work.match.serve && work.match.stage == semantic::MatchStage::explained;
    if (parts_.dense != nullptr && !certain) {
        co_await add_dense(work, question);
        if (cancellation.canceled()) co_return climb;
    }
    work.look->let_through = work.match.judged();
    for (std::size_t i = 0; i < work.found.size(); ++i) {
        work.look->seen.push_back(
            {work.found[i].key, work.found[i].question, work.candidates[i].similarities, work.found[i].answer});
    }
    climb.attempt.evidence = static_cast<float>(work.match.score);
    co_await make_offer(work, question, climb);
    climb.look = std::move(work.look);
    const Micros taken = parts_.clock.steady_micros() - begun;
    work.counters->look_ups.fetch_add(1, std::memory_order_relaxed);
    work.counters->look_up_micros.fetch_add(std::min(computed, taken), std::memory_order_relaxed);
    climb.attempt.latency_micros = static_cast<std::int32_t>(taken);
    co_return climb;
}

}  // namespace weir::tiers
