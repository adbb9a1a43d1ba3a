// A file of what budgets spent, and a time zone's, whatever they hold: what is read is written the same again, and
// every moment is in its window.
#include <cstdlib>

#include "limits/budget_file.h"
#include "limits/time_window.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::limits;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto records = parse_budget_file(text)) {
        const auto again = parse_budget_file(render_budget_file(*records));
        if (!again || *again != *records) std::abort();
    }
    if (const auto zone = TimeZone::parse(text)) {
        for (const std::int64_t at : {0LL, 1'782'919'845LL, 4'086'979'200LL}) static_cast<void>(zone->offset(at));
    }
    return 0;
}
