// Looks at a gateway for what alerts are about (alert_rules.h).
// Thread rule: the alerts' thread: blocks on disk for forecasts, and up to a second on reactors that end.
// Limits: those of the rules; forecasts are made anew as good_until() has it.
#pragma once

#include <memory>
#include <vector>

#include "admin/alert_rules.h"
#include "gateway/gateway.h"

namespace weir::admin {

class AlertWatch {
  public:
    explicit AlertWatch(gateway::Gateway& gateway) : gateway_(gateway) {}

    // `prices`: those that were seen last; true: they have changed.
    Findings look(std::map<std::string, PriceSeen>& prices, bool& prices_changed);

  private:
    void look_at_budgets(const gateway::Options& options, Micros now, Findings& to);
    void look_at_gates(Micros now, Findings& to) const;
    void look_at_upstreams(const gateway::Routes& routes, Findings& to) const;
    void look_at_losses(const telemetry::AlertOptions& options, Micros now, Findings& to);

    gateway::Gateway& gateway_;
    BudgetRule budgets_;
    ErrorRule errors_;
    LossRule ledger_{AlertKind::ledger_lost, "rows of the ledger"};
    LossRule telemetry_{AlertKind::telemetry_lost, "spans, requests or lines of the access log"};
    SpendReader spending_;
    std::vector<BudgetForecast> forecasts_;
    Micros forecasts_until_ = 0;  // Unix time; 0: there are none
    std::weak_ptr<const gateway::Routes> priced_;
    std::vector<PriceInUse> prices_;
    bool complained_ = false;
};

}  // namespace weir::admin
