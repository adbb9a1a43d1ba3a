// One request's line in the ledger, as the data plane hands it to the sink. docs/formats.md describes how it is stored.
// Thread rule: plain values; built by a reactor, moved to the writer.
// Limits: kMaxAttempts attempts are kept in full; the cost of any further ones is added to the last. kMostSteps steps.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/request_id.h"
#include "base/units.h"
#include "store/step.h"
#include "wire/usage.h"

namespace weir::store {

// Interned text (tenant, cascade, model, tier name): LedgerSink::intern gives the number, outside the hot path.
using NameId = std::uint32_t;
constexpr NameId kNoName = 0;

constexpr std::size_t kMaxAttempts = 6;

enum class Outcome : std::uint8_t {
    served,    // this attempt's answer went to the caller
    declined,  // an offer came, its gate kept it back (or a cache missed)
    failed,    // error from the upstream, or none reached
    timed_out,
    canceled,  // the caller left
    observed,  // only looked at: observe mode, shadow, audit
};
std::string_view to_string(Outcome outcome);

enum class TierKind : std::uint8_t { exact, semantic, student, model, reference };
std::string_view to_string(TierKind kind);

struct Attempt {
    TierKind tier = TierKind::reference;
    Outcome outcome = Outcome::failed;
    std::uint16_t status = 0;  // HTTP status of the upstream; 0: none
    NameId model = kNoName;    // "provider/model"; kNoName for caches
    std::int32_t input_uncached = 0, input_cached = 0, input_cache_write = 0, input_cache_write_1h = 0;
    std::int32_t output = 0, reasoning = 0;
    std::uint16_t web_searches = 0;
    std::uint16_t other_pieces = 0;  // whatever else was billed by the piece
    wire::ServiceTier service_tier = wire::ServiceTier::standard;
    bool usage_estimated = false;
    bool priced = false;       // false: no price is known, cost is not 0 but unknown
    bool cost_stated = false;  // cost is what the provider itself said
    bool listed = false;       // with cost_stated: list_cost is known
    std::int32_t latency_micros = 0;
    Usd cost;                       // spent on this attempt
    Usd list_cost;                  // with cost_stated: what the price table would have made of it
    std::optional<float> evidence;  // what its gate looked at: mean token log-probability
};

enum class Mode : std::uint8_t { off, observe, shadow, serve };
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

// What triage made of the prompt (cascade/prompt_classes.h); unknown: nothing yet, or nobody asked it.
enum class PromptClass : std::uint8_t { unknown, simple, moderate, complex };
inline constexpr std::size_t kPromptClasses = 4;
std::string_view to_string(PromptClass of);

// How the counterfactual was come by.
enum class Counterfactual : std::uint8_t {
    unknown,   // the reference has no known price: no saving is claimed
    measured,  // the reference itself answered: its own cost
    replayed,  // a cache answered: what the reference's answer cost when it was made
    repriced,  // a cheaper model answered: its token counts at the reference's price
};
std::string_view to_string(Counterfactual how);

// Why the row is there. What Weir asks on its own account costs, but is no request and saves nothing by itself.
enum class Purpose : std::uint8_t {
    request,
    audit,    // the reference was asked as well for a request that a lower tier had answered
    refresh,  // ... for an entry of the cache that was getting old
    judge,    // a judge model was asked whether two answers agree
    trial,    // a cheaper model was asked as well, to learn whether it does as well as the reference
};
std::string_view to_string(Purpose purpose);

// A step of a row. Trivial: a row's room for them is not initialised.
struct Step {
    Reason reason;
    StepVerdict verdict;
    bool own;              // false: it is about an attempt of the row, whose tier and model it is about
    std::uint8_t attempt;  // which; of its own: before which of them it was
    std::uint8_t who;      // of its own: a TierKind, or kNobody: all of them, or what the reason says
    NameId model;          // of its own, kNoName unless `who` is a student, a model or the reference
    static constexpr std::uint8_t kNobody = 7;
};

struct LedgerRow {
    RequestId id = 0;
    Purpose purpose = Purpose::request;
    Micros started_unix_micros = 0;
    std::int32_t latency_micros = 0;   // first byte in to last byte out
    std::int32_t overhead_micros = 0;  // of which not waiting for an upstream
    std::uint16_t status = 0;          // what the caller got; 499 where it left before an answer
    Mode mode = Mode::off;
    bool streamed = false;
    bool complete = false;  // the caller got the whole answer
    NameId tenant = kNoName;
    NameId cascade = kNoName;
    NameId reference = kNoName;     // "provider/model" that the caller asked for
    NameId served_model = kNoName;  // whose answer it got; for a cache hit, the model that made the answer
    std::uint64_t task = 0;         // task digest; 0 where none was identified
    PromptClass prompt_class = PromptClass::unknown;
    std::optional<TierKind> tier;        // who answered; nothing where nobody did
    std::optional<TierKind> would_have;  // observe: the first tier that would have answered
    Usd cost;                            // everything spent: the sum of the attempts' costs
    bool cost_complete = true;           // false where an attempt that cost something has no price
    Usd counterfactual;                  // what the reference would have cost
    Counterfactual counterfactual_how = Counterfactual::unknown;
    std::uint8_t attempt_count = 0;
    std::array<Attempt, kMaxAttempts> attempts{};
    // What the attempts don't tell of how it came to its answer, in order.
    std::uint8_t step_count = 0;
    std::array<Step, kMostSteps> steps;  // those before step_count

    // Counterfactual minus cost; 0 where either is unknown.
    Usd saved() const;
    // Beyond kMostSteps it is left out.
    void add_step(const Step& step) {
        if (step_count < kMostSteps) steps[step_count++] = step;
    }
};

}  // namespace weir::store
