// What the rollups add up, and over what: shared by the writer and by reports, so that both mean the same.
// Thread rule: plain values.
// Limits: a sum that would leave the range of std::int64_t stays at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "store/ledger_row.h"

namespace weir::store {

// What sums are told apart by, at most.
struct FlowKey {
    std::uint64_t task = 0;
    NameId tenant = kNoName;
    NameId cascade = kNoName;
    NameId reference = kNoName;
    std::optional<TierKind> tier;
    std::optional<TierKind> would_have;
    Purpose purpose = Purpose::request;

    static FlowKey of(const LedgerRow& row);
    friend auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

struct Sums {
    std::int64_t requests = 0;
    std::int64_t errors = 0;    // status 400 and above
    std::int64_t unpriced = 0;  // an attempt without a price, or an answer whose reference has none
    std::int64_t input = 0, input_cached = 0, output = 0;  // tokens of all attempts
    std::int64_t cost = 0, counterfactual = 0, saved = 0;  // nano-dollars
    std::int64_t latency = 0;                              // microseconds

    static Sums of(const LedgerRow& row);
    Sums& operator+=(const Sums& other);
    friend bool operator==(const Sums&, const Sums&) = default;
};

// Since the Unix epoch. A request's minute is that of its id, as is its time in every report: the row needs no index by
// time.
std::int64_t minute_of(Micros unix_micros);
// How a tier stands in the file: 0 for none, otherwise 1 + TierKind.
std::int64_t tier_code(std::optional<TierKind> tier);
std::optional<TierKind> tier_of_code(std::int64_t code);  // nothing for 0 and for a code unknown to this version

}  // namespace weir::store
