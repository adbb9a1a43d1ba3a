#include "tiers/semantic_cache/shipped_verifier.h"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::tiers::semantic {
namespace {

// Base64 (RFC 4648) in lines.
constexpr std::string_view kLines[] = {
#include "tiers/semantic_cache/shipped_verifier.inc"
};

std::string decoded() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    std::int8_t next = 0;
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
        values[static_cast<std::uint8_t>(c)] = next++;
    }
    std::string bytes;
    std::uint32_t bits = 0;
    int held = 0;
    for (const std::string_view line : kLines) {
        for (const char c : line) {
            const std::int8_t value = values[static_cast<std::uint8_t>(c)];
            if (value < 0) continue;  // padding
            bits = (bits << 6) | static_cast<std::uint32_t>(value);
            held += 6;
            if (held < 8) continue;
            held -= 8;
            bytes += static_cast<char>((bits >> held) & 0xFFU);
        }
    }
    return bytes;
}

}  // namespace

std::shared_ptr<const Verifier> shipped_verifier() {
    static const std::shared_ptr<const Verifier> verifier = [] {
        auto loaded = Verifier::load(decoded());
        // Only after a change of the features without new weights: a build that no test has seen.
        if (!loaded) throw std::logic_error("the verifier compiled in: " + loaded.error().message);
        return std::make_shared<const Verifier>(std::move(*loaded));
    }();
    return verifier;
}

double shipped_threshold(bool dense) {
    const std::optional<OperatingPoint> point = shipped_verifier()->point(kShippedFalseShare, dense);
    return point ? point->threshold : kCertain;
}

double shipped_prior(double promise, bool dense) {
    if (promise < kTrustedPromise) return kCertain;
    const double share = 0.01 + 4 * (promise - kTrustedPromise);
    const OperatingPoint* before = nullptr;  // of the points at a smaller share, the nearest
    const OperatingPoint* behind = nullptr;
    for (const OperatingPoint& point : shipped_verifier()->points(dense)) {
        if (point.wanted_false_share <= share + 1e-9) before = &point;
        if (point.wanted_false_share > share + 1e-9 && behind == nullptr) behind = &point;
    }
    if (before == nullptr) return kCertain;
    if (behind == nullptr) return before->threshold;
    const double way = (share - before->wanted_false_share) / (behind->wanted_false_share - before->wanted_false_share);
    return before->threshold + way * (behind->threshold - before->threshold);
}

}  // namespace weir::tiers::semantic
