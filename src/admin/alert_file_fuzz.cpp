// A file of what alerts remember, whatever it holds: what is read is written the same again.
#include <cstdlib>

#include "admin/alert_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::admin;
    const auto records = parse_alert_file({reinterpret_cast<const char*>(data), size});
    if (!records) return 0;
    const auto again = parse_alert_file(render_alert_file(*records));
    if (!again || *again != *records) std::abort();
    return 0;
}
