// One reactor's share of the gateway: its connections to the providers, its tiers, its ids and counters.
// Thread rule: the reactor's thread, but for the counters.
// Limits: kMaxPlans model names are remembered, then it begins anew.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/request_id.h"
#include "base/worker.h"
#include "cascade/climb.h"
#include "gateway/routes.h"
#include "net/reactor.h"
#include "store/ledger.h"
#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/in_flight.h"
#include "tiers/model/upstream.h"

namespace weir::gateway {

constexpr std::size_t kMaxPlans = 10'000;
constexpr std::size_t kMaxNamedTasks = 100'000;

// Where a request for one model name goes.
struct Plan {
    const CascadeRoute* cascade = nullptr;
    const std::vector<cascade::Rung>* rungs = nullptr;
    std::shared_ptr<const tiers::ModelUpstream> reference;
};

// What the lanes share; outlives them.
struct Shared {
    const Clock& clock;
    store::LedgerSink& ledger;
    tiers::ExactCache& cache;
    tiers::InFlight& in_flight;
    Worker& worker;
};

// The routes as one reactor runs on them. A request holds it until it is settled, so that a reload takes nothing away.
class LaneRoutes {
  public:
    LaneRoutes(std::shared_ptr<const Routes> routes, net::Reactor& reactor, Shared& shared);

    const Routes& routes() const { return *routes_; }

    // nullptr: not resolved yet on this reactor; make() then.
    std::shared_ptr<const Plan> find(std::string_view model) const;
    // May wait for the ledger's name table (off the reactor) at a name's first appearance.
    Task<Result<std::shared_ptr<const Plan>>> make(std::string_view model, Shared& shared);

  private:
    std::shared_ptr<const tiers::ModelUpstream> upstream_of(const ModelRoute& model) const;

    std::shared_ptr<const Routes> routes_;
    net::Reactor& reactor_;
    std::unordered_map<std::string, std::shared_ptr<tiers::ProviderLink>> links_;
    std::unordered_map<const CascadeRoute*, std::vector<cascade::Rung>> rungs_;

    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    std::unordered_map<std::string, std::shared_ptr<const Plan>, NameHash, std::equal_to<>> plans_;
};

struct LaneCounters {
    std::atomic<std::uint64_t> requests{0};
    std::array<std::atomic<std::uint64_t>, 5> by_tier{};    // store::TierKind
    std::array<std::atomic<std::uint64_t>, 6> by_status{};  // first digit of the status
    std::atomic<std::uint64_t> caller_gone{0};
    std::atomic<std::uint64_t> ledger_waits{0};
    std::atomic<std::int64_t> cost_nanos{0};
    std::atomic<std::int64_t> saved_nanos{0};
    std::atomic<std::uint64_t> overhead_micros{0};
};

struct Lane {
    Lane(net::Reactor& owner, Shared& all) : reactor(owner), shared(all), ids(all.clock, owner.index()) {}

    net::Reactor& reactor;
    Shared& shared;
    RequestIds ids;
    std::shared_ptr<LaneRoutes> routes;
    LaneCounters counters;
    std::unordered_set<std::uint64_t> named_tasks;
};

}  // namespace weir::gateway
