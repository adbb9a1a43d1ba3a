// `promise: { yardstick: repeats }`: no tier has to agree with the reference more than the reference agrees with
// itself. What it was asked twice about, requests drawn at random (the hold-out's), says of each task how often it says
// something else; over a course's traffic that is at least the sum of the tasks' lower bounds, each times its share of
// the requests. Gates are held to the promise or to that bound, whichever is larger; a task of which fewer than
// kLeastRepeats are known adds nothing. Each bound is the lower end of an exact interval (Clopper and Pearson) whose
// error is kYardstickAlpha over the number of tasks that are bounded, so all of them hold at once with 1 - alpha.
// Thread rule: pure functions. Limits: none.
#pragma once

#include <cstdint>
#include <map>

namespace weir::cascade {

struct OwnRepeats {
    std::uint64_t asked = 0, differ = 0;  // requests of which the reference was asked twice, and said something else
    friend bool operator==(const OwnRepeats&, const OwnRepeats&) = default;
};
using TaskRepeats = std::map<std::uint64_t, OwnRepeats>;  // by task

inline constexpr std::uint64_t kLeastRepeats = 30;
inline constexpr double kYardstickAlpha = 0.025;  // below a 95 % interval
inline constexpr double kMostHeldTo = 0.5;        // as a promise in the configuration
inline constexpr double kYardstickStep = 0.001;   // so that gates do not begin anew for every further repeat

// Lower bound for the share of all requests to which the reference would say something else if asked again.
// `requests`: how many came to the course, by task.
double own_disagreement(const std::map<std::uint64_t, std::uint64_t>& requests, const TaskRepeats& repeats);

// What gates are held to: the bound is rounded down to whole steps.
double held_to(double promise, double own_disagreement);

}  // namespace weir::cascade
