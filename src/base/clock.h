// Time as a seam: production code takes a Clock&, tests move a FakeClock.
// Thread rule: now_* may be called from any thread; FakeClock::advance too (atomics).
#pragma once

#include <atomic>

#include "base/units.h"

namespace weir {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Micros unix_micros() const = 0;    // wall clock, microseconds since the Unix epoch
    virtual Micros steady_micros() const = 0;  // monotonic, arbitrary origin
};

class SystemClock final : public Clock {
  public:
    Micros unix_micros() const override;
    Micros steady_micros() const override;
};

class FakeClock final : public Clock {
  public:
    explicit FakeClock(Micros unix_start = 1'700'000'000'000'000) : unix_start_(unix_start) {}
    Micros unix_micros() const override { return unix_start_ + elapsed_.load(); }
    Micros steady_micros() const override { return elapsed_.load(); }
    void advance(Micros by) { elapsed_ += by; }

  private:
    Micros unix_start_;
    std::atomic<Micros> elapsed_{0};
};

}  // namespace weir
