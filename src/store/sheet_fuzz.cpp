// unpack_sheet() over any bytes: what it accepts, combined and packed, is read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "store/sheet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::store;
    std::vector<Cell> cells, again;
    if (!unpack_sheet(std::string_view(reinterpret_cast<const char*>(data), size), cells)) return 0;
    combine(cells);
    const std::string sheet = pack_sheet(cells);
    if (!unpack_sheet(sheet, again) || again.size() != cells.size() || pack_sheet(again) != sheet) std::abort();
    LatencyCounts latencies;
    for (const Cell& cell : again) {
        if (latencies.add(cell.latencies)) (void)latencies.percentile(500);
    }
    return 0;
}
