// A VectorIndex for few and many vectors. Up to `exact_most` of them it compares each; past that it looks at all
// sketches and compares those vectors exactly whose sketches are nearest. An addition costs 2 us, a few times that
// while the sketches of what was there before are being made, and nothing is ever rebuilt; measured beside a graph
// (HNSW) in bench/vector_rivals_bench.cpp. Finds nearly all of the 10 nearest and all near ones: recall in embed_bench.
// Thread rule: as VectorIndex. Limits: look-ups grow with the number of vectors, some 3 us for 1,000 of 384 dimensions;
// fit for a million. Memory: Int8Rows', and 64 bytes a vector for 257 to 512 dimensions (sketch_words() words).
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "embed/int8_rows.h"
#include "embed/sign_sketch.h"

namespace weir::embed {

class SketchIndex final : public VectorIndex {
  public:
    // So many of the nearest sketches are compared exactly: at least, and of 1,000 vectors.
    static constexpr std::size_t kComparedLeast = 256;
    static constexpr std::size_t kComparedOf1000 = 4;

    static constexpr std::size_t kExactMost = 4096;
    static constexpr std::size_t kSketchedAtOnce = 8;  // by an addition, of those that have none yet

    explicit SketchIndex(std::size_t dimensions, std::size_t exact_most = kExactMost)
        : rows_(dimensions), exact_most_(exact_most) {}

    std::size_t dimensions() const override { return rows_.dimensions(); }
    std::size_t size() const override { return rows_.size(); }
    std::uint64_t bytes() const override;
    void set(std::uint32_t id, Int8View vector) override;
    void remove(std::uint32_t id) override;
    Int8View at(std::uint32_t id) const override { return rows_.at(id); }
    void nearest(Int8View query, std::size_t k, std::vector<Neighbour>& out) const override;

  private:
    static constexpr std::size_t kBlockRows = Int8Rows::kBlockRows;
    std::size_t words() const { return sketch_words(rows_.dimensions()); }
    void set_sketch(std::uint32_t id);
    std::vector<std::uint32_t> nearest_sketches(const std::uint64_t* query, std::size_t count) const;

    Int8Rows rows_;
    std::size_t exact_most_;
    std::size_t sketched_ = 0;                              // rows before this one have a sketch
    std::vector<std::unique_ptr<std::uint64_t[]>> blocks_;  // kBlockRows sketches each, in groups of kSketchGroup
};

}  // namespace weir::embed
