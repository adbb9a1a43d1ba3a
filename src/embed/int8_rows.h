// Rows of codes by slot number: where an index keeps its vectors. Grows by a half until a block of kBlockRows is full,
// then block by block, so that nothing large is ever copied and a lone row costs little; blocks behind the last row
// that holds a vector are given back. Thread rule: as VectorIndex. Limits: as VectorIndex; padded(dimensions) + 4 bytes
// a row and at most half as many again below kBlockRows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "embed/int8_vector.h"
#include "embed/vector_index.h"

namespace weir::embed {

class Int8Rows {
  public:
    static constexpr std::size_t kBlockRows = 1024;

    explicit Int8Rows(std::size_t dimensions)
        : dimensions_(static_cast<std::uint32_t>(dimensions)),
          stride_(static_cast<std::uint32_t>(padded(dimensions))) {}

    std::size_t dimensions() const { return dimensions_; }
    std::size_t stride() const { return stride_; }
    std::size_t size() const { return size_; }    // rows that hold a vector
    std::size_t slots() const { return slots_; }  // one past the largest that holds a vector
    std::uint64_t bytes() const;

    void set(std::uint32_t id, Int8View vector);
    void clear(std::uint32_t id);
    Int8View at(std::uint32_t id) const;

    // Offers the rows from `begin` to `end` (at most slots()).
    void scan(Int8View query, std::size_t begin, std::size_t end, Best& best) const;

  private:
    struct Block {
        std::unique_ptr<std::int8_t[]> codes;
        std::unique_ptr<float[]> scales;
    };
    void make_room(std::size_t id);
    void give_back();
    std::size_t rows_of(std::size_t block) const { return block + 1 < blocks_.size() ? kBlockRows : last_rows_; }

    std::uint32_t dimensions_;
    std::uint32_t stride_;
    std::uint32_t size_ = 0;
    std::uint32_t slots_ = 0;
    std::uint32_t last_rows_ = 0;  // room in the last block
    std::vector<Block> blocks_;
};

}  // namespace weir::embed
