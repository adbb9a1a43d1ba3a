// Learns by task from what the semantic tier saw and what came of it, off every request's path: a miss brings a fresh
// answer that is compared with the candidates' answers, an audited hit too, feedback as well. Where the form of two
// answers does not tell, whoever can tell more is asked (arbiter.h) about the pair that matters: that of the best
// candidate; the lesson waits for the word, and without one the answers count as different. The verifier is fitted
// anew as labels grow, the threshold certified (tiers/semantic_cache/online_learner.h, learn/hit_gate.h); both are
// handed to the tier through TaskJudges. A certificate is for one promise: where a task's promise changes, a new pupil
// takes over what the old one was shown and begins anew with the proof (two cascades that share a task, but not the
// promise, each have one; the tier goes by the one heard of last). What was learned from is kept in a log, so that a
// restart forgets nothing but lessons that a kill found waiting.
// Thread rule: one a process, with a thread of its own; everything else from any thread, without waiting. The
// destructor waits for the lesson under way (seconds, where it brings a fit) and Options::stop_micros at most.
// Limits: Options; kMostWaiting misses, and as many audits, wait for a word; beyond kMostTasks the task unheard of for
// longest is forgotten (its lessons stay in the log).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "cascade/arbiter.h"
#include "store/record_log.h"
#include "tiers/exact_cache/exact_cache.h"
#include "tiers/semantic_cache/online_learner.h"
#include "tiers/semantic_cache/semantic_tier.h"

namespace weir::cascade {

// The log of what was learned, in that file.
store::RecordLog::Options lesson_log(const std::string& file);

class SemanticLearner {
  public:
    static constexpr std::size_t kMostTasks = 64;
    static constexpr std::size_t kMostWaiting = 64;
    // Misses whose best candidate scores below are not asked about. What has one chance in ten of being right is served
    // under no promise that can be given (50 % at most), and would be right seldom enough that its label teaches
    // little; the share of misses above is what a judge's price is paid for (figures: docs/decisions.md).
    static constexpr double kAskedScore = 0.1;

    struct Options {
        std::string file;                 // of lessons; empty: nothing is kept over a restart
        std::size_t queue_most = 4'096;   // lessons waiting; more are dropped (counted)
        std::size_t most_pairs = 20'000;  // a task; about 0.5 KB each
        Micros word_micros = 60'000'000;  // how long a lesson waits for the arbiter's word
        Micros stop_micros = 2'000'000;   // for labelling and writing what waits when it ends; the rest is dropped
        tiers::semantic::OnlineLearner::Options learner;
    };
    // What a task's gate has to keep: of its cascade.
    struct Promise {
        double false_share = 0.02;
        double confidence = 0.95;
        double audit_share = 0.05;   // of hits
        double prior_threshold = 2;  // until there is proof

        tiers::semantic::HitPromise bound() const { return {false_share, confidence}; }
    };

    // `judges` and `cache` outlive it. Errors: those of the log.
    static Result<std::unique_ptr<SemanticLearner>> start(const Options& options, tiers::semantic::TaskJudges& judges,
                                                          const tiers::ExactCache& cache);
    ~SemanticLearner();
    SemanticLearner(const SemanticLearner&) = delete;

    using LookPtr = std::shared_ptr<const tiers::semantic::Look>;
    using EntryPtr = tiers::ExactCache::EntryPtr;

    // A look-up that was served and not chosen for an audit.
    void served(LookPtr look, const Promise& promise);
    // A look-up whose question the reference answered after all: `audit_share` is the probability with which a served
    // one was chosen; nothing: it was not served. `arbiter` (may be null) calls back as long as the learner lives, and
    // not after.
    void answered(LookPtr look, const Promise& promise, EntryPtr fresh, std::optional<double> audit_share,
                  ArbiterPtr arbiter = nullptr);
    // Somebody says that the answer of `served` (one of look->seen) was wrong, or right, for this look-up's question.
    // Wrong counts like an audit; right is a label, but no evidence for the promise: people tell what they like to
    // tell.
    void judged_by_people(LookPtr look, const Promise& promise, const Digest256& served, bool wrong);

    // What a task has learned, for reports and tests.
    struct View {
        std::uint64_t task = 0;
        std::size_t labels = 0, fits = 0;
        std::uint64_t proofs = 0, closures = 0, audits = 0, audits_wrong = 0;
        double threshold = 0;
        learn::HitGate::State state = learn::HitGate::State::prior;
    };
    std::vector<View> views() const;
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    // Lessons that an arbiter was asked about, those of them that got no word, and misses not asked about.
    std::uint64_t asked() const { return asked_.load(std::memory_order_relaxed); }
    std::uint64_t unanswered() const { return unanswered_.load(std::memory_order_relaxed); }
    std::uint64_t passed_over() const { return passed_over_.load(std::memory_order_relaxed); }
    void wait_until_idle();  // for tests and shutdown: until nothing waits for anything

  private:
    struct Lesson {
        LookPtr look;
        Promise promise;
        EntryPtr fresh;  // null: see `verdict`
        std::optional<double> audit_share;
        bool by_people = false;
        std::vector<std::int8_t> right;  // of look->seen: 1, 0, -1 not known; empty: nothing was compared yet
        bool from_log = false;
        ArbiterPtr arbiter;
    };
    // A lesson that waits for a word about its best candidate.
    struct Waiting {
        Lesson lesson;
        std::size_t best = 0;
        // If the best candidate's answer agrees: what is known then of others that could be right as well, and whose
        // answers did not tell themselves.
        std::vector<std::pair<std::size_t, std::int8_t>> if_agreed;
        std::chrono::steady_clock::time_point until;
    };
    struct Word {
        std::uint64_t number = 0;  // of the waiting lesson
        Agreed agreed = Agreed::undecided;
    };
    struct Pupil {
        std::uint64_t task = 0;
        tiers::semantic::HitPromise promise;
        double prior_threshold = 2;
        tiers::semantic::OnlineLearner learner;
        std::shared_ptr<const tiers::semantic::Verifier> verifier;  // as of the last fit
        std::shared_ptr<const tiers::semantic::WordRarity> rarity;  // null: the verifier's own
        bool needs_words = false;                                   // answers whose form does not tell have been seen
    };
    struct Candidates;  // of a look-up, judged

    SemanticLearner(const Options& options, tiers::semantic::TaskJudges& judges, const tiers::ExactCache& cache);
    void push(Lesson lesson);
    void run();
    Pupil& pupil(std::uint64_t task, const Promise& promise);
    void forget(std::list<Pupil>::iterator pupil);
    void keep_waiting();
    std::optional<std::string> answer_of(const Lesson& lesson, std::size_t seen) const;
    std::int8_t compare(const Lesson& lesson, const std::optional<std::string>& fresh, std::size_t seen,
                        std::int8_t open) const;
    void judge(const tiers::semantic::Look& look, const Pupil& pupil, Candidates& to) const;
    bool wait_for_word(Lesson& lesson);
    void take_word(const Word& word);
    void give_up_oldest();
    void label(Lesson& lesson, std::int8_t open) const;
    void take(Lesson& lesson);
    void teach(Lesson& lesson);
    void learn(Lesson& lesson, Pupil& pupil);
    void publish(Pupil& pupil, bool refitted);
    void keep(const Lesson& lesson);
    void replay_log();
    std::optional<Lesson> read_lesson(std::string_view record) const;

    const Options options_;
    tiers::semantic::TaskJudges& judges_;
    const tiers::ExactCache& cache_;
    std::unique_ptr<store::RecordLog> log_;
    std::vector<std::string> recorded_;  // read at start, replayed by the thread

    // The thread's own.
    std::list<Pupil> pupils_;                   // last heard of first; one for each task and promise
    std::map<std::uint64_t, Waiting> waiting_;  // by number: oldest first
    std::uint64_t last_number_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Lesson> queue_;
    std::deque<Word> words_;
    std::size_t waiting_now_ = 0;
    std::unordered_map<std::uint64_t, View> views_;  // as of each task's last lesson
    bool busy_ = true, stop_ = false;
    std::atomic<std::uint64_t> dropped_{0}, asked_{0}, unanswered_{0}, passed_over_{0};
    std::thread thread_;  // the last member
};

}  // namespace weir::cascade
