// What the exact cache may be asked for and what may be put into it: the decision, apart from the cache itself.
// Thread rule: pure functions.
#pragma once

#include "cascade/options.h"
#include "store/step.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"

namespace weir::cascade {

struct CacheDecision {
    bool allowed = true;
    store::Uncacheable reason{};  // why not
    friend bool operator==(const CacheDecision&, const CacheDecision&) = default;
};

// Both looking up and storing. Not allowed: a temperature above zero (the caller wants variety) or none at all, unless
// the rules allow it; n other than 1 (several choices are several samples).
CacheDecision cacheable_request(const wire::ChatRequest& request, const CacheRules& rules);

// Complete, successful, not refused: nothing that a second attempt might do better at. `answer` comes from a complete
// body of status 200.
bool storable_answer(const wire::ChatAnswer& answer);

}  // namespace weir::cascade
