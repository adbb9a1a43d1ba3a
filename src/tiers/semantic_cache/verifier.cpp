#include "tiers/semantic_cache/verifier.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace weir::tiers::semantic {
namespace {

constexpr std::string_view kMagic = "WEIRVER1";
constexpr std::size_t kMostPoints = 32;

bool is_share(double value) {
    return value >= 0 && value <= 1;
}

Error damaged(std::string what) {
    return {ErrorCode::invalid, "not a verifier of this version: " + std::move(what)};
}

}  // namespace

double Verifier::score(PairFeatures& features, std::span<const learn::SparseValue> lexical) const {
    features[static_cast<std::size_t>(PairFeature::lexical_margin)] = static_cast<float>(lexical_.margin(lexical));
    const bool dense = dense_ && !std::isnan(features[static_cast<std::size_t>(PairFeature::dense_cosine)]);
    const Judge& judge = dense ? *dense_ : plain_;
    if (judge.trees.trees() == 0) return 0;  // trained with vectors alone, and here are none
    return judge.calibration.probability(judge.trees.margin(features));
}

const std::vector<OperatingPoint>& Verifier::points(bool dense) const {
    return dense && dense_ ? dense_->points : plain_.points;
}

std::optional<OperatingPoint> Verifier::point(double false_share, bool dense) const {
    std::optional<OperatingPoint> best;
    for (const OperatingPoint& each : points(dense)) {
        const bool fits = each.wanted_false_share <= false_share + 1e-9;
        if (fits && (!best || each.wanted_false_share > best->wanted_false_share)) best = each;
    }
    return best;
}

void Verifier::write(const Judge& judge, learn::ModelWriter& to) {
    judge.trees.write(to);
    to.put(judge.calibration.slope);
    to.put(judge.calibration.offset);
    to.put(static_cast<std::uint32_t>(judge.points.size()));
    for (const OperatingPoint& each : judge.points) {
        for (const double value :
             {each.wanted_false_share, each.threshold, each.false_share, each.recall, each.served}) {
            to.put(value);
        }
    }
}

Result<Verifier::Judge> Verifier::read_judge(learn::ModelReader& from) {
    Judge judge;
    auto trees = learn::BoostedTrees::read(from);
    if (!trees) return tl::unexpected(damaged(trees.error().message));
    if (trees->columns() != kPairFeatures && trees->columns() != kLonePairFeatures)
        return tl::unexpected(damaged("trees over other features"));
    judge.trees = std::move(*trees);
    judge.calibration.slope = from.get<double>();
    judge.calibration.offset = from.get<double>();
    const std::size_t points = from.get<std::uint32_t>();
    if (!from.ok() || points > kMostPoints || !std::isfinite(judge.calibration.slope) || judge.calibration.slope < 0 ||
        !std::isfinite(judge.calibration.offset)) {
        return tl::unexpected(damaged("calibration or points out of range"));
    }
    for (std::size_t i = 0; i < points; ++i) {
        OperatingPoint point;
        for (double* const value :
             {&point.wanted_false_share, &point.threshold, &point.false_share, &point.recall, &point.served}) {
            *value = from.get<double>();
        }
        const bool right = is_share(point.wanted_false_share) && point.threshold >= 0 && point.threshold <= 2 &&
                           is_share(point.false_share) && is_share(point.recall) && is_share(point.served);
        if (!from.ok() || !right) return tl::unexpected(damaged("a point out of range"));
        judge.points.push_back(point);
    }
    return judge;
}

std::string Verifier::save() const {
    learn::ModelWriter to;
    to.bytes() = kMagic;
    to.put(kPairFeaturesVersion);
    to.put(static_cast<std::uint32_t>(std::max(plain_.trees.columns(), dense_ ? dense_->trees.columns() : 0)));
    to.bytes().append(reinterpret_cast<const char*>(training_digest_.data()), training_digest_.size());
    to.put(overrules_);
    to.put(static_cast<std::uint8_t>(judges_explained_ ? 1 : 0));
    rarity_.write(to);
    lexical_.write(to);
    to.put(static_cast<std::uint8_t>(dense_ ? 1 : 0));
    write(plain_, to);
    if (dense_) write(*dense_, to);
    const Digest256 digest = sha256(to.bytes());
    to.bytes().append(reinterpret_cast<const char*>(digest.data()), digest.size());
    return std::move(to.bytes());
}

Result<Verifier> Verifier::load(std::string_view bytes) {
    Verifier verifier;
    constexpr std::size_t kDigest = sizeof(Digest256);
    if (bytes.size() > kMostVerifierBytes) return fail(ErrorCode::too_large, "a verifier has at most 8 MiB");
    if (bytes.size() < kMagic.size() + 2 * kDigest || !bytes.starts_with(kMagic)) {
        return tl::unexpected(damaged("it begins or ends otherwise"));
    }
    const std::string_view body = bytes.substr(0, bytes.size() - kDigest);
    const Digest256 digest = sha256(body);
    if (std::memcmp(digest.data(), bytes.data() + body.size(), kDigest) != 0) {
        return tl::unexpected(damaged("its checksum differs"));
    }
    learn::ModelReader from(body.substr(kMagic.size()));
    const std::uint32_t version = from.get<std::uint32_t>(), features = from.get<std::uint32_t>();
    if (version != kPairFeaturesVersion || (features != kPairFeatures && features != kLonePairFeatures)) {
        return tl::unexpected(damaged("it was trained on other features; train it again"));
    }
    for (std::uint8_t& each : verifier.training_digest_) each = from.get<std::uint8_t>();
    verifier.overrules_ = from.get<RefusalSet>();
    if ((verifier.overrules_ & ~rebuttable_refusals()) != 0) {
        return tl::unexpected(damaged("it overrules guards that are final"));
    }
    verifier.judges_explained_ = from.get<std::uint8_t>() == 1;
    auto rarity = WordRarity::read(from);
    if (!rarity) return tl::unexpected(damaged(rarity.error().message));
    verifier.rarity_ = std::move(*rarity);
    auto lexical = learn::LogisticRegression::read(from, std::size_t{1} << kLexicalBits);
    if (!lexical) return tl::unexpected(damaged(lexical.error().message));
    verifier.lexical_ = std::move(*lexical);
    const std::uint8_t has_dense = from.get<std::uint8_t>();
    auto plain = read_judge(from);
    if (!plain) return tl::unexpected(plain.error());
    verifier.plain_ = std::move(*plain);
    if (has_dense == 1) {
        auto dense = read_judge(from);
        if (!dense) return tl::unexpected(dense.error());
        verifier.dense_ = std::move(*dense);
    }
    if (!from.ok() || from.left() > 0 || has_dense > 1) return tl::unexpected(damaged("it is too short or too long"));
    return verifier;
}

}  // namespace weir::tiers::semantic
