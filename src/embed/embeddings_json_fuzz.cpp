// read_embeddings() over any bytes: what it accepts has the right form.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "embed/embeddings_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::embed;
    if (size == 0) return 0;
    const std::size_t count = data[0] % 4;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto read = read_embeddings(body, count, 0);
    if (!read) return 0;
    if (read->size() != count) std::abort();
    for (const Vector& vector : *read) {
        if (vector.size() != read->front().size()) std::abort();
        double squares = 0;
        for (const float x : vector) squares += double{x} * double{x};
        if (!(std::abs(squares - 1) < 1e-3)) std::abort();
    }
    return 0;
}
