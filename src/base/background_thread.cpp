#include "base/background_thread.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace weir {

void lower_thread_priority() {
    constexpr int kPriority = 5;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kPriority);
}

Micros thread_processor_micros() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return Micros{used.tv_sec} * 1'000'000 + used.tv_nsec / 1'000;
}

}  // namespace weir
