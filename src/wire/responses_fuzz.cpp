// Requests, answers and streams of arbitrary bytes through the Responses dialect.
#include "wire/dialect_fuzz_testing.h"
#include "wire/responses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weir::wire::DialectFuzz(weir::wire::responses_dialect()).run(data, size);
    return 0;
}
