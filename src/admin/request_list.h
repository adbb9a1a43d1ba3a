// The requests that the ledger has, newest first and page by page, and one of them (docs/admin-api.md).
// Thread rule: on the admin's worker: blocks on disk.
// Limits: kMostListed rows a page; kMostLooked rows are looked at for one, so a filter that little passes takes
// several.
#pragma once

#include <string>
#include <string_view>

#include "admin/route.h"
#include "gateway/gateway.h"

namespace weir::admin {

constexpr std::int64_t kMostListed = 200;
constexpr std::size_t kMostLooked = 20'000;

void add_request_list(RouteTable& routes, gateway::Gateway& gateway);

// The answer alone; `query` is the target's, `folder` that of `ledger`. Errors: invalid, io.
Result<std::string> render_requests(store::SqliteLedger& ledger, const std::string& folder, std::string_view query,
                                    Micros now_unix_micros);

// What was settled since ("after=N"; nothing: since the start), in that order. Errors: invalid, io.
Result<std::string> render_live(store::SqliteLedger& ledger, const std::string& folder, std::string_view query);

// A row as JSON; names are looked up in the ledger, so not from a reactor.
void write_request(store::SqliteLedger& ledger, const store::LedgerRow& row, std::string_view task_name,
                   std::string& out);

// Errors: not_found, io.
Result<std::string> render_request(store::SqliteLedger& ledger, const std::string& folder, RequestId id);

}  // namespace weir::admin
