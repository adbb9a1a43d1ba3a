// What a harm price would let through of a course's requests, counted over the trials that are kept: the number that
// PolicyLearner's certificates bound. The risk strata are a task's certain, nearly certain and doubtful answers, to
// come by the expected mix of tasks, and served unseen: where the models misjudge one of them, another, graded more
// often, must not speak for it. What triage skips (Trial::skipped) is never served, so it counts as traffic whether its
// outcome is known or not.
// Thread rule: one owner; the trials and plans outlive it. Limits: those of PolicyLearner.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "cascade/policy.h"
#include "cascade/trial.h"
#include "learn/calibrated_count.h"

namespace weir::cascade {

struct KeptTrial {
    Trial trial;
    std::uint32_t group = 0;                  // of its task
    std::array<float, kMostModelTiers> risk;  // by models that had not seen it; 1 where nothing is known
};

// The tier that the plan's ladder would have served at a harm price; nothing: the reference.
std::optional<std::size_t> served_at(double price, const TaskPlan& plan, const KeptTrial& kept);

// Whether the trial tells what the plan would have done: all tiers are graded that it would have asked.
bool tells_of(const TaskPlan& plan, const Trial& trial);

class HarmCount {
  public:
    // By group: the trials and the plan of each task; how many of as many requests as are kept will be the task's.
    HarmCount(const std::deque<KeptTrial>& kept, std::span<const std::vector<const KeptTrial*>> by_task,
              std::vector<const TaskPlan*> plans, std::span<const double> mix);

    double known_worse() const { return known_worse_; }  // served and audited
    double past_served() const { return past_served_; }
    // What a price would serve of the requests to come, and how many known outcomes tell of it.
    struct Service {
        double share = 0;
        std::size_t known = 0;
    };
    Service service(double price) const;
    // Until then `ahead` more requests come at this price; with or without what was served unseen so far.
    learn::CountBound worse(double price, double ahead, bool past, double trust, double alpha);

  private:
    struct Usable {
        const KeptTrial* kept;
        double weight;  // requests of the window that it stands for
    };
    struct Answer {
        std::size_t tier;
        double risk;
        std::size_t stratum;
    };
    static Answer answer_of(const KeptTrial& kept, std::size_t tier);

    double trials_, known_worse_ = 0, past_served_ = 0;
    std::vector<double> unseen_;  // by stratum: risks of what was served and not audited
    std::vector<std::vector<Usable>> usable_;
    std::vector<const TaskPlan*> plans_;
    std::vector<learn::RiskStratum> strata_;
};

}  // namespace weir::cascade
