// The vectors of one partition, and which of them are nearest to a query: the seam. Vectors are known by small dense
// numbers that the owner gives (slots of its own table, used again after a removal).
// Thread rule: const calls may run side by side; a call that is not const has the index to itself. No call waits.
// Limits: kNeighboursMost; memory goes by the largest id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "embed/int8_vector.h"

namespace weir::embed {

constexpr std::size_t kNeighboursMost = 64;

struct Neighbour {
    std::uint32_t id = 0;
    float similarity = 0;  // cosine
};

class VectorIndex {
  public:
    virtual ~VectorIndex() = default;
    virtual std::size_t dimensions() const = 0;
    virtual std::size_t size() const = 0;
    virtual std::uint64_t bytes() const = 0;  // of memory

    // Vectors have padded(dimensions()) codes. set() replaces; an empty vector (scale 0) removes.
    virtual void set(std::uint32_t id, Int8View vector) = 0;
    virtual void remove(std::uint32_t id) = 0;
    virtual Int8View at(std::uint32_t id) const = 0;  // scale 0 where there is none

    // At most k, best first, equal ones by id. `out` is cleared first. Nothing for an empty query.
    virtual void nearest(Int8View query, std::size_t k, std::vector<Neighbour>& out) const = 0;
};

// Collects the k best of a stream of neighbours.
class Best {
  public:
    // k from 1 to kNeighboursMost. `out` is used as the heap.
    Best(std::size_t k, std::vector<Neighbour>& out) : k_(k), out_(out) {
        out_.clear();
        out_.reserve(k);
    }
    // Below this nothing gets in.
    float bar() const { return bar_; }
    void offer(std::uint32_t id, float similarity);
    void sort();  // at the end, best first

  private:
    std::size_t k_;
    std::vector<Neighbour>& out_;
    float bar_ = -2;
};

}  // namespace weir::embed
