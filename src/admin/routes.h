// The routes of the admin address, by what they are about. docs/admin-api.md lists them.
// Thread rule: each adds its routes once, before the server starts; what it is given outlives the table.
#pragma once

#include "admin/alerts.h"
#include "admin/forecast_view.h"
#include "admin/route.h"
#include "cascade/cache_control.h"
#include "gateway/gateway.h"

namespace weir::admin {

// And /metrics; `alerts` may be null.
void add_health(RouteTable& routes, gateway::Gateway& gateway, const Alerts* alerts);
void add_reading(RouteTable& routes, gateway::Gateway& gateway);  // what is told
void add_keys(RouteTable& routes, gateway::Gateway& gateway);     // callers' keys
// How much may be spent; `forecasts` on the admin's worker alone.
void add_budgets(RouteTable& routes, gateway::Gateway& gateway, BudgetForecasts& forecasts);
void add_students(RouteTable& routes, gateway::Gateway& gateway);
void add_caches(RouteTable& routes, cascade::CacheControl* caches);  // and feedback

}  // namespace weir::admin
