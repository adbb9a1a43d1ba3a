#include "limits/caller.h"

#include <algorithm>

#include "cascade/options.h"

namespace weir::limits {

bool Caller::may_use(std::string_view asked, std::string_view full_name) const {
    return models.empty() || std::any_of(models.begin(), models.end(), [&](const std::string& glob) {
               return cascade::glob_match(glob, asked) || cascade::glob_match(glob, full_name);
           });
}

bool Caller::has_rates() const {
    const auto has = [](const Rates& some) { return some.requests_per_minute > 0 || some.tokens_per_minute > 0; };
    return has(rates) || has(tenant->rates);
}

}  // namespace weir::limits
