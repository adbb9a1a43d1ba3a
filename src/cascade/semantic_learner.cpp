#include "cascade/semantic_learner.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/log.h"
#include "cascade/agreement.h"
#include "cascade/audit_rate.h"
#include "learn/model_bytes.h"
#include "tiers/semantic_cache/matcher.h"
#include "wire/answer_text.h"

namespace weir::cascade {

namespace semantic = tiers::semantic;

namespace {

constexpr std::int8_t kUnknown = -1;
// From this promise on a task's own labels may overrule the guards: rules that are right nine times in ten do not help
// any more.
constexpr double kLoosePromise = 0.1;
constexpr std::size_t kMostSeen = 64;
constexpr std::uint8_t kLessonVersion = 2, kLessonVersionWithoutAnswers = 1;
constexpr double kMostStoodFor = 50;        // hits that an audited one from the log stands for
constexpr double kLeastAuditShare = 0.001;  // a smaller one counts as this
// In the log, in place of the share of audits:
constexpr double kNoAudit = -1, kPraise = -2;  // a miss; people say that it was right

bool has_labels(const std::vector<std::int8_t>& right) {
    return std::any_of(right.begin(), right.end(), [](std::int8_t one) { return one != kUnknown; });
}

bool is_between(double value, double least, double most) {
    return value >= least && value <= most;  // false for what is no number
}

bool is_sound(const SemanticLearner::Promise& promise) {
    return promise.false_share > 0 && promise.false_share < 1 && promise.confidence > 0 && promise.confidence < 1 &&
           is_between(promise.audit_share, 0, 1) && is_between(promise.prior_threshold, 0, 2);
}

bool is_sound(const semantic::Similarities& similarities) {
    constexpr double kMost = 1.1;  // cosines of rounded vectors
    return is_between(similarities.hashing, -kMost, kMost) &&
           (std::isnan(similarities.dense) || is_between(similarities.dense, -kMost, kMost));
}

}  // namespace

store::RecordLog::Options lesson_log(const std::string& file) {
    store::RecordLog::Options log;
    log.file = file;
    log.name = "lessons";
    return log;
}

SemanticLearner::SemanticLearner(const Options& options, semantic::TaskJudges& judges, const tiers::ExactCache& cache)
    : options_(options), judges_(judges), cache_(cache) {}

Result<std::unique_ptr<SemanticLearner>> SemanticLearner::start(const Options& options, semantic::TaskJudges& judges,
                                                                const tiers::ExactCache& cache) {
    std::unique_ptr<SemanticLearner> learner(new SemanticLearner(options, judges, cache));
    if (!options.file.empty()) {
        auto opened = store::RecordLog::open(lesson_log(options.file),
                                             [&](std::string_view record) { learner->recorded_.emplace_back(record); });
        if (!opened) return tl::unexpected(opened.error());
        learner->log_ = std::move(*opened);
    }
    learner->thread_ = std::thread([self = learner.get()] { self->run(); });
    return learner;
}

SemanticLearner::~SemanticLearner() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void SemanticLearner::push(Lesson lesson) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= options_.queue_most) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue_.push_back(std::move(lesson));
    }
    changed_.notify_all();
}

void SemanticLearner::served(LookPtr look, const Promise& promise) {
    Lesson lesson;
    lesson.look = std::move(look);
    lesson.promise = promise;
    push(std::move(lesson));
}

void SemanticLearner::answered(LookPtr look, const Promise& promise, EntryPtr fresh, std::optional<double> audit_share,
                               ArbiterPtr arbiter) {
    if (!look->let_through) return;
    Lesson lesson;
    lesson.look = std::move(look);
    lesson.promise = promise;
    lesson.fresh = std::move(fresh);
    lesson.arbiter = std::move(arbiter);
    if (audit_share) lesson.audit_share = std::clamp(*audit_share, kLeastAuditShare, 1.0);
    push(std::move(lesson));
}

void SemanticLearner::judged_by_people(LookPtr look, const Promise& promise, const Digest256& served, bool wrong) {
    Lesson lesson;
    for (const semantic::Look::Seen& seen : look->seen) {
        lesson.right.push_back(seen.key != served ? kUnknown : wrong ? std::int8_t{0} : std::int8_t{1});
    }
    if (!has_labels(lesson.right)) return;
    lesson.look = std::move(look);
    lesson.promise = promise;
    lesson.by_people = true;
    if (wrong) lesson.audit_share = std::clamp(promise.audit_share, kLeastAuditShare, 1.0);
    push(std::move(lesson));
}

void SemanticLearner::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.empty() && words_.empty() && waiting_now_ == 0 && !busy_; });
}

void SemanticLearner::run() {
    replay_log();
    std::unique_lock lock(mutex_);
    while (true) {
        busy_ = false;
        waiting_now_ = waiting_.size();
        changed_.notify_all();
        const auto something = [this] { return stop_ || !queue_.empty() || !words_.empty(); };
        if (waiting_.empty()) {
            changed_.wait(lock, something);
        } else {
            changed_.wait_until(lock, waiting_.begin()->second.until, something);
        }
        if (stop_) break;
        busy_ = true;
        if (!words_.empty()) {
            const Word word = words_.front();
            words_.pop_front();
            lock.unlock();
            take_word(word);
        } else if (!waiting_.empty() && waiting_.begin()->second.until <= std::chrono::steady_clock::now()) {
            lock.unlock();
            give_up_oldest();
        } else if (!queue_.empty()) {
            Lesson lesson = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            take(lesson);
        } else {
            continue;
        }
        lock.lock();
    }
    lock.unlock();
    keep_waiting();
}

// At the end: what still waits is labelled and written, to be learned from at the next start; not what an arbiter would
// have to be asked about, or has been: that the process ends says nothing against an answer.
void SemanticLearner::keep_waiting() {
    if (!log_) return;
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.stop_micros);
    std::size_t lost = 0;
    for (Lesson& lesson : queue_) {
        if (!lesson.fresh && !lesson.by_people) continue;  // says nothing about what is right
        if (std::chrono::steady_clock::now() >= end) {
            ++lost;
            continue;
        }
        label(lesson, lesson.arbiter ? kUnknown : std::int8_t{0});
        if (has_labels(lesson.right)) keep(lesson);
    }
    if (lost == 0) return;
    dropped_.fetch_add(lost, std::memory_order_relaxed);
    log_warning("semantic cache: " + std::to_string(lost) + " lessons could not be kept in time at the end");
}

SemanticLearner::Pupil& SemanticLearner::pupil(std::uint64_t task, const Promise& promise) {
    const semantic::HitPromise bound = promise.bound();
    auto before = pupils_.end();  // of the same task, under another promise
    for (auto one = pupils_.begin(); one != pupils_.end(); ++one) {
        if (one->task != task) continue;
        if (one->promise == bound) {
            pupils_.splice(pupils_.begin(), pupils_, one);
            return pupils_.front();
        }
        if (before == pupils_.end()) before = one;
    }
    semantic::OnlineLearner::Options options = options_.learner;
    options.gate.promise = promise.false_share;
    options.gate.alpha = 1 - promise.confidence;
    options.gate.prior_threshold = promise.prior_threshold;
    options.rules_are_final = promise.false_share < kLoosePromise;
    options.gate.certain = semantic::kCertain;
    options.gate.least_audit = std::max(kLeastAuditShare, promise.audit_share);
    options.most_pairs = options_.most_pairs;
    const std::shared_ptr<const semantic::Verifier>& shipped = judges_.shipped()->verifier;
    pupils_.push_front(
        {task, bound, promise.prior_threshold, semantic::OnlineLearner(shipped, options), shipped, nullptr, false});
    if (before != pupils_.end()) pupils_.front().learner.take_over(before->learner);
    if (pupils_.size() > kMostTasks) forget(std::prev(pupils_.end()));
    return pupils_.front();
}

// Its judge stays as it is: what was certified still holds, nothing more is learned.
void SemanticLearner::forget(std::list<Pupil>::iterator pupil) {
    const std::uint64_t task = pupil->task;
    pupils_.erase(pupil);
    if (std::any_of(pupils_.begin(), pupils_.end(), [&](const Pupil& other) { return other.task == task; })) return;
    const std::lock_guard lock(mutex_);
    views_.erase(task);
}

std::optional<std::string> SemanticLearner::answer_of(const Lesson& lesson, std::size_t seen) const {
    const EntryPtr cached = cache_.peek(lesson.look->seen[seen].key);
    return cached ? wire::answer_text(cached->body) : std::nullopt;  // else: on disk alone, or gone
}

// 1: the cached answer says what the fresh one says; 0: something else; kUnknown; `open` where their form does not
// tell.
std::int8_t SemanticLearner::compare(const Lesson& lesson, const std::optional<std::string>& fresh, std::size_t seen,
                                     std::int8_t open) const {
    if (!fresh) return kUnknown;
    const std::optional<std::string> text = answer_of(lesson, seen);
    if (!text) return kUnknown;
    const Agreed agreed = agreement(lesson.look->asked, *text, *fresh).result;
    return agreed == Agreed::agree ? std::int8_t{1} : agreed == Agreed::differ ? std::int8_t{0} : open;
}

// What can't be told to agree counts as different, as a rule: the promise is on disagreement. Likeness of words is no
// evidence (answers of one style share most of theirs).
void SemanticLearner::label(Lesson& lesson, std::int8_t open) const {
    if (!lesson.fresh || !lesson.right.empty()) return;
    const std::optional<std::string> fresh = wire::answer_text(lesson.fresh->body);
    for (std::size_t i = 0; i < lesson.look->seen.size(); ++i) lesson.right.push_back(compare(lesson, fresh, i, open));
}

struct SemanticLearner::Candidates {
    semantic::Question asked;
    std::deque<semantic::Question> questions;  // addresses stay
    std::vector<semantic::JudgedPair> pairs;
    semantic::Match match;
};

void SemanticLearner::judge(const semantic::Look& look, const Pupil& pupil, Candidates& to) const {
    to.asked = semantic::read_question(look.asked);
    std::vector<semantic::Candidate> candidates;
    for (std::size_t i = 0; i < look.seen.size(); ++i) {
        to.questions.push_back(semantic::read_question(look.seen[i].question));
        candidates.push_back({i, &to.questions.back(), look.seen[i].similarities, look.seen[i].answer});
    }
    const semantic::Matcher matcher(pupil.learner.verifier(), pupil.learner.rarity());
    to.match = matcher.judge(candidates, to.asked, {pupil.learner.threshold(), true}, &to.pairs);
}

// Whether an arbiter has been asked about the lesson, which waits for its word from now on. A miss that could be asked
// about, but is not one of the share that is, or comes while too many wait, remains a look-up of which nothing is
// revealed, whatever its answers' form would tell: the others are a fair sample of such look-ups.
bool SemanticLearner::wait_for_word(Lesson& lesson) {
    const ArbiterPtr arbiter = std::move(lesson.arbiter);
    if (!arbiter || !lesson.fresh || !lesson.right.empty()) return false;
    Pupil& pupil = this->pupil(lesson.look->task, lesson.promise);
    Candidates candidates;
    judge(*lesson.look, pupil, candidates);
    const bool miss = !lesson.audit_share;
    const semantic::Match& match = candidates.match;
    if (!match.judged() || (miss && match.score < kAskedScore)) return false;
    const std::optional<std::string> fresh = wire::answer_text(lesson.fresh->body);
    const std::optional<std::string> best = answer_of(lesson, match.candidate);
    if (!fresh || !best) return false;
    const bool open = agreement(lesson.look->asked, *best, *fresh).result == Agreed::undecided;
    pupil.needs_words = pupil.needs_words || open;
    if (miss && pupil.needs_words && (!arbiter->takes_misses() || waiting_.size() >= kMostWaiting)) {
        passed_over_.fetch_add(1, std::memory_order_relaxed);
        lesson.fresh = nullptr;
        return false;
    }
    if (!open || waiting_.size() >= 2 * kMostWaiting) return false;

    label(lesson, 0);
    const std::uint64_t number = ++last_number_;
    Waiting& waiting = waiting_[number];
    waiting.best = match.candidate;
    waiting.until = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.word_micros);
    for (const semantic::JudgedPair& pair : candidates.pairs) {
        if (pair.candidate == match.candidate || pair.score < kAskedScore || lesson.right[pair.candidate] != 0)
            continue;
        const std::optional<std::string> other = answer_of(lesson, pair.candidate);
        if (!other || agreement(lesson.look->asked, *other, *fresh).result == Agreed::differ) continue;
        const bool as_best = agreement(lesson.look->asked, *other, *best).result == Agreed::agree;
        waiting.if_agreed.emplace_back(pair.candidate, as_best ? std::int8_t{1} : kUnknown);
    }
    waiting.lesson = std::move(lesson);
    const auto tell = [this, number](Agreed agreed) {
        {
            const std::lock_guard lock(mutex_);
            words_.push_back({number, agreed});
        }
        changed_.notify_all();
    };
    asked_.fetch_add(1, std::memory_order_relaxed);
    if (!arbiter->ask({waiting.lesson.look->asked, *best, *fresh}, tell)) tell(Agreed::undecided);
    return true;
}

void SemanticLearner::take_word(const Word& word) {
    const auto found = waiting_.find(word.number);
    if (found == waiting_.end()) return;  // it came too late
    Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    if (word.agreed == Agreed::undecided) unanswered_.fetch_add(1, std::memory_order_relaxed);
    if (word.agreed == Agreed::agree) {
        waiting.lesson.right[waiting.best] = 1;
        for (const auto& [candidate, right] : waiting.if_agreed) waiting.lesson.right[candidate] = right;
    }
    teach(waiting.lesson);
}

void SemanticLearner::give_up_oldest() {
    take_word({waiting_.begin()->first, Agreed::undecided});
}

void SemanticLearner::take(Lesson& lesson) {
    if (wait_for_word(lesson)) return;
    label(lesson, 0);
    teach(lesson);
}

void SemanticLearner::teach(Lesson& lesson) {
    Pupil& pupil = this->pupil(lesson.look->task, lesson.promise);
    learn(lesson, pupil);
    const semantic::OnlineLearner& learner = pupil.learner;
    const learn::HitGate& gate = learner.gate();
    const View view{pupil.task,      learner.revealed_pairs(), learner.fits(),         gate.proofs(),
                    gate.closures(), gate.monitor().audits(),  gate.monitor().wrong(), learner.threshold(),
                    gate.state()};
    const std::lock_guard lock(mutex_);
    views_[pupil.task] = view;
}

void SemanticLearner::learn(Lesson& lesson, Pupil& pupil) {
    const semantic::Look& look = *lesson.look;
    semantic::OnlineLearner& learner = pupil.learner;
    Candidates candidates;
    judge(look, pupil, candidates);
    std::vector<semantic::JudgedPair> pairs = std::move(candidates.pairs);
    if (!candidates.match.judged()) return;
    if (!lesson.right.empty()) {
        const auto unknown = [&](const semantic::JudgedPair& pair) { return lesson.right[pair.candidate] == kUnknown; };
        pairs.erase(std::remove_if(pairs.begin(), pairs.end(), unknown), pairs.end());
        if (pairs.empty()) return;
        if (!lesson.from_log) keep(lesson);
    }
    if (lesson.from_log && lesson.audit_share) {
        // It stands for hits that were not audited, which are not in the log.
        const double others = std::min(kMostStoodFor, 1 / std::max(1e-6, *lesson.audit_share)) - 1;
        for (int i = 0; i < static_cast<int>(others); ++i) learner.looked_up(pairs);
    }
    const std::uint64_t id = learner.looked_up(std::move(pairs));
    if (!lesson.right.empty()) {
        if (!lesson.audit_share && !lesson.by_people) learner.count_words(candidates.asked);  // it becomes an entry
        std::vector<std::uint8_t> right;
        for (const semantic::JudgedPair& pair : learner.pairs_of(id)) {
            right.push_back(lesson.right[pair.candidate] == 1 ? 1 : 0);
        }
        learner.revealed(id, right, lesson.audit_share);
        const bool of_a_hit = lesson.audit_share || lesson.by_people;
        if (of_a_hit && !right.empty() && right[0] == 0 && !lesson.from_log) suspect(*judges_.of(pupil.task));
    }
    bool refitted = false;
    if (learner.refit_due()) {
        const Result<void> fitted = learner.refit();
        if (!fitted) log_warning("semantic cache: learning failed: " + fitted.error().message);
        refitted = fitted.has_value();
    }
    publish(pupil, refitted);
}

// Where something has changed.
void SemanticLearner::publish(Pupil& pupil, bool refitted) {
    const learn::HitGate& gate = pupil.learner.gate();
    std::optional<double> threshold;  // without proof the tier goes by the cascade's own
    const bool prior = gate.state() == learn::HitGate::State::prior && gate.threshold() <= pupil.prior_threshold;
    if (!prior) threshold = gate.threshold();
    const std::shared_ptr<semantic::TaskCounters> counters = judges_.of(pupil.task);
    const std::shared_ptr<const semantic::TaskJudge> before = counters->judge.load();
    if (!refitted && before->holds_for(pupil.task, pupil.promise) && before->threshold == threshold) return;
    if (refitted) {
        pupil.verifier = std::make_shared<const semantic::Verifier>(pupil.learner.verifier());
        pupil.rarity = std::make_shared<const semantic::WordRarity>(pupil.learner.rarity());
    }
    counters->judge.store(std::make_shared<const semantic::TaskJudge>(
        semantic::TaskJudge{pupil.task, pupil.promise, pupil.verifier, pupil.rarity, threshold}));
}

// A lesson's bytes: docs/formats.md, "Lessons of the semantic cache".
void SemanticLearner::keep(const Lesson& lesson) {
    if (!log_) return;
    learn::ModelWriter out;
    out.put(kLessonVersion);
    out.put(lesson.look->task);
    out.put(lesson.promise.false_share);
    out.put(lesson.promise.confidence);
    out.put(lesson.promise.audit_share);
    out.put(lesson.promise.prior_threshold);
    out.put(lesson.audit_share.value_or(lesson.by_people ? kPraise : kNoAudit));
    out.put_text(lesson.look->asked);
    out.put(static_cast<std::uint8_t>(lesson.look->seen.size()));
    for (std::size_t i = 0; i < lesson.look->seen.size(); ++i) {
        const semantic::Look::Seen& seen = lesson.look->seen[i];
        out.put(lesson.right[i]);
        out.put(seen.similarities.hashing);
        out.put(seen.similarities.dense);
        out.put(seen.answer);
        out.put_text(seen.question);
    }
    if (const auto kept = log_->append(out.bytes()); !kept) log_warning("lessons: " + kept.error().message);
}

void SemanticLearner::replay_log() {
    std::size_t damaged = 0;
    for (const std::string& record : recorded_) {
        {
            const std::lock_guard lock(mutex_);
            if (stop_) break;
        }
        if (std::optional<Lesson> lesson = read_lesson(record)) {
            take(*lesson);
        } else {
            ++damaged;
        }
    }
    recorded_.clear();
    recorded_.shrink_to_fit();
    if (damaged > 0) log_warning("semantic cache: " + std::to_string(damaged) + " lessons in the log can't be used");
}

// Nothing where a value is none that keep() writes.
std::optional<SemanticLearner::Lesson> SemanticLearner::read_lesson(std::string_view record) const {
    learn::ModelReader in(record);
    const auto version = in.get<std::uint8_t>();
    if (version != kLessonVersion && version != kLessonVersionWithoutAnswers) return std::nullopt;
    auto look = std::make_shared<semantic::Look>();
    Lesson lesson;
    lesson.from_log = true;
    look->task = in.get<std::uint64_t>();
    lesson.promise.false_share = in.get<double>();
    lesson.promise.confidence = in.get<double>();
    lesson.promise.audit_share = in.get<double>();
    lesson.promise.prior_threshold = in.get<double>();
    const double audit_share = in.get<double>();
    lesson.by_people = audit_share == kPraise;
    if (audit_share > 0 && audit_share <= 1) lesson.audit_share = audit_share;
    bool sound = is_sound(lesson.promise) && (lesson.audit_share || lesson.by_people || audit_share == kNoAudit);
    look->asked = in.get_text(semantic::kQuestionBytesMost);
    const std::size_t count = in.get<std::uint8_t>();
    for (std::size_t i = 0; i < std::min(count, kMostSeen) && in.ok(); ++i) {
        semantic::Look::Seen seen;
        lesson.right.push_back(in.get<std::int8_t>());
        seen.similarities.hashing = in.get<float>();
        seen.similarities.dense = in.get<float>();
        if (version == kLessonVersion) seen.answer = in.get<std::uint64_t>();
        seen.question = in.get_text(semantic::kQuestionBytesMost);
        sound = sound && is_sound(seen.similarities) && lesson.right.back() >= kUnknown && lesson.right.back() <= 1;
        look->seen.push_back(std::move(seen));
    }
    if (!in.ok() || in.left() != 0 || !sound || !has_labels(lesson.right)) return std::nullopt;
    lesson.look = std::move(look);
    return lesson;
}

std::vector<SemanticLearner::View> SemanticLearner::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> views;
    for (const auto& [task, view] : views_) views.push_back(view);
    return views;
}

}  // namespace weir::cascade
