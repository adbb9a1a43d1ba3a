#include "cascade/cascade_learner.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/hash.h"
#include "base/log.h"
#include "learn/model_bytes.h"

namespace weir::cascade {
namespace {

constexpr std::uint8_t kTrialVersion = 1;
constexpr double kMostUsd = 1e6;

std::uint64_t number_of(const Course& course) {
    return short_digest(sha256(course.name()));
}

bool is_cost(double usd) {
    return usd >= 0 && usd <= kMostUsd;  // false for what is no number
}

}  // namespace

std::string write_trial(std::uint64_t course, const Trial& trial) {
    learn::ModelWriter to;
    to.put(kTrialVersion);
    to.put(course);
    to.put(trial.task);
    to.put(static_cast<std::uint8_t>(trial.served + 1));
    to.put(static_cast<std::uint8_t>((trial.known ? 1 : 0) | (trial.everything ? 2 : 0)));
    to.put(trial.reference_usd);
    to.put(trial.known_probability);
    for (const TierTrial& tier : trial.tiers) {
        to.put(static_cast<std::uint8_t>((tier.asked ? 1 : 0) | (tier.graded ? 2 : 0) | (tier.worse ? 4 : 0) |
                                         (std::isnan(tier.evidence) ? 0 : 8)));
        if (!tier.asked) continue;
        if (!std::isnan(tier.evidence)) to.put(tier.evidence);
        to.put(tier.cost_usd);
    }
    return std::move(to.bytes());
}

std::optional<Trial> read_trial(std::string_view record, std::uint64_t& course) {
    learn::ModelReader from(record);
    Trial trial;
    if (from.get<std::uint8_t>() != kTrialVersion) return std::nullopt;
    course = from.get<std::uint64_t>();
    trial.task = from.get<std::uint64_t>();
    const auto served = from.get<std::uint8_t>(), flags = from.get<std::uint8_t>();
    trial.reference_usd = from.get<double>();
    trial.known_probability = from.get<double>();
    trial.known = (flags & 1U) != 0;
    trial.everything = (flags & 2U) != 0;
    bool sound = served <= kMostModelTiers && is_cost(trial.reference_usd) && trial.known_probability > 0 &&
                 trial.known_probability <= 1;
    for (TierTrial& tier : trial.tiers) {
        const std::uint8_t what = from.get<std::uint8_t>();
        tier.asked = (what & 1U) != 0;
        tier.graded = tier.asked && (what & 2U) != 0;
        tier.worse = tier.graded && (what & 4U) != 0;
        if (!tier.asked) continue;
        if ((what & 8U) != 0) {
            tier.evidence = from.get<float>();
            sound = sound && tier.evidence <= 0;
        }
        tier.cost_usd = from.get<double>();
        sound = sound && is_cost(tier.cost_usd);
    }
    trial.served = static_cast<int>(served) - 1;
    sound = sound && (trial.served == kReference || trial.tiers[static_cast<std::size_t>(trial.served)].asked);
    if (!from.ok() || !sound) return std::nullopt;
    return trial;
}

Result<std::unique_ptr<CascadeLearner>> CascadeLearner::start(const Options& options) {
    std::unique_ptr<CascadeLearner> learner(new CascadeLearner(options));
    if (!options.file.empty()) {
        store::RecordLog::Options log;
        log.file = options.file;
        log.name = "trials";
        const std::size_t most = PolicyLearner::Options().window;
        const auto visit = [&](std::string_view record) {
            std::uint64_t course = 0;
            const std::optional<Trial> trial = read_trial(record, course);
            if (!trial) return;
            std::deque<Trial>& trials = learner->recorded_[course];
            trials.push_back(*trial);
            if (trials.size() > most) trials.pop_front();
        };
        auto opened = store::RecordLog::open(log, visit);
        if (!opened) return tl::unexpected(opened.error());
        learner->log_ = std::move(*opened);
    }
    learner->thread_ = std::thread([self = learner.get()] { self->run(); });
    return learner;
}

CascadeLearner::~CascadeLearner() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::shared_ptr<Course> CascadeLearner::course(const std::string& name, const PolicyLearner::Options& options) {
    std::shared_ptr<Course> made;
    {
        const std::lock_guard lock(mutex_);
        const auto found = courses_.find(name);
        if (found != courses_.end() && found->second->options() == options) return found->second;
        if (found == courses_.end() && courses_.size() >= kMostCourses) return nullptr;
        made = std::make_shared<Course>(name, options);
        courses_[name] = made;
        queue_.push_back({made, std::nullopt});
    }
    changed_.notify_all();
    return made;
}

void CascadeLearner::learn(std::shared_ptr<Course> course, const Trial& trial) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= options_.queue_most) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue_.push_back({std::move(course), trial});
    }
    changed_.notify_all();
}

void CascadeLearner::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        busy_ = false;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (queue_.empty()) break;  // what came before the end is learned and kept
        busy_ = true;
        const Item item = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        take(item);
        lock.lock();
    }
}

void CascadeLearner::take(const Item& item) {
    if (!item.trial) return begin(item);
    const std::uint64_t number = number_of(*item.course);
    const auto found = pupils_.find(number);
    if (found == pupils_.end()) return;
    Pupil& pupil = found->second;
    if (log_) {
        if (const auto kept = log_->append(write_trial(number, *item.trial)); !kept) {
            log_warning("trials: " + kept.error().message);
            log_.reset();
        }
    }
    pupil.trials.push_back(*item.trial);
    if (pupil.trials.size() > item.course->options().window) pupil.trials.pop_front();
    pupil.learner->add(*item.trial);
    if (!pupil.learner->due()) return;
    const auto before = pupil.learner->certificate();
    pupil.learner->certify();
    publish(pupil);
    const auto& now = pupil.learner->certificate();
    if (before.harm_price_usd.has_value() == now.harm_price_usd.has_value()) return;
    char numbers[160];
    std::snprintf(numbers, sizeof numbers,
                  "%zu trials, %zu known: worse answers at most %.3f %% of all, %.3f %% allowed", now.trials, now.known,
                  100 * now.worse_bound, 100 * now.promise_now);
    log_info("cascade " + item.course->name() + (now.harm_price_usd ? ": serving (" : ": shadow (") + numbers + ")");
}

// A course begins with what is known of it.
void CascadeLearner::begin(const Item& item) {
    const std::uint64_t number = number_of(*item.course);
    Pupil& pupil = pupils_[number];
    if (!pupil.learner) {
        const auto recorded = recorded_.find(number);
        if (recorded != recorded_.end()) {
            pupil.trials = std::move(recorded->second);
            recorded_.erase(recorded);
        }
    }
    pupil.course = item.course;
    pupil.learner = std::make_unique<PolicyLearner>(item.course->options());
    for (const Trial& trial : pupil.trials) pupil.learner->add(trial);
    if (!pupil.trials.empty()) pupil.learner->certify();
    if (!pupil.trials.empty() && pupil.learner->certificate().harm_price_usd) {
        pupil.learner->certify();  // plans for the price that was found
    }
    publish(pupil);
}

void CascadeLearner::publish(Pupil& pupil) {
    pupil.course->set_policy(pupil.learner->policy());
    View view;
    view.name = pupil.course->name();
    view.options = pupil.course->options();
    view.certificate = pupil.learner->certificate();
    view.alarms = pupil.learner->alarms();
    struct Seen {
        std::size_t trials = 0, known = 0, worse = 0;
    };
    std::unordered_map<std::uint64_t, Seen> seen;
    for (const Trial& trial : pupil.trials) {
        Seen& task = seen[trial.task];
        ++task.trials;
        if (!trial.known || trial.served == kReference) continue;
        ++task.known;
        task.worse += trial.tiers[static_cast<std::size_t>(trial.served)].worse;
    }
    for (const auto& [task, sums] : seen) {
        const double worse = sums.known == 0 ? 0 : static_cast<double>(sums.worse) / static_cast<double>(sums.known);
        view.tasks.push_back({task, sums.trials, pupil.learner->policy()->plan(task), worse});
    }
    std::sort(view.tasks.begin(), view.tasks.end(),
              [](const View::Task& a, const View::Task& b) { return a.trials > b.trials; });
    const std::lock_guard lock(mutex_);
    views_[number_of(*pupil.course)] = std::move(view);
}

std::vector<CascadeLearner::View> CascadeLearner::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> views;
    for (const auto& [number, view] : views_) views.push_back(view);
    std::sort(views.begin(), views.end(), [](const View& a, const View& b) { return a.name < b.name; });
    return views;
}

void CascadeLearner::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

}  // namespace weir::cascade
