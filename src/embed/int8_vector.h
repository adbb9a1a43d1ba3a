// Unit vectors as 8-bit codes: a quarter of the memory of floats, and integer dot products. A component is code *
// scale; the scale is 1 / |codes|, so that a vector's similarity with itself is 1 and a similarity is the exact cosine
// of what the codes stand for. Thread rule: pure functions. Limits: kDimensionsMost. Codes lie in [-127, 127]; rows are
// padded with zeros to a multiple of kCodesAlignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::embed {

using Vector = std::vector<float>;

constexpr std::size_t kDimensionsMost = 4096;
constexpr std::size_t kCodesAlignment = 64;  // bytes: the widest kernel's step

constexpr std::size_t padded(std::size_t dimensions) {
    return (dimensions + kCodesAlignment - 1) / kCodesAlignment * kCodesAlignment;
}

// Makes the length 1. False (and all zeros) where it is zero or not finite.
bool normalize(std::span<float> vector);

// Codes of a vector elsewhere; `codes` has padded(dimensions) of them. Scale 0: no vector.
struct Int8View {
    const std::int8_t* codes = nullptr;
    float scale = 0;
};

// Writes padded(vector.size()) codes and returns the scale. Of a zero vector, or one that is not finite: zeros, and 0.
float quantize(std::span<const float> vector, std::int8_t* codes);

// A vector of its own codes.
class Int8Vector {
  public:
    Int8Vector() = default;
    explicit Int8Vector(std::span<const float> vector);
    // As stored: `codes` without padding.
    Int8Vector(std::span<const std::int8_t> codes, float scale);

    std::size_t dimensions() const { return dimensions_; }
    bool empty() const { return scale_ == 0; }
    float scale() const { return scale_; }
    std::span<const std::int8_t> codes() const { return std::span(codes_).first(dimensions_); }
    Int8View view() const { return {codes_.data(), scale_}; }

  private:
    std::vector<std::int8_t> codes_;  // padded
    std::size_t dimensions_ = 0;
    float scale_ = 0;
};

// Dot products of a query with `count` rows that lie `stride` bytes apart; `stride` a multiple of kCodesAlignment.
void dot_rows(const std::int8_t* query, const std::int8_t* rows, std::size_t count, std::size_t stride,
              std::int32_t* products);
inline std::int32_t dot(const std::int8_t* a, const std::int8_t* b, std::size_t padded_dimensions) {
    std::int32_t product = 0;
    dot_rows(a, b, 1, padded_dimensions, &product);
    return product;
}
inline float similarity(Int8View a, Int8View b, std::size_t padded_dimensions) {
    if (a.scale == 0 || b.scale == 0) return 0;
    return static_cast<float>(dot(a.codes, b.codes, padded_dimensions)) * (a.scale * b.scale);
}

// The kernels this processor can run, the best last; dot_rows() takes that one. For tests and benchmarks.
struct DotKernel {
    const char* name;
    void (*dot_rows)(const std::int8_t* query, const std::int8_t* rows, std::size_t count, std::size_t stride,
                     std::int32_t* products);
};
std::span<const DotKernel> dot_kernels();

}  // namespace weir::embed
