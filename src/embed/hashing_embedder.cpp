#include "embed/hashing_embedder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace weir::embed {
namespace {

constexpr std::size_t kPieceBytes = 4;
constexpr std::size_t kPieceWordBytesMost = 40;  // longer ones are no words

// The last step of SplitMix64: every bit of the result depends on every bit of the input.
std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31U);
}

struct Feature {
    std::uint64_t hash = 0;
    float weight = 0;
};

constexpr std::uint64_t kStem = 0x5354u, kPair = 0x5041u, kPiece = 0x5049u;

void add_pieces(std::string_view word, float weight, std::vector<Feature>& features) {
    if (word.size() > kPieceWordBytesMost) return;
    std::array<char, kPieceWordBytesMost + 2> marked{};
    marked[0] = '<';
    std::copy(word.begin(), word.end(), marked.begin() + 1);
    marked[word.size() + 1] = '>';
    for (std::size_t at = 0; at + kPieceBytes <= word.size() + 2; ++at) {
        std::uint32_t piece = 0;
        std::memcpy(&piece, marked.data() + at, sizeof piece);
        features.push_back({mixed(piece ^ (kPiece << 40U)), weight});
    }
}

std::vector<Feature> features_of(const text::Words& words, const HashingOptions& options) {
    std::vector<Feature> features;
    features.reserve(words.size() * 8);
    std::uint64_t before = 0;
    for (const text::Word& word : words) {
        if (word.kind == text::WordKind::punctuation) continue;
        const std::uint64_t stem = text::word_id(word.stem);
        const float weight = word.function_word ? options.function_word : 1.0F;
        features.push_back({mixed(stem ^ kStem), weight});
        if (before != 0) features.push_back({mixed(std::rotl(before, 7) ^ stem ^ kPair), options.pair});
        if (!word.function_word) add_pieces(word.stem, options.piece, features);
        before = stem;
    }
    return features;
}

}  // namespace

std::uint64_t identity_digest(std::string_view identity) {
    return text::word_id(identity);
}

HashingEmbedder::HashingEmbedder(const HashingOptions& options) : options_(options) {
    if (!std::has_single_bit(options_.dimensions) || options_.dimensions < 64 ||
        options_.dimensions > kDimensionsMost) {
        throw std::invalid_argument("hashing embedder: dimensions must be a power of two from 64 to 4096");
    }
    identity_ = "hashing-1:" + std::to_string(options_.dimensions);
}

Vector HashingEmbedder::embed_now(const text::Words& words) const {
    std::vector<Feature> features = features_of(words, options_);
    std::sort(features.begin(), features.end(), [](const Feature& a, const Feature& b) { return a.hash < b.hash; });
    Vector vector(options_.dimensions);
    for (std::size_t at = 0; at < features.size();) {
        const Feature feature = features[at];
        std::size_t count = 0;
        for (; at < features.size() && features[at].hash == feature.hash; ++at) ++count;
        const float value = feature.weight * (1 + std::log(static_cast<float>(count)));
        const bool negative = (feature.hash >> 63U) != 0;
        vector[feature.hash & (options_.dimensions - 1)] += negative ? -value : value;
    }
    normalize(vector);
    return vector;
}

Task<Result<Vector>> HashingEmbedder::embed(std::string_view text, std::string_view /*head_lines*/) {
    Vector vector = embed_now(text);
    const bool empty = std::all_of(vector.begin(), vector.end(), [](float x) { return x == 0; });
    if (empty) co_return fail(ErrorCode::invalid, "no words to embed");
    co_return vector;
}

}  // namespace weir::embed
