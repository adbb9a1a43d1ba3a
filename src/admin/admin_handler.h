// What the admin address answers: health, metrics, single requests from the ledger; and what changes the caches.
//   GET /health/live   200 while the process serves at all
//   GET /health/ready  200, or 503 with the reason (draining, a child that is not ready)
//   GET /metrics       Prometheus text
//   GET /api/requests/{id}   a request's ledger row as JSON
//   GET /api/cascades        what is learned for model tiers: certificates, and each task's plan
//   GET /api/cascades/log    what was decided about them, newest first: ?course=NAME&task=16 HEX DIGITS&most=100
//   GET /api/students        which students there are, where in their life, and why (docs/students-life.md)
//   GET /api/keys            callers' keys that were made here (docs/keys.md)
//   POST /api/keys, /api/keys/{key}, /api/keys/{key}/revoke: see key_requests.h
//   POST /v1/feedback        {"request_id", "verdict": "good"|"bad", "correct"?}
//   POST /api/cache/purge    {"tag": "..."}: see cache_requests.h
//   POST /api/students/{student}/promote|demote|rollback: see student_requests.h
// Thread rule: on the reactor that the server runs on; what needs the disk goes to the gateway's worker.
// Limits: loopback unless configured (there are no tokens yet); request bodies 64 KiB.
#pragma once

#include <functional>

#include "cascade/cache_control.h"
#include "gateway/gateway.h"
#include "net/http_server.h"

namespace weir::admin {

class AdminHandler final : public net::Handler {
  public:
    // `caches` outlives the handler; nullptr: the POST requests about them are answered with 501.
    explicit AdminHandler(gateway::Gateway& gateway, cascade::CacheControl* caches = nullptr)
        : gateway_(gateway), caches_(caches) {}

    Task<void> handle(net::Exchange& exchange) override;
    std::string protocol_error(unsigned status, std::string_view problem) override;

  private:
    Task<void> show(net::Exchange& exchange, std::string_view path);
    Task<void> show_request(net::Exchange& exchange, std::string_view id);
    Task<void> change(net::Exchange& exchange, std::string_view path);
    Micros unix_micros() const;
    Task<void> answer_error(net::Exchange& exchange, const Error& error);

    gateway::Gateway& gateway_;
    cascade::CacheControl* caches_;
};

// Prometheus text exposition of the gateway's counters.
std::string render_metrics(gateway::Gateway& gateway);

// What is learned for model tiers, as JSON (docs/cascades.md).
std::string render_cascades(const std::vector<cascade::CascadeLearner::View>& views,
                            const std::vector<gateway::AgreementBook::View>& agreements);

// The students (gateway/student_life.h).
std::string render_students(const std::vector<gateway::StudentLife>& lives);

// What was decided about them, and what is asked for: "course=c&task=0123456789abcdef&most=10", each of which may be
// left out. Error invalid says what is wrong.
std::string render_decisions(const std::vector<cascade::Decision>& decisions);
Result<cascade::DecisionLog::Query> parse_decision_query(std::string_view query);

// A ledger row as JSON; names are looked up in the ledger, so not from a reactor.
Result<std::string> render_request(store::SqliteLedger& ledger, RequestId id);

}  // namespace weir::admin
