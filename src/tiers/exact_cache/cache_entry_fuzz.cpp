// decode() over any bytes: as they are (damage), and with a checksum that fits (what lies behind it). Whatever it
// accepts must be encode()'s own spelling.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tiers/exact_cache/cache_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir;
    std::string bytes(reinterpret_cast<const char*>(data), size);
    for (int sealed = 0; sealed < 2; ++sealed) {
        if (const auto entry = tiers::decode(bytes); entry && tiers::encode(*entry) != bytes) std::abort();
        std::uint64_t sum = short_digest(sha256(bytes));
        for (int i = 0; i < 8; ++i, sum >>= 8) bytes += static_cast<char>(sum);
    }
    return 0;
}
