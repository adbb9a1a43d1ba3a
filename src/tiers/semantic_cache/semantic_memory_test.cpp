#include "tiers/semantic_cache/semantic_memory.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "store/fake_entry_store.h"

using namespace weir;
using namespace weir::tiers::semantic;

namespace {

constexpr std::uint64_t kDiskBytes = 4u << 20;

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-semantic-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string path() const { return path_ + "/semantic"; }

  private:
    std::string path_;
};

SemanticMemory::Options options_of() {
    SemanticMemory::Options options;
    options.index.identities = {"first", "second"};
    options.index.dimensions = {64, 20};
    return options;
}

std::unique_ptr<store::EntryStore> disk_in(const Folder& folder, std::uint64_t bytes = kDiskBytes) {
    auto opened = store::LmdbEntryStore::open({folder.path(), bytes});
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

embed::Int8Vector vector_of(std::uint64_t seed, std::size_t dimensions) {
    std::mt19937_64 random(seed * 31 + dimensions);
    std::normal_distribution<float> normal;
    embed::Vector vector(dimensions);
    for (float& x : vector) x = normal(random);
    return embed::Int8Vector(vector);
}

Digest256 key_of(std::uint64_t number) {
    return sha256("key" + std::to_string(number));
}

SemanticRecord record_of(std::uint64_t number) {
    SemanticRecord record;
    record.partition = sha256("partition");
    record.key = key_of(number);
    record.task = 7;
    record.created_unix_micros = static_cast<Micros>(1'000 + number);
    record.bag = number + 1;
    record.question = "question " + std::to_string(number);
    record.vectors = {vector_of(number, 64), vector_of(number, 20)};
    return record;
}

// By its bag: what is kept of a record.
std::optional<Found> found(const SemanticMemory& memory, std::uint64_t number) {
    std::vector<Found> candidates;
    const SemanticRecord record = record_of(number);
    memory.index().candidates(record.partition, record.bag, record.vectors, 3, candidates);
    for (const Found& candidate : candidates) {
        if (candidate.key == record.key) return candidate;
    }
    return std::nullopt;
}

bool whole(const std::optional<Found>& kept, std::uint64_t number) {
    return kept && kept->same_bag && kept->task == 7 && kept->question == "question " + std::to_string(number) &&
           kept->created_unix_micros == static_cast<Micros>(1'000 + number) && kept->similarity[0] > 0.99F &&
           kept->similarity[1] > 0.99F;
}

}  // namespace

TEST_CASE("what was added is there after a restart, what was removed is not") {
    const Folder folder;
    {
        SemanticMemory memory(options_of(), disk_in(folder));
        memory.wait_until_loaded();
        for (std::uint64_t i = 0; i < 300; ++i) REQUIRE(memory.add(record_of(i)));
        for (std::uint64_t i = 0; i < 300; i += 7) memory.remove(key_of(i));
        SemanticRecord changed = record_of(1);
        changed.question = "changed";
        REQUIRE(memory.add(changed));
        CHECK(memory.dropped() == 0);
    }  // the queue is written at the end
    SemanticMemory again(options_of(), disk_in(folder));
    again.wait_until_loaded();
    CHECK(again.index().entries() == 300 - 43);
    for (std::uint64_t i = 0; i < 300; ++i) {
        if (i == 1) {
            REQUIRE(found(again, i));
            CHECK(found(again, i)->question == "changed");
        } else if (i % 7 == 0) {
            CHECK_FALSE(found(again, i));
        } else {
            CHECK(whole(found(again, i), i));
        }
    }
}

TEST_CASE("vectors of another model are left out after a restart, the rest is there") {
    const Folder folder;
    {
        SemanticMemory memory(options_of(), disk_in(folder));
        REQUIRE(memory.add(record_of(5)));
    }
    SemanticMemory::Options options = options_of();
    options.index.identities[1] = "another";
    SemanticMemory again(options, disk_in(folder));
    again.wait_until_loaded();
    const auto kept = found(again, 5);
    REQUIRE(kept);
    CHECK(kept->similarity[0] > 0.99F);
    CHECK(kept->similarity[1] == 0);
}

TEST_CASE("killed in mid-write: what was flushed is whole, and so is all that is there") {
    const Folder folder;
    std::uint64_t flushed = 0;
    for (int life = 0; life < 4; ++life) {
        int told[2];
        REQUIRE(::pipe(told) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(told[0]);
            auto disk = store::LmdbEntryStore::open({folder.path(), kDiskBytes});
            if (!disk) ::_exit(1);
            SemanticMemory memory(options_of(), std::move(*disk));
            memory.wait_until_loaded();
            for (std::uint64_t number = flushed;; ++number) {
                if (!memory.add(record_of(number))) ::_exit(2);
                if (number % 50 != 49) continue;
                memory.flush();
                const std::uint64_t done = number + 1;
                if (::write(told[1], &done, sizeof done) != sizeof done) ::_exit(3);
            }
        }
        ::close(told[1]);
        std::uint64_t done = 0;
        while (done < flushed + 150 && ::read(told[0], &done, sizeof done) == sizeof done) {
        }
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        while (::read(told[0], &done, sizeof done) == sizeof done) {  // what it still said before it died
        }
        ::close(told[0]);
        REQUIRE(done >= flushed + 150);
        flushed = done;

        SemanticMemory again(options_of(), disk_in(folder));
        again.wait_until_loaded();
        CHECK(again.index().entries() >= flushed);
        for (std::uint64_t i = 0; i < flushed; ++i) CHECK_MESSAGE(whole(found(again, i), i), i);
        std::size_t damaged = 0;
        again.index().each([&](const SemanticRecord& record) {
            const auto number = static_cast<std::uint64_t>(record.created_unix_micros - 1'000);
            damaged += record.key == key_of(number) && whole(found(again, number), number) ? 0 : 1;
        });
        CHECK(damaged == 0);
    }
}

TEST_CASE("records that can't be read are left out, the others are there") {
    const Folder folder;
    {
        SemanticMemory memory(options_of(), disk_in(folder));
        for (std::uint64_t i = 0; i < 20; ++i) REQUIRE(memory.add(record_of(i)));
    }
    {
        const auto disk = disk_in(folder);
        std::string cut = **disk->get(key_of(3)), longer = **disk->get(key_of(4)), version = **disk->get(key_of(5));
        const std::string another = **disk->get(key_of(7));
        cut.resize(cut.size() / 2);
        longer += "x";
        version[0] = 9;
        const std::vector<store::EntryStore::Put> damaged{
            {key_of(3), cut}, {key_of(4), longer}, {key_of(5), version}, {key_of(6), ""}, {key_of(8), another}};
        REQUIRE(disk->put(damaged).has_value());
    }
    SemanticMemory again(options_of(), disk_in(folder));
    again.wait_until_loaded();
    for (std::uint64_t i = 0; i < 20; ++i) {
        const bool lost = i == 3 || i == 4 || i == 5 || i == 6 || i == 8;
        CHECK_MESSAGE(whole(found(again, i), i) == !lost, i);
    }
    CHECK(again.index().entries() == 15);
    REQUIRE(again.add(record_of(3)));  // and can be added anew
    again.flush();
    CHECK(whole(found(again, 3), 3));
}

TEST_CASE("more on disk than may be in memory: the newest are there, whatever order they lie in") {
    const Folder folder;
    {
        SemanticMemory memory(options_of(), disk_in(folder));
        std::vector<std::uint64_t> order(2'000);
        for (std::uint64_t i = 0; i < order.size(); ++i) order[i] = i;
        std::shuffle(order.begin(), order.end(), std::mt19937_64(5));
        for (const std::uint64_t i : order) REQUIRE(memory.add(record_of(i)));
        memory.flush();
        CHECK(memory.dropped() == 0);
    }
    SemanticMemory::Options options = options_of();
    options.index.bytes_most = 200'000;
    SemanticMemory again(options, disk_in(folder));
    again.wait_until_loaded();
    CHECK(again.index().bytes() <= options.index.bytes_most);
    const std::size_t kept = again.index().entries();
    CHECK(kept > 400);
    CHECK(kept < 1'000);
    for (std::uint64_t i = 0; i < 2'000; ++i) CHECK_MESSAGE(whole(found(again, i), i) == (i >= 2'000 - kept), i);
}

TEST_CASE("the disk's share is bounded too: the oldest are dropped there") {
    const Folder folder;
    constexpr std::uint64_t kLittle = 256u << 10;
    {
        SemanticMemory memory(options_of(), disk_in(folder, kLittle));
        for (std::uint64_t i = 0; i < 3'000; ++i) {
            REQUIRE(memory.add(record_of(i)));
            if (i % 500 == 499) memory.flush();
        }
    }
    SemanticMemory again(options_of(), disk_in(folder, kLittle));
    again.wait_until_loaded();
    CHECK(again.index().entries() < 2'000);
    CHECK(again.index().entries() > 200);
    CHECK(whole(found(again, 2'999), 2'999));
    CHECK_FALSE(found(again, 0));
}

TEST_CASE("what changes while the disk is read stays as it was changed") {
    store::FakeEntryStore::Shared shared;
    {
        SemanticMemory memory(options_of(), std::make_unique<store::FakeEntryStore>(shared));
        for (std::uint64_t i = 0; i < 3; ++i) REQUIRE(memory.add(record_of(i)));
    }
    REQUIRE(shared.values.size() == 3);
    shared.hold_gets = true;
    {
        SemanticMemory again(options_of(), std::make_unique<store::FakeEntryStore>(shared));
        shared.wait_until_held();
        SemanticRecord changed = record_of(0);
        changed.question = "changed";
        REQUIRE(again.add(changed));
        again.remove(key_of(1));
        CHECK(again.index().entries() == 1);  // there at once
        shared.hold(&store::FakeEntryStore::Shared::hold_gets, false);
        again.wait_until_loaded();
        CHECK(found(again, 0)->question == "changed");
        CHECK_FALSE(found(again, 1));
        CHECK(whole(found(again, 2), 2));
    }
    SemanticMemory third(options_of(), std::make_unique<store::FakeEntryStore>(shared));
    third.wait_until_loaded();
    CHECK(third.index().entries() == 2);
    CHECK(found(third, 0)->question == "changed");
}

TEST_CASE("a full queue costs the disk's share alone, and a broken disk costs nothing else") {
    store::FakeEntryStore::Shared shared;
    shared.hold_puts = true;
    SemanticMemory::Options options = options_of();
    options.queue_most = 4;
    {
        SemanticMemory memory(options, std::make_unique<store::FakeEntryStore>(shared));
        memory.wait_until_loaded();
        REQUIRE(memory.add(record_of(0)));
        shared.wait_until_held();  // the writer has the first and waits
        for (std::uint64_t i = 1; i < 10; ++i) REQUIRE(memory.add(record_of(i)));
        CHECK(memory.dropped() == 5);
        CHECK(memory.index().entries() == 10);
        shared.hold(&store::FakeEntryStore::Shared::hold_puts, false);
    }
    CHECK(shared.values.size() == 5);
    shared.fail = true;
    SemanticMemory broken(options, std::make_unique<store::FakeEntryStore>(shared));
    broken.wait_until_loaded();
    CHECK(broken.index().entries() == 0);
    CHECK(broken.add(record_of(3)));
    broken.flush();
    CHECK(whole(found(broken, 3), 3));
    SemanticMemory without(options, nullptr);
    CHECK(without.add(record_of(1)));
    without.flush();
    without.remove(key_of(1));
    CHECK(without.index().entries() == 0);
}
