// Requests, answers and streams of arbitrary bytes through the Completions dialect.
#include "wire/completions.h"
#include "wire/dialect_fuzz_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weir::wire::DialectFuzz(weir::wire::completions_dialect()).run(data, size);
    return 0;
}
