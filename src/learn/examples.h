// Labelled examples for training: rows of equally many numbers, with a label and a weight each.
// Thread rule: plain values. Limits: kMaxColumns columns, kMaxRows rows; the memory is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::learn {

inline constexpr std::size_t kMaxColumns = 256;
inline constexpr std::size_t kMaxRows = 20'000'000;

struct Examples {
    std::size_t columns = 0;
    std::vector<float> values;   // row after row; NaN: missing
    std::vector<float> labels;   // 0 or 1, or a probability between them
    std::vector<float> weights;  // not negative

    std::size_t rows() const { return labels.size(); }
    std::span<const float> row(std::size_t index) const { return {values.data() + index * columns, columns}; }
    void add(std::span<const float> row_values, float label, float weight = 1) {
        values.insert(values.end(), row_values.begin(), row_values.end());
        labels.push_back(label);
        weights.push_back(weight);
    }
};

}  // namespace weir::learn
