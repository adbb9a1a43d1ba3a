#include "store/ledger_ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace weir::store {

void Doorbell::ring() {
    if (state_.exchange(State::awake, std::memory_order_seq_cst) == State::awake) return;
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Doorbell::sleep(State state, std::optional<Micros> timeout) {
    timespec relative{};
    if (timeout) {
        constexpr Micros kMicrosPerSecond = 1'000'000;
        relative.tv_sec = static_cast<std::time_t>(*timeout / kMicrosPerSecond);
        relative.tv_nsec = static_cast<long>(*timeout % kMicrosPerSecond * 1000);
    }
    syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, static_cast<std::uint32_t>(state), timeout ? &relative : nullptr,
            nullptr, 0);
}

}  // namespace weir::store
