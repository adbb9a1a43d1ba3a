#include "gateway/gateway.h"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/worker.h"
#include "gateway/api_handler.h"
#include "gateway/background.h"
#include "gateway/caches.h"
#include "gateway/example_indexer.h"
#include "gateway/reload_rules.h"
#include "gateway/students.h"
#include "limits/budget_book.h"
#include "store/example_files.h"

namespace weir::gateway {
namespace {

constexpr unsigned kMaxReactors = 64;
constexpr Micros kLanesMicros = 1'000'000;  // for what all reactors are to do, such as to take a changed key

net::ServerLimits server_limits(const Limits& limits, unsigned reactors) {
    net::ServerLimits server;
    server.head_bytes = limits.head_bytes;
    server.body_bytes = limits.body_bytes;
    server.connections = std::max<std::size_t>(1, limits.connections / reactors);
    server.slow_head_micros = limits.slow_head_micros;
    server.keep_alive_micros = limits.keep_alive_micros;
    server.write_micros = limits.idle_micros;
    return server;
}

net::Endpoint endpoint_of(const Address& address) {
    return {address.host, address.port, "", false};
}

// One reactor with its thread, lane and listeners.
struct Engine {
    Engine(const Clock& clock, unsigned index, Shared& shared)
        : reactor(clock, index), lane(reactor, shared), handler(lane) {}

    // Runs `work` on the reactor's thread and waits for it.
    template <class Work>
    void on_reactor(Work work) {
        std::latch done(1);
        reactor.call([&] {
            work();
            done.count_down();
        });
        done.wait();
    }

    net::Reactor reactor;
    Lane lane;
    ApiHandler handler;
    std::unique_ptr<net::HttpServer> server;
    std::vector<std::unique_ptr<net::HttpServer>> more_servers;
    std::thread thread;
};

}  // namespace

struct Gateway::Impl {
    explicit Impl(const Clock& system_clock) : clock(system_clock) {}
    ~Impl() { stop(); }

    Result<void> open_ledger(const Options& options, unsigned reactors);
    Result<void> open_budgets(const Options& options);
    Result<void> open_caches(const Options& options);
    Result<void> open_keys(const Options& options);
    void ask_lanes(const std::function<void(Lane&)>& work) const;
    Result<void> start_engines(const Options& options, unsigned reactors);
    void tell_students(const Routes& now);
    void stop();

    const Clock& clock;
    std::unique_ptr<store::SqliteLedger> ledger;
    std::unique_ptr<limits::KeyBook> keys;
    std::unique_ptr<limits::BudgetBook> budgets;  // outlives the engines
    std::shared_ptr<const limits::BudgetSet> budget_set;
    std::unique_ptr<store::ExampleStore> examples;
    tiers::student::StudentShelf shelf;
    std::unique_ptr<Students> students;
    tiers::ExampleShelf example_shelf;
    std::unique_ptr<ExampleIndexer> indexer;
    std::unique_ptr<Caches> caches;
    std::unique_ptr<cascade::CascadeLearner> cascades;
    Worker worker;
    std::optional<Shared> shared;
    mutable std::mutex routes_mutex;
    std::shared_ptr<const Routes> routes;
    std::shared_ptr<const limits::KeyRing> ring;  // until the engines have it
    std::vector<std::unique_ptr<Engine>> engines;
    std::atomic<bool> draining{false};
    std::uint16_t port = 0;
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() = default;

Result<void> Gateway::Impl::open_ledger(const Options& options, unsigned reactors) {
    std::error_code error;
    std::filesystem::create_directories(options.data_folder, error);
    if (error)
        return fail(ErrorCode::io, "can't create the data folder " + options.data_folder + ": " + error.message());
    store::SqliteLedger::Options ledger_options;
    ledger_options.folder = options.data_folder;
    ledger_options.lanes = reactors;
    ledger_options.ring_rows = options.ledger.ring_rows;
    ledger_options.drop_when_full = options.ledger.drop_when_full;
    ledger_options.commit_interval_micros = options.ledger.commit_interval_micros;
    auto opened = store::SqliteLedger::open(ledger_options);
    if (!opened) return tl::unexpected(opened.error());
    ledger = std::move(*opened);
    return {};
}

Result<void> Gateway::Impl::open_keys(const Options& options) {
    auto opened = limits::KeyBook::open(options.data_folder + "/keys.jsonl", *ledger, clock);
    if (!opened) return tl::unexpected(opened.error());
    keys = std::move(*opened);
    auto first = keys->configure(routes->key_settings());
    if (!first) return tl::unexpected(first.error());
    ring = std::move(*first);
    return {};
}

Result<void> Gateway::Impl::open_budgets(const Options& options) {
    auto opened = limits::BudgetBook::open(limits::budgets_path(options.data_folder), clock);
    if (!opened) return tl::unexpected(opened.error());
    budgets = std::move(*opened);
    budget_set = budgets->configure(options.budgets);
    return {};
}

void use_budgets(Lane& lane, const std::shared_ptr<const limits::BudgetSet>& set) {
    // A new one: requests under way have the old one's book, which is the same.
    lane.budgets = set ? std::make_shared<limits::BudgetFinder>() : nullptr;
    if (set) lane.budgets->use(set);
}

// Returns once all reactors have done it, or after kLanesMicros: one that is ending never does, or does it later.
void Gateway::Impl::ask_lanes(const std::function<void(Lane&)>& work) const {
    struct Told {
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t lanes = 0;
    };
    const auto told = std::make_shared<Told>();
    std::size_t wanted = 0;
    for (const auto& engine : engines) {
        const bool called = engine->lane.link->call([told, work](Lane& lane) {
            work(lane);
            const std::lock_guard lock(told->mutex);
            ++told->lanes;
            told->changed.notify_one();
        });
        if (called) ++wanted;
    }
    std::unique_lock lock(told->mutex);
    told->changed.wait_for(lock, std::chrono::microseconds(kLanesMicros), [&] { return told->lanes == wanted; });
}

Result<void> Gateway::Impl::open_caches(const Options& options) {
    auto opened_caches = Caches::open(options, routes->embedding_identity(), clock);
    if (!opened_caches) return tl::unexpected(opened_caches.error());
    caches = std::move(*opened_caches);
    cascade::CascadeLearner::Options learning;
    learning.file = options.data_folder + "/trials";
    learning.decisions = options.data_folder + "/decisions";
    learning.proof = options.data_folder + "/proof";
    learning.clock = &clock;
    auto started = cascade::CascadeLearner::start(learning);
    if (!started) return tl::unexpected(started.error());
    cascades = std::move(*started);
    store::ExampleStore::Options keeping;
    keeping.folder = store::examples_folder(options.data_folder);
    keeping.clock = &clock;
    examples = store::ExampleStore::open(keeping);
    caches->add_examples(*examples);
    shared.emplace(Shared{clock, *ledger, *caches, caches->exact(), worker, *cascades});
    shared->telemetry = std::make_shared<telemetry::Telemetry>(options.telemetry);
    shared->examples = examples.get();
    shared->shelf = &shelf;
    students = std::make_unique<Students>(*examples, shelf, options.data_folder + "/students", clock);
    tell_students(*routes);
    caches->add_students(*students);
    shared->example_shelf = &example_shelf;
    indexer = std::make_unique<ExampleIndexer>(*examples, example_shelf);
    indexer->wanted(routes->cascades_with_examples());
    caches->add_indexer(*indexer);
    return {};
}

void Gateway::Impl::tell_students(const Routes& now) {
    std::map<std::string, Students::Measure> measures;
    for (const CascadeRoute& cascade : now.cascades()) {
        Students::Measure& measure = measures[cascade.options.name];
        measure.rules = {cascade.options.agreement.rules};
        for (const auto& [task, rules] : cascade.options.agreement.tasks) measure.rules.push_back(rules);
        measure.told = cascade.options.promise && cascade.options.promise->by_repeats;
    }
    const auto heard = [&learner = *cascades](const std::string& cascade, const std::string& reference,
                                              cascade::TaskRepeats repeats) {
        learner.measure_by(cascade, reference, std::move(repeats));
    };
    students->measure(std::move(measures), heard);
    students->wanted(now.cascades_with_students());
}

Result<void> Gateway::Impl::start_engines(const Options& options, unsigned reactors) {
    std::shared_ptr<net::TlsContext> tls;
    if (!options.tls_certificate_file.empty()) {
        auto made = net::make_server_tls(options.tls_certificate_file, options.tls_key_file);
        if (!made) return tl::unexpected(made.error());
        tls = std::move(*made);
    }
    net::Endpoint endpoint = endpoint_of(options.listen);
    if (auto free = net::HttpServer::check_free(endpoint); !free) return free;
    const net::ServerLimits limits = server_limits(options.limits, reactors);
    for (unsigned i = 0; i < reactors; ++i) {
        auto engine = std::make_unique<Engine>(clock, i, *shared);
        engine->lane.routes = std::make_shared<LaneRoutes>(routes, engine->reactor, *shared);
        take_keys(ring, engine->lane.keys);
        use_budgets(engine->lane, budget_set);
        auto server = net::HttpServer::listen(engine->reactor, endpoint, limits, tls, engine->handler);
        if (!server) return tl::unexpected(server.error());
        engine->server = std::move(*server);
        endpoint.port = engine->server->port();  // the others share the port that the first one got
        engines.push_back(std::move(engine));
    }
    port = endpoint.port;
    ring.reset();
    const auto name_of = [&names = *ledger](store::NameId id) { return names.name_of(id).value_or(std::string()); };
    if (auto started = shared->telemetry->start(clock, name_of); !started) return started;
    for (auto& engine : engines) engine->thread = std::thread([&reactor = engine->reactor] { reactor.run(); });
    keys->listen([this](const std::shared_ptr<const limits::KeyRing>& now) {
        ask_lanes([now](Lane& lane) { take_keys(now, lane.keys); });
    });
    return {};
}

void Gateway::Impl::stop() {
    for (auto& engine : engines) {
        if (!engine->thread.joinable()) continue;
        engine->on_reactor([&] {
            engine->server->close();
            for (auto& server : engine->more_servers) server->close();
            cancel_background(engine->lane);
        });
        const auto open_connections = [&] {
            std::size_t count = engine->server->connections();
            for (auto& server : engine->more_servers) count += server->connections();
            return count + engine->lane.background_running.load();
        };
        // What was cut off still runs to its end: a bounded wait, in steps of the loop itself.
        for (int turns = 0; turns < 200 && open_connections() > 0; ++turns) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        // What did not end keeps its connections' owners: its coroutines are never resumed again.
        if (open_connections() == 0) engine->on_reactor([&] { engine->lane.routes.reset(); });
        engine->reactor.stop();
        engine->thread.join();
    }
    if (shared) shared->telemetry->stop();
    if (ledger) {
        if (auto flushed = ledger->flush(); !flushed) log_error("ledger: " + flushed.error().message);
    }
    if (caches) caches->flush();
    if (students) students->stop();
    if (indexer) indexer->stop();
    if (examples) examples->flush();
}

Result<std::unique_ptr<Gateway>> Gateway::open(const Options& options, const Clock& clock) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const unsigned reactors = std::min(options.reactors == 0 ? cores : options.reactors, kMaxReactors);
    auto impl = std::make_unique<Impl>(clock);
    if (auto opened = impl->open_ledger(options, reactors); !opened) return tl::unexpected(opened.error());
    auto routes = Routes::build(options, nullptr, *impl->ledger);
    if (!routes) return tl::unexpected(routes.error());
    impl->routes = std::move(*routes);
    if (auto opened = impl->open_keys(options); !opened) return tl::unexpected(opened.error());
    if (auto opened = impl->open_budgets(options); !opened) return tl::unexpected(opened.error());
    if (auto opened = impl->open_caches(options); !opened) return tl::unexpected(opened.error());
    if (auto started = impl->start_engines(options, reactors); !started) return tl::unexpected(started.error());
    return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

std::uint16_t Gateway::port() const {
    return impl_->port;
}

net::Reactor& Gateway::first_reactor() {
    return impl_->engines.front()->reactor;
}

Result<std::uint16_t> Gateway::add_server(const Address& address, const net::ServerLimits& limits,
                                          net::Handler& handler) {
    Engine& engine = *impl_->engines.front();
    const net::Endpoint endpoint = endpoint_of(address);
    if (auto free = net::HttpServer::check_free(endpoint); !free) return tl::unexpected(free.error());
    Result<std::uint16_t> port = fail(ErrorCode::internal, "");
    engine.on_reactor([&] {
        auto server = net::HttpServer::listen(engine.reactor, endpoint, limits, nullptr, handler);
        if (!server) {
            port = tl::unexpected(server.error());
            return;
        }
        port = (*server)->port();
        engine.more_servers.push_back(std::move(*server));
    });
    return port;
}

Result<void> Gateway::reload(const Options& options, std::vector<std::string>& kept) {
    const Result<Options> next = with_running(options, routes()->options(), kept);
    if (!next) return tl::unexpected(next.error());
    auto built = Routes::build(*next, routes().get(), *impl_->ledger);
    if (!built) return tl::unexpected(built.error());
    bool embedding_kept = false;
    if (auto prepared = impl_->caches->prepare(*next, (*built)->embedding_identity(), embedding_kept); !prepared) {
        return tl::unexpected(prepared.error());
    }
    if (embedding_kept) kept.emplace_back("embedding");
    const auto ring = impl_->keys->configure((*built)->key_settings());
    if (!ring) return tl::unexpected(ring.error());
    {
        const std::lock_guard lock(impl_->routes_mutex);
        impl_->routes = *built;
    }
    impl_->budget_set = impl_->budgets->configure(next->budgets);
    const net::ServerLimits limits = server_limits(next->limits, static_cast<unsigned>(impl_->engines.size()));
    for (auto& engine : impl_->engines) {
        engine->on_reactor([&] {
            engine->server->set_limits(limits);
            engine->lane.routes = std::make_shared<LaneRoutes>(*built, engine->reactor, *impl_->shared);
            take_keys(*ring, engine->lane.keys);
            use_budgets(engine->lane, impl_->budget_set);
        });
    }
    impl_->tell_students(**built);
    impl_->indexer->wanted((*built)->cascades_with_examples());
    return {};
}

void Gateway::drain() {
    impl_->draining = true;
    const Micros deadline = impl_->clock.steady_micros() + routes()->options().limits.drain_micros;
    for (auto& engine : impl_->engines) {
        engine->on_reactor([&] {
            engine->server->drain();
            close_background(engine->lane);
        });
    }
    const auto active = [&] {
        std::size_t count = 0;
        for (auto& engine : impl_->engines) count += engine->server->active();
        return count;
    };
    while (active() > 0 && impl_->clock.steady_micros() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (const std::size_t left = active(); left > 0) {
        log_warning("drain: " + std::to_string(left) + " requests did not end in time and are cut off");
    }
    impl_->stop();
}

bool Gateway::draining() const {
    return impl_->draining;
}

bool Gateway::ready(std::string& why_not) const {
    if (impl_->draining) {
        why_not = "draining";
        return false;
    }
    for (const auto& [name, provider] : routes()->providers()) {
        if (!provider.child || provider.child->state() == local::ChildState::ready) continue;
        why_not = "provider '" + name + "' is " + std::string(local::to_string(provider.child->state()));
        if (const std::string problem = provider.child->last_problem(); !problem.empty()) why_not += ": " + problem;
        return false;
    }
    return true;
}

Totals Gateway::totals() const {
    Totals totals;
    for (const auto& engine : impl_->engines) {
        const LaneCounters& lane = engine->lane.counters;
        totals.caller_gone += lane.caller_gone;
        totals.ledger_waits += lane.ledger_waits;
        totals.background_running += engine->lane.background_running;
        totals.followers += lane.followers;
        totals.handed_over += lane.handed_over;
        totals.retries += lane.retries;
        totals.fallbacks += lane.fallbacks;
        totals.queued += lane.queued;
        totals.ejections += lane.ejections;
        totals.background_calls += lane.background_calls;
        totals.background_dropped += lane.background_dropped;
        totals.cache_audits += lane.cache_audits;
        totals.tier_audits += lane.tier_audits;
        totals.refreshes += lane.refreshes;
        for (std::size_t i = 0; i < limits::kLimits; ++i) {
            totals.limited_key[i] += lane.limited_key[i];
            totals.limited_tenant[i] += lane.limited_tenant[i];
        }
        totals.student_offers += lane.student_offers;
        totals.student_declined += lane.student_declined;
        totals.connections += engine->server->connections();
        totals.active += engine->server->active();
        for (std::size_t i = 0; i < totals.by_status.size(); ++i) totals.by_status[i] += lane.by_status[i];
        for (std::size_t i = 0; i < totals.by_class.size(); ++i) totals.by_class[i] += lane.by_class[i];
    }
    for (const auto& [name, provider] : routes()->providers()) {
        if (provider.in_flight) totals.waiting += provider.in_flight->waiting();
    }
    for (const InferenceRoute& route : routes()->inference()) {
        if (route.reference.in_flight) totals.waiting += route.reference.in_flight->waiting();
    }
    return totals;
}

std::vector<EndpointDown> Gateway::endpoints_down() const {
    struct Found {
        std::mutex mutex;
        std::set<EndpointDown> down;
    };
    const auto found = std::make_shared<Found>();
    impl_->ask_lanes([found](Lane& lane) {
        const Micros now = lane.reactor.now();
        if (!lane.routes) return;
        lane.routes->each_endpoint(
            [&](const std::string& provider, const std::string& place, const tiers::EndpointHealth& health) {
                const bool open = health.state(now) == tiers::EndpointHealth::State::open;
                if (open || now - health.ejected_until() >= kEndpointDownMicros) return;
                const std::lock_guard lock(found->mutex);
                found->down.insert({provider, place});
            });
    });
    const std::lock_guard lock(found->mutex);
    return {found->down.begin(), found->down.end()};
}

store::SqliteLedger& Gateway::ledger() {
    return *impl_->ledger;
}
const Clock& Gateway::clock() const {
    return impl_->clock;
}
limits::KeyBook& Gateway::keys() {
    return *impl_->keys;
}
limits::BudgetBook& Gateway::budgets() {
    return *impl_->budgets;
}
Caches& Gateway::caches() {
    return *impl_->caches;
}
tiers::ExactCache& Gateway::cache() {
    return impl_->caches->exact();
}
std::vector<JudgeRecord::View> Gateway::judges() const {
    return impl_->shared->judges->views();
}
std::vector<AgreementBook::View> Gateway::agreements() const {
    return impl_->shared->agreements->views();
}
cascade::CascadeLearner& Gateway::cascades() {
    return *impl_->cascades;
}
Students& Gateway::students() {
    return *impl_->students;
}
std::vector<StudentLife> Gateway::student_lives() const {
    return gateway::student_lives(impl_->students->views(), *routes(), *impl_->cascades);
}
std::size_t Gateway::examples_indexed() const {
    return impl_->example_shelf.size();
}
store::ExampleStore& Gateway::examples() {
    return *impl_->examples;
}
telemetry::Telemetry& Gateway::telemetry() {
    return *impl_->shared->telemetry;
}
Worker& Gateway::worker() {
    return impl_->worker;
}

std::shared_ptr<const Routes> Gateway::routes() const {
    const std::lock_guard lock(impl_->routes_mutex);
    return impl_->routes;
}

}  // namespace weir::gateway
