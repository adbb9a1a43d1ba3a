// Verifier::load() on arbitrary bytes: an error, or a verifier that writes itself back and gives probabilities. The
// checksum is made right first, else nothing behind it would be reached.
#include "tiers/semantic_cache/verifier.h"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace weir;
using namespace weir::tiers::semantic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)Verifier::load(std::string_view(reinterpret_cast<const char*>(data), size));
    std::string bytes = "WEIRVER1";
    const auto put = [&bytes](std::uint32_t value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(kPairFeaturesVersion);
    put(static_cast<std::uint32_t>(kPairFeatures));
    bytes.append(reinterpret_cast<const char*>(data), size);
    const Digest256 digest = sha256(bytes);
    bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    const auto verifier = Verifier::load(bytes);
    if (!verifier) return 0;
    PairFeatures features{};
    const double score = verifier->score(features, {});
    if (!(score >= 0 && score <= 1)) std::abort();
    if (!Verifier::load(verifier->save())) std::abort();
    return 0;
}
