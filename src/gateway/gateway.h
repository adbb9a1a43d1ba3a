// The gateway as a whole: reactors with their listeners, and what they share (ledger, cache, routes).
// Thread rule: open(), reload(), drain() and the destructor from the main thread; counters from any.
// Limits: those of the configuration.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/lane.h"
#include "gateway/options.h"
#include "gateway/routes.h"
#include "gateway/student_life.h"
#include "gateway/students.h"
#include "limits/key_book.h"
#include "net/http_server.h"
#include "store/ledger.h"

namespace weir::limits {
class BudgetBook;
}

namespace weir::gateway {

struct Totals {
    std::uint64_t caller_gone = 0, ledger_waits = 0, connections = 0, active = 0;
    std::uint64_t retries = 0, fallbacks = 0, queued = 0, ejections = 0;
    std::uint64_t followers = 0, handed_over = 0, background_calls = 0, background_dropped = 0, refreshes = 0,
                  cache_audits = 0, tier_audits = 0;
    std::array<std::uint64_t, limits::kLimits> limited_key{}, limited_tenant{};  // limits::Limit
    std::uint64_t student_offers = 0, student_declined = 0;
    std::array<std::uint64_t, 6> by_status{};
    std::array<std::uint64_t, cascade::kPromptClasses> by_class{};
    std::uint64_t waiting = 0;  // requests that wait for a place at a provider, now
    std::size_t background_running = 0;
};

// An endpoint that failed so often that it is left out, on one reactor or more.
struct EndpointDown {
    std::string provider, place;  // "api.openai.com/v1", and which where a provider has several there
    friend auto operator<=>(const EndpointDown&, const EndpointDown&) = default;
};
// One that nobody has asked since counts for so long as down.
inline constexpr Micros kEndpointDownMicros = 600'000'000;

std::vector<StudentLife> student_lives(const std::vector<Students::View>& students, const Routes& routes,
                                       const cascade::CascadeLearner& cascades);

class Gateway {
  public:
    // Opens the data folder, starts children, binds the listener and starts the reactors.
    static Result<std::unique_ptr<Gateway>> open(const Options& options, const Clock& clock);
    ~Gateway();

    std::uint16_t port() const;
    // An HTTP server of another purpose (the admin address) on the first reactor; it lives until drain().
    Result<std::uint16_t> add_server(const Address& address, const net::ServerLimits& limits, net::Handler& handler);
    net::Reactor& first_reactor();

    // Runs on the new options from now on. What can't change while running (reload_rules.h) is kept and named in
    // `kept`. An error changes nothing.
    Result<void> reload(const Options& options, std::vector<std::string>& kept);

    // Stops taking requests, waits for those under way (at most the configured time), writes everything to disk.
    void drain();

    bool ready(std::string& why_not) const;  // draining, or a child is not ready
    bool draining() const;
    Totals totals() const;
    // Sorted. Asks the reactors, so never from one; waits a second at most.
    std::vector<EndpointDown> endpoints_down() const;
    store::SqliteLedger& ledger();
    const Clock& clock() const;
    limits::KeyBook& keys();
    limits::BudgetBook& budgets();
    Caches& caches();
    tiers::ExactCache& cache();
    Worker& worker();
    telemetry::Telemetry& telemetry();
    store::ExampleStore& examples();
    std::size_t examples_indexed() const;  // that models can be shown
    cascade::CascadeLearner& cascades();
    Students& students();
    std::vector<StudentLife> student_lives() const;
    std::vector<JudgeRecord::View> judges() const;
    std::vector<AgreementBook::View> agreements() const;
    std::shared_ptr<const Routes> routes() const;

  private:
    struct Impl;
    explicit Gateway(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::gateway
