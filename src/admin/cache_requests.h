// The admin address's POST requests that change the caches: what their bodies say.
// Thread rule: pure functions.
// Limits: none of its own.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cascade/cache_control.h"

namespace weir::admin {

// {"tag": "red"}: exactly one of key, task, tenant, tag, source, writer, all of them texts; with source also "keep" (a
// version of it), with any but tenant also "only_tenant". Nothing else.
// Error invalid says what is wrong; too long or ill-formed values are told by tiers::Purges::add.
Result<tiers::Mark> parse_purge(std::string_view body);

// {"request_id": "16 hexadecimal digits", "verdict": "good" | "bad", "correct": "text"}; `correct` may be left out.
Result<cascade::Feedback> parse_feedback(std::string_view body);

}  // namespace weir::admin
