// What became of the prompts that are nearest in meaning: k nearest neighbours by the cosine of their embeddings,
// weighted by it and shrunk to the mean of all. One more input of triage (triage.h), which learns how much it is worth.
// Thread rule: immutable once filled, then any thread. Limits: the latest kMostNeighbours rows, a byte a number
// (600 KiB at 384); an estimate looks at all of them: 50 us.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "embed/int8_vector.h"

namespace weir::cascade {

class PromptNeighbours {
  public:
    static constexpr std::size_t kMostNeighbours = 1'500;
    static constexpr std::size_t kNearest = 15;
    static constexpr double kPriorRows = 5;  // of similarity and weight 1, that say what the mean says
    static constexpr std::size_t kValues = 2;
    using Values = std::array<float, kValues>;

    // All vectors are equally long and not empty; weights are above 0. The oldest row makes room.
    void add(const embed::Int8Vector& vector, const Values& values, float weight);
    std::size_t size() const { return values_.size(); }

    // Nothing for a vector of another length, or where there are no rows. `except`: a row that does not count, by the
    // order of addition: a row's own estimate is made without it.
    std::optional<Values> estimate(const embed::Int8Vector& vector, std::optional<std::size_t> except = {}) const;

  private:
    struct Near {
        float similarity = 0;
        std::size_t at = 0;
    };

    std::size_t dimensions_ = 0, added_ = 0;
    std::vector<std::int8_t> codes_;
    std::vector<float> scales_, weights_;
    std::vector<Values> values_;
    std::array<double, kValues> sum_{};  // weighted
    double total_ = 0;
};

}  // namespace weir::cascade
