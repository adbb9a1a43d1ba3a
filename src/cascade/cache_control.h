// What an operator, or a caller with an opinion, may do to the caches: the seam between the admin address and the
// gateway that owns them.
// Thread rule: both functions are called on the gateway's worker thread, one at a time, and may wait for the disk.
#pragma once

#include <optional>
#include <string>

#include "base/request_id.h"
#include "base/result.h"
#include "base/units.h"
#include "tiers/exact_cache/purges.h"

namespace weir::cascade {

struct Feedback {
    RequestId request = 0;
    bool good = false;                   // verdict: good or bad
    std::optional<std::string> correct;  // what would have been right, as the caller gave it
};

class CacheControl {
  public:
    virtual ~CacheControl() = default;
    // -> entries created up to then are void. Errors as tiers::Purges::add.
    virtual Result<Micros> purge(const tiers::Mark& mark) = 0;
    // Errors: not_found (no such request is remembered), io.
    virtual Result<void> feedback(const Feedback& feedback) = 0;
};

}  // namespace weir::cascade
