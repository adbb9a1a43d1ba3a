// What the admin address answers: a request goes by the table of routes (routes.h, docs/admin-api.md) once its asker is
// known (access.h); what it changed stands in the audit log (audit_log.h).
// Thread rule: on the reactor that the server runs on; what needs the disk goes to a worker: its own, so that nothing
// that is looked at keeps requests waiting, or the gateway's, where its parts want that.
// Limits: bodies of kMostPostBytes.
#pragma once

#include <memory>
#include <string>

#include "admin/access.h"
#include "admin/alerts.h"
#include "admin/audit_log.h"
#include "admin/config_requests.h"
#include "admin/forecast_view.h"
#include "admin/route.h"
#include "admin/sign_in_failures.h"
#include "base/worker.h"
#include "cascade/cache_control.h"
#include "gateway/gateway.h"
#include "net/http_server.h"

namespace weir::admin {

class AdminHandler final : public net::Handler {
  public:
    // `caches` outlives the handler; nullptr: the POST requests about them are answered with 501.
    // `desk`, too; nullptr: there is nothing at /api/config and /api/what-if.
    // `alerts`, too; nullptr: there is nothing at /api/alerts.
    explicit AdminHandler(gateway::Gateway& gateway, cascade::CacheControl* caches = nullptr,
                          ConfigDesk* desk = nullptr, const Alerts* alerts = nullptr);

    Task<void> handle(net::Exchange& exchange) override;
    std::string protocol_error(unsigned status, std::string_view problem) override;

  private:
    void add_sessions();
    void add_audit();
    Task<void> run(net::Exchange& exchange, const Route& route, const AdminCall& call);
    std::vector<AuditEntry> entries_of(const Route& route, const AdminCall& call, const AdminReply& reply,
                                       std::string_view peer);
    void append(const std::vector<AuditEntry>& entries);

    gateway::Gateway& gateway_;
    Access access_;
    AuditLog audit_;
    SignInFailures failures_;
    std::unique_ptr<WhatIfJobs> what_if_;  // null: no desk
    SpendReader spending_;                 // this and the next: worker_ alone
    BudgetForecasts budget_forecasts_{spending_};
    RouteTable routes_;
    Worker worker_;
};

// Prometheus text exposition of the gateway's counters; `alerts` may be null.
std::string render_metrics(gateway::Gateway& gateway, const Alerts* alerts);

// What is learned for model tiers, as JSON (docs/cascades.md).
std::string render_cascades(const std::vector<cascade::CascadeLearner::View>& views,
                            const std::vector<gateway::AgreementBook::View>& agreements);

// The students (gateway/student_life.h).
std::string render_students(const std::vector<gateway::StudentLife>& lives);

// What was decided about them, and what is asked for: "course=c&task=0123456789abcdef&most=10", each of which may be
// left out. Error invalid says what is wrong.
std::string render_decisions(const std::vector<cascade::Decision>& decisions);
Result<cascade::DecisionLog::Query> parse_decision_query(std::string_view query);

}  // namespace weir::admin
