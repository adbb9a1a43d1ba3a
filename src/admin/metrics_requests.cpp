#include <unordered_map>

#include "admin/metrics.h"
#include "base/hash.h"

namespace weir::admin {
namespace {

constexpr double kSeconds = 1e-6;
constexpr std::string_view kOther = "other";

class ByLabels {
  public:
    ByLabels(gateway::Gateway& gateway, const telemetry::Totals& totals) {
        for (const telemetry::LabelTotals& line : totals.labels) {
            if (line.other) {
                add(line, kOther, kOther, kOther);
                continue;
            }
            std::string task = line.task_name;
            if (task.empty() && line.set.task != 0) task = to_hex(line.set.task);
            add(line, name_of(gateway, line.set.model), name_of(gateway, line.set.tenant), task);
        }
    }

    // `value` says nothing where there is nothing to tell.
    template <class Value>
    void family(std::string_view name, std::string_view type, std::string_view help, Exposition& out, Value value) {
        out.family(name, type, help);
        for (const auto& [line, labels] : lines_) {
            if (const std::string text = value(*line); !text.empty()) out.sample(name, labels, text);
        }
    }
    void tokens(Exposition& out) {
        out.family("tokens_total", "counter",
                   "Tokens of all calls by class; reasoning is a part of output, the other classes do not overlap.");
        for (const auto& [line, labels] : lines_) {
            for (std::size_t i = 0; i < line->tokens.size(); ++i) {
                if (line->tokens[i] == 0) continue;
                Labels with = labels;
                with.add("class", telemetry::kTokenClasses[i]);
                out.sample("tokens_total", with, line->tokens[i]);
            }
        }
    }

  private:
    void add(const telemetry::LabelTotals& line, std::string_view model, std::string_view tenant,
             std::string_view task) {
        lines_.emplace_back(
            &line,
            Labels{
                {"tier", telemetry::tier_label(line.set.tier)}, {"model", model}, {"tenant", tenant}, {"task", task}});
    }
    std::string name_of(gateway::Gateway& gateway, store::NameId id) {
        const auto [at, is_new] = names_.try_emplace(id);
        if (is_new) at->second = gateway.ledger().name_of(id).value_or(std::string());
        return at->second;
    }

    std::unordered_map<store::NameId, std::string> names_;
    std::vector<std::pair<const telemetry::LabelTotals*, Labels>> lines_;
};

void times(const telemetry::Totals& totals, Exposition& out) {
    constexpr std::string_view kLatency = "request_duration_seconds";
    out.family(kLatency, "histogram", "Time from a request's first byte to its answer's last, by who answered.");
    for (std::size_t tier = 0; tier < totals.latency.size(); ++tier) {
        out.histogram(kLatency, {{"tier", telemetry::tier_label(tier)}}, totals.latency[tier],
                      telemetry::kDurationBounds, kSeconds);
    }
    const auto one = [&](std::string_view name, std::string_view help, const telemetry::HistogramSum& sum,
                         std::span<const std::int64_t> bounds) {
        out.family(name, "histogram", help);
        out.histogram(name, {}, sum, bounds, kSeconds);
    };
    one("overhead_seconds", "Time in the gateway itself, not waiting for upstreams.", totals.overhead,
        telemetry::kOverheadBounds);
    one("upstream_duration_seconds", "Time of each call to a model, to the end of its answer.", totals.upstream,
        telemetry::kDurationBounds);
    one("time_to_first_token_seconds", "Time to the first piece of answers that are streamed as they come.",
        totals.first_token, telemetry::kDurationBounds);
}

}  // namespace

void add_requests(gateway::Gateway& gateway, Exposition& out) {
    const telemetry::Totals totals = gateway.telemetry().totals();
    ByLabels by_labels(gateway, totals);
    using Line = telemetry::LabelTotals;
    by_labels.family(
        "requests_total", "counter",
        "Requests settled, by the tier that answered (none: nobody did) and the model whose answer it was.", out,
        [](const Line& line) { return line.requests == 0 ? "" : std::to_string(line.requests); });
    by_labels.tokens(out);
    by_labels.family("cost_usd_total", "counter", "Spent on all calls, by tier and model, where the price is known.",
                     out, [](const Line& line) { return line.cost.nanos == 0 ? "" : to_decimal(line.cost); });
    // A gauge: a request may cost more than its reference would have.
    by_labels.family("saved_usd", "gauge",
                     "What the references would have cost, minus the cost, since the start, where both are known.", out,
                     [](const Line& line) { return line.saved.nanos == 0 ? "" : to_decimal(line.saved); });
    times(totals, out);
}

}  // namespace weir::admin
