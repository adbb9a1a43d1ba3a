#include "tiers/student/span_knowledge.h"

#include <algorithm>

namespace weir::tiers::student {

std::size_t LabelCounts::slot_of(std::uint32_t hash) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = (hash * std::uint64_t{0x9E3779B97F4A7C15} >> 32U) & mask;
    while (table_[slot] != 0 && hashes_[table_[slot] - 1] != hash) slot = (slot + 1) & mask;
    return slot;
}

void LabelCounts::append(std::uint32_t hash) {
    if (2 * (hashes_.size() + 1) > table_.size()) {
        table_.assign(std::max<std::size_t>(64, 2 * table_.size()), 0);
        for (std::size_t place = 0; place < hashes_.size(); ++place) {
            table_[slot_of(hashes_[place])] = static_cast<std::uint32_t>(place + 1);
        }
    }
    const std::size_t slot = slot_of(hash);
    hashes_.push_back(hash);
    table_[slot] = static_cast<std::uint32_t>(hashes_.size());
    counts_.resize(counts_.size() + columns_, 0);
}

void LabelCounts::add(std::uint32_t hash, std::size_t column) {
    if (find(hash) == nullptr) {
        if (hashes_.size() >= kMostKnown) return;
        append(hash);
    }
    std::uint8_t& count = counts_[(table_[slot_of(hash)] - 1) * columns_ + column];
    if (count < 255) ++count;
}

const std::uint8_t* LabelCounts::find(std::uint32_t hash) const {
    if (table_.empty()) return nullptr;
    const std::uint32_t place = table_[slot_of(hash)];
    return place == 0 ? nullptr : counts_.data() + (place - 1) * columns_;
}

void LabelCounts::write(learn::ModelWriter& to) const {
    std::vector<std::uint32_t> sorted = hashes_;
    std::sort(sorted.begin(), sorted.end());
    to.put(static_cast<std::uint32_t>(sorted.size()));
    for (const std::uint32_t hash : sorted) {
        to.put(hash);
        const std::uint8_t* const counts = find(hash);
        for (std::size_t column = 0; column < columns_; ++column) to.put(counts[column]);
    }
}

Result<LabelCounts> LabelCounts::read(learn::ModelReader& from, std::size_t columns) {
    const std::size_t size = from.get<std::uint32_t>();
    if (!from.ok() || size > kMostKnown || size * (sizeof(std::uint32_t) + columns) > from.left()) {
        return fail(ErrorCode::invalid, "damaged table of known words");
    }
    LabelCounts counts(columns);
    for (std::size_t i = 0; i < size; ++i) {
        const auto hash = from.get<std::uint32_t>();
        if (i > 0 && hash <= counts.hashes_.back()) return fail(ErrorCode::invalid, "damaged table of known words");
        counts.append(hash);
        for (std::size_t column = 0; column < columns; ++column) {
            counts.counts_[i * columns + column] = from.get<std::uint8_t>();
        }
    }
    return counts;
}

void SpanKnowledge::write(learn::ModelWriter& to) const {
    spans.write(to);
    words.write(to);
    cases.write(to);
}

Result<SpanKnowledge> SpanKnowledge::read(learn::ModelReader& from, std::size_t labels) {
    SpanKnowledge knowledge(labels);
    for (LabelCounts* table : {&knowledge.spans, &knowledge.words, &knowledge.cases}) {
        auto counts = LabelCounts::read(from, table->columns());
        if (!counts) return tl::unexpected(counts.error());
        *table = std::move(*counts);
    }
    return knowledge;
}

bool OwnCounts::has(const std::vector<Entry>& entries, std::uint32_t hash, std::size_t column) {
    return std::binary_search(entries.begin(), entries.end(), Entry{hash, static_cast<std::uint32_t>(column)});
}

}  // namespace weir::tiers::student
