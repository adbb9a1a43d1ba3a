#include "cascade/cascade_learner.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/log.h"

namespace weir::cascade {
namespace {

constexpr std::size_t kNamedEvery = 5'000;  // trials
// The thread takes what has come within this time together.
constexpr auto kGather = std::chrono::milliseconds(5);
constexpr std::size_t kBatch = 64;

std::uint64_t number_of(const Course& course) {
    return course_number(course.name());
}

}  // namespace

Result<std::unique_ptr<CascadeLearner>> CascadeLearner::start(const Options& options) {
    std::unique_ptr<CascadeLearner> learner(new CascadeLearner(options));
    if (!options.file.empty()) {
        const std::size_t most = PolicyLearner::Options().window;
        const auto visit = [&](std::string_view record) {
            std::uint64_t course = 0;
            const std::optional<Trial> trial = read_trial(record, course);
            if (!trial) return;
            std::deque<Trial>& trials = learner->recorded_[course];
            trials.push_back(*trial);
            if (trials.size() > most) trials.pop_front();
        };
        auto opened = store::RecordLog::open(trial_log(options.file), visit);
        if (!opened) return tl::unexpected(opened.error());
        learner->log_ = std::move(*opened);
    }
    if (auto opened = learner->open_books(); !opened) return tl::unexpected(opened.error());
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
    if (fitter_.joinable()) fitter_.join();
}

std::shared_ptr<Course> CascadeLearner::course(const std::string& name, const PolicyLearner::Options& options,
                                               double canary) {
    std::shared_ptr<Course> made;
    {
        const std::lock_guard lock(mutex_);
        const auto found = courses_.find(name);
        if (found != courses_.end() && found->second->options() == options) {
            found->second->configure_canary(canary);
            return found->second;
        }
        if (found == courses_.end() && courses_.size() >= kMostCourses) return nullptr;
        made = std::make_shared<Course>(name, options, canary);
        courses_[name] = made;
        queue_.push_back({made, std::nullopt, nullptr, nullptr});
    }
    changed_.notify_all();
    return made;
}

Course::Turn Course::take_turn(std::uint64_t task, std::size_t wanted) {
    const std::lock_guard lock(turns_->mutex);
    const auto taken = turns_->taken.try_emplace(task, 0).first;
    if (taken->second >= wanted) return nullptr;
    ++taken->second;
    return Turn(turns_.get(), [turns = turns_, task](const void*) {
        const std::lock_guard held(turns->mutex);
        const auto found = turns->taken.find(task);
        if (--found->second == 0) turns->taken.erase(found);
    });
}

void CascadeLearner::learn(std::shared_ptr<Course> course, const Trial& trial, Prompt prompt, Course::Turn turn) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= options_.queue_most) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue_.push_back({std::move(course), trial, std::move(prompt), std::move(turn)});
        // Waking the thread costs the reactor more than all the rest.
        wake = queue_.size() == 1 || queue_.size() == kBatch;
    }
    if (wake) changed_.notify_all();
}

void CascadeLearner::run() {
    std::deque<Item> items;
    std::unique_lock lock(mutex_);
    while (true) {
        busy_ = false;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (queue_.empty()) break;  // what came before the end is learned and kept
        changed_.wait_for(lock, kGather, [this] { return stop_ || waiting_ > 0 || queue_.size() >= kBatch; });
        busy_ = true;
        items.swap(queue_);
        lock.unlock();
        for (const Item& item : items) take(item);
        items.clear();
        lock.lock();
    }
    lock.unlock();
    keep_spending(true);
}

void CascadeLearner::take(const Item& item) {
    if (!item.trial) return begin(item);
    const std::uint64_t number = number_of(*item.course);
    const auto found = pupils_.find(number);
    if (found == pupils_.end()) return;
    Pupil& pupil = found->second;
    add(pupil, *item.trial);
    if (item.turn && item.trial->known) pupil.turns.push_back(item.turn);
    if (item.prompt && item.prompt->first) watch(pupil, item.trial->task, item.prompt->features);
    if (item.prompt) sort(pupil, item);
    note_sight(pupil);
    step_canary(pupil, *item.trial);
    keep_spending(false);
    if (pupil.measured != yardsticks_number_.load(std::memory_order_relaxed)) measure(pupil);
    if (!pupil.learner->due()) return;
    measure(pupil);
    pupil.learner->certify();
    publish(pupil);
}

void CascadeLearner::add(Pupil& pupil, const Trial& trial) {
    keep(pupil, trial);
    pupil.trials.push_back(trial);
    if (pupil.trials.size() > pupil.course->options().window) pupil.trials.pop_front();
    const PolicyLearner::Alarms alarms = pupil.learner->alarms();
    pupil.learner->add(trial);
    note_alarms(pupil, trial.task, alarms);
}

// A task's inputs are other ones: what is known of it is set aside, for good, as after any other alarm. The log says
// so, or a restart would trust the old trials again.
void CascadeLearner::watch(Pupil& pupil, std::uint64_t task, const PromptFeatures& prompt) {
    auto found = pupil.inputs.find(task);
    if (found == pupil.inputs.end()) {
        if (watched_ >= kMostWatched) return;
        ++watched_;
        InputMonitor::Options options;
        options.run_length = pupil.course->options().run_length;
        found = pupil.inputs.try_emplace(task, options).first;
    }
    if (!found->second.seen(prompt)) return;
    Trial doubt;
    doubt.task = task;
    doubt.doubt = true;
    add(pupil, doubt);
}

// Triage learns from who was asked, and from what was graded.
void CascadeLearner::sort(Pupil& pupil, const Item& item) {
    if (!pupil.classes) {
        if (sorted_ >= kMostSorted) return;
        ++sorted_;
        pupil.classes = std::make_unique<PromptClassLearner>(pupil.course->options().at_once);
    }
    pupil.classes->add(item.prompt, *item.trial);
    if (!pupil.classes->due() || fitting_.exchange(true)) return;
    if (fitter_.joinable()) fitter_.join();
    fitter_ = std::thread([this, course = pupil.course, fit = pupil.classes->fitting(pupil.learner->policy())] {
        course->set_classes(fit());
        fitting_.store(false);
    });
}

void CascadeLearner::keep(Pupil& pupil, const Trial& trial) {
    if (!log_) return;
    Result<void> kept;
    if (pupil.unnamed == 0) kept = log_->append(write_course(pupil.course->name()));
    pupil.unnamed = (pupil.unnamed + 1) % kNamedEvery;
    if (kept) kept = log_->append(write_trial(number_of(*pupil.course), trial));
    if (kept) return;
    log_warning("trials: " + kept.error().message);
    log_.reset();
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
    if (pupil.course) item.course->set_classes(pupil.course->classes());
    pupil.course = item.course;
    const std::optional<CourseName> name = parse_course_name(item.course->name());
    pupil.budget = budget(name ? name->cascade : item.course->name());
    pupil.canaries.clear();
    pupil.learner = std::make_unique<PolicyLearner>(item.course->options());
    measure(pupil);
    for (const Trial& trial : pupil.trials) pupil.learner->add(trial);
    if (!pupil.trials.empty()) pupil.learner->certify();
    if (!pupil.trials.empty() && pupil.learner->certificate().harm_price_usd) {
        pupil.learner->certify();  // plans for the price that was found
    }
    publish(pupil);
}

void CascadeLearner::publish(Pupil& pupil) {
    pupil.course->set_policy(pupil.learner->policy());
    pupil.turns.clear();
    View view;
    view.name = pupil.course->name();
    view.options = pupil.course->options();
    view.held_to = pupil.learner->promise();
    view.certificate = pupil.learner->certificate();
    view.alarms = pupil.learner->alarms();
    struct Seen {
        std::size_t trials = 0, known = 0, worse = 0, complaints = 0;
        std::array<GradedCount, kMostModelTiers> graded{}, audited{};
    };
    std::unordered_map<std::uint64_t, Seen> seen;
    for (const Trial& trial : pupil.trials) {
        Seen& task = seen[trial.task];
        if (trial.complaint) {
            ++task.complaints;
            continue;
        }
        if (trial.doubt) continue;
        ++task.trials;
        for (std::size_t tier = 0; trial.known && tier < kMostModelTiers; ++tier) {
            const TierTrial& tried = trial.tiers[tier];
            if (!tried.graded) continue;
            // Whatever was said: an audit's coin looks at that.
            if (trial.everything || !trial.in_force) task.graded[tier].add(tried.worse, 1);
            if (trial.served == static_cast<int>(tier)) task.audited[tier].add(tried.worse, trial.known_probability);
        }
        if (!trial.known || trial.served == kReference) continue;
        ++task.known;
        task.worse += trial.tiers[static_cast<std::size_t>(trial.served)].worse;
    }
    for (const auto& [task, sums] : seen) {
        const double worse = sums.known == 0 ? 0 : static_cast<double>(sums.worse) / static_cast<double>(sums.known);
        const TaskPlan& plan = pupil.learner->policy()->plan(task);
        view.tasks.push_back({task, sums.trials, plan, worse, state_of(plan, pupil.learner->policy()->serving()), 1,
                              sums.complaints, sums.graded, sums.audited});
    }
    std::sort(view.tasks.begin(), view.tasks.end(),
              [](const View::Task& a, const View::Task& b) { return a.trials > b.trials; });
    note_certificate(pupil);
    note_tasks(pupil, view.tasks);
    const std::lock_guard lock(mutex_);
    views_[number_of(*pupil.course)] = std::move(view);
}

void CascadeLearner::measure_by(const std::string& cascade, const std::string& reference, TaskRepeats repeats) {
    const std::lock_guard lock(mutex_);
    TaskRepeats& known = yardsticks_[{cascade, reference}];
    if (known == repeats) return;
    known = std::move(repeats);
    yardsticks_number_.fetch_add(1, std::memory_order_relaxed);
}

// By the requests of the learner's window.
void CascadeLearner::measure(Pupil& pupil) {
    const std::optional<CourseName> name = parse_course_name(pupil.course->name());
    TaskRepeats repeats;
    {
        const std::lock_guard lock(mutex_);
        pupil.measured = yardsticks_number_.load(std::memory_order_relaxed);
        const auto found = name ? yardsticks_.find({name->cascade, name->reference}) : yardsticks_.end();
        if (found != yardsticks_.end()) repeats = found->second;
    }
    const double promise = pupil.course->options().promise;
    if (repeats.empty()) return pupil.learner->hold_to(promise);
    std::map<std::uint64_t, std::uint64_t> requests;
    for (const Trial& trial : pupil.trials) {
        if (!trial.complaint && !trial.doubt) ++requests[trial.task];
    }
    pupil.learner->hold_to(held_to(promise, own_disagreement(requests, repeats)));
}

std::vector<CascadeLearner::View> CascadeLearner::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> views;
    for (const auto& [number, view] : views_) {
        views.push_back(view);
        View& made = views.back();
        const auto course = courses_.find(made.name);
        for (View::Task& task : made.tasks) {
            if (course != courses_.end()) task.share = course->second->share_served(task.task);
        }
        const std::optional<CourseName> name = parse_course_name(made.name);
        const auto budget = budgets_.find(name ? name->cascade : made.name);
        if (budget != budgets_.end()) made.proof = budget->second->view(now());
    }
    std::sort(views.begin(), views.end(), [](const View& a, const View& b) { return a.name < b.name; });
    return views;
}

void CascadeLearner::wait_until_idle() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return queue_.empty() && !busy_; });
    --waiting_;
}

}  // namespace weir::cascade
