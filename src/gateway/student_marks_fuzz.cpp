// A mark beside a student, as it may lie on disk: whatever it is, what is read of it is sound.
#include <cstdlib>

#include "gateway/student_marks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto held = weir::gateway::parse_held({reinterpret_cast<const char*>(data), size});
    if (held && (held->unix_micros <= 0 || held->examples == 0)) std::abort();
    const auto versions = weir::gateway::parse_versions({reinterpret_cast<const char*>(data), size});
    if (versions.size() > weir::gateway::kMostVersions) std::abort();
    weir::Micros before = 0;
    for (const auto& version : versions) {
        if (version.unix_micros <= before || version.examples == 0 || version.bytes == 0) std::abort();
        before = version.unix_micros;
    }
    return 0;
}
