// What a student makes of a text's embedding, where there is one: a softmax over it beside the one over grams, and what
// the two are worth together. It ends the labels' part of a student's file (docs/students.md); a student without it has
// none. The grams' weights are the same with and without, so a question without an embedding, or with another model's,
// is answered from its grams alone.
// Thread rule: a view; immutable. Limits: embed::kDimensionsMost. 384 dimensions and 77 labels: 30 KiB, 15 us.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "embed/int8_vector.h"
#include "tiers/student/student_answer.h"

namespace weir::tiers::student {

TextEmbedding view_of(const embed::Int8Vector& vector, std::uint64_t model);

// The trainer's result; `dimensions` 0: nothing.
struct DenseParts {
    std::uint64_t model = 0;
    std::uint32_t dimensions = 0;
    float grams = 1;              // the weight of the grams' scores beside these
    float slope = 1, offset = 0;  // as StudentParts has them, for both together
    std::vector<float> mean;      // of each dimension: weights are of what a vector is beyond it
    std::vector<float> bias;      // of each column
    std::vector<float> weights;   // dimension after dimension, a column each
};

class DensePart {
  public:
    DensePart() = default;
    // Appended; `stride` columns, the last of them nothing.
    static void write(const DenseParts& parts, std::size_t columns, std::size_t stride, std::string& to);
    // Of bytes that lie as write() put them, at a multiple of 4, and outlive it. Empty: there is none.
    static Result<DensePart> read(std::string_view bytes, std::size_t stride);

    // Whether it was made for such embeddings.
    bool knows(const TextEmbedding& embedding) const {
        return embedding.is_there() && embedding.model == model_ && embedding.codes.size() == scales_.size();
    }
    // From the grams' scores to those of both.
    void add_to(std::span<float> scores, const TextEmbedding& embedding) const;

    std::uint64_t model() const { return model_; }  // 0: there is nothing
    std::size_t dimensions() const { return scales_.size(); }
    float slope() const { return slope_; }
    float offset() const { return offset_; }

  private:
    std::uint64_t model_ = 0;
    float grams_ = 1, slope_ = 1, offset_ = 0;
    std::span<const float> bias_, scales_;
    std::span<const std::int8_t> weights_;
};

}  // namespace weir::tiers::student
