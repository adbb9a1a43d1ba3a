// One reactor's share of telemetry: counters of what was settled, and the way of settled requests to the telemetry
// thread (telemetry.h).
// Thread rule: begin() and settled*() on the reactor; the rest from any thread.
// Limits: Options::label_sets sets of labels and kMostModels models over all reactors; the ring's.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "telemetry/histogram.h"
#include "telemetry/key_table.h"
#include "telemetry/settled.h"
#include "telemetry/settled_ring.h"

namespace weir::telemetry {

constexpr std::size_t kMostModels = 64;  // of those that OTLP's histograms tell apart
// store::TierKind, then nobody.
constexpr std::size_t kTierLabels = 6;
constexpr std::size_t kNoTier = 5;

struct LabelSet {
    std::uint8_t tier = kNoTier;  // store::TierKind
    store::NameId model = store::kNoName;
    store::NameId tenant = store::kNoName;
    std::uint64_t task = 0;
    friend bool operator==(const LabelSet&, const LabelSet&) = default;
};
struct LabelSetHash {
    std::size_t operator()(const LabelSet& set) const {
        return (set.task ^ (std::uint64_t{set.model} << 32 | std::uint64_t{set.tenant} << 3 | set.tier)) *
               0x9e3779b97f4a7c15U;
    }
};

// The classes of tokens that are told apart; reasoning is a part of output.
enum class TokenClass : std::uint8_t { input, cached, cache_write, output, reasoning };
constexpr std::array<std::string_view, 5> kTokenClasses = {"input", "cached_input", "cache_write", "output",
                                                           "reasoning"};

struct LabelCells {
    std::atomic<std::uint64_t> requests{0};
    std::array<std::atomic<std::uint64_t>, kTokenClasses.size()> tokens{};
    std::atomic<std::int64_t> cost_nanos{0}, saved_nanos{0};
};

struct ModelKey {
    Operation operation = Operation::chat;
    store::NameId model = store::kNoName;
    friend bool operator==(const ModelKey&, const ModelKey&) = default;
};
struct ModelKeyHash {
    std::size_t operator()(const ModelKey& key) const {
        return (std::size_t{key.model} << 2 | static_cast<std::size_t>(key.operation)) * 0x9e3779b97f4a7c15U;
    }
};
struct ModelCells {
    Durations duration, first_token;  // of requests for it
    TokenCounts input, output;        // of calls to it
};

using LabelTable = KeyTable<LabelSet, LabelSetHash>;
using ModelTable = KeyTable<ModelKey, ModelKeyHash>;

class LaneTelemetry {
  public:
    struct Parts {
        std::shared_ptr<LabelTable> labels;
        std::shared_ptr<ModelTable> models;  // null: OTLP's metrics are off
        TraceIds ids;
        bool traces = false, access_log = false;
    };
    explicit LaneTelemetry(const Parts& parts);

    // Whether a request's traceparent is worth a look.
    bool wants_trace() const { return traces_ || access_log_; }
    // Before anything else is made of it: `trace` is left as it is where there is nothing to say.
    void begin(RequestId request, const http::Headers& headers, RequestTrace& trace) const {
        const std::string_view parent = traceparent_of(headers);
        if (ids_.begins(request, parent)) trace = ids_.begin(request, parent);
    }

    // Of what Weir asks on its own account, for a request that is recorded: a trace of its own, which is told whose it
    // is. Nothing for one that is not.
    RequestTrace begin_in_background(RequestId call, const TraceOrigin& origin) const {
        return origin.any() ? ids_.own(call) : RequestTrace{};
    }

    void settled(const store::LedgerRow& row, const RequestNote& note);
    // What Weir asked on its own account: it costs, but is no request.
    void settled_in_background(const store::LedgerRow& row, const RequestNote& note);

    const LaneTable<LabelSet, LabelSetHash, LabelCells>& labels() const { return labels_; }
    const LaneTable<ModelKey, ModelKeyHash, ModelCells>* models() const { return models_ ? &*models_ : nullptr; }
    const Durations& latency(std::size_t tier) const { return latency_[tier]; }
    const Durations& upstream() const { return upstream_; }
    const Durations& first_token() const { return first_token_; }
    const Overheads& overhead() const { return overhead_; }
    SettledRing* ring() { return ring_.get(); }  // null: nobody wants them
    const SettledRing* ring() const { return ring_.get(); }

  private:
    void count(const store::LedgerRow& row, Operation operation);
    void count_attempt(const store::LedgerRow& row, const store::Attempt& attempt, Operation operation);
    void count_times(const store::LedgerRow& row, const RequestNote& note);
    void hand_over(const store::LedgerRow& row, const RequestNote& note);
    LabelCells& cells(const LabelSet& set) { return labels_.at(set, set.tier); }

    const TraceIds ids_;
    const bool traces_, access_log_;
    LaneTable<LabelSet, LabelSetHash, LabelCells> labels_;
    std::optional<LaneTable<ModelKey, ModelKeyHash, ModelCells>> models_;
    std::array<Durations, kTierLabels> latency_;
    Durations upstream_, first_token_;
    Overheads overhead_;
    std::unique_ptr<SettledRing> ring_;
};

}  // namespace weir::telemetry
