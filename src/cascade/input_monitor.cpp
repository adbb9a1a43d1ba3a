#include "cascade/input_monitor.h"

#include <algorithm>
#include <cmath>

namespace weir::cascade {
namespace {

constexpr double kLeastDeviation = 0.05;  // of a number that was hardly ever another one
constexpr double kFarthest = 5;           // a number counts as so many standard deviations at most

learn::HitMonitor monitor_of(const InputMonitor::Options& options, std::size_t sides) {
    learn::HitMonitor::Options monitor;
    monitor.promise = options.tolerated;
    monitor.run_length = options.run_length * static_cast<double>(sides);
    monitor.alpha = 1 / monitor.run_length;
    monitor.least_audit = 1;
    return learn::HitMonitor(monitor);
}

}  // namespace

InputMonitor::InputMonitor(const Options& options)
    : options_(options), grams_(kGramBuckets, 0), monitors_{monitor_of(options, kSides), monitor_of(options, kSides)} {}

void InputMonitor::restart() {
    known_ = 0;
    std::fill(grams_.begin(), grams_.end(), std::uint8_t{0});
    sum_.fill(0);
    squares_.fill(0);
    usual_.clear();
    mean_rarity_ = 0;
    for (learn::HitMonitor& monitor : monitors_) monitor.restart();
}

void InputMonitor::know(const PromptFeatures& prompt) {
    for (const std::uint32_t gram : prompt.grams) ++grams_[gram];
    for (std::size_t i = 0; i < kPromptNumbers; ++i) {
        const double number = prompt.numbers[i];
        sum_[i] += number;
        squares_[i] += number * number;
    }
    ++known_;
}

InputMonitor::Sight InputMonitor::look(const PromptFeatures& prompt) const {
    Sight sight;
    if (!prompt.grams.empty()) {
        for (const std::uint32_t gram : prompt.grams) sight.rarity -= std::log(grams_[gram] + 0.5);
        const auto count = static_cast<double>(prompt.grams.size());
        sight.rarity /= count;
        sight.root = std::sqrt(count);
    }
    sight.novelty[0] = (sight.rarity - mean_rarity_) * sight.root;
    const auto known = static_cast<double>(known_);
    for (std::size_t i = 0; i < kPromptNumbers; ++i) {
        const double mean = sum_[i] / known, square = squares_[i] / known;
        const double deviation = std::max(kLeastDeviation, std::sqrt(std::max(0.0, square - mean * mean)));
        const double off = std::min(kFarthest, std::abs(prompt.numbers[i] - mean) / deviation);
        sight.novelty[1] += off * off;
    }
    return sight;
}

void InputMonitor::begin_watching() {
    for (const Sight& each : usual_) mean_rarity_ += each.rarity / static_cast<double>(usual_.size());
    for (Sight& each : usual_) each.novelty[0] = (each.rarity - mean_rarity_) * each.root;
    const auto beyond = static_cast<std::size_t>(options_.beyond * static_cast<double>(usual_.size()));
    const auto at = usual_.begin() + static_cast<std::ptrdiff_t>(std::min(beyond, usual_.size() - 1));
    for (std::size_t side = 0; side < kSides; ++side) {
        std::nth_element(usual_.begin(), at, usual_.end(),
                         [side](const Sight& a, const Sight& b) { return a.novelty[side] > b.novelty[side]; });
        limits_[side] = at->novelty[side];
    }
}

bool InputMonitor::seen(const PromptFeatures& prompt) {
    if (known_ < options_.known) {
        know(prompt);
        return false;
    }
    const Sight sight = look(prompt);
    if (!watches()) {
        usual_.push_back(sight);
        if (watches()) begin_watching();
        return false;
    }
    bool alarm = false;
    for (std::size_t side = 0; side < kSides; ++side) {
        monitors_[side].audited(sight.novelty[side] > limits_[side], 1);
        alarm = alarm || monitors_[side].broken();
    }
    if (alarm) restart();
    return alarm;
}

}  // namespace weir::cascade
