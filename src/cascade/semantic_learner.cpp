#include "cascade/semantic_learner.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "cascade/agreement.h"
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

}  // namespace

SemanticLearner::SemanticLearner(const Options& options, semantic::TaskJudges& judges, const tiers::ExactCache& cache)
    : options_(options), judges_(judges), cache_(cache) {}

Result<std::unique_ptr<SemanticLearner>> SemanticLearner::start(const Options& options, semantic::TaskJudges& judges,
                                                                const tiers::ExactCache& cache) {
    std::unique_ptr<SemanticLearner> learner(new SemanticLearner(options, judges, cache));
    if (!options.file.empty()) {
        store::RecordLog::Options log;
        log.file = options.file;
        log.name = "lessons";
        auto opened =
            store::RecordLog::open(log, [&](std::string_view record) { learner->recorded_.emplace_back(record); });
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
    push({std::move(look), promise, nullptr, {}, {}, {}, false});
}

void SemanticLearner::answered(LookPtr look, const Promise& promise, EntryPtr fresh,
                               std::optional<double> audit_share) {
    if (!look->let_through) return;
    push({std::move(look), promise, std::move(fresh), audit_share, {}, {}, false});
}

void SemanticLearner::judged_by_people(LookPtr look, const Promise& promise, bool wrong) {
    push({std::move(look), promise, nullptr, promise.audit_share, wrong, {}, false});
}

void SemanticLearner::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

void SemanticLearner::run() {
    for (const std::string& record : recorded_) {
        {
            const std::lock_guard lock(mutex_);
            if (stop_) return;
        }
        replay(record);
    }
    recorded_.clear();
    recorded_.shrink_to_fit();
    std::unique_lock lock(mutex_);
    while (true) {
        busy_ = false;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (stop_) return;
        Lesson lesson = std::move(queue_.front());
        queue_.pop_front();
        busy_ = true;
        lock.unlock();
        take(lesson);
        lock.lock();
    }
}

SemanticLearner::Pupil& SemanticLearner::pupil(std::uint64_t task, const Promise& promise) {
    if (const auto found = places_.find(task); found != places_.end()) {
        pupils_.splice(pupils_.begin(), pupils_, found->second);
        return pupils_.front();
    }
    if (pupils_.size() >= kMostTasks) {
        // Its judge stays as it is: what was certified still holds, nothing more is learned.
        places_.erase(pupils_.back().task);
        {
            const std::lock_guard lock(mutex_);
            views_.erase(pupils_.back().task);
        }
        pupils_.pop_back();
    }
    semantic::OnlineLearner::Options options = options_.learner;
    options.gate.promise = promise.false_share;
    options.gate.alpha = 1 - promise.confidence;
    options.gate.prior_threshold = promise.prior_threshold;
    options.rules_are_final = promise.false_share < kLoosePromise;
    options.gate.certain = semantic::kCertain;
    options.gate.least_audit = std::max(0.001, promise.audit_share);
    options.most_pairs = options_.most_pairs;
    pupils_.push_front({task, promise, semantic::OnlineLearner(judges_.shipped()->verifier, options)});
    places_[task] = pupils_.begin();
    return pupils_.front();
}

// 1: the cached answer says what the fresh one says; 0: something else; kUnknown.
std::int8_t SemanticLearner::compare(const Lesson& lesson, const std::optional<std::string>& fresh,
                                     std::size_t seen) const {
    if (!fresh) return kUnknown;
    const EntryPtr cached = cache_.peek(lesson.look->seen[seen].key);
    if (!cached) return kUnknown;  // on disk alone, or gone
    const std::optional<std::string> text = wire::answer_text(cached->body);
    if (!text) return kUnknown;
    // What can't be told to agree counts as different: the promise is on disagreement. Likeness of words is no evidence
    // (answers of one style share most of theirs).
    return agreement(lesson.look->asked, *text, *fresh).result == Agreed::agree ? 1 : 0;
}

void SemanticLearner::take(Lesson& lesson) {
    const semantic::Look& look = *lesson.look;
    lesson.from_log = !lesson.right.empty();
    if (!lesson.from_log && (lesson.fresh || lesson.verdict)) {
        std::optional<std::string> fresh;
        if (lesson.fresh) fresh = wire::answer_text(lesson.fresh->body);
        for (std::size_t i = 0; i < look.seen.size(); ++i) {
            lesson.right.push_back(lesson.verdict ? kUnknown : compare(lesson, fresh, i));
        }
    }
    Pupil& pupil = this->pupil(look.task, lesson.promise);
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
    const bool from_log = lesson.from_log;
    semantic::OnlineLearner& learner = pupil.learner;
    const semantic::Question asked = semantic::read_question(look.asked);
    std::deque<semantic::Question> questions;
    std::vector<semantic::Candidate> candidates;
    for (std::size_t i = 0; i < look.seen.size(); ++i) {
        questions.push_back(semantic::read_question(look.seen[i].question));
        candidates.push_back({i, &questions.back(), look.seen[i].similarities});
    }
    std::vector<semantic::JudgedPair> pairs;
    const semantic::Matcher matcher(learner.verifier(), learner.rarity());
    const semantic::Match match = matcher.judge(candidates, asked, {learner.threshold(), true}, &pairs);
    if (!match.judged()) return;
    if (lesson.verdict) lesson.right[match.candidate] = *lesson.verdict ? 0 : 1;
    if (!lesson.right.empty()) {
        const auto unknown = [&](const semantic::JudgedPair& pair) { return lesson.right[pair.candidate] == kUnknown; };
        pairs.erase(std::remove_if(pairs.begin(), pairs.end(), unknown), pairs.end());
        if (pairs.empty()) return;
        if (!from_log) keep(lesson);
    }
    const double threshold = learner.threshold();
    const std::uint64_t id = learner.looked_up(std::move(pairs));
    if (!lesson.right.empty()) {
        if (!lesson.audit_share) learner.count_words(asked);  // it becomes an entry
        std::vector<std::uint8_t> right;
        for (const semantic::JudgedPair& pair : learner.pairs_of(id)) {
            right.push_back(lesson.right[pair.candidate] == 1 ? 1 : 0);
        }
        learner.revealed(id, right, lesson.audit_share);
    }
    bool refitted = false;
    if (learner.refit_due()) {
        const Result<void> fitted = learner.refit();
        if (!fitted) log_warning("semantic cache: learning failed: " + fitted.error().message);
        refitted = fitted.has_value();
    }
    if (refitted || learner.threshold() != threshold) publish(pupil, refitted);
}

void SemanticLearner::publish(Pupil& pupil, bool refitted) {
    const std::shared_ptr<semantic::TaskCounters> counters = judges_.of(pupil.task);
    const std::shared_ptr<const semantic::TaskJudge> before = counters->judge.load();
    auto judge = std::make_shared<semantic::TaskJudge>(*before);
    if (refitted) {
        judge->verifier = std::make_shared<const semantic::Verifier>(pupil.learner.verifier());
        judge->rarity = std::make_shared<const semantic::WordRarity>(pupil.learner.rarity());
    }
    judge->threshold = pupil.learner.threshold();
    counters->judge.store(std::move(judge));
}

// A lesson's bytes: docs/formats.md, "Lessons of the semantic cache".
void SemanticLearner::keep(const Lesson& lesson) {
    if (!log_) return;
    learn::ModelWriter out;
    out.put(std::uint8_t{1});
    out.put(lesson.look->task);
    out.put(lesson.promise.false_share);
    out.put(lesson.promise.confidence);
    out.put(lesson.promise.audit_share);
    out.put(lesson.promise.prior_threshold);
    out.put(lesson.audit_share.value_or(-1));
    out.put_text(lesson.look->asked);
    out.put(static_cast<std::uint8_t>(lesson.look->seen.size()));
    for (std::size_t i = 0; i < lesson.look->seen.size(); ++i) {
        const semantic::Look::Seen& seen = lesson.look->seen[i];
        out.put(lesson.right[i]);
        out.put(seen.similarities.hashing);
        out.put(seen.similarities.dense);
        out.put_text(seen.question);
    }
    if (const auto kept = log_->append(out.bytes()); !kept) log_warning("lessons: " + kept.error().message);
}

void SemanticLearner::replay(std::string_view record) {
    learn::ModelReader in(record);
    if (in.get<std::uint8_t>() != 1) return;
    auto look = std::make_shared<semantic::Look>();
    Lesson lesson;
    look->task = in.get<std::uint64_t>();
    lesson.promise.false_share = in.get<double>();
    lesson.promise.confidence = in.get<double>();
    lesson.promise.audit_share = in.get<double>();
    lesson.promise.prior_threshold = in.get<double>();
    const double audit_share = in.get<double>();
    if (audit_share > 0) lesson.audit_share = audit_share;
    look->asked = in.get_text(semantic::kQuestionBytesMost);
    const std::size_t count = in.get<std::uint8_t>();
    for (std::size_t i = 0; i < std::min(count, kMostSeen) && in.ok(); ++i) {
        semantic::Look::Seen seen;
        lesson.right.push_back(in.get<std::int8_t>());
        seen.similarities.hashing = in.get<float>();
        seen.similarities.dense = in.get<float>();
        seen.question = in.get_text(semantic::kQuestionBytesMost);
        look->seen.push_back(std::move(seen));
    }
    const bool sound = lesson.promise.false_share > 0 && lesson.promise.false_share < 1 &&
                       lesson.promise.confidence > 0 && lesson.promise.confidence < 1;
    if (!in.ok() || in.left() != 0 || count == 0 || !sound) return;
    lesson.look = std::move(look);
    take(lesson);
}

std::vector<SemanticLearner::View> SemanticLearner::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> views;
    for (const auto& [task, view] : views_) views.push_back(view);
    return views;
}

}  // namespace weir::cascade
