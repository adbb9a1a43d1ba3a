#include "store/ledger_codec.h"

#include <algorithm>
#include <bit>

#include "store/ledger_bytes.h"

namespace weir::store {
namespace {

// First byte of an attempt: tier (3 bits), outcome (3 bits), then:
constexpr unsigned kOutcomeShift = 3;
constexpr unsigned kUsageEstimated = 1U << 6;
constexpr unsigned kPriced = 1U << 7;
// Second byte: which fields follow, in this order. kStatusOk and kStatusOther exclude each other.
constexpr unsigned kStatusOk = 1U << 0;     // 200, nothing follows
constexpr unsigned kStatusOther = 1U << 1;  // a varint follows
constexpr unsigned kModel = 1U << 2;
constexpr unsigned kTokens = 1U << 3;  // five varints
constexpr unsigned kCost = 1U << 4;    // zigzag varint
constexpr unsigned kLatency = 1U << 5;
constexpr unsigned kEvidence = 1U << 6;  // 4 bytes, IEEE 754 little endian
constexpr unsigned kMore = 1U << 7;      // a third byte of flags follows, and behind all others its fields
// Third byte, from version 2 on: service tier (3 bits), then:
constexpr unsigned kTierMask = 0x7;
constexpr unsigned kHourWrites = 1U << 3;  // a varint
constexpr unsigned kPieces = 1U << 4;      // two varints: web searches, others
constexpr unsigned kStated = 1U << 5;      // the cost is the provider's word
constexpr unsigned kListed = 1U << 6;      // with it the table's cost follows, zigzag
constexpr unsigned kMoreReserved = 1U << 7;
constexpr std::uint16_t kOk = 200;
constexpr std::uint8_t kOldestVersion = 1, kWithMore = 2, kWithSteps = 3;

// The column `flags`.
constexpr unsigned kStreamed = 1U << 0;
constexpr unsigned kComplete = 1U << 1;
constexpr unsigned kCostIncomplete = 1U << 2;  // this way round the usual row has the smaller number
constexpr unsigned kHowShift = 3;              // Counterfactual, 2 bits
constexpr unsigned kPurposeShift = 5;          // Purpose, 3 bits

constexpr unsigned kLastTier = static_cast<unsigned>(TierKind::reference);
constexpr unsigned kLastOutcome = static_cast<unsigned>(Outcome::observed);

unsigned more_of(const Attempt& a) {
    return static_cast<unsigned>(a.service_tier) | (a.input_cache_write_1h != 0 ? kHourWrites : 0) |
           ((a.web_searches | a.other_pieces) != 0 ? kPieces : 0) | (a.cost_stated ? kStated : 0) |
           (a.cost_stated && a.listed ? kListed : 0);
}

bool has_tokens(const Attempt& a) {
    return (a.input_uncached | a.input_cached | a.input_cache_write | a.output | a.reasoning) != 0;
}

void pack(const Attempt& attempt, Packer& out) {
    out.byte(static_cast<unsigned>(attempt.tier) | static_cast<unsigned>(attempt.outcome) << kOutcomeShift |
             (attempt.usage_estimated ? kUsageEstimated : 0) | (attempt.priced ? kPriced : 0));
    unsigned fields = 0;
    if (attempt.status == kOk)
        fields |= kStatusOk;
    else if (attempt.status != 0)
        fields |= kStatusOther;
    if (attempt.model != kNoName) fields |= kModel;
    if (has_tokens(attempt)) fields |= kTokens;
    if (attempt.cost != Usd{}) fields |= kCost;
    if (attempt.latency_micros != 0) fields |= kLatency;
    if (attempt.evidence) fields |= kEvidence;
    const unsigned more = more_of(attempt);
    if (more != 0) fields |= kMore;
    out.byte(fields);
    if (more != 0) out.byte(more);
    if (fields & kStatusOther) out.varint(attempt.status);
    if (fields & kModel) out.varint(attempt.model);
    if (fields & kTokens) {
        for (const std::int32_t tokens : {attempt.input_uncached, attempt.input_cached, attempt.input_cache_write,
                                          attempt.output, attempt.reasoning}) {
            out.count(tokens);
        }
    }
    if (fields & kCost) out.zigzag(attempt.cost.nanos);
    if (fields & kLatency) out.count(attempt.latency_micros);
    if (fields & kEvidence) out.fixed32(std::bit_cast<std::uint32_t>(*attempt.evidence));
    if (more & kHourWrites) out.count(attempt.input_cache_write_1h);
    if (more & kPieces) {
        out.varint(attempt.web_searches);
        out.varint(attempt.other_pieces);
    }
    if (more & kListed) out.zigzag(attempt.list_cost.nanos);
}

void unpack_more(Unpacker& in, unsigned more, Attempt& attempt) {
    attempt.service_tier = static_cast<wire::ServiceTier>(more & kTierMask);
    if (more & kHourWrites) attempt.input_cache_write_1h = in.count();
    if (more & kPieces) {
        attempt.web_searches = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
        attempt.other_pieces = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
    }
    attempt.cost_stated = (more & kStated) != 0;
    attempt.listed = (more & kListed) != 0;
    if (attempt.listed) attempt.list_cost = Usd{in.zigzag()};
}

void unpack(Unpacker& in, bool may_have_more, Attempt& attempt) {
    const unsigned kinds = in.byte();
    const unsigned tier = kinds & 0x7U;
    const unsigned outcome = (kinds >> kOutcomeShift) & 0x7U;
    const unsigned fields = in.byte();
    const unsigned more = fields & kMore && may_have_more ? in.byte() : 0;
    const bool odd_more = more & kMoreReserved || (more & kTierMask) >= wire::kServiceTiers ||
                          (more & kListed && !(more & kStated)) || ((fields & kMore) != 0) != (more != 0);
    if (tier > kLastTier || outcome > kLastOutcome || odd_more || (fields & kStatusOk && fields & kStatusOther)) {
        return in.refuse();
    }
    attempt = Attempt{};
    attempt.tier = static_cast<TierKind>(tier);
    attempt.outcome = static_cast<Outcome>(outcome);
    attempt.usage_estimated = (kinds & kUsageEstimated) != 0;
    attempt.priced = (kinds & kPriced) != 0;
    if (fields & kStatusOk) attempt.status = kOk;
    if (fields & kStatusOther) attempt.status = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
    if (fields & kModel) attempt.model = static_cast<NameId>(in.varint(UINT32_MAX));
    if (fields & kTokens) {
        attempt.input_uncached = in.count();
        attempt.input_cached = in.count();
        attempt.input_cache_write = in.count();
        attempt.output = in.count();
        attempt.reasoning = in.count();
    }
    if (fields & kCost) attempt.cost = Usd{in.zigzag()};
    if (fields & kLatency) attempt.latency_micros = in.count();
    if (fields & kEvidence) attempt.evidence = std::bit_cast<float>(in.fixed32());
    unpack_more(in, more, attempt);
}

}  // namespace

std::string_view pack_attempts(const LedgerRow& row, PackedAttempts& buffer) {
    Packer out(buffer.data());
    const std::size_t count = std::min<std::size_t>(row.attempt_count, kMaxAttempts);
    const bool any_more = std::any_of(row.attempts.begin(), row.attempts.begin() + static_cast<std::ptrdiff_t>(count),
                                      [](const Attempt& attempt) { return more_of(attempt) != 0; });
    out.byte(row.step_count > 0 ? kWithSteps : any_more ? kWithMore : kOldestVersion);
    if (row.step_count > 0) out.byte(static_cast<unsigned>(count));
    for (std::size_t i = 0; i < count; ++i) pack(row.attempts[i], out);
    if (row.step_count > 0) pack_steps(row, out);
    return out.packed();
}

Result<void> unpack_attempts(std::string_view packed, LedgerRow& row) {
    Unpacker in(packed);
    const unsigned version = in.byte();
    if (version < kOldestVersion || version > kAttemptsVersion)
        return fail(ErrorCode::protocol, "attempts of another version");
    const bool steps = version >= kWithSteps;
    const std::size_t told = steps ? in.byte() : kMaxAttempts;
    if (told > kMaxAttempts) return fail(ErrorCode::protocol, "too many attempts");
    std::size_t count = 0;
    while (in.ok() && (steps ? count < told : !in.at_end())) {
        if (count == told) return fail(ErrorCode::protocol, "too many attempts");
        unpack(in, version > kOldestVersion, row.attempts[count++]);
    }
    row.attempt_count = static_cast<std::uint8_t>(count);
    row.step_count = 0;
    if (steps && in.ok()) unpack_steps(in, row);
    if (!in.ok()) return fail(ErrorCode::protocol, "malformed attempts");
    return {};
}

unsigned row_flags(const LedgerRow& row) {
    return (row.streamed ? kStreamed : 0) | (row.complete ? kComplete : 0) | (row.cost_complete ? 0 : kCostIncomplete) |
           static_cast<unsigned>(row.counterfactual_how) << kHowShift |
           static_cast<unsigned>(row.purpose) << kPurposeShift;
}

void set_row_flags(LedgerRow& row, unsigned flags) {
    row.streamed = (flags & kStreamed) != 0;
    row.complete = (flags & kComplete) != 0;
    row.cost_complete = (flags & kCostIncomplete) == 0;
    row.counterfactual_how = static_cast<Counterfactual>((flags >> kHowShift) & 3U);
    row.purpose = static_cast<Purpose>(std::min((flags >> kPurposeShift) & 7U, static_cast<unsigned>(Purpose::trial)));
}

}  // namespace weir::store
