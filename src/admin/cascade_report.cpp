#include "admin/cascade_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/hash.h"
#include "learn/certificates.h"

namespace weir::admin {
namespace {

using cascade::Decision;
using cascade::kReference;
using cascade::Trial;

constexpr double kTail = 0.025;   // on either side of an interval
constexpr double kNormal = 1.96;  // its quantile
constexpr Micros kMicrosPerSecond = 1'000'000;

double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

// A share of weighted outcomes.
class Weighted {
  public:
    void add(bool event, double weight) {
        ++seen_;
        weights_ += weight;
        largest_ = std::max(largest_, weight);
        if (!event) return;
        sum_ += weight;
        squares_ += weight * weight;
        ++events_;
    }
    std::size_t seen() const { return seen_; }
    double value() const { return ratio(sum_, weights_); }
    std::optional<Estimate> estimate() const {
        if (seen_ == 0) return std::nullopt;
        Estimate made{value(), 0, 1, seen_};
        if (largest_ * static_cast<double>(seen_) <= weights_ * (1 + 1e-9)) {  // all alike: exact
            made.low = learn::share_lower_bound(events_, seen_, kTail);
            made.high = learn::share_upper_bound(events_, seen_, kTail);
        } else {
            made.low = learn::weighted_count_lower_bound(sum_, squares_, kTail) / weights_;
            made.high = learn::weighted_count_upper_bound(sum_, squares_, largest_, kTail) / weights_;
        }
        made.low = std::clamp(made.low, 0.0, made.value);
        made.high = std::clamp(made.high, made.value, 1.0);
        return made;
    }

  private:
    std::size_t seen_ = 0, events_ = 0;
    double weights_ = 0, sum_ = 0, squares_ = 0, largest_ = 0;
};

// Always the same tier.
struct Alone {
    Weighted worse;
    double cost = 0, reference = 0;  // weighted
};

// What is added up of a task's trials, or of all.
struct Sums {
    std::size_t trials = 0, known = 0, served = 0;
    std::array<std::size_t, cascade::kMostModelTiers> served_by{};
    Weighted let_through;
    std::vector<const Trial*> held_out;
    std::array<Alone, cascade::kMostModelTiers> alone;
};

bool worse(const Trial& trial, int tier) {
    return trial.tiers[static_cast<std::size_t>(tier)].worse;
}

void add_trial(const Trial& trial, Sums& sums) {
    ++sums.trials;
    sums.known += trial.known;
    if (trial.served != kReference) {
        ++sums.served;
        ++sums.served_by[static_cast<std::size_t>(trial.served)];
    }
    if (!trial.known) return;
    const int let_through = trial.served != kReference ? trial.served : trial.would_serve;
    if (let_through != kReference) sums.let_through.add(worse(trial, let_through), 1 / trial.known_probability);
    if (trial.everything && trial.in_force) sums.held_out.push_back(&trial);
}

// `weight`: how many of the task's requests it stands for.
void add_everything(const Trial& trial, double weight, Sums& sums) {
    for (std::size_t tier = 0; tier < cascade::kMostModelTiers; ++tier) {
        const cascade::TierTrial& tried = trial.tiers[tier];
        Alone& alone = sums.alone[tier];
        alone.worse.add(!tried.graded || tried.worse, weight);
        alone.cost += weight * tried.cost_usd;
        alone.reference += weight * trial.reference_usd;
    }
}

// What the held-out requests (two at least) would have cost by the ladder, over what they did cost: a ratio of sums,
// its deviation by linearisation (Cochran, Sampling Techniques, 6.4).
Estimate saved_by_ladder(const std::vector<const Trial*>& held_out) {
    double would = 0, reference = 0;
    for (const Trial* trial : held_out) {
        would += trial->would_cost_usd;
        reference += trial->reference_usd;
    }
    Estimate made{0, -1, 1, held_out.size()};
    if (reference <= 0) return made;
    const double paid = would / reference;
    double squares = 0;
    for (const Trial* trial : held_out) {
        const double off = trial->would_cost_usd - paid * trial->reference_usd;
        squares += off * off;
    }
    const auto count = static_cast<double>(held_out.size());
    made.value = 1 - paid;
    const double deviation = std::sqrt(squares * count / (count - 1)) / reference;
    made.low = made.value - kNormal * deviation;
    made.high = std::min(1.0, made.value + kNormal * deviation);
    return made;
}

void set_held_out(const Sums& sums, CascadeFigures& to) {
    to.held_out = sums.held_out.size();
    if (to.held_out == 0) return;
    if (to.held_out >= kLeastHeldOut) to.hold_out_saved = saved_by_ladder(sums.held_out);
    const auto instead = static_cast<double>(to.ledger.past_caches_counterfactual.nanos);
    if (to.hold_out_saved && instead > 0) {
        to.hold_out_net = to.hold_out_saved->value - static_cast<double>(to.ledger.spent.proof().nanos) / instead;
    }
    Weighted quality;
    for (const Trial* trial : sums.held_out) {
        quality.add(trial->would_serve != kReference && worse(*trial, trial->would_serve), 1);
    }
    to.hold_out_worse = quality.estimate();
}

void set_fixed(const Sums& sums, const cascade::CourseName& name, double promise, CascadeFigures& to) {
    for (std::size_t tier = 0; tier < std::min(name.tiers.size(), cascade::kMostModelTiers); ++tier) {
        const Alone& alone = sums.alone[tier];
        const auto estimate = alone.worse.estimate();
        if (!estimate || alone.reference <= 0) continue;
        to.fixed.push_back({name.tiers[tier], 1 - alone.cost / alone.reference, *estimate});
        const FixedModel& made = to.fixed.back();
        const bool better = !to.best_fixed || made.saved > to.fixed[*to.best_fixed].saved;
        if (made.worse.value <= promise && made.saved > 0 && better) to.best_fixed = to.fixed.size() - 1;
    }
    if (to.fixed.empty() || sums.trials == 0) return;
    double shuffled = 0;
    for (std::size_t tier = 0; tier < cascade::kMostModelTiers; ++tier) {
        const double share = static_cast<double>(sums.served_by[tier]) / static_cast<double>(sums.trials);
        if (share > 0) shuffled += share * sums.alone[tier].worse.value();
    }
    to.shuffle_worse = shuffled;
}

void set_figures(const Sums& sums, const cascade::CourseName& name, double promise, CascadeFigures& to) {
    to.trials = sums.trials;
    to.known = sums.known;
    to.served = sums.served;
    to.served_worse = sums.let_through.estimate();
    if (to.served_worse && sums.trials > 0) {
        to.all_worse = to.served_worse->value * static_cast<double>(sums.served) / static_cast<double>(sums.trials);
    }
    set_held_out(sums, to);
    set_fixed(sums, name, promise, to);
}

bool is_about_certificate(const Decision& decision) {
    using Kind = Decision::Kind;
    return decision.kind == Kind::certified || decision.kind == Kind::renewed || decision.kind == Kind::lost;
}

bool within(const Trial& trial, const CascadeReportQuery& query) {
    if (trial.unix_seconds == 0) return query.since_unix_micros == 0;
    // The second counts if any of it does: requests are told by the microsecond.
    const Micros begin = static_cast<Micros>(trial.unix_seconds) * kMicrosPerSecond;
    return begin + kMicrosPerSecond > query.since_unix_micros && begin < query.until_unix_micros;
}

class CourseSums {
  public:
    CourseSums(const cascade::RecordedCourse& course, const CascadeReportQuery& query) {
        std::map<std::uint64_t, std::vector<const Trial*>> everything;
        for (const Trial& trial : course.trials) {
            if (trial.complaint || trial.doubt || !within(trial, query)) continue;
            add_trial(trial, all_);
            add_trial(trial, tasks_[trial.task]);
            if (trial.known && trial.everything) everything[trial.task].push_back(&trial);
        }
        for (const auto& [task, trials] : everything) {
            Sums& own = tasks_[task];
            const double weight = static_cast<double>(own.trials) / static_cast<double>(trials.size());
            for (const Trial* trial : trials) {
                add_everything(*trial, 1, own);
                add_everything(*trial, weight, all_);
            }
        }
    }
    const Sums& all() const { return all_; }
    const std::map<std::uint64_t, Sums>& tasks() const { return tasks_; }

  private:
    Sums all_;
    std::map<std::uint64_t, Sums> tasks_;
};

CourseReport report_of(const cascade::RecordedCourse& course, const cascade::CourseName& name,
                       const std::vector<Decision>& decisions, const std::vector<store::CostLine>& costs,
                       const CascadeReportQuery& query) {
    CourseReport report;
    report.course = course.name;
    report.name = name;
    std::map<std::uint64_t, Decision> states;
    double promise = 0;
    for (const Decision& decision : decisions) {
        if (decision.course != course.name) continue;
        promise = decision.promise;
        if (is_about_certificate(decision)) report.total.state = decision;
        if (decision.task != 0 && !decision.state.empty()) states.insert_or_assign(decision.task, decision);
    }
    std::map<std::uint64_t, CascadeFigures> tasks;
    for (const store::CostLine& line : costs) {
        const bool own = line.cascade == name.cascade && line.reference == name.reference;
        if (!own || (!name.task.empty() && name.task != to_hex(line.task))) continue;
        CascadeFigures& figures = tasks[line.task];
        figures.name = line.task_name;
        figures.ledger += line;
        report.total.ledger += line;
    }
    const CourseSums sums(course, query);
    for (const auto& [task, own] : sums.tasks()) set_figures(own, name, promise, tasks[task]);
    set_figures(sums.all(), name, promise, report.total);
    for (auto& [task, figures] : tasks) {
        figures.task = task;
        if (const auto state = states.find(task); state != states.end()) figures.state = state->second;
        report.tasks.push_back(std::move(figures));
    }
    std::stable_sort(report.tasks.begin(), report.tasks.end(), [](const CascadeFigures& a, const CascadeFigures& b) {
        return a.ledger.requests > b.ledger.requests;
    });
    return report;
}

}  // namespace

std::vector<CourseReport> cascade_reports(const std::vector<cascade::RecordedCourse>& courses,
                                          const std::vector<Decision>& decisions,
                                          const std::vector<store::CostLine>& costs, const CascadeReportQuery& query) {
    // Who is in charge of a cascade's requests for a reference (or of a task of it): whose trials are the latest.
    std::map<std::string, std::pair<std::uint32_t, const cascade::RecordedCourse*>> in_charge;
    for (const cascade::RecordedCourse& course : courses) {
        const auto name = cascade::parse_course_name(course.name);
        if (!name || course.trials.empty()) continue;
        auto& place = in_charge[name->cascade + " " + name->reference + " " + name->task];
        const std::uint32_t last = course.trials.back().unix_seconds;
        if (place.second == nullptr || last >= place.first) place = {last, &course};
    }
    std::vector<CourseReport> reports;
    for (const auto& [key, place] : in_charge) {
        const auto name = cascade::parse_course_name(place.second->name);
        CourseReport report = report_of(*place.second, *name, decisions, costs, query);
        if (report.total.trials > 0) reports.push_back(std::move(report));
    }
    return reports;
}

Result<std::vector<CourseReport>> read_cascade_reports(const std::string& folder,
                                                       const std::vector<store::CostLine>& costs,
                                                       const CascadeReportQuery& query) {
    const auto courses = cascade::read_courses(folder + "/trials");
    if (!courses && courses.error().code == ErrorCode::not_found) return std::vector<CourseReport>();
    if (!courses) return tl::unexpected(courses.error());
    auto decisions = cascade::read_decisions(folder + "/decisions");
    if (!decisions && decisions.error().code != ErrorCode::not_found) return tl::unexpected(decisions.error());
    return cascade_reports(*courses, decisions ? *decisions : std::vector<Decision>(), costs, query);
}

}  // namespace weir::admin
