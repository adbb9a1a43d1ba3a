#include "gateway/background.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "base/folder_testing.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::gateway;
using namespace weir::net::testing;

namespace {

constexpr std::string_view kRequest = R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})";
constexpr std::string_view kAnswer =
    R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}})";

// Keeps the rows; refuses the first `full` of them once each.
class Rows final : public store::LedgerSink {
  public:
    store::NameId intern(std::string_view) override { return 1; }
    bool append(unsigned, const store::LedgerRow& row) override {
        if (full > 0) {
            --full;
            return false;
        }
        kept.push_back(row);
        return true;
    }
    void name_task(unsigned, std::uint64_t, std::string_view) override {}

    std::vector<store::LedgerRow> kept;  // the reactor's thread
    int full = 0;
};

// A lane with one reference behind `upstream`.
class World {
  public:
    World() {
        Options options;
        options.data_folder = folder_.path();
        options.cache.disk_bytes = 0;
        auto opened = Caches::open(options, {}, loop.clock);
        REQUIRE(opened.has_value());
        caches_ = std::move(*opened);
        auto learner = cascade::CascadeLearner::start({});
        REQUIRE(learner.has_value());
        cascades_ = std::move(*learner);
        shared_.emplace(Shared{loop.clock, rows, *caches_, caches_->exact(), worker_, *cascades_});
        loop.call([&] {
            lane = std::make_unique<Lane>(loop.reactor, *shared_);
            auto reference = std::make_shared<tiers::ModelUpstream>();
            reference->provider = std::make_shared<tiers::ProviderLink>();
            {
                tiers::Endpoint endpoint;
                endpoint.client =
                    std::make_unique<net::HttpClient>(loop.reactor, upstream.endpoint(), net::ClientLimits{}, nullptr);
                reference->provider->endpoints.add(std::move(endpoint));
            }
            reference->provider->ready = [](const void* of) { return static_cast<const World*>(of)->ready; };
            reference->provider->ready_of = std::shared_ptr<const void>(std::shared_ptr<void>(), this);
            reference->upstream_name = "m";
            reference->name_id = 7;
            reference->price.emplace();
            reference->price->input = PicoUsdPerToken{2'500'000};
            reference->price->output = PicoUsdPerToken{10'000'000};
            auto plan = std::make_shared<Plan>();
            plan->cascade = &cascade_;
            plan->reference = std::move(reference);
            plan_ = std::move(plan);
        });
    }
    ~World() {
        loop.call([&] { cancel_background(*lane); });
        ended();
        loop.call([&] {
            plan_.reset();
            lane.reset();
        });
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    bool ask(std::string_view body = kRequest) {
        return loop.call([&] {
            BackgroundCall call;
            call.plan = plan_;
            call.body = body;
            call.then = [this](std::shared_ptr<tiers::CacheEntry> fresh) { told.push_back(std::move(fresh)); };
            return ask_in_background(*lane, std::move(call));
        });
    }
    // Until nothing is under way.
    void ended() {
        loop.eventually([&] { return lane->background_running.load() == 0; });
    }
    // Accepts a call and answers it.
    void answer(std::string_view status, std::string_view body) {
        Peer peer = upstream.accept();
        peer.read_until("}]}");
        peer.send("HTTP/1.1 " + std::string(status) + "\r\nconnection: close\r\ncontent-length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
        peer.read_to_end();
    }
    const store::LedgerRow& only_row() {
        REQUIRE(rows.kept.size() == 1);
        REQUIRE(rows.kept.front().attempt_count == 1);
        return rows.kept.front();
    }

    Loop loop;
    Listener upstream;
    Rows rows;
    bool ready = true;
    std::vector<std::shared_ptr<tiers::CacheEntry>> told;
    std::unique_ptr<Lane> lane;

  private:
    TemporaryFolder folder_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<cascade::CascadeLearner> cascades_;
    Worker worker_;
    std::optional<Shared> shared_;
    CascadeRoute cascade_;
    std::shared_ptr<const Plan> plan_;
};

void check_free(const store::LedgerRow& row) {
    CHECK(row.cost.nanos == 0);
    CHECK(row.cost_complete);
    CHECK(row.attempts[0].priced);
    CHECK_FALSE(row.complete);
    CHECK_FALSE(row.tier.has_value());
    CHECK(row.served_model == store::kNoName);
}

}  // namespace

TEST_CASE("a whole answer is told, and paid for in a row of its own") {
    World world;
    REQUIRE(world.ask());
    world.answer("200 OK", kAnswer);
    world.ended();
    REQUIRE(world.told.size() == 1);
    REQUIRE(world.told.front());
    CHECK(world.told.front()->body == kAnswer);
    const store::LedgerRow& row = world.only_row();
    CHECK(row.cost.nanos == 10 * 2500 + 3 * 10'000);
    CHECK(row.cost_complete);
    CHECK(row.complete);
    CHECK(row.status == 200);
    CHECK(row.tier == store::TierKind::reference);
    CHECK(row.served_model == 7);
    CHECK(row.attempts[0].outcome == store::Outcome::observed);
}

TEST_CASE("an upstream that was never asked costs nothing, and that is known") {
    World world;
    SUBCASE("it is not ready") {
        world.loop.call([&] { world.ready = false; });
        REQUIRE(world.ask());
    }
    SUBCASE("the request can't be read") {
        REQUIRE(world.ask("{"));
    }
    SUBCASE("nobody is there") {
        world.upstream.close();
        REQUIRE(world.ask());
    }
    world.ended();
    check_free(world.only_row());
    CHECK(world.only_row().status == 502);
    CHECK(world.only_row().attempts[0].outcome == store::Outcome::failed);
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front() == nullptr);
}

TEST_CASE("an error status is not billed; an answer that makes no sense may have been") {
    World world;
    REQUIRE(world.ask());
    SUBCASE("an error") {
        world.answer("503 Service Unavailable", "{}");
        world.ended();
        check_free(world.only_row());
        CHECK(world.only_row().attempts[0].status == 503);
    }
    SUBCASE("no chat completion") {
        world.answer("200 OK", "{}");
        world.ended();
        CHECK_FALSE(world.only_row().cost_complete);
        CHECK_FALSE(world.only_row().complete);
    }
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front() == nullptr);
}

TEST_CASE("a stop cuts off every call under way; their rows are written, nobody is told, nothing more is asked") {
    constexpr std::size_t kCalls = 5;
    World world;
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < kCalls; ++i) {
        REQUIRE(world.ask());
        peers.push_back(world.upstream.accept());
        peers.back().read_until("}]}");
    }
    world.loop.call([&] {
        world.rows.full = 3;  // a full ring: the rows come later, but they come
        cancel_background(*world.lane);
        cancel_background(*world.lane);
    });
    CHECK_FALSE(world.ask());
    world.ended();
    CHECK(world.lane->counters.background_dropped == 1);
    CHECK(world.told.empty());
    REQUIRE(world.rows.kept.size() == kCalls);
    for (const store::LedgerRow& row : world.rows.kept) {
        CHECK(row.attempts[0].outcome == store::Outcome::canceled);
        CHECK_FALSE(row.cost_complete);  // it had been sent
        CHECK(row.status == 499);
    }
    CHECK(world.loop.call([&] { return world.lane->background.empty(); }));
}

TEST_CASE("while the gateway drains nothing more is asked, and what is under way goes on") {
    World world;
    REQUIRE(world.ask());
    world.loop.call([&] { close_background(*world.lane); });
    CHECK_FALSE(world.ask());
    world.answer("200 OK", kAnswer);
    world.ended();
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front() != nullptr);
    CHECK(world.only_row().cost_complete);
}

TEST_CASE("more than kMostBackgroundCalls at a time are not asked") {
    World world;
    for (std::size_t i = 0; i < kMostBackgroundCalls; ++i) REQUIRE(world.ask());
    CHECK_FALSE(world.ask());
    CHECK(world.lane->counters.background_calls == kMostBackgroundCalls);
    CHECK(world.lane->counters.background_dropped == 1);
}
