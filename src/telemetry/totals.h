// What all reactors have counted, summed up for a report.
// Thread rule: any thread. Limits: those of the tables.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "telemetry/lane_telemetry.h"

namespace weir::telemetry {

struct LabelTotals {
    LabelSet set;
    std::string task_name{};  // empty: its number says who it is
    bool other = false;       // of the tier alone: there was no room for more
    std::uint64_t requests = 0;
    std::array<std::uint64_t, kTokenClasses.size()> tokens{};
    Usd cost, saved;
};

struct ModelTotals {
    ModelKey key;
    bool other = false;
    HistogramSum duration, first_token, input, output;
};

struct Totals {
    std::vector<LabelTotals> labels;  // those of tiers first, then in the order of their coming
    std::vector<ModelTotals> models;  // empty without OTLP's metrics
    std::array<HistogramSum, kTierLabels> latency;
    HistogramSum overhead, upstream, first_token;
};

Totals sum_up(const std::vector<std::unique_ptr<LaneTelemetry>>& lanes);

// "exact" ... "reference", "none".
std::string_view tier_label(std::size_t tier);

}  // namespace weir::telemetry
