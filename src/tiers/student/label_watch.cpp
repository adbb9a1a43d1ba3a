#include "tiers/student/label_watch.h"

#include <algorithm>
#include <cmath>

namespace weir::tiers::student {
namespace {

constexpr double kTolerance = 0.02;  // beyond the usual share
constexpr double kMostUsual = 0.9;
constexpr std::array<double, 3> kOutside = {0.9, 0.5, 0.125};  // of the answers that were inside
// The sums' logarithms from which on it is suspicious, and below which it is no longer.
constexpr double kSuspects = 4.6, kClears = 0.5;
// Where no more of them are usual one alone is suspicious, and it is worth some answers to rule a new label out. Where
// training knows of more it is never suspicious: much is declined there, and so heard, anyway.
constexpr double kHardlyEver = 0.07, kSuspectsOne = 2.5;
constexpr double kMiss = 0.05;
// As if so many answers that it was not trusted with, all of them inside, had been heard before it served. Many where a
// suspicion that is wrong is found out on all requests, few where only an alarm would come of it.
constexpr double kHeardBefore = 60, kHeardBeforeElsewhere = 5;

// Of an answer, where so many more of them are outside, over where it is as usual.
double log_ratio(bool could_say, double usual, double more) {
    const double changed = usual + (1 - usual) * more;
    return std::log(could_say ? (1 - changed) / (1 - usual) : changed / usual);
}

}  // namespace

void LabelWatch::expect(double outside_share) {
    usual_ = std::clamp(outside_share, 0.0, kMostUsual);
}

double LabelWatch::usual_of(Of of) const {
    double usual = usual_;
    if (of == Of::declined) {
        // About the exact bound (Clopper and Pearson) of four in five.
        const auto events = static_cast<double>(outside_.count());
        const bool hardly_ever = usual_of(Of::all) <= kHardlyEver;
        const double heard =
            static_cast<double>(std::min(declined_, kDeclined)) + (hardly_ever ? kHeardBefore : kHeardBeforeElsewhere);
        usual = std::max(usual, (events + 1.6 + 1.2 * std::sqrt(events)) / heard);
    }
    return std::min(usual, kMostUsual) + kTolerance;
}

void LabelWatch::add(bool could_say, Of of, std::int64_t when) {
    const double usual = usual_of(of);
    for (std::size_t i = 0; i < sums_.size(); ++i) {
        if (sums_[i] <= 0) since_[i] = when;
        sums_[i] = std::max(0.0, sums_[i] + log_ratio(could_say, usual, kOutside[i]));
    }
    if (of == Of::declined && unclear_.size() < kDeclined) unclear_.push_back(!could_say);
    const bool quiet = std::all_of(sums_.begin(), sums_.end(), [](double sum) { return sum <= 0; });
    if (quiet || usual_of(Of::all) > kHardlyEver) {
        for (const bool outside : unclear_) outside_[declined_++ % kDeclined] = outside;
        unclear_.clear();
    }
    suspect(could_say, usual);
}

void LabelWatch::suspect(bool could_say, double usual) {
    const double most = *std::max_element(sums_.begin(), sums_.end());
    const double limit = usual <= kHardlyEver ? kSuspectsOne : kSuspects;
    credit_ = std::min(kMostCredit, credit_ + kCreditShare);
    if (!suspicious_) {
        suspicious_ = most >= limit && usual_of(Of::all) <= kHardlyEver;
        ruled_out_ = 0;
        return;
    }
    credit_ -= 1;
    ruled_out_ += log_ratio(could_say, usual, kOutside.back());
    const bool patient = credit_ > 0 && usual_of(Of::all) <= kHardlyEver;
    const bool clear = patient ? ruled_out_ <= std::log(kMiss) && most < limit : most < kClears;
    suspicious_ = !clear;
}

bool LabelWatch::alarmed() const {
    return *std::max_element(sums_.begin(), sums_.end()) >= std::log(kPatience);
}

std::int64_t LabelWatch::since() const {
    return since_[static_cast<std::size_t>(std::max_element(sums_.begin(), sums_.end()) - sums_.begin())];
}

}  // namespace weir::tiers::student
