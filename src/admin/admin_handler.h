// What the admin address answers: health, metrics, and single requests from the ledger.
//   GET /health/live   200 while the process serves at all
//   GET /health/ready  200, or 503 with the reason (draining, a child that is not ready)
//   GET /metrics       Prometheus text
//   GET /api/requests/{id}   a request's ledger row as JSON
// Thread rule: on the reactor that the server runs on; what needs the disk goes to the gateway's worker.
// Limits: loopback only in this version (there are no tokens yet); request bodies 64 KiB.
#pragma once

#include "gateway/gateway.h"
#include "net/http_server.h"

namespace weir::admin {

class AdminHandler final : public net::Handler {
  public:
    explicit AdminHandler(gateway::Gateway& gateway) : gateway_(gateway) {}

    Task<void> handle(net::Exchange& exchange) override;
    std::string protocol_error(unsigned status, std::string_view problem) override;

  private:
    Task<void> show_request(net::Exchange& exchange, std::string_view id);

    gateway::Gateway& gateway_;
};

// Prometheus text exposition of the gateway's counters.
std::string render_metrics(gateway::Gateway& gateway);

// A ledger row as JSON; names are looked up in the ledger, so not from a reactor.
Result<std::string> render_request(store::SqliteLedger& ledger, RequestId id);

}  // namespace weir::admin
