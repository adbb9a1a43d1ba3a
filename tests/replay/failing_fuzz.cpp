// A fuzzer that fails, for the test of tests/replay/main.cpp: on a file, on what only a mutation makes, or never.
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text == "weir" || (text.starts_with("we") && text != "were")) std::abort();
    return 0;
}
