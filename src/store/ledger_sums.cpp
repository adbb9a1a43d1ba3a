#include "store/ledger_sums.h"

#include <limits>

namespace weir::store {
namespace {

constexpr Micros kMicrosPerMinute = 60'000'000;
constexpr std::uint16_t kFirstErrorStatus = 400;

void add(std::int64_t& sum, std::int64_t amount) {
    if (!__builtin_add_overflow(sum, amount, &sum)) return;
    sum = amount < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

FlowKey FlowKey::of(const LedgerRow& row) {
    return FlowKey{row.task, row.tenant, row.cascade, row.reference, row.tier, row.would_have, row.purpose};
}

Sums Sums::of(const LedgerRow& row) {
    const bool is_request = row.purpose == Purpose::request;
    const bool unknown_reference = is_request && row.tier && row.counterfactual_how == Counterfactual::unknown;
    Sums sums;
    sums.requests = is_request ? 1 : 0;
    sums.errors = is_request && row.status >= kFirstErrorStatus ? 1 : 0;
    sums.unpriced = !row.cost_complete || unknown_reference ? 1 : 0;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        const Attempt& attempt = row.attempts[i];
        sums.input += Tokens{attempt.input_uncached} + attempt.input_cached + attempt.input_cache_write +
                      attempt.input_cache_write_1h;
        sums.input_cached += attempt.input_cached;
        sums.output += attempt.output;
    }
    sums.cost = row.cost.nanos;
    sums.counterfactual = row.counterfactual.nanos;
    sums.saved = row.saved().nanos;
    sums.latency = is_request ? row.latency_micros : 0;
    return sums;
}

Sums& Sums::operator+=(const Sums& other) {
    add(requests, other.requests);
    add(errors, other.errors);
    add(unpriced, other.unpriced);
    add(input, other.input);
    add(input_cached, other.input_cached);
    add(output, other.output);
    add(cost, other.cost);
    add(counterfactual, other.counterfactual);
    add(saved, other.saved);
    add(latency, other.latency);
    return *this;
}

std::int64_t minute_of(Micros unix_micros) {
    return unix_micros / kMicrosPerMinute;
}

std::int64_t tier_code(std::optional<TierKind> tier) {
    return tier ? 1 + static_cast<std::int64_t>(*tier) : 0;
}

std::optional<TierKind> tier_of_code(std::int64_t code) {
    if (code < 1 || code > 1 + static_cast<std::int64_t>(TierKind::reference)) return std::nullopt;
    return static_cast<TierKind>(code - 1);
}

}  // namespace weir::store
