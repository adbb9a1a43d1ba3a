// The vectors of the texts of an evaluation: words hashed (always there), and dense ones of a model where there is one.
// Thread rule: one thread fills it, any number read. Limits: memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "embed/int8_vector.h"

namespace weir::eval {

class TextVectors {
  public:
    // Dense vectors made elsewhere: FOLDER/texts.txt has a text a line, FOLDER/vectors.f32 their vectors in the same
    // order, of `dimensions` little-endian floats each. Texts of `wanted` that are not there have none.
    static Result<TextVectors> read_folder(const std::string& folder, const std::vector<std::string_view>& wanted,
                                           std::size_t dimensions = 384);

    void set(std::string_view text, embed::Int8Vector vector);
    const embed::Int8Vector* find(std::string_view text) const;  // nullptr: there is none
    // Scale 0 where there is none.
    embed::Int8View of(std::string_view text) const;
    std::size_t size() const { return rows_.size(); }
    std::size_t dimensions() const { return dimensions_; }  // 0: there are none

  private:
    std::size_t dimensions_ = 0;
    std::unordered_map<std::string, embed::Int8Vector> rows_;
};

// The cosine of two vectors; NaN where one is missing.
float cosine(embed::Int8View first, embed::Int8View second, std::size_t dimensions);

}  // namespace weir::eval
