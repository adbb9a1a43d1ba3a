#include "base/clock.h"

#include <ctime>

namespace weir {
namespace {

Micros read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<Micros>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

Micros SystemClock::unix_micros() const {
    return read_clock(CLOCK_REALTIME);
}
Micros SystemClock::steady_micros() const {
    return read_clock(CLOCK_MONOTONIC);
}

}  // namespace weir
