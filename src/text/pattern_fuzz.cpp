// Any bytes as an expression and as a text: what is found lies in the text and is not empty.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4'096) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t middle = data[0] % size;
    const std::string_view in = bytes.substr(middle);
    const auto pattern = weir::text::Pattern::compile(bytes.substr(0, middle));
    if (!pattern) return 0;
    std::size_t from = 0;
    for (int most = 0; most < 8; ++most) {
        const auto match = pattern->find(in, from);
        if (!match) break;
        if (match->begin < from || match->end <= match->begin || match->end > in.size()) std::abort();
        from = match->end;
    }
    return 0;
}
