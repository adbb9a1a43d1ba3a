// decode() over any bytes: what it accepts is what encode() writes again, where no vector was left out.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tiers/semantic_cache/semantic_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::tiers::semantic;
    const std::array<SpaceName, kSpacesMost> names{{{0x0101010101010101, 8}, {0x0202020202020202, 3}}};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto record = decode(bytes, names);
    if (!record) return 0;
    const auto again = encode(*record, names);
    if (!again || again->size() > size + sizeof(record->answer)) std::abort();
    const auto same = decode(*again, names);
    if (!same || same->question != record->question || *encode(*same, names) != *again) std::abort();
    return 0;
}
