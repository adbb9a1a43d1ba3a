// Climbs a cascade's tiers, cheapest first, until a gate opens. The reference, which comes last, is not among them:
// what it says is relayed to the caller as it comes (gateway/relay.h). Thread rule: one request, one reactor.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/task.h"
#include "cascade/gate.h"
#include "cascade/step_recorder.h"
#include "tiers/tier.h"

namespace weir::cascade {

struct Rung {
    std::shared_ptr<tiers::Tier> tier;
    std::shared_ptr<const Gate> gate;
};

// What a climb left behind.
struct Ascent {
    std::vector<store::Attempt> attempts;               // in order
    std::optional<tiers::Offer> served;                 // serve mode: what goes to the caller
    std::optional<store::TierKind> tier;                // who made it
    std::optional<store::TierKind> would_have;          // observe mode: who would have
    std::unique_ptr<tiers::Flights::Lease> lease;       // see tiers::Climb; kept until the answer is stored
    std::unique_ptr<tiers::Follower> follower;          // see tiers::Climb: the stream that answers instead
    std::shared_ptr<const tiers::semantic::Look> look;  // see tiers::Climb
};

// serve: asks tier after tier. observe: only looks where looking costs nothing (the caches), serves nothing. off: does
// nothing. A tier that fails is passed over. Ends early when the caller has left. `steps`: of the row that the attempts
// will stand in, behind those that it has. Goes on with what `ascent` has, but for whoever was served. All arguments
// outlive the task.
Task<void> climb(std::span<const Rung> rungs, Mode mode, const tiers::Question& question, Cancellation& cancellation,
                 StepRecorder steps, Ascent& ascent);

// Tiers whose answers cost nothing to look up.
inline bool is_cache(TierKind tier) {
    return tier == TierKind::exact || tier == TierKind::semantic;
}

// The same, as far as it goes without waiting: true where the first tier's offer was served at once. False: nothing has
// happened, climb().
bool served_at_once(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question, StepRecorder steps,
                    Ascent& ascent);

}  // namespace weir::cascade
