// Any bytes as a traceparent: what is read is valid, and says the same when it is written and read again.
#include <cstdint>
#include <cstdlib>

#include "telemetry/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::telemetry;
    const auto parent = parse_traceparent({reinterpret_cast<const char*>(data), size});
    if (!parent) return 0;
    if (!parent->trace.any() || parent->span == 0) std::abort();
    const std::string line = traceparent_line(parent->trace, parent->span);
    auto again = parse_traceparent(std::string_view(line).substr(13, line.size() - 15));  // between its name and end
    if (!again || !again->sampled) std::abort();
    again->sampled = parent->sampled;
    if (again != parent) std::abort();
    return 0;
}
