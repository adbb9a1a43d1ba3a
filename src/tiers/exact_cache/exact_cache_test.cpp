#include "tiers/exact_cache/exact_cache.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::tiers;
using store::EntryStore;
using EntryPtr = ExactCache::EntryPtr;

namespace {

// A loop as a reactor has one: what is posted is resumed by the thread that runs it.
class LoopExecutor final : public Executor {
  public:
    void post(std::coroutine_handle<> resume) override {
        const std::scoped_lock lock(mutex_);
        posted_.push_back(resume);
        ready_.notify_one();  // under the lock: the loop's thread may end right after
    }

    void run_one() {
        std::coroutine_handle<> resume;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [&] { return !posted_.empty(); });
            resume = posted_.front();
            posted_.pop_front();
        }
        ++resumed_;
        resume.resume();
    }
    int resumed() const { return resumed_; }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::coroutine_handle<>> posted_;
    int resumed_ = 0;
};

// An EntryStore in memory whose disk can be slow, full or broken.
class FakeStore final : public EntryStore {
  public:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::map<Digest256, std::string> values;
        bool hold_puts = false;
        bool hold_gets = false;
        int holding = 0;  // calls that wait
        bool fail = false;
        int puts = 0;
        int gets = 0;

        void hold(bool Shared::*which, bool on) {
            const std::scoped_lock lock(mutex);
            this->*which = on;
            changed.notify_all();
        }
        void wait_until_held() {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return holding > 0; });
        }
    };

    explicit FakeStore(Shared& shared) : shared_(shared) {}

    Result<void> put(std::span<const Put> entries) override {
        std::unique_lock lock(shared_.mutex);
        wait_while(lock, &Shared::hold_puts);
        if (shared_.fail) return fail(ErrorCode::io, "no space left");
        ++shared_.puts;
        for (const Put& entry : entries) shared_.values[entry.key] = entry.value;
        return {};
    }
    Result<std::optional<std::string>> get(const Digest256& key) override {
        std::unique_lock lock(shared_.mutex);
        ++shared_.gets;
        const auto at = shared_.values.find(key);
        const std::optional<std::string> found = at == shared_.values.end() ? std::nullopt : std::optional(at->second);
        wait_while(lock, &Shared::hold_gets);
        if (shared_.fail) return fail(ErrorCode::io, "broken");
        return found;
    }
    Result<void> erase(std::span<const Digest256> keys) override {
        const std::scoped_lock lock(shared_.mutex);
        for (const Digest256& key : keys) shared_.values.erase(key);
        return {};
    }
    Result<void> each_key(const std::function<void(const Digest256&, std::size_t)>& visit) override {
        const std::scoped_lock lock(shared_.mutex);
        if (shared_.fail) return fail(ErrorCode::io, "broken");
        for (const auto& [key, value] : shared_.values) visit(key, value.size());
        return {};
    }
    std::uint64_t bytes() const override {
        const std::scoped_lock lock(shared_.mutex);
        return shared_.values.size();
    }

  private:
    void wait_while(std::unique_lock<std::mutex>& lock, bool Shared::*held) {
        ++shared_.holding;
        shared_.changed.notify_all();
        shared_.changed.wait(lock, [&] { return !(shared_.*held); });
        --shared_.holding;
    }
    Shared& shared_;
};

Digest256 key_of(std::uint64_t number) { return sha256(std::to_string(number)); }

EntryPtr entry_of(std::string body, const Clock& clock) {
    CacheEntry entry;
    entry.body = std::move(body);
    entry.model = "openai/gpt-4o-mini";
    entry.usage = {10, 0, 0, 5, 0, true};
    entry.cost = Usd{1234};
    entry.priced = true;
    entry.created_unix_micros = clock.unix_micros();
    return std::make_shared<const CacheEntry>(std::move(entry));
}

struct Waiting {
    EntryPtr found;
    bool done = false;
};

Task<void> look_up(ExactCache& cache, Digest256 key, Executor& executor, Waiting& waiting) {
    waiting.found = co_await cache.lookup(key, executor);
    waiting.done = true;
}

std::string body_after_lookup(ExactCache& cache, const Digest256& key, LoopExecutor& executor) {
    Waiting waiting;
    spawn(look_up(cache, key, executor, waiting));
    while (!waiting.done) executor.run_one();
    return waiting.found == nullptr ? "(none)" : waiting.found->body;
}

std::string body_in_memory(ExactCache& cache, const Digest256& key) {
    bool maybe = false;
    const EntryPtr found = cache.lookup_memory(key, maybe);
    if (found != nullptr) return found->body;
    return maybe ? "(maybe on disk)" : "(none)";
}

struct Fixture {
    FakeClock clock;
    LoopExecutor executor;
    FakeStore::Shared disk;
    ExactCache::Options options;

    Fixture() { options.write_interval_micros = 3600ll * 1'000'000; }  // nothing is written by itself in a test
    std::unique_ptr<ExactCache> cache() {
        return std::make_unique<ExactCache>(options, clock, std::make_unique<FakeStore>(disk));
    }
};

}  // namespace

TEST_CASE("memory alone: stored, replaced, erased, counted") {
    FakeClock clock;
    LoopExecutor executor;
    ExactCache cache({}, clock, nullptr);
    CHECK(body_in_memory(cache, key_of(1)) == "(none)");
    cache.store(key_of(1), entry_of("one", clock));
    CHECK(body_in_memory(cache, key_of(1)) == "one");
    cache.store(key_of(1), entry_of("uno", clock));
    CHECK(body_after_lookup(cache, key_of(1), executor) == "uno");
    CHECK(executor.resumed() == 0);  // never left the thread
    CHECK(cache.counters().entries == 1);
    CHECK(cache.counters().bytes > 3);
    cache.erase(key_of(1));
    cache.erase(key_of(1));
    CHECK(body_after_lookup(cache, key_of(1), executor) == "(none)");
    cache.store(key_of(1), nullptr);
    cache.flush();
    const ExactCache::Counters counters = cache.counters();
    CHECK(counters.memory_hits == 2);
    CHECK(counters.misses == 2);
    CHECK(counters.stored == 2);
    CHECK(counters.entries == 0);
    CHECK(counters.bytes == 0);
    CHECK(counters.not_persisted == 0);
}

TEST_CASE("an entry older than its time to live is not returned") {
    Fixture f;
    f.options.ttl_micros = 1000;
    auto cache = f.cache();
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    f.clock.advance(1000);
    CHECK(body_in_memory(*cache, key_of(1)) == "one");
    f.clock.advance(1);
    CHECK(body_in_memory(*cache, key_of(1)) == "(none)");
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "(none)");
    CHECK(cache->counters().expired == 1);
    CHECK(cache->counters().entries == 0);
    cache->flush();
    CHECK(f.disk.values.empty());

    // From before a restart: known to be on disk, found expired there, then forgotten.
    cache->store(key_of(2), entry_of("two", f.clock));
    cache.reset();
    f.clock.advance(1001);
    cache = f.cache();
    CHECK(body_in_memory(*cache, key_of(2)) == "(maybe on disk)");
    CHECK(body_after_lookup(*cache, key_of(2), f.executor) == "(none)");
    CHECK(body_in_memory(*cache, key_of(2)) == "(none)");
    CHECK(cache->counters().expired == 1);
    cache->flush();
    CHECK(f.disk.values.empty());
}

TEST_CASE("ages at the ends of the number line") {
    FakeClock clock;
    for (const Micros ttl : {Micros{0}, Micros{1}, Micros{INT64_MAX}}) {
        ExactCache::Options options;
        options.ttl_micros = ttl;
        ExactCache cache(options, clock, nullptr);
        for (const Micros created : {Micros{INT64_MIN}, Micros{INT64_MAX}, clock.unix_micros() + 1}) {
            CacheEntry entry;
            entry.body = "x";
            entry.created_unix_micros = created;
            cache.store(key_of(1), std::make_shared<const CacheEntry>(entry));
            const bool too_old = created == INT64_MIN && ttl != 0;
            CHECK(body_in_memory(cache, key_of(1)) == (too_old ? "(none)" : "x"));
        }
    }
}

TEST_CASE("memory stays within its bytes, and an entry too large is not kept") {
    FakeClock clock;
    ExactCache::Options options;
    options.memory_bytes = 1u << 20;
    options.max_entry_bytes = 20'000;
    ExactCache cache(options, clock, nullptr);
    for (std::uint64_t i = 0; i < 3000; ++i) {
        cache.store(key_of(i), entry_of(std::string(1000 + i % 7 * 100, 'x'), clock));
        REQUIRE(cache.counters().bytes <= options.memory_bytes);
    }
    CHECK(cache.counters().evicted > 2000);
    CHECK(cache.counters().bytes > options.memory_bytes * 9 / 10);
    CHECK(cache.counters().entries + cache.counters().evicted == 3000);

    cache.store(key_of(9000), entry_of("small", clock));
    CHECK(body_in_memory(cache, key_of(9000)) == "small");
    cache.store(key_of(9000), entry_of(std::string(20'001, 'x'), clock));
    CHECK(body_in_memory(cache, key_of(9000)) == "(none)");  // the older answer is not the answer any more
    cache.store(key_of(9001), entry_of(std::string(20'000 - 18, 'x'), clock));  // 18: the model's name
    CHECK(body_in_memory(cache, key_of(9001)).size() == 20'000 - 18);
}

TEST_CASE("over a restart: from disk through the executor, then from memory") {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-exact-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    FakeClock clock;
    LoopExecutor executor;
    {
        ExactCache cache({}, clock, store::LmdbEntryStore::open({folder, 4u << 20}).value());
        for (std::uint64_t i = 0; i < 1000; ++i) cache.store(key_of(i), entry_of("answer " + std::to_string(i), clock));
        cache.erase(key_of(7));
    }
    {
        ExactCache cache({}, clock, store::LmdbEntryStore::open({folder, 4u << 20}).value());
        CHECK(cache.counters().entries == 0);
        CHECK(body_in_memory(cache, key_of(5)) == "(maybe on disk)");
        CHECK(body_after_lookup(cache, key_of(5), executor) == "answer 5");
        CHECK(executor.resumed() == 1);
        CHECK(body_in_memory(cache, key_of(5)) == "answer 5");
        CHECK(body_after_lookup(cache, key_of(5), executor) == "answer 5");
        CHECK(executor.resumed() == 1);

        bool maybe = false;
        const EntryPtr entry = cache.lookup_memory(key_of(5), maybe);
        CHECK(entry->model == "openai/gpt-4o-mini");
        CHECK(entry->cost == Usd{1234});
        CHECK(entry->priced);
        CHECK(entry->usage == wire::Usage{10, 0, 0, 5, 0, true});
        CHECK(entry->created_unix_micros == clock.unix_micros());

        CHECK(body_in_memory(cache, key_of(7)) == "(none)");
        CHECK(body_in_memory(cache, key_of(1000)) == "(none)");
        CHECK(cache.counters().disk_hits == 1);
        CHECK(cache.counters().disk_bytes > 0);
    }
    std::filesystem::remove_all(folder);
}

TEST_CASE("what waits to be written is found") {
    Fixture f;
    auto cache = f.cache();
    cache->store(key_of(0), entry_of("old", f.clock));
    cache->flush();
    f.disk.hold(&FakeStore::Shared::hold_puts, true);
    cache->store(key_of(0), entry_of("new", f.clock));
    f.options.memory_bytes = 0;  // of the second cache below
    std::thread flusher([&] { cache->flush(); });
    f.disk.wait_until_held();                           // "new" is being written
    cache->store(key_of(1), entry_of("queued", f.clock));  // and this one waits
    {
        // A cache that keeps nothing in memory, over the same kind of queue.
        FakeStore::Shared other;
        other.hold_puts = true;
        auto small = std::make_unique<ExactCache>(f.options, f.clock, std::make_unique<FakeStore>(other));
        small->store(key_of(0), entry_of("zero", f.clock));
        CHECK(body_in_memory(*small, key_of(0)) == "(maybe on disk)");
        CHECK(body_after_lookup(*small, key_of(0), f.executor) == "zero");  // queued
        CHECK(other.gets == 0);
        std::thread second([&] { small->flush(); });
        other.wait_until_held();
        CHECK(body_after_lookup(*small, key_of(0), f.executor) == "zero");  // being written
        small->store(key_of(0), entry_of("newer", f.clock));
        CHECK(body_after_lookup(*small, key_of(0), f.executor) == "newer");
        small->erase(key_of(0));
        CHECK(body_in_memory(*small, key_of(0)) == "(none)");
        CHECK(other.gets == 0);
        other.hold(&FakeStore::Shared::hold_puts, false);
        second.join();
        small.reset();
        CHECK(other.values.empty());
    }
    f.disk.hold(&FakeStore::Shared::hold_puts, false);
    flusher.join();
    cache.reset();
    CHECK(decode(f.disk.values.at(key_of(0)))->body == "new");
    CHECK(decode(f.disk.values.at(key_of(1)))->body == "queued");
}

TEST_CASE("entries are written in groups, and when nobody asks, in the end") {
    Fixture f;
    auto cache = f.cache();
    for (std::uint64_t i = 0; i < 100; ++i) cache->store(key_of(i % 50), entry_of("x", f.clock));
    cache->flush();
    CHECK(f.disk.puts == 1);
    CHECK(f.disk.values.size() == 50);
    cache->store(key_of(100), entry_of("x", f.clock));
    cache.reset();
    CHECK(f.disk.values.size() == 51);
}

TEST_CASE("a full queue: in memory alone, counted, an older answer on disk is not taken for it") {
    for (const bool by_bytes : {false, true}) {
        Fixture f;
        f.options.write_queue_entries = by_bytes ? 1000 : 2;
        f.options.write_queue_bytes = by_bytes ? 5000 : 1u << 30;
        auto cache = f.cache();
        cache->store(key_of(9), entry_of("old", f.clock));
        cache->flush();
        cache->store(key_of(1), entry_of(std::string(2000, 'a'), f.clock));
        cache->store(key_of(2), entry_of(std::string(2000, 'b'), f.clock));
        cache->store(key_of(3), entry_of(std::string(2000, 'c'), f.clock));
        cache->store(key_of(9), entry_of(std::string(2000, 'd'), f.clock));
        CHECK(cache->counters().not_persisted == 2);
        CHECK(body_in_memory(*cache, key_of(3)) == std::string(2000, 'c'));
        CHECK(body_in_memory(*cache, key_of(9)) == std::string(2000, 'd'));
        cache->store(key_of(1), entry_of(std::string(2000, 'e'), f.clock));  // takes the queued one's place
        CHECK(cache->counters().not_persisted == 2);
        cache->erase(key_of(2));  // erasures still fit
        CHECK(cache->counters().not_persisted == 2);
        cache->flush();
        CHECK(f.disk.values.size() == 2);
        CHECK(decode(f.disk.values.at(key_of(1)))->body == std::string(2000, 'e'));
    }
}

TEST_CASE("a disk that refuses: in memory alone, counted, and not looked for on disk") {
    Fixture f;
    f.options.memory_bytes = 0;
    auto cache = f.cache();
    f.disk.fail = true;
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    CHECK(cache->counters().not_persisted == 1);
    CHECK(body_in_memory(*cache, key_of(1)) == "(none)");
    f.disk.fail = false;
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "one");
    f.disk.fail = true;
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "(none)");
    CHECK(cache->counters().damaged == 1);
    CHECK_THROWS_AS(ExactCache(f.options, f.clock, std::make_unique<FakeStore>(f.disk)), std::runtime_error);
}

TEST_CASE("what the store dropped or damaged is a miss, once") {
    Fixture f;
    f.disk.values[key_of(1)] = "no entry";
    f.disk.values[key_of(2)] = encode(*entry_of("two", f.clock));
    auto cache = f.cache();
    f.disk.values.erase(key_of(2));
    for (const std::uint64_t number : {1, 2}) {
        CHECK(body_in_memory(*cache, key_of(number)) == "(maybe on disk)");
        CHECK(body_after_lookup(*cache, key_of(number), f.executor) == "(none)");
        CHECK(body_in_memory(*cache, key_of(number)) == "(none)");
    }
    CHECK(cache->counters().damaged == 1);
    CHECK(cache->counters().misses == 4);
    cache->flush();
    CHECK(f.disk.values.empty());
}

TEST_CASE("an answer that is erased or replaced while it is read from disk does not come to stay") {
    for (const bool replace : {false, true}) {
        Fixture f;
        f.disk.values[key_of(1)] = encode(*entry_of("old", f.clock));
        auto cache = f.cache();
        f.disk.hold(&FakeStore::Shared::hold_gets, true);
        Waiting waiting;
        spawn(look_up(*cache, key_of(1), f.executor, waiting));
        f.disk.wait_until_held();
        if (replace) {
            cache->store(key_of(1), entry_of("new", f.clock));
        } else {
            cache->erase(key_of(1));
        }
        f.disk.hold(&FakeStore::Shared::hold_gets, false);
        while (!waiting.done) f.executor.run_one();
        CHECK(waiting.found->body == "old");  // it was asked for before
        CHECK(body_in_memory(*cache, key_of(1)) == (replace ? "new" : "(none)"));
    }
}

TEST_CASE("a miss on disk does not hide what was stored meanwhile") {
    Fixture f;
    f.options.memory_bytes = 0;
    f.disk.values[key_of(1)] = encode(*entry_of("old", f.clock));
    auto cache = f.cache();
    f.disk.values.clear();
    f.disk.hold(&FakeStore::Shared::hold_gets, true);
    Waiting waiting;
    spawn(look_up(*cache, key_of(1), f.executor, waiting));
    f.disk.wait_until_held();
    cache->store(key_of(1), entry_of("new", f.clock));
    f.disk.hold(&FakeStore::Shared::hold_gets, false);
    while (!waiting.done) f.executor.run_one();
    CHECK(waiting.found == nullptr);
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "new");
}

TEST_CASE("more look-ups than may wait for disk: the rest are misses at once") {
    Fixture f;
    f.options.read_queue_entries = 2;
    for (std::uint64_t i = 0; i < 4; ++i) f.disk.values[key_of(i)] = encode(*entry_of("x", f.clock));
    auto cache = f.cache();
    f.disk.hold(&FakeStore::Shared::hold_gets, true);
    std::vector<Waiting> waiting(4);
    for (std::uint64_t i = 0; i < 4; ++i) spawn(look_up(*cache, key_of(i), f.executor, waiting[i]));
    CHECK_FALSE(waiting[0].done);
    CHECK_FALSE(waiting[1].done);
    CHECK(waiting[2].done);
    CHECK(waiting[3].done);
    CHECK(cache->counters().disk_refused == 2);
    f.disk.hold(&FakeStore::Shared::hold_gets, false);
    while (!waiting[0].done || !waiting[1].done) f.executor.run_one();
    CHECK(waiting[0].found != nullptr);
    CHECK(body_after_lookup(*cache, key_of(2), f.executor) == "x");
}

namespace {

// Every body tells its key, so that a wrong answer shows.
std::string body_of(std::uint64_t number, std::uint64_t version) {
    return std::to_string(number) + ":" + std::string(50 + version % 900, static_cast<char>('a' + number % 26));
}

Task<void> work(ExactCache& cache, const Clock& clock, Executor& executor, unsigned seed, int& wrong, bool& done) {
    std::mt19937_64 random(seed);
    for (int step = 0; step < 3000; ++step) {
        const std::uint64_t number = random() % 600;
        const Digest256 key = key_of(number);
        const std::uint64_t what = random() % 10;
        if (what == 0) {
            cache.erase(key);
        } else if (what < 4) {
            cache.store(key, entry_of(body_of(number, random()), clock));
        } else {
            bool maybe = false;
            EntryPtr found = cache.lookup_memory(key, maybe);
            if (found == nullptr && maybe) found = co_await cache.lookup(key, executor);
            const std::string start = std::to_string(number) + ":";
            if (found != nullptr && found->body.compare(0, start.size(), start) != 0) ++wrong;
        }
    }
    done = true;
}

}  // namespace

TEST_CASE("four reactors at once, over LMDB, with little memory") {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-exact-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    SystemClock clock;
    ExactCache::Options options;
    options.memory_bytes = 64u << 10;
    options.max_entry_bytes = 2000;
    options.write_interval_micros = 500;
    options.write_queue_entries = 64;
    std::vector<int> wrong(4, 0);
    {
        ExactCache cache(options, clock, store::LmdbEntryStore::open({folder, 256u << 10}).value());
        std::vector<std::thread> reactors;
        for (unsigned i = 0; i < 4; ++i) {
            reactors.emplace_back([&, i] {
                LoopExecutor executor;
                bool done = false;
                spawn(work(cache, clock, executor, i, wrong[i], done));
                while (!done) executor.run_one();
            });
        }
        for (std::thread& reactor : reactors) reactor.join();
        cache.flush();
        const ExactCache::Counters counters = cache.counters();
        CHECK(counters.bytes <= options.memory_bytes);
        CHECK(counters.memory_hits > 0);
        CHECK(counters.disk_hits > 0);
        CHECK(counters.damaged == 0);
        CHECK(counters.disk_bytes <= 256u << 10);
    }
    CHECK(wrong == std::vector<int>(4, 0));
    auto disk = store::LmdbEntryStore::open({folder, 256u << 10}).value();
    std::vector<Digest256> keys;
    REQUIRE(disk->each_key([&](const Digest256& key, std::size_t) { keys.push_back(key); }));
    CHECK_FALSE(keys.empty());
    for (const Digest256& key : keys) {
        const auto entry = decode(disk->get(key).value().value());
        REQUIRE(entry.has_value());
        CHECK(key == key_of(std::stoull(entry->body)));
    }
    disk.reset();
    std::filesystem::remove_all(folder);
}
