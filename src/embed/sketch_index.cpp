#include "embed/sketch_index.h"

#include <algorithm>
#include <utility>

namespace weir::embed {
namespace {

constexpr std::size_t kWordsMost = sketch_words(kDimensionsMost);

// Keeps those of a stream of distances that are among the `count` smallest so far, and a few more.
class Smallest {
  public:
    Smallest(std::size_t count, std::size_t distance_most)
        : count_(count), bar_(distance_most), seen_(distance_most + 1) {
        kept_.reserve(4 * count);
    }
    std::size_t bar() const { return bar_; }

    void offer(std::uint32_t id, std::uint16_t distance) {
        if (distance > bar_) return;
        kept_.emplace_back(id, distance);
        ++seen_[distance];
        ++within_;
        while (within_ - seen_[bar_] >= count_) within_ -= seen_[bar_--];
    }
    // Ties with the last are all in.
    std::vector<std::uint32_t> take() const {
        std::vector<std::uint32_t> ids;
        ids.reserve(within_);
        for (const auto& [id, distance] : kept_) {
            if (distance <= bar_) ids.push_back(id);
        }
        return ids;
    }

  private:
    std::size_t count_;
    std::size_t bar_;                  // the largest distance that is still kept
    std::vector<std::uint32_t> seen_;  // by distance
    std::size_t within_ = 0;           // the sum of seen_ up to bar_
    std::vector<std::pair<std::uint32_t, std::uint16_t>> kept_;
};

}  // namespace

std::uint64_t SketchIndex::bytes() const {
    return sizeof(*this) + rows_.bytes() + blocks_.size() * kBlockRows * words() * sizeof(std::uint64_t) +
           blocks_.capacity() * sizeof(blocks_[0]);
}

void SketchIndex::set_sketch(std::uint32_t id) {
    const Int8View vector = rows_.at(id);
    if (vector.scale == 0) return;
    while (blocks_.size() * kBlockRows <= id)
        blocks_.push_back(std::make_unique<std::uint64_t[]>(kBlockRows * words()));
    std::array<std::uint64_t, kWordsMost> sketch;
    make_sketch(vector.codes, rows_.dimensions(), sketch.data());
    const std::size_t row = id % kBlockRows;
    std::uint64_t* group = blocks_[id / kBlockRows].get() + row / kSketchGroup * words() * kSketchGroup;
    for (std::size_t word = 0; word < words(); ++word) group[word * kSketchGroup + row % kSketchGroup] = sketch[word];
}

void SketchIndex::set(std::uint32_t id, Int8View vector) {
    if (vector.scale == 0) return remove(id);
    rows_.set(id, vector);
    if (id < sketched_) set_sketch(id);
    if (rows_.slots() <= exact_most_) return;
    for (std::size_t i = 0; i < kSketchedAtOnce && sketched_ < rows_.slots(); ++i) {
        set_sketch(static_cast<std::uint32_t>(sketched_++));
    }
}

void SketchIndex::remove(std::uint32_t id) {
    rows_.clear(id);
    sketched_ = std::min(sketched_, rows_.slots());
    while (!blocks_.empty() && (blocks_.size() - 1) * kBlockRows >= sketched_) blocks_.pop_back();
}

std::vector<std::uint32_t> SketchIndex::nearest_sketches(const std::uint64_t* query, std::size_t count) const {
    Smallest smallest(count, words() * 64);
    std::array<std::uint16_t, kBlockRows> distances;
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
        const std::size_t first = block * kBlockRows;
        if (first >= sketched_) break;
        const std::size_t rows = std::min(kBlockRows, sketched_ - first);
        const std::size_t groups = (rows + kSketchGroup - 1) / kSketchGroup;
        sketch_distances(query, blocks_[block].get(), groups, words(), distances.data());
        for (std::size_t row = 0; row < rows; ++row) {
            if (distances[row] > smallest.bar()) continue;
            const auto id = static_cast<std::uint32_t>(first + row);
            if (rows_.at(id).scale != 0) smallest.offer(id, distances[row]);
        }
    }
    return smallest.take();
}

void SketchIndex::nearest(Int8View query, std::size_t k, std::vector<Neighbour>& out) const {
    Best best(std::clamp<std::size_t>(k, 1, kNeighboursMost), out);
    if (query.scale != 0 && k != 0) {
        rows_.scan(query, sketched_, rows_.slots(), best);
        if (sketched_ != 0) {
            std::array<std::uint64_t, kWordsMost> sketch;
            make_sketch(query.codes, rows_.dimensions(), sketch.data());
            const std::size_t compared = std::max(kComparedLeast, rows_.size() * kComparedOf1000 / 1000);
            for (const std::uint32_t id : nearest_sketches(sketch.data(), compared)) {
                best.offer(id, similarity(query, rows_.at(id), rows_.stride()));
            }
        }
    }
    best.sort();
}

}  // namespace weir::embed
