// A mark beside a student, as it may lie on disk: whatever it is, what is read of it is sound.
#include <cstdlib>

#include "gateway/student_marks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto held = weir::gateway::parse_held({reinterpret_cast<const char*>(data), size});
    if (held && (held->unix_micros <= 0 || held->examples == 0)) std::abort();
    return 0;
}
