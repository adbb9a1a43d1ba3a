#include "cascade/cacheable.h"

namespace weir::cascade {

CacheDecision cacheable_request(const wire::ChatRequest& request, const CacheRules& rules) {
    const bool temperature_allowed =
        request.temperature
            ? *request.temperature == 0 || (rules.cache_temperature_above_zero && *request.temperature > 0)
            : rules.cache_without_temperature;
    if (!temperature_allowed) return {false, store::Uncacheable::temperature};
    if (request.n != 1) return {false, store::Uncacheable::several};
    return {};
}

bool storable_answer(const wire::ChatAnswer& answer) {
    return answer.finished && answer.whole && !answer.refused && !answer.empty;
}

}  // namespace weir::cascade
