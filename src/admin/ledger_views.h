// What the dashboard reads of the ledger: sums over a range, and their lines (docs/admin-api.md). Answered from the
// rollups (store/flow.h) through a connection of its own for each question.
// Thread rule: on the admin's worker: blocks on disk.
// Limits: query_text.h; kMostLines of an answer.
#pragma once

#include <string>
#include <string_view>

#include "admin/route.h"
#include "gateway/gateway.h"

namespace weir::admin {

constexpr std::int64_t kMostLines = 1000;

void add_ledger_views(RouteTable& routes, gateway::Gateway& gateway);

// The answers alone; `query` is the target's. Errors: invalid, io.
Result<std::string> render_overview(const std::string& folder, std::string_view query, Micros now_unix_micros);
Result<std::string> render_spend(const std::string& folder, std::string_view query, Micros now_unix_micros);

}  // namespace weir::admin
