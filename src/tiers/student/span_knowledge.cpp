#include "tiers/student/span_knowledge.h"

#include <algorithm>

namespace weir::tiers::student {

void LabelCounts::add(std::uint32_t hash, std::size_t column) {
    auto at = places_.find(hash);
    if (at == places_.end()) {
        if (places_.size() >= kMostKnown) return;
        at = places_.emplace(hash, static_cast<std::uint32_t>(places_.size())).first;
        counts_.resize(counts_.size() + columns_, 0);
    }
    std::uint8_t& count = counts_[at->second * columns_ + column];
    if (count < 255) ++count;
}

const std::uint8_t* LabelCounts::find(std::uint32_t hash) const {
    const auto at = places_.find(hash);
    return at == places_.end() ? nullptr : counts_.data() + at->second * columns_;
}

void LabelCounts::write(learn::ModelWriter& to) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sorted(places_.begin(), places_.end());
    std::sort(sorted.begin(), sorted.end());
    to.put(static_cast<std::uint32_t>(sorted.size()));
    for (const auto& [hash, place] : sorted) {
        to.put(hash);
        for (std::size_t column = 0; column < columns_; ++column) to.put(counts_[place * columns_ + column]);
    }
}

Result<LabelCounts> LabelCounts::read(learn::ModelReader& from, std::size_t columns) {
    const std::size_t size = from.get<std::uint32_t>();
    if (!from.ok() || size > kMostKnown || size * (sizeof(std::uint32_t) + columns) > from.left()) {
        return fail(ErrorCode::invalid, "damaged table of known words");
    }
    LabelCounts counts(columns);
    counts.places_.reserve(size);
    counts.counts_.reserve(size * columns);
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto hash = from.get<std::uint32_t>();
        if (i > 0 && hash <= before) return fail(ErrorCode::invalid, "damaged table of known words");
        before = hash;
        counts.places_.emplace(hash, static_cast<std::uint32_t>(i));
        for (std::size_t column = 0; column < columns; ++column) counts.counts_.push_back(from.get<std::uint8_t>());
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
