// What threads that work for later have in common: they stand back behind those that serve, and know what they took.
// Thread rule: of the calling thread. Limits: none.
#pragma once

#include "base/units.h"

namespace weir {

// A lower priority, as "nice" gives it to a process; on Linux a thread has one of its own.
void lower_thread_priority();
// Processor time that the calling thread has used so far.
Micros thread_processor_micros();

}  // namespace weir
