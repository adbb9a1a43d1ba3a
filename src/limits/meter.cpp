#include "limits/meter.h"

namespace weir::limits {

bool Meter::begin(std::int64_t most) {
    std::int64_t running = running_.load(std::memory_order_relaxed);
    while (running < most) {
        if (running_.compare_exchange_weak(running, running + 1, std::memory_order_relaxed)) return true;
    }
    return false;
}

// Two at once may lose one of the two: an average does not mind.
void Meter::answered(std::int64_t length) {
    const std::int64_t usual = usual_answer_.load(std::memory_order_relaxed);
    usual_answer_.store(usual + (length * kScale - usual) / kScale, std::memory_order_relaxed);
}

}  // namespace weir::limits
