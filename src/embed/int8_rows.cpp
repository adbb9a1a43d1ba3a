#include "embed/int8_rows.h"

#include <algorithm>
#include <array>

namespace weir::embed {
namespace {

constexpr std::size_t kScanRows = 128;  // products at a time

bool better(const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
}

}  // namespace

void Best::offer(std::uint32_t id, float similarity) {
    if (similarity < bar_) return;
    const Neighbour neighbour{id, similarity};
    if (out_.size() == k_) {
        if (!better(neighbour, out_.front())) return;
        std::pop_heap(out_.begin(), out_.end(), better);
        out_.back() = neighbour;
    } else {
        out_.push_back(neighbour);
    }
    std::push_heap(out_.begin(), out_.end(), better);
    if (out_.size() == k_) bar_ = out_.front().similarity;
}

void Best::sort() {
    std::sort_heap(out_.begin(), out_.end(), better);
}

std::uint64_t Int8Rows::bytes() const {
    const std::size_t rows = blocks_.empty() ? 0 : (blocks_.size() - 1) * kBlockRows + last_rows_;
    return rows * (stride_ + sizeof(float)) + blocks_.capacity() * sizeof(Block);
}

void Int8Rows::make_room(std::size_t id) {
    const std::size_t block = id / kBlockRows;
    const std::size_t row = id % kBlockRows;
    while (blocks_.size() <= block) {
        const bool first = blocks_.empty();
        if (!first && last_rows_ < kBlockRows) {
            make_room((blocks_.size() - 1) * kBlockRows + kBlockRows - 1);  // fills the block up
        }
        // The first block starts with what is asked for; later ones are made whole.
        const std::size_t rows = block == 0 ? row + 1 : kBlockRows;
        Block fresh{std::make_unique_for_overwrite<std::int8_t[]>(rows * stride_), std::make_unique<float[]>(rows)};
        blocks_.push_back(std::move(fresh));
        last_rows_ = static_cast<std::uint32_t>(rows);
    }
    if (block + 1 < blocks_.size() || row < last_rows_) return;
    const std::size_t rows = std::min(kBlockRows, std::max<std::size_t>(row + 1, last_rows_ + last_rows_ / 2 + 1));
    Block larger{std::make_unique_for_overwrite<std::int8_t[]>(rows * stride_), std::make_unique<float[]>(rows)};
    Block& old = blocks_.back();
    std::copy_n(old.codes.get(), std::size_t{last_rows_} * stride_, larger.codes.get());
    std::copy_n(old.scales.get(), last_rows_, larger.scales.get());
    old = std::move(larger);
    last_rows_ = static_cast<std::uint32_t>(rows);
}

void Int8Rows::set(std::uint32_t id, Int8View vector) {
    if (vector.scale == 0) return clear(id);
    make_room(id);
    // Rows that were skipped have a scale of 0; what their codes are does not matter.
    slots_ = std::max(slots_, id + 1);
    Block& block = blocks_[id / kBlockRows];
    float& scale = block.scales[id % kBlockRows];
    if (scale == 0) ++size_;
    std::copy_n(vector.codes, stride_, block.codes.get() + std::size_t{id % kBlockRows} * stride_);
    scale = vector.scale;
}

void Int8Rows::clear(std::uint32_t id) {
    if (id >= slots_) return;
    float& scale = blocks_[id / kBlockRows].scales[id % kBlockRows];
    if (scale == 0) return;
    scale = 0;
    --size_;
    if (id + 1 == slots_) give_back();
}

void Int8Rows::give_back() {
    while (slots_ > 0 && blocks_[(slots_ - 1) / kBlockRows].scales[(slots_ - 1) % kBlockRows] == 0) --slots_;
    while (blocks_.size() > 1 && slots_ <= (blocks_.size() - 1) * kBlockRows) {
        blocks_.pop_back();
        last_rows_ = kBlockRows;
    }
}

Int8View Int8Rows::at(std::uint32_t id) const {
    if (id >= slots_) return {};
    const Block& block = blocks_[id / kBlockRows];
    return {block.codes.get() + std::size_t{id % kBlockRows} * stride_, block.scales[id % kBlockRows]};
}

void Int8Rows::scan(Int8View query, std::size_t begin, std::size_t end, Best& best) const {
    std::array<std::int32_t, kScanRows> products;
    end = std::min<std::size_t>(end, slots_);
    while (begin < end) {
        const Block& block = blocks_[begin / kBlockRows];
        const std::size_t row = begin % kBlockRows;
        const std::size_t count = std::min({kScanRows, kBlockRows - row, end - begin});
        dot_rows(query.codes, block.codes.get() + row * stride_, count, stride_, products.data());
        const float* scales = block.scales.get() + row;
        for (std::size_t i = 0; i < count; ++i) {
            const float similarity = static_cast<float>(products[i]) * (scales[i] * query.scale);
            if (similarity < best.bar() || scales[i] == 0) continue;
            best.offer(static_cast<std::uint32_t>(begin + i), similarity);
        }
        begin += count;
    }
}

}  // namespace weir::embed
