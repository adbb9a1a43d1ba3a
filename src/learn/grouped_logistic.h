// Logistic regression for few examples in many groups: an offset that is known beforehand for every example (a prior),
// a few coefficients common to all, and an intercept for each group, every one of them pulled towards 0 by a penalty of
// its own: where nothing was seen the prior stands (ridge penalty: Hoerl and Kennard 1970; le Cessie and van
// Houwelingen, Applied Statistics 1992). Fitted by Newton's method with steps halved while they make it worse; the
// Hessian is an arrow (a small dense block, a diagonal for the groups), so a step is linear in rows and groups. Thread
// rule: pure functions and immutable values. Limits: kMostCommon common coefficients; memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::learn {

class GroupedLogistic {
  public:
    static constexpr std::size_t kMostCommon = 4;
    using Values = std::array<double, kMostCommon>;  // unused ones 0

    struct Row {
        double offset = 0;  // log-odds before anything was learned
        Values values{};
        std::uint32_t group = 0;  // below `groups`
        double label = 0;         // 0 to 1
        double weight = 1;        // above 0
    };
    struct Options {
        std::size_t common = 1;    // coefficients in use, at most kMostCommon
        Values common_penalty{};   // of each, above 0
        double group_penalty = 5;  // of each group's intercept, above 0
        int steps = 12;            // of Newton's method at most
    };

    GroupedLogistic() = default;  // the prior
    static GroupedLogistic fit(std::span<const Row> rows, std::size_t groups, const Options& options);

    // Log-odds. A group that the fit did not know counts as 0.
    double margin(double offset, const Values& values, std::uint32_t group) const;
    double probability(double offset, const Values& values, std::uint32_t group) const;

    const Values& common() const { return common_; }
    std::span<const double> groups() const { return groups_; }

  private:
    double objective(std::span<const Row> rows, const Options& options) const;

    Values common_{};
    std::vector<double> groups_;
};

}  // namespace weir::learn
