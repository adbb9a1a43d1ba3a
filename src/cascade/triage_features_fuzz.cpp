// Any bytes as a prompt, and any conversation: finite numbers and signals, buckets in range.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "cascade/triage_features.h"

namespace {

void check(const weir::cascade::PromptFeatures& features) {
    for (const float number : features.numbers) {
        if (!std::isfinite(number)) std::abort();
    }
    for (const float signal : features.signals) {
        if (!std::isfinite(signal)) std::abort();
    }
    for (const std::uint32_t gram : features.grams) {
        if (gram >= weir::cascade::kGramBuckets) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t middle = size == 0 ? 0 : data[0] % size;
    check(weir::cascade::prompt_features(text.substr(0, middle), text.substr(middle)));
    check(weir::cascade::prompt_features("", text.substr(middle), text.substr(0, middle)));
    std::string param;
    if (const auto request = weir::wire::parse_chat_request(text, param))
        check(weir::cascade::prompt_features(*request));
    return 0;
}
