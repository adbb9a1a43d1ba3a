// read_record() over any bytes: what it accepts is what write_record() writes again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/example.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto read = weir::store::read_record(bytes);
    if (!read) return 0;
    const std::string again = std::visit([](const auto& record) { return weir::store::write_record(record); }, *read);
    const auto same = weir::store::read_record(again);
    if (!same || same->index() != read->index()) std::abort();
    if (std::visit([](const auto& record) { return weir::store::write_record(record); }, *same) != again) std::abort();
    return 0;
}
