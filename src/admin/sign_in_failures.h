// Failed sign-ins, which anybody may send who reaches the address: a few an hour stand in the audit log one by one, the
// rest as a number, so that nobody without a token can fill the log and push out what others did.
// Thread rule: one thread. Limits: kTold an hour, counted from the first of them.
#pragma once

#include <cstddef>

#include "base/units.h"

namespace weir::admin {

class SignInFailures {
  public:
    static constexpr std::size_t kTold = 5;
    static constexpr Micros kHourMicros = 3'600'000'000;

    // One more, at this steady time. True: it is told by itself.
    bool count(Micros now) {
        begin(now);
        if (told_ < kTold) {
            ++told_;
            return true;
        }
        ++untold_;
        return false;
    }

    // How many were not, of hours that are over; each is given once.
    std::size_t take_untold(Micros now) {
        begin(now);
        const std::size_t taken = over_;
        over_ = 0;
        return taken;
    }

  private:
    void begin(Micros now) {
        if (told_ == 0) since_ = now;
        if (now - since_ < kHourMicros) return;
        over_ += untold_;
        told_ = untold_ = 0;
        since_ = now;
    }

    Micros since_ = 0;
    std::size_t told_ = 0, untold_ = 0, over_ = 0;
};

}  // namespace weir::admin
