#include "tiers/student/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::tiers::student {

Vocabulary::Vocabulary(std::span<const std::uint32_t> hashes, std::span<const float> rarity, float rarity_of_unknown)
    : hashes_(hashes), rarity_(rarity), rarity_of_unknown_(rarity_of_unknown) {
    const auto bits = static_cast<unsigned>(std::bit_width(std::max<std::size_t>(hashes.size(), 2)) - 1);
    shift_ = 32 - bits;
    starts_.reserve((std::size_t{1} << bits) + 1);
    std::size_t at = 0;
    for (std::uint64_t bucket = 0; bucket <= (std::uint64_t{1} << bits); ++bucket) {
        while (at < hashes.size() && hashes[at] < bucket << shift_) ++at;
        starts_.push_back(static_cast<std::uint32_t>(at));
    }
}

std::size_t Vocabulary::find(std::uint32_t hash) const {
    if (starts_.empty()) return kNone;
    const std::size_t bucket = hash >> shift_;
    for (std::size_t at = starts_[bucket]; at < starts_[bucket + 1]; ++at) {
        if (hashes_[at] == hash) return at;
    }
    return kNone;
}

double Vocabulary::weigh(std::span<const Gram> grams, std::vector<learn::SparseValue>& out) const {
    out.clear();
    double squares[2] = {0, 0};
    std::size_t unknown = 0;
    for (const Gram& gram : grams) {
        const std::size_t at = find(gram.hash);
        const float rarity = at == kNone ? rarity_of_unknown_ : rarity_[at];
        const float value = rarity * (gram.count == 1 ? 1.0F : 1 + std::log(static_cast<float>(gram.count)));
        squares[gram.is_piece() ? 1 : 0] += static_cast<double>(value) * value;
        if (at == kNone) {
            ++unknown;
        } else {
            out.push_back({static_cast<std::uint32_t>(at), value});
        }
    }
    const float scales[2] = {static_cast<float>(1 / std::sqrt(2 * std::max(squares[0], 1e-12))),
                             static_cast<float>(1 / std::sqrt(2 * std::max(squares[1], 1e-12)))};
    for (learn::SparseValue& each : out) each.value *= scales[hashes_[each.feature] & 1U];
    return grams.empty() ? 1 : static_cast<double>(unknown) / static_cast<double>(grams.size());
}

}  // namespace weir::tiers::student
