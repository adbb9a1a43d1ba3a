// Asks a server on a Unix socket for GET /health and reads no more than the status line.
// A client of its own of some sixty lines, because it blocks its (supervising) thread and must stop at once when told
// to. Thread rule: pure function, any thread that may block. Limits: one status line of at most 256 bytes; the whole
// exchange within the given time.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace weir::local {

enum class Health : std::uint8_t {
    ok,           // 200
    loading,      // any other status: it listens, but isn't ready
    unreachable,  // nothing listens, the connection broke, or it isn't HTTP
    late,         // no status line within the time
    interrupted,  // one of the wake descriptors became readable
};

// wake_fds: -1 is ignored. Their state is looked at while waiting, never read.
Health probe_health(const std::string& socket_path, Micros at_most_micros, int wake_fd, int other_wake_fd);

// Microseconds of the monotonic clock, for deadlines.
Micros monotonic_micros();
// poll()'s milliseconds until the deadline: rounded up, 0 when it has passed, at most an hour.
int milliseconds_until(Micros deadline_micros);

}  // namespace weir::local
