// decode_purges() over any bytes: it reads what it can, and what it read is read again from its own spelling.
#include <cstdint>
#include <cstdlib>

#include "tiers/exact_cache/purge_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::tiers;
    // Behind a good start and a line of whatever the bytes are, too.
    std::string bytes(reinterpret_cast<const char*>(data), size);
    for (int round = 0; round < 2; ++round) {
        if (const auto read = decode_purges(bytes)) {
            if (read->good_bytes > bytes.size()) std::abort();
            const std::string again = encode_purges(read->list);
            const auto twice = decode_purges(again);
            if (!twice || twice->damaged || twice->good_bytes != again.size()) std::abort();
            if (twice->list.lines.size() != read->list.lines.size()) std::abort();
        }
        PurgeLine line;
        line.mark.kind = MarkKind::tag;
        line.mark.value = bytes.substr(0, 255);
        bytes = encode_purges({{line}, INT64_MIN}) + bytes;
    }
    return 0;
}
