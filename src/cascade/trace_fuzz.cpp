// Any bytes as a row's attempts and steps: what is read has a trace within its limits, and is written again as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cascade/trace.h"
#include "store/ledger_codec.h"

namespace {

std::string told(const weir::store::LedgerRow& row) {
    std::string all;
    for (const weir::cascade::TraceEntry& entry : weir::cascade::trace_of(row)) {
        if (entry.said.size() >= 150) std::abort();
        all += std::string(weir::cascade::to_string(entry.verdict)) + " " + entry.said + "\n";
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    weir::store::LedgerRow row, again;
    if (!weir::store::unpack_attempts(bytes, row)) return 0;
    weir::store::PackedAttempts first, second;
    const std::string_view packed = weir::store::pack_attempts(row, first);
    if (!weir::store::unpack_attempts(packed, again)) std::abort();
    if (weir::store::pack_attempts(again, second) != packed || told(again) != told(row)) std::abort();
    return 0;
}
