// The filters of docs/admin-api.md as a query has them, wherever sums or requests are listed: task, tenant, cascade,
// reference, tier; several of a kind by repeating them.
// Thread rule: pure functions. Limits: query_text.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/flow.h"
#include "store/ledger_names.h"

namespace weir::admin {

constexpr std::size_t kTiers = 6;  // by tier_code; 0: nobody
std::string tier_name(std::size_t code);
inline constexpr std::string_view kNoNameText = "none";  // what sums call requests without such a name

// True: the parameter was a filter, and is in `filter` now. A name that the ledger does not know is that of no request,
// "none" that of those without one. Error invalid.
Result<bool> read_filter(const std::string& name, const std::string& value, const store::NamesById& names,
                         store::FlowFilter& filter);

}  // namespace weir::admin
