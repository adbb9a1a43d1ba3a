// Any bytes as a collector's answer: each field is within the message, and the count is no nonsense.
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "telemetry/otlp_envelope.h"
#include "telemetry/protobuf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::telemetry;
    const std::string_view answer(reinterpret_cast<const char*>(data), size);
    if (rejected_items(answer) > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())) std::abort();
    for (std::string_view rest = answer; !rest.empty();) {
        const std::size_t before = rest.size();
        const auto field = protobuf::take_field(rest);
        if (!field) break;
        if (field->number == 0 || rest.size() >= before) std::abort();
        if (!field->bytes.empty() && (field->bytes.data() < answer.data() || field->bytes.end() > answer.end()))
            std::abort();
    }
    return 0;
}
