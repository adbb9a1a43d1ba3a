// A file of keys, and what the admin address is asked for, whatever they hold: what is read is written the same again.
#include <cstdlib>

#include "limits/key_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::limits;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto records = parse_key_file(text)) {
        const auto again = parse_key_file(render_key_file(*records));
        if (!again || *again != *records) std::abort();
    }
    if (const auto record = parse_record(text)) {
        const auto again = parse_record(render_record(*record));
        if (!again || !(*again == *record)) std::abort();
    }
    if (const auto wish = parse_key_wish(text)) {
        if (wish->requests_per_minute && *wish->requests_per_minute < 0) std::abort();
        if (wish->models && !check_models(*wish->models)) std::abort();
    }
    return 0;
}
