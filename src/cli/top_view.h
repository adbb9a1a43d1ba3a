// What `weir top` shows: two looks at a gateway's counters, and what happened between them.
// Thread rule: plain values, pure functions. Limits: kMostMetrics of a text; kMostTopTasks tasks are shown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::cli {

inline constexpr std::size_t kMostMetrics = 100'000;
inline constexpr std::size_t kMostTopTasks = 20;

// Prometheus text: "weir_answers_total{tier=\"exact\"}" -> 5. What is no sample is passed over.
std::map<std::string, double, std::less<>> parse_metrics(std::string_view text);

struct TopSample {
    Micros at = 0;  // steady
    std::map<std::string, double, std::less<>> metrics;
    std::string cascades;                       // what GET /api/cascades says; empty: nothing is known
    double value(std::string_view name) const;  // without "weir_"; 0 where there is none
    // All of one family, by one of its labels; an empty label: all together, at "".
    std::map<std::string, double> by(std::string_view family, std::string_view label) const;
    double sum(std::string_view family) const;
};

struct TopTier {
    std::string name;
    double per_s = 0, total = 0;
};
struct TopCascade {
    std::string name;
    bool serving = false;  // a certificate lets cheaper tiers answer
    double worse_at_most = 0, allowed = 0;
    std::map<std::string, std::size_t> tasks;  // by the state of their gate
};
struct TopTask {
    std::string task, cascade, gate, ladder;
    std::uint64_t trials = 0;
};

struct TopView {
    double seconds = 0;  // that rates are of
    double requests_per_s = 0, tokens_in_per_s = 0, tokens_out_per_s = 0;
    double spent_usd_per_hour = 0, saved_usd_per_hour = 0;
    std::optional<double> error_share;      // of the answers in that time; nothing: there were none
    std::optional<double> overhead_micros;  // a request
    double active = 0, waiting = 0, connections = 0, memory_bytes = 0;
    double requests = 0, errors = 0, spent_usd = 0, saved_usd = 0;  // since the gateway's start
    double tokens_in = 0, tokens_out = 0;
    std::vector<TopTier> tiers;
    std::map<std::string, double> semantic_tasks;  // of the semantic cache, by the state of their gate; may be empty
    std::map<std::string, double> alerts;          // that are firing, by their name
    std::vector<TopCascade> cascades;
    std::vector<TopTask> tasks;  // those with most trials
};

// A gateway that was started anew in between counts from its start.
TopView top_view(const TopSample& before, const TopSample& now);

// `title`: who was asked, and when.
std::string top_table(const TopView& view, std::string_view title);
std::string top_json(const TopView& view);  // one line

}  // namespace weir::cli
