// Answers of arbitrary bytes: a watch never crashes, tells the same however a stream is cut, keeps the rules of
// usage.h, and what it tells survives append_chat_usage(). The first byte chooses how a stream is cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/usage_form.h"
#include "wire/usage_watch.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const Usage& usage) {
    const auto part = [](Tokens of, Tokens whole) { return of >= 0 && of <= whole; };
    require(part(usage.audio_input, usage.input_uncached) && part(usage.image_input, usage.input_uncached));
    require(part(usage.audio_input + usage.image_input, usage.input_uncached));
    require(part(usage.audio_cached, usage.input_cached));
    require(usage.input_cache_write >= 0 && usage.input_cache_write_1h >= 0 && usage.longest_prompt >= 0);
    require(part(usage.reasoning + usage.audio_output + usage.image_output, usage.output));
    // Beyond the limit of a count the sum is cut.
    constexpr Tokens kMost = 1'000'000'000'000;
    if (usage.input() > kMost || usage.output > kMost || usage.longest_prompt > kMost) return;
    std::string text;
    append_chat_usage(usage, text);
    std::optional<Usage> back = read_usage(text, {0, text.size()});
    require(back.has_value());
    back->reported = usage.reported;
    require(*back == usage);
}

Usage feed(std::string_view input, std::size_t piece) {
    UsageWatch watch(1000);
    while (!input.empty()) {
        const std::vector<char> bytes(input.begin(),
                                      input.begin() + static_cast<std::ptrdiff_t>(std::min(piece, input.size())));
        input.remove_prefix(bytes.size());
        if (!watch.feed({bytes.data(), bytes.size()})) break;
    }
    return watch.usage();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    UsageWatch watch;
    watch.body(input);
    check(watch.usage());
    const Usage whole = feed(input, input.size());
    require(feed(input, 1 + data[0] % 64) == whole);
    check(whole);
    return 0;
}
