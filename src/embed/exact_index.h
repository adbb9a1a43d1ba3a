// A VectorIndex that compares every vector: exact, quick enough for some thousands (embed_bench), and what SketchIndex
// is measured against. Thread rule: as VectorIndex. Limits: as Int8Rows. 384 dimensions: 388 bytes a vector.
#pragma once

#include <algorithm>

#include "embed/int8_rows.h"

namespace weir::embed {

class ExactIndex final : public VectorIndex {
  public:
    explicit ExactIndex(std::size_t dimensions) : rows_(dimensions) {}

    std::size_t dimensions() const override { return rows_.dimensions(); }
    std::size_t size() const override { return rows_.size(); }
    std::uint64_t bytes() const override { return rows_.bytes() + sizeof(*this); }
    void set(std::uint32_t id, Int8View vector) override { rows_.set(id, vector); }
    void remove(std::uint32_t id) override { rows_.clear(id); }
    Int8View at(std::uint32_t id) const override { return rows_.at(id); }

    void nearest(Int8View query, std::size_t k, std::vector<Neighbour>& out) const override {
        Best best(std::clamp<std::size_t>(k, 1, kNeighboursMost), out);
        if (query.scale != 0 && k != 0) rows_.scan(query, 0, rows_.slots(), best);
        best.sort();
    }

  private:
    Int8Rows rows_;
};

}  // namespace weir::embed
