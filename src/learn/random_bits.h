// A small seeded generator for training and simulation: the same numbers on every machine and library, which
// <random>'s distributions don't promise. SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Not for secrets.
// Thread rule: one owner.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace weir::learn {

class RandomBits {
  public:
    explicit RandomBits(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // in [0, 1)
    bool chance(double probability) { return uniform() < probability; }
    // In [0, limit); limit > 0. Biased by less than limit / 2^64.
    std::size_t below(std::size_t limit) {
        return static_cast<std::size_t>((static_cast<unsigned __int128>(next()) * limit) >> 64);
    }
    double normal() {  // mean 0, variance 1: Box and Muller, 1958
        const double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(2 * 3.14159265358979323846 * uniform());
    }
    template <class T>
    void shuffle(std::span<T> items) {  // Fisher and Yates, in Durstenfeld's form
        for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[below(left)]);
    }

  private:
    std::uint64_t state_;
};

}  // namespace weir::learn
