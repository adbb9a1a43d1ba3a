#include "tiers/student/novelty_watch.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace weir::tiers::student {
namespace {

constexpr std::size_t kHigh = 20;                    // one in so many is as novel
constexpr double kTolerated = 0.15, kChanged = 0.6;  // shares of such texts
// Where all texts are alike but for a number, a new digit would else be another world.
constexpr double kLeastShift = 0.1;
constexpr std::size_t kLookAgain = 50;  // texts until the limits are found anew

}  // namespace

void NoveltyWatch::find_limits() {
    look_at_ = seen_ + kLookAgain;
    const auto texts = std::span(texts_).first(std::min(seen_, kKept));
    mean_ = 0;
    for (const Text& text : texts) mean_ += static_cast<double>(text.novelty) / static_cast<double>(texts.size());
    std::vector<double> all;
    for (const Text& text : texts) {
        all.push_back((static_cast<double>(text.novelty) - mean_) * static_cast<double>(text.root));
    }
    const auto high = all.begin() + static_cast<std::ptrdiff_t>(all.size() / kHigh);
    std::nth_element(all.begin(), high, all.end(), std::greater<>());
    high_ = *high;
    most_ = *std::max_element(all.begin(), high + 1);
}

NoveltyWatch::Sight NoveltyWatch::add(double novelty, std::size_t grams) {
    if (grams == 0) return Sight::usual;
    const double root = std::sqrt(static_cast<double>(grams));
    const double height = (novelty - mean_) * root;
    const bool far = novelty > mean_ + kLeastShift;
    const bool unusual = seen_ >= kLeast && far && height > most_;
    if (seen_ >= kLeast) {
        sum_ += std::log(far && height > high_ ? kChanged / kTolerated : (1 - kChanged) / (1 - kTolerated));
        if (sum_ >= std::log(kPatience)) {
            *this = NoveltyWatch();
            return Sight::alarm;
        }
        sum_ = std::max(sum_, 0.0);
    }
    texts_[seen_ % kKept] = {static_cast<float>(novelty), static_cast<float>(root)};
    ++seen_;
    // What may be of another world says nothing, as long as that is not clear, of what is usual in this one.
    if (seen_ >= look_at_ && sum_ <= 0) find_limits();
    return unusual ? Sight::unusual : Sight::usual;
}

}  // namespace weir::tiers::student
