#include "telemetry/lane_telemetry.h"

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace weir::telemetry {
namespace {

LabelSet labels_of(const store::LedgerRow& row) {
    LabelSet set;
    set.tenant = row.tenant;
    set.task = row.task;
    return set;
}

void add(LabelCells& cells, TokenClass token_class, std::int64_t amount) {
    if (amount > 0) add_relaxed(cells.tokens[static_cast<std::size_t>(token_class)], amount);
}

// Without the room for attempts that were not made: most requests have one.
void copy_used(const store::LedgerRow& from, store::LedgerRow& to) {
    static_assert(std::is_trivially_copyable_v<store::LedgerRow>);
    const std::size_t bytes = offsetof(store::LedgerRow, attempts) + from.attempt_count * sizeof(store::Attempt);
    std::memcpy(static_cast<void*>(&to), &from, bytes);
}

}  // namespace

LaneTelemetry::LaneTelemetry(const Parts& parts)
    : ids_(parts.ids), traces_(parts.traces), access_log_(parts.access_log), labels_(parts.labels) {
    if (parts.models) models_.emplace(parts.models);
    if (traces_ || access_log_) ring_ = std::make_unique<SettledRing>();
}

void LaneTelemetry::count_attempt(const store::LedgerRow& row, const store::Attempt& attempt, Operation operation) {
    const std::int64_t written = std::int64_t{attempt.input_cache_write} + attempt.input_cache_write_1h;
    const std::int64_t input = attempt.input_uncached + attempt.input_cached + written;
    if (attempt.tier >= store::TierKind::model) upstream_.record(attempt.latency_micros);
    if (input == 0 && attempt.output == 0 && attempt.cost.nanos == 0) return;
    LabelSet set = labels_of(row);
    set.tier = static_cast<std::uint8_t>(attempt.tier);
    set.model = attempt.model;
    LabelCells& to = cells(set);
    add(to, TokenClass::input, attempt.input_uncached);
    add(to, TokenClass::cached, attempt.input_cached);
    add(to, TokenClass::cache_write, written);
    add(to, TokenClass::output, attempt.output);
    add(to, TokenClass::reasoning, attempt.reasoning);
    add_relaxed(to.cost_nanos, attempt.cost.nanos);
    if (!models_) return;
    ModelCells& model = models_->at({operation, attempt.model}, 0);
    model.input.record(input);
    if (attempt.output > 0) model.output.record(attempt.output);
}

void LaneTelemetry::count(const store::LedgerRow& row, Operation operation) {
    for (std::size_t i = 0; i < row.attempt_count; ++i) count_attempt(row, row.attempts[i], operation);
    LabelSet set = labels_of(row);
    if (row.tier) set.tier = static_cast<std::uint8_t>(*row.tier);
    set.model = row.served_model != store::kNoName ? row.served_model : row.reference;
    LabelCells& to = cells(set);
    if (row.purpose == store::Purpose::request) add_relaxed(to.requests, 1U);
    add_relaxed(to.saved_nanos, row.saved().nanos);
}

void LaneTelemetry::count_times(const store::LedgerRow& row, const RequestNote& note) {
    const std::int32_t taken = row.latency_micros, first = note.first_token_micros;
    const std::size_t bucket = Durations::bucket_of(taken);
    latency_[row.tier ? static_cast<std::size_t>(*row.tier) : kNoTier].record(taken, bucket);
    overhead_.record(row.overhead_micros);
    if (first >= 0) first_token_.record(first);
    if (!models_ || row.reference == store::kNoName) return;
    ModelCells& model = models_->at({note.operation, row.reference}, 0);
    model.duration.record(taken, bucket);
    if (first >= 0) model.first_token.record(first);
}

void LaneTelemetry::settled(const store::LedgerRow& row, const RequestNote& note) {
    count(row, note.operation);
    count_times(row, note);
    if (access_log_ || note.trace.recorded) hand_over(row, note);
}

void LaneTelemetry::settled_in_background(const store::LedgerRow& row, const RequestNote& note) {
    count(row, note.operation);
    if (note.trace.recorded) hand_over(row, note);
}

void LaneTelemetry::hand_over(const store::LedgerRow& row, const RequestNote& note) {
    if (!ring_) return;
    Settled* const place = ring_->place();
    if (place == nullptr) return;
    place->note = note;
    copy_used(row, place->row);
    ring_->push();
}

}  // namespace weir::telemetry
