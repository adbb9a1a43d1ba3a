// What the cascades' learner writes down besides trials: what it decided, and what proof has cost.
#include <algorithm>

#include "base/log.h"
#include "cascade/cascade_learner.h"

namespace weir::cascade {
namespace {

constexpr Micros kMicrosPerMinute = 60'000'000;

std::string ladder_of(const Course& course, const TaskPlan& plan) {
    const std::optional<CourseName> name = parse_course_name(course.name());
    std::string text;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (rung > 0) text += " > ";
        text += name && tier < name->tiers.size() ? name->tiers[tier] : std::to_string(tier);
    }
    return text;
}

}  // namespace

double Course::share_served(std::uint64_t task) const {
    const double first = canary();
    if (first >= 1) return 1;
    std::shared_ptr<const Shares> shares;
    {
        const std::lock_guard lock(mutex_);
        shares = shares_;
    }
    if (!shares) return first;
    const auto found = shares->find(task);
    return found == shares->end() ? first : std::max(first, found->second);
}

std::string_view state_of(const TaskPlan& plan, bool certified) {
    if (plan.everything >= 1) return "new";
    if (plan.rungs == 0) return "reference";
    return certified && !plan.closed ? "serving" : "shadow";
}

Result<void> CascadeLearner::open_books() {
    auto decisions = DecisionLog::open(options_.decisions);
    if (!decisions) return tl::unexpected(decisions.error());
    decisions_ = std::move(*decisions);
    if (options_.proof.empty()) return {};
    const auto visit = [this](std::string_view record) {
        std::string cascade;
        if (const auto spend = read_spend(record, cascade)) budget(cascade)->restore(*spend);
    };
    auto opened = store::RecordLog::open(spend_log(options_.proof), visit);
    if (!opened) return tl::unexpected(opened.error());
    spending_ = std::move(*opened);
    return {};
}

std::shared_ptr<ProofBudget> CascadeLearner::budget(const std::string& cascade) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<ProofBudget>& budget = budgets_[cascade];
    if (!budget) budget = std::make_shared<ProofBudget>();
    return budget;
}

// What was spent in minutes that are over; at the end all of it.
void CascadeLearner::keep_spending(bool all) {
    const Micros minute = now() / kMicrosPerMinute;
    if (!spending_ || (!all && minute == spending_kept_)) return;
    spending_kept_ = minute;
    std::map<std::string, std::shared_ptr<ProofBudget>> budgets;
    {
        const std::lock_guard lock(mutex_);
        budgets = budgets_;
    }
    for (const auto& [cascade, budget] : budgets) {
        for (const ProofBudget::Spend& spend : budget->take_unsaved(now(), all)) {
            if (const Result<void> kept = spending_->append(write_spend(cascade, spend)); !kept) {
                log_warning("proof: " + kept.error().message);
                spending_.reset();
                return;
            }
        }
    }
}

double CascadeLearner::share_of(const Pupil& pupil, std::uint64_t task) const {
    const double first = pupil.course->canary();
    const auto canary = pupil.canaries.find(task);
    return canary == pupil.canaries.end() ? first : std::max(first, canary->second.share());
}

Decision CascadeLearner::decision_of(const Pupil& pupil, Decision::Kind kind, std::uint64_t task) const {
    const PolicyLearner::Certificate& proof = pupil.learner->certificate();
    Decision decision;
    decision.kind = kind;
    decision.unix_micros = now();
    decision.course = pupil.course->name();
    decision.task = task;
    if (task != 0) {
        const TaskPlan& plan = pupil.learner->policy()->plan(task);
        decision.state = state_of(plan, pupil.learner->policy()->serving());
        decision.ladder = ladder_of(*pupil.course, plan);
        decision.share = share_of(pupil, task);
    }
    decision.trials = proof.trials;
    decision.known = proof.known;
    decision.promise = pupil.learner->promise();
    decision.confidence = pupil.course->options().confidence;
    decision.allowed = proof.promise_now;
    decision.worse_bound = proof.worse_bound;
    decision.worse_seen = proof.worse_seen;
    decision.worse_so_far = proof.worse_so_far;
    return decision;
}

void CascadeLearner::note_alarms(const Pupil& pupil, std::uint64_t task, const PolicyLearner::Alarms& before) {
    const PolicyLearner::Alarms& after = pupil.learner->alarms();
    if (after.cascade > before.cascade) decisions_->record(decision_of(pupil, Decision::Kind::alarm));
    if (after.inputs > before.inputs) decisions_->record(decision_of(pupil, Decision::Kind::novel, task));
    if (after.task > before.task) decisions_->record(decision_of(pupil, Decision::Kind::alarm, task));
}

void CascadeLearner::note_certificate(const Pupil& pupil) {
    if (pupil.learner->certificate().trials == 0) return;
    const std::optional<Decision> last = decisions_->last(pupil.course->name(), 0);
    const bool before = last && last->kind != Decision::Kind::lost;
    const bool after = pupil.learner->certificate().harm_price_usd.has_value();
    if (!before && !after) return;
    const Decision::Kind kind = !after   ? Decision::Kind::lost
                                : before ? Decision::Kind::renewed
                                         : Decision::Kind::certified;
    const Decision decision = decision_of(pupil, kind);
    // A restart proves the same once more.
    const bool same = before && after && last->trials == decision.trials && last->worse_bound == decision.worse_bound &&
                      last->promise == decision.promise;
    if (!same) decisions_->record(decision);
}

void CascadeLearner::note_tasks(Pupil& pupil, const std::vector<View::Task>& tasks) {
    using Kind = Decision::Kind;
    for (const View::Task& task : tasks) {
        if (task.task == 0) continue;
        const std::optional<Decision> last = decisions_->last(pupil.course->name(), task.task);
        const bool serves = task.state == "serving", served = last && last->state == "serving";
        const double first = pupil.course->canary();
        if (serves && first < 1 && !pupil.canaries.contains(task.task)) {
            Canary& canary = pupil.canaries.try_emplace(task.task, first, pupil.learner->promise()).first->second;
            if (served) canary.set_share(std::max(first, last->share));  // before a restart
        } else if (!serves) {
            pupil.canaries.erase(task.task);
        }
        if (!last && task.state == "new") continue;
        const std::string ladder = ladder_of(*pupil.course, task.plan);
        if (serves == served && last && ladder == last->ladder) continue;
        const Kind kind = serves && !served ? Kind::promoted : served && !serves ? Kind::demoted : Kind::planned;
        decisions_->record(decision_of(pupil, kind, task.task));
    }
    publish_shares(pupil);
}

void CascadeLearner::note_sight(Pupil& pupil) {
    const bool blind = pupil.budget->blind(now());
    if (blind == pupil.blind) return;
    pupil.blind = blind;
    decisions_->record(decision_of(pupil, blind ? Decision::Kind::blind : Decision::Kind::seeing));
}

// An answer of which the gates are sure has become known: of the canary's share, or of what is tried beside it.
void CascadeLearner::step_canary(Pupil& pupil, const Trial& trial) {
    const auto found = pupil.canaries.find(trial.task);
    if (found == pupil.canaries.end() || !trial.known) return;
    const int let_through = trial.served != kReference ? trial.served : trial.would_serve;
    if (let_through == kReference) return;
    const bool worse = trial.tiers[static_cast<std::size_t>(let_through)].worse;
    const Canary::Move move = found->second.outcome(worse, pupil.course->canary());
    if (move == Canary::Move::none) return;
    const bool raised = move == Canary::Move::raised;
    decisions_->record(decision_of(pupil, raised ? Decision::Kind::raised : Decision::Kind::lowered, trial.task));
    publish_shares(pupil);
}

void CascadeLearner::publish_shares(const Pupil& pupil) {
    auto shares = std::make_shared<Course::Shares>();
    for (const auto& [task, canary] : pupil.canaries) (*shares)[task] = canary.share();
    pupil.course->set_shares(std::move(shares));
}

}  // namespace weir::cascade
