// Coins that fall evenly over time: of outcomes that come with shares p1, p2, ... each is drawn with its share's
// probability, as by a coin of its own, but not in clumps and without long gaps (systematic sampling with unequal
// probabilities: Madow, Annals of Mathematical Statistics 1949). Between two draws the shares sum up to 3/4 to 5/4,
// and from any moment to the next draw to 5/4 at most, where single coins leave a gap of 7 once in a thousand times:
// so what has changed is heard of in time, for the same number of draws. The jitter of a quarter keeps it from
// falling in step with traffic that has a rhythm.
// Thread rule: one owner. Limits: shares up to 1/2; a larger one falls always.
#pragma once

namespace weir::learn {

class SpacedCoins {
  public:
    // `random`: uniform in [0, 1), of this outcome alone.
    bool falls(double share, double random) {
        if (share > kMostShare) return true;
        if (next_ < 0) next_ = random;  // the beginning is drawn, so that each has its share
        sum_ += share;
        if (share <= 0 || sum_ < next_ + jitter_) return false;
        sum_ -= next_;
        next_ = 1;
        jitter_ = kJitter * random;
        return true;
    }

  private:
    static constexpr double kMostShare = 0.5, kJitter = 0.25;
    double sum_ = 0, next_ = -1, jitter_ = 0;
};

}  // namespace weir::learn
