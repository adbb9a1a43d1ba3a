// Which share of a task's requests its ladder may serve after its gates have opened (`canary:`): a small one first,
// three times as much after every kOutcomes answers of which the gates were sure and which the reference has confirmed,
// in the end all. Where clearly more of them are worse than may be, it begins anew. A brake besides the certificate:
// what it rests on are few outcomes each time, and it proves nothing. Thread rule: plain values. Limits: constant
// memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::cascade {

class Canary {
  public:
    static constexpr std::size_t kOutcomes = 30;
    static constexpr double kSteps = 3;          // times as much
    static constexpr double kNearlyAll = 0.5;    // a step beyond it is one to all
    static constexpr double kClearlyWorse = 3;   // times the promise: of the answers that the gates let through
    static constexpr double kSure = 0.9;         // ... with this confidence
    static constexpr std::size_t kMemory = 200;  // outcomes; then it counts anew

    Canary(double first, double promise) : share_(first), promise_(promise) {}

    enum class Move : std::uint8_t { none, raised, lowered };
    // An answer that the gates let through, served or tried beside the reference, was compared. `first`: as configured.
    Move outcome(bool worse, double first);
    // The gates shut, or opened anew.
    void restart(double first);
    void set_share(double share) { share_ = share; }
    double share() const { return share_; }

  private:
    double share_, promise_;
    std::size_t outcomes_ = 0, worse_ = 0;
};

}  // namespace weir::cascade
