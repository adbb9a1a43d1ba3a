// The parts of /metrics (docs/telemetry.md). For this room alone; admin_handler.h has render_metrics().
// Thread rule: any thread but a reactor's. Limits: what the gateway counts.
#pragma once

#include "admin/alerts.h"
#include "admin/exposition.h"
#include "gateway/gateway.h"

namespace weir::admin {

// metrics_requests.cpp: requests, tokens, dollars and times.
void add_requests(gateway::Gateway& gateway, Exposition& out);
// metrics_learning.cpp: gates and what they are learned from.
void add_learning(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out);
// metrics_budgets.cpp: what may be spent and was; nothing where there are no budgets.
void add_budgets(limits::BudgetBook& book, Exposition& out);
// metrics_alerts.cpp: what is wrong, and who was told.
void add_alerts(const Alerts::View& view, Exposition& out);
// metrics_process.cpp: the process, its ledger and its telemetry.
void add_process(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out);

}  // namespace weir::admin
