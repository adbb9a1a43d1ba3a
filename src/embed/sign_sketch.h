// A vector as one bit a dimension: the signs of its components after a fixed random rotation, so that the share of bits
// in which two differ tells their angle ("Similarity Estimation Techniques from Rounding Algorithms", Charikar, 2002;
// the rotation is a Walsh-Hadamard transform with random signs, as in "Practical and Optimal LSH for Angular Distance",
// Andoni et al., 2015). A 24th to a 32nd of the codes' size, and an exclusive or and a bit count to compare.
// Thread rule: pure functions. Limits: as int8_vector.h. The bits depend on kSketchSeed; they are never stored.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "embed/int8_vector.h"

namespace weir::embed {

constexpr std::uint64_t kSketchSeed = 0x57656972;
constexpr std::size_t kSketchGroup = 8;  // rows whose words lie together

constexpr std::size_t sketch_bits(std::size_t dimensions) {
    return std::bit_ceil(dimensions < 64 ? std::size_t{64} : dimensions);
}
constexpr std::size_t sketch_words(std::size_t dimensions) {
    return sketch_bits(dimensions) / 64;
}

// Writes sketch_words(dimensions) words. About 2 us for 384 dimensions.
void make_sketch(const std::int8_t* codes, std::size_t dimensions, std::uint64_t* sketch);

// How many bits differ between a query and each of `groups` * kSketchGroup rows. Word w of row r of group g stands at
// rows[(g * words + w) * kSketchGroup + r].
void sketch_distances(const std::uint64_t* query, const std::uint64_t* rows, std::size_t groups, std::size_t words,
                      std::uint16_t* distances);

}  // namespace weir::embed
