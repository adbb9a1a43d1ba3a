// Vectors kept on disk from one evaluation to the next, so that a text is embedded once: one file for each embedding
// model, records of a text's SHA-256 (16 bytes of it), a scale and 8-bit codes. Thread rule: one owner. Limits:
// kMostRecords records are read; a record cut off at the end is dropped.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "embed/int8_vector.h"

namespace weir::eval {

class KeptVectors {
  public:
    static constexpr std::size_t kMostRecords = 2'000'000;

    // FOLDER/vectors-<digest of the identity>.i8; the folder is made. A file that is not there is empty.
    static Result<KeptVectors> open(const std::string& folder, std::string_view identity, std::size_t dimensions);

    bool has(std::string_view text) const { return find(text) != nullptr; }
    const embed::Int8Vector* find(std::string_view text) const;
    void keep(std::string_view text, embed::Int8Vector vector);
    Result<void> save();  // appends what is new

  private:
    using Name = std::array<std::uint8_t, 16>;
    static Name name_of(std::string_view text);

    std::string file_;
    std::size_t dimensions_ = 0;
    std::map<Name, embed::Int8Vector> vectors_;
    std::vector<Name> new_;
};

}  // namespace weir::eval
