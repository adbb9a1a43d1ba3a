#include "gateway/example_indexer.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "base/folder_testing.h"

using namespace weir;
using namespace weir::gateway;

namespace {

constexpr std::uint64_t kTask = 7;

// Examples come when the test says so.
class World {
  public:
    World() {
        rules.course = {"default", "fake/big"};
        rules.content = rules.may_distil = true;
        rules.keep_micros = 1'000'000'000'000;
        rules.most = 10'000;
        store::ExampleStore::Options options;
        options.folder = folder.file("examples");
        options.clock = &clock;
        store = store::ExampleStore::open(options);
        start();
    }
    void start() {
        indexer.reset();
        shelf = std::make_unique<tiers::ExampleShelf>();
        indexer = std::make_unique<ExampleIndexer>(*store, *shelf);
        indexer->wanted({"default"});
    }
    void keep(std::size_t count, const std::string& tenant = "acme", const std::string& system = "Which desk?") {
        const auto shared = std::make_shared<const store::ExampleRules>(rules);
        for (std::size_t i = 0; i < count; ++i) {
            store::ExampleDraft draft;
            draft.rules = shared;
            draft.tenant = tenant;
            draft.unix_micros = clock.unix_micros();
            draft.task = kTask;
            draft.model = "fake/big";
            draft.api = "openai.chat";
            draft.system = system;
            draft.prompt = "prompt " + std::to_string(++number_);
            draft.answer = "billing";
            store->offer(std::move(draft));
            clock.advance(1);
        }
        store->flush();
    }
    // Examples in all indexes of the tenant's task.
    std::size_t shown(const std::string& tenant = "acme") const {
        std::size_t count = 0;
        for (const auto& each : shelf->find(tenant, "default", "fake/big", kTask)) count += each->index->size();
        return count;
    }
    bool has(const std::string& prompt) const {
        std::vector<tiers::ExampleIndex::Near> near;
        for (const auto& each : shelf->find("acme", "default", "fake/big", kTask)) {
            each->index->nearest(prompt, clock.unix_micros(), 0.999, near);
            if (!near.empty()) return true;
        }
        return false;
    }
    // Until it is so: the thread is woken and works for milliseconds.
    void until(const std::function<bool()>& is_so) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!is_so()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            indexer->wanted({"default"});
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    TemporaryFolder folder;
    FakeClock clock;
    store::ExampleRules rules;
    std::unique_ptr<store::ExampleStore> store;
    std::unique_ptr<tiers::ExampleShelf> shelf;
    std::unique_ptr<ExampleIndexer> indexer;

  private:
    std::size_t number_ = 0;
};

}  // namespace

TEST_CASE("example indexer: from the first example on, each tenant's and each instruction's for itself") {
    World world;
    world.keep(1);
    world.until([&] { return world.shown() == 1; });
    world.keep(3);
    world.until([&] { return world.shown() == 4; });
    world.keep(2, "birch");
    world.keep(2, "acme", "Another?");
    world.until([&] { return world.shown() == 6 && world.shown("birch") == 2; });
    CHECK(world.shelf->find("acme", "default", "fake/big", kTask).size() == 2);
    world.start();  // nothing is kept on disk but the examples
    world.until([&] { return world.shown() == 6 && world.shown("birch") == 2; });
}

TEST_CASE("example indexer: what is purged is not shown when the purge returns, nor later") {
    World world;
    world.keep(5);
    world.keep(5, "birch");
    world.until([&] { return world.shown() == 5 && world.shown("birch") == 5; });
    REQUIRE(world.store->purge_task("acme", kTask));
    world.indexer->purge("acme", kTask);
    CHECK(world.shown() == 0);
    CHECK(world.shown("birch") == 5);
    world.clock.advance(1);
    world.keep(2);
    world.until([&] { return world.shown() == 2; });
    REQUIRE(world.store->purge(""));
    world.indexer->purge("", 0);
    CHECK(world.shown() == 0);
    CHECK(world.shown("birch") == 0);
}

TEST_CASE("example indexer: what goes by itself goes, and what nobody wants any more") {
    World world;
    world.rules.most = 7;
    world.keep(7);
    world.until([&] { return world.has("prompt 1") && world.has("prompt 7"); });
    world.keep(1);
    world.until([&] { return !world.has("prompt 1") && world.has("prompt 2") && world.has("prompt 8"); });
    CHECK(world.shown() == 7);
    world.indexer->wanted({});
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (world.shown() > 0 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(world.shown() == 0);
    world.until([&] { return world.shown() == 7; });
}

TEST_CASE("example indexer: examples without their texts, or whose provider forbids it, are not shown") {
    World world;
    world.rules.may_distil = false;
    world.keep(3);
    world.rules.may_distil = true;
    world.keep(2);
    world.until([&] { return world.shown() == 2; });
}
