// Any bytes as a traceparent: what is read is valid, and says the same when it is written and read again.
#include <cstdint>
#include <cstdlib>

#include "telemetry/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::telemetry;
    const auto parent = parse_traceparent({reinterpret_cast<const char*>(data), size});
    if (!parent) return 0;
    if (!parent->trace.any() || parent->span == 0) std::abort();
    std::string text;
    append_traceparent(*parent, text);
    if (parse_traceparent(text) != parent) std::abort();
    return 0;
}
