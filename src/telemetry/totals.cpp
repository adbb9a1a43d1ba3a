#include "telemetry/totals.h"

namespace weir::telemetry {
namespace {

void add(const LabelCells& cells, LabelTotals& to) {
    constexpr auto relaxed = std::memory_order_relaxed;
    to.requests += cells.requests.load(relaxed);
    for (std::size_t i = 0; i < to.tokens.size(); ++i) to.tokens[i] += cells.tokens[i].load(relaxed);
    to.cost.nanos += cells.cost_nanos.load(relaxed);
    to.saved.nanos += cells.saved_nanos.load(relaxed);
}

void add(const ModelCells& cells, ModelTotals& to) {
    cells.duration.add_to(to.duration);
    cells.first_token.add_to(to.first_token);
    cells.input.add_to(to.input);
    cells.output.add_to(to.output);
}

std::vector<LabelTotals> places_of(const LabelTable& table) {
    std::vector<LabelTotals> places(table.others());
    for (std::size_t tier = 0; tier < places.size(); ++tier) {
        places[tier].set.tier = static_cast<std::uint8_t>(tier);
        places[tier].other = true;
    }
    for (const LabelSet& set : table.keys()) places.emplace_back().set = set;
    return places;
}

std::vector<ModelTotals> places_of(const ModelTable& table) {
    std::vector<ModelTotals> places(table.others());
    for (ModelTotals& other : places) other.other = true;
    for (const ModelKey& key : table.keys()) places.emplace_back().key = key;
    return places;
}

}  // namespace

Totals sum_up(const std::vector<std::unique_ptr<LaneTelemetry>>& lanes) {
    Totals totals;
    if (lanes.empty()) return totals;
    totals.labels = places_of(lanes.front()->labels().table());
    if (lanes.front()->models() != nullptr) totals.models = places_of(lanes.front()->models()->table());
    for (const auto& lane : lanes) {
        for (std::size_t i = 0; i < totals.labels.size(); ++i) add(lane->labels().cell(i), totals.labels[i]);
        for (std::size_t i = 0; i < totals.models.size(); ++i) add(lane->models()->cell(i), totals.models[i]);
        for (std::size_t tier = 0; tier < kTierLabels; ++tier) lane->latency(tier).add_to(totals.latency[tier]);
        lane->overhead().add_to(totals.overhead);
        lane->upstream().add_to(totals.upstream);
        lane->first_token().add_to(totals.first_token);
    }
    return totals;
}

std::string_view tier_label(std::size_t tier) {
    return tier < kNoTier ? store::to_string(static_cast<store::TierKind>(tier)) : "none";
}

}  // namespace weir::telemetry
