#include "admin/alert_watch.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"

namespace weir::admin {
namespace {

constexpr std::size_t kMostDecisions = 500;  // of the latest, that drift is looked for in

std::string rate_text(const prices::Price& price) {
    const auto per_million = [](PicoUsdPerToken rate) { return to_decimal(Usd{rate.picos * 1'000}); };
    std::string text = per_million(price.input) + " and " + per_million(price.output);
    if (price.input_cached) text += " (cached input " + per_million(*price.input_cached) + ")";
    return text + " USD per million tokens";
}

// Of the models that the configuration names.
std::vector<PriceInUse> prices_of(const gateway::Routes& routes) {
    std::map<std::string, PriceInUse> found;
    const auto look = [&](const std::string& model, const gateway::CascadeRoute& cascade) {
        const Result<gateway::ModelRoute> route = routes.resolve(model, cascade);
        if (!route) return;
        PriceInUse& price = found[route->full_name];
        price = {route->full_name, route->price ? rate_text(*route->price) : "unknown",
                 route->price ? route->price->as_of : ""};
    };
    for (const gateway::ModelOptions& model : routes.options().models) look(model.full_name(), routes.forward_only());
    for (const gateway::CascadeRoute& cascade : routes.cascades()) {
        for (const std::string& glob : cascade.options.match_models) {
            if (glob.find_first_of("*?") == std::string::npos) look(glob, cascade);
        }
    }
    std::vector<PriceInUse> prices;
    for (auto& [model, price] : found) prices.push_back(std::move(price));
    return prices;
}

}  // namespace

void AlertWatch::look_at_budgets(const gateway::Options& options, Micros now, Findings& to) {
    std::vector<limits::BudgetBook::View> views = gateway_.budgets().views();
    budgets_.look(views, options.alerts, to);
    const bool wanted = !options.alerts.off.test(static_cast<std::size_t>(AlertKind::budget_forecast));
    if (views.empty() || !wanted) {
        forecasts_.clear();
        forecasts_until_ = 0;
        return;
    }
    // A clock that was set back leaves none older than they may be.
    if (now >= forecasts_until_ || now + kForecastMicros < forecasts_until_) {
        auto made = forecast_budgets(spending_, options.data_folder, std::move(views), now);
        if (!made && !complained_) log_warning("alerts: no forecast: " + made.error().message);
        complained_ = !made;
        forecasts_ = made ? std::move(*made) : std::vector<BudgetForecast>();
        forecasts_until_ = good_until(forecasts_, now);
    }
    look_at_forecast(forecasts_, to);
}

void AlertWatch::look_at_gates(Micros now, Findings& to) const {
    using Kind = cascade::Decision::Kind;
    const cascade::DecisionLog& decisions = gateway_.cascades().decisions();
    for (const auto& view : gateway_.cascades().views()) {
        const std::optional<cascade::Decision> last = decisions.last(view.name, 0);
        if (view.proof.blind) {
            to.push_back({AlertKind::gate_closed, view.name,
                          "proof may cost no more today, so nothing is served by cheaper tiers", true});
        } else if (last && last->kind == Kind::lost) {
            to.push_back({AlertKind::gate_closed, view.name, describe(*last), true});
        } else {
            for (const auto& task : view.tasks) {
                const auto turn = task.state == "serving" ? std::nullopt : decisions.last_turn(view.name, task.task);
                if (!turn || turn->kind != Kind::demoted || turn->unix_micros + kTaskMicros <= now) continue;
                to.push_back(
                    {AlertKind::gate_closed, view.name + ", task " + to_hex(task.task), describe(*turn), true});
            }
        }
    }
    if (const gateway::SemanticParts* const semantic = gateway_.caches().semantic()) {
        for (const auto& view : semantic->learner->views()) {
            if (view.state != learn::HitGate::State::closed) continue;
            to.push_back({AlertKind::gate_closed, "semantic cache, task " + to_hex(view.task),
                          std::to_string(view.audits_wrong) + " of " + std::to_string(view.audits) +
                              " audited hits were another answer: the task's gate is closed",
                          true});
        }
    }
    look_at_drift(decisions.latest({"", std::nullopt, kMostDecisions}), now, to);
}

void AlertWatch::look_at_upstreams(const gateway::Routes& routes, Findings& to) const {
    using local::ChildState;
    for (const auto& [name, provider] : routes.providers()) {
        if (!provider.child) continue;
        const ChildState state = provider.child->state();
        if (state == ChildState::ready || (state == ChildState::starting && provider.child->restarts() == 0)) continue;
        std::string text = "its local model is " + std::string(local::to_string(state));
        if (const std::string problem = provider.child->last_problem(); !problem.empty()) text += ": " + problem;
        to.push_back({AlertKind::upstream_down, name, text, state != ChildState::starting});
    }
    for (const gateway::EndpointDown& down : gateway_.endpoints_down()) {
        to.push_back({AlertKind::upstream_down, down.provider + " at " + down.place,
                      "it failed again and again and is left out for a while", true});
    }
}

void AlertWatch::look_at_losses(const telemetry::AlertOptions& options, Micros now, Findings& to) {
    const store::LedgerCounters rows = gateway_.ledger().counters();
    ledger_.look(rows.dropped + rows.failed, options, now, to);
    const telemetry::Telemetry::Losses losses = gateway_.telemetry().losses();
    telemetry_.look(losses.traces + losses.metrics + losses.settled + losses.access_log, options, now, to);
}

Findings AlertWatch::look(std::map<std::string, PriceSeen>& prices, bool& prices_changed) {
    const std::shared_ptr<const gateway::Routes> routes = gateway_.routes();
    const gateway::Options& options = routes->options();
    const Micros now = gateway_.clock().unix_micros();
    Findings found;
    const bool reloaded = priced_.lock() != routes;
    if (reloaded) forecasts_until_ = 0;
    look_at_budgets(options, now, found);
    const gateway::Totals totals = gateway_.totals();
    std::uint64_t answers = 0;
    for (const std::uint64_t of_class : totals.by_status) answers += of_class;
    errors_.look(answers, totals.by_status[5], options.alerts, now, found);
    look_at_gates(now, found);
    look_at_upstreams(*routes, found);
    look_at_losses(options.alerts, now, found);
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(options.data_folder, error);
    if (!error) look_at_disk(space.available, options.alerts, found);
    prices_changed = false;
    if (reloaded) {
        priced_ = routes;
        prices_ = prices_of(*routes);
        prices_changed = note_prices(prices_, now, prices);
    }
    look_at_prices(prices_, prices, now, found);
    return found;
}

}  // namespace weir::admin
