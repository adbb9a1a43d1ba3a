// Any bytes as a prompt: finite numbers, buckets in range.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "cascade/triage_features.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t middle = size == 0 ? 0 : data[0] % size;
    const auto features = weir::cascade::prompt_features(text.substr(0, middle), text.substr(middle));
    for (const float number : features.numbers) {
        if (!std::isfinite(number)) std::abort();
    }
    for (const std::uint32_t gram : features.grams) {
        if (gram >= weir::cascade::kGramBuckets) std::abort();
    }
    return 0;
}
