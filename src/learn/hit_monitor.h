// Watches the audits of served hits and says when the promise "at most this share of them is wrong" no longer holds.
// Two bets against the promise run side by side:
//   - an e-process from the beginning: mean over several stakes of the products of 1 + b w (wrong - promise). While
//   every
//     hit's chance to be wrong is at most `promise`, the chance that it *ever* reaches 1 / alpha is at most alpha
//     (Ville's inequality; Waudby-Smith and Ramdas, JRSS B 2024), so it may be looked at after every audit;
//   - an e-detector for a change after a long good time, which the e-process would be slow to see: the same products,
//   started
//     anew whenever they fall below 1 (CUSUM form; Shin, Ramdas, Rinaldo, "E-detectors", 2023). While the promise
//     holds, the mean number of audits until a false alarm is at least `run_length`.
// Thread rule: one owner. Limits: O(1) memory and time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::learn {

class HitMonitor {
  public:
    struct Options {
        double promise = 0.02;       // in (0, 1)
        double alpha = 0.05;         // see above
        double run_length = 10'000;  // audits
        double least_audit = 0.01;   // no hit is audited with a smaller probability than this, in (0, 1]
    };
    explicit HitMonitor(const Options& options) : options_(options) { restart(); }

    // The outcome of an audit that was made with this probability, settled before the outcome was known.
    void audited(bool wrong, double audit_probability);
    bool broken() const { return broken_; }  // the promise is refuted; stays so until restart()
    void restart();

    std::uint64_t audits() const { return audits_; }
    std::uint64_t wrong() const { return wrong_; }

  private:
    static constexpr std::array<double, 6> stakes{0.02, 0.05, 0.1, 0.2, 0.4, 0.8};

    Options options_;
    std::array<double, stakes.size()> wealth_{}, detector_{};
    std::uint64_t audits_ = 0, wrong_ = 0;
    bool broken_ = false;
};

}  // namespace weir::learn
