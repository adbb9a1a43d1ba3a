#include "tiers/semantic_cache/semantic_index.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::tiers::semantic;

namespace {

constexpr std::array<std::size_t, kSpacesMost> kDimensions{64, 20};
using Vectors = std::array<embed::Int8Vector, kSpacesMost>;

SemanticIndex::Options options_of() {
    SemanticIndex::Options options;
    options.identities = {"first", "second"};
    options.dimensions = kDimensions;
    return options;
}

Digest256 digest(std::string_view what, std::uint64_t number) {
    return sha256(std::string(what) + std::to_string(number));
}

embed::Int8Vector vector_of(std::uint64_t seed, std::size_t dimensions) {
    std::mt19937_64 random(seed * 31 + dimensions);
    std::normal_distribution<float> normal;
    embed::Vector vector(dimensions);
    for (float& x : vector) x = normal(random);
    return embed::Int8Vector(vector);
}

Vectors vectors_of(std::uint64_t seed) {
    return {vector_of(seed, kDimensions[0]), vector_of(seed, kDimensions[1])};
}

SemanticRecord record_of(std::uint64_t partition, std::uint64_t number) {
    SemanticRecord record;
    record.partition = digest("partition", partition);
    record.key = digest("key", number);
    record.task = partition;
    record.created_unix_micros = static_cast<Micros>(number);
    record.bag = number % 7;
    record.question = "question " + std::to_string(number);
    record.vectors = vectors_of(number);
    return record;
}

std::vector<Found> ask(const SemanticIndex& index, std::uint64_t partition, std::uint64_t bag, const Vectors& vectors,
                       std::size_t k) {
    std::vector<Found> found{Found{}};
    index.candidates(digest("partition", partition), bag, vectors, k, found);
    return found;
}

std::vector<std::string> questions(const std::vector<Found>& candidates) {
    std::vector<std::string> texts;
    for (const Found& candidate : candidates) texts.push_back(candidate.question);
    return texts;
}

}  // namespace

TEST_CASE("an entry is found by its vectors and tells all it has") {
    SemanticIndex index(options_of());
    REQUIRE(index.add(record_of(1, 5)));
    const auto found = ask(index, 1, 0, vectors_of(5), 3);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == digest("key", 5));
    CHECK(found[0].question == "question 5");
    CHECK(found[0].created_unix_micros == 5);
    CHECK(found[0].task == 1);
    CHECK(found[0].similarity[0] == doctest::Approx(1));
    CHECK(found[0].similarity[1] == doctest::Approx(1));
    CHECK_FALSE(found[0].same_bag);
    CHECK(index.entries() == 1);
    CHECK(index.partitions() == 1);
}

TEST_CASE("nothing is found across partitions, whatever is equal") {
    SemanticIndex index(options_of());
    SemanticRecord record = record_of(1, 5);
    REQUIRE(index.add(record));
    CHECK(ask(index, 2, record.bag, record.vectors, 16).empty());
    // The same first bytes, so the same shard.
    Digest256 close = record.partition;
    close[31] ^= 1;
    std::vector<Found> found;
    index.candidates(close, record.bag, record.vectors, 16, found);
    CHECK(found.empty());
}

TEST_CASE("by the bag alone, by one space alone, and all ways joined without doubles") {
    SemanticIndex index(options_of());
    SemanticRecord bag_only = record_of(1, 1);
    bag_only.vectors = {};
    bag_only.bag = 42;
    SemanticRecord second_only = record_of(1, 2);
    second_only.vectors[0] = {};
    second_only.bag = 0;
    SemanticRecord all = record_of(1, 3);
    all.bag = 42;
    for (const SemanticRecord& record : {bag_only, second_only, all}) REQUIRE(index.add(record));

    CHECK(questions(ask(index, 1, 42, {}, 5)) ==
          std::vector<std::string>{"question 3", "question 1"});  // the newest first
    CHECK(ask(index, 1, 0, {}, 5).empty());
    CHECK(ask(index, 1, 41, {}, 5).empty());
    CHECK(questions(ask(index, 1, 0, {embed::Int8Vector(), vector_of(2, 20)}, 1)) ==
          std::vector<std::string>{"question 2"});
    CHECK(questions(ask(index, 1, 0, {vector_of(3, 64), embed::Int8Vector()}, 9)) ==
          std::vector<std::string>{"question 3"});
    const auto joined = ask(index, 1, 42, vectors_of(3), 5);
    REQUIRE(joined.size() == 3);
    CHECK(joined[0].question == "question 3");  // same bag and nearest
    CHECK(joined[0].same_bag);
    CHECK(joined[1].question == "question 1");
    CHECK(joined[1].similarity == std::array<float, kSpacesMost>{0, 0});
    CHECK(joined[2].question == "question 2");
    CHECK(joined[2].similarity[0] == 0);
}

TEST_CASE("the same key again replaces, in another partition too") {
    SemanticIndex index(options_of());
    REQUIRE(index.add(record_of(1, 5)));
    SemanticRecord changed = record_of(1, 5);
    changed.question = "changed";
    changed.vectors = vectors_of(99);
    REQUIRE(index.add(changed));
    CHECK(index.entries() == 1);
    CHECK(questions(ask(index, 1, 0, vectors_of(99), 5)) == std::vector<std::string>{"changed"});
    changed.partition = digest("partition", 2);
    REQUIRE(index.add(changed));
    CHECK(index.entries() == 1);
    CHECK(index.partitions() == 1);
    CHECK(ask(index, 1, 0, vectors_of(99), 5).empty());
    CHECK(ask(index, 2, 0, vectors_of(99), 5).size() == 1);
}

TEST_CASE("removed entries and partitions are gone, and give their bytes back") {
    SemanticIndex index(options_of());
    const std::uint64_t empty = index.bytes();
    for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(index.add(record_of(i % 3, i)));
    CHECK(index.bytes() > 100 * (64 + 64 + 100));
    CHECK(index.remove(digest("key", 4)));
    CHECK_FALSE(index.remove(digest("key", 4)));
    CHECK_FALSE(index.remove(digest("key", 1000)));
    for (const Found& candidate : ask(index, 1, 4, vectors_of(4), 16)) CHECK(candidate.question != "question 4");
    CHECK(index.remove_partition(digest("partition", 0)) == 34);
    CHECK(index.remove_partition(digest("partition", 0)) == 0);
    CHECK(ask(index, 0, 1, vectors_of(0), 16).empty());
    CHECK(index.entries() == 65);
    for (std::uint64_t i = 0; i < 100; ++i) index.remove(digest("key", i));
    CHECK(index.entries() == 0);
    CHECK(index.partitions() == 0);
    CHECK(index.bytes() == empty);
}

TEST_CASE("what breaks a limit is not taken, and changes nothing") {
    SemanticIndex::Options options = options_of();
    SemanticIndex index(options);
    REQUIRE(index.add(record_of(1, 5)));
    SemanticRecord record = record_of(1, 5);
    record.question = std::string(kQuestionBytesMost + 1, 'x');
    CHECK_FALSE(index.add(record));
    record = record_of(1, 5);
    record.vectors[1] = vector_of(5, 21);
    CHECK_FALSE(index.add(record));
    CHECK(questions(ask(index, 1, 0, vectors_of(5), 5)) == std::vector<std::string>{"question 5"});
    // A query of other dimensions finds nothing instead of reading what is not there.
    CHECK(ask(index, 1, 0, {vector_of(5, 20), vector_of(5, 64)}, 5).empty());
    options.dimensions[0] = embed::kDimensionsMost + 1;
    CHECK_THROWS_AS(SemanticIndex{options}, std::invalid_argument);
}

TEST_CASE("over the byte limit the oldest go") {
    SemanticIndex::Options options = options_of();
    options.bytes_most = 60'000;
    SemanticIndex index(options);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        REQUIRE(index.add(record_of(1, i)));
        CHECK(index.bytes() <= options.bytes_most);
    }
    CHECK(index.entries() > 100);
    CHECK(index.evicted() == 1000 - index.entries());
    CHECK(index.remove(digest("key", 999)));
    CHECK(index.remove(digest("key", 1000 - index.entries())));
    CHECK_FALSE(index.remove(digest("key", 0)));
    SemanticRecord large = record_of(1, 5000);
    options.bytes_most = 200;
    SemanticIndex tiny(options);
    large.question = std::string(300, 'x');
    CHECK_FALSE(tiny.add(large));
}

TEST_CASE("full of one large partition: blocks are given back, nearly all the memory is used by entries") {
    SemanticIndex::Options options = options_of();
    SemanticIndex free(options);
    for (std::uint64_t i = 0; i < 6000; ++i) REQUIRE(free.add(record_of(1, i)));
    const std::uint64_t each = free.bytes() / 6000;
    options.bytes_most = 1'500'000;  // some 5,000 of them; sketched in this partition
    options.exact_most = 1000;
    SemanticIndex index(options);
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        REQUIRE(index.add(record_of(1, i)));
        REQUIRE(index.bytes() <= options.bytes_most);
    }
    CHECK(index.entries() * each > options.bytes_most * 3 / 4);
    const std::size_t kept = index.entries();
    std::set<std::int64_t> there;
    index.each([&](const SemanticRecord& record) { there.insert(record.created_unix_micros); });
    CHECK(there.size() == kept);
    CHECK(*there.begin() == static_cast<std::int64_t>(20'000 - kept));  // the oldest went, no other
    CHECK(questions(ask(index, 1, 0, vectors_of(19'500), 1))[0] == "question 19500");
    for (std::uint64_t i = 0; i < 20'000; ++i) index.remove(digest("key", i));
    CHECK(index.bytes() == 0);
}

TEST_CASE("full: another partition's oldest goes first, and a newcomer gets room from the large one") {
    SemanticIndex::Options options = options_of();
    options.bytes_most = 1'000'000;
    SemanticIndex index(options);
    for (std::uint64_t i = 0; i < 50; ++i) REQUIRE(index.add(record_of(2, 100'000 + i)));  // small and old
    for (std::uint64_t i = 0; i < 10'000; ++i) REQUIRE(index.add(record_of(1, i)));
    CHECK(ask(index, 2, 0, vectors_of(100'000), 5).empty());
    const std::uint64_t large = index.entries();
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        REQUIRE(index.add(record_of(3, 200'000 + i)));
        REQUIRE(index.bytes() <= options.bytes_most);
    }
    CHECK(questions(ask(index, 3, 0, vectors_of(200'000), 1))[0] == "question 200000");
    CHECK(index.entries() + 300 > large);  // memory that the large one gave up is used
}

TEST_CASE("full: what was used outlives what was not, so many rounds as it was used") {
    SemanticIndex::Options options = options_of();
    options.bytes_most = 200'000;
    SemanticIndex index(options);
    for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(index.add(record_of(i % 2, i)));
    for (int times = 0; times < 100; ++times) index.used(digest("partition", 1), digest("key", 3));
    index.used(digest("partition", 0), digest("key", 4));
    index.used(digest("partition", 0), digest("key", 5));  // of another partition: nothing
    index.used(digest("partition", 1), digest("key", 77));
    const auto there = [&](std::uint64_t number) {
        return !ask(index, number % 2, 0, vectors_of(number), 1).empty() &&
               questions(ask(index, number % 2, 0, vectors_of(number), 1))[0] == "question " + std::to_string(number);
    };
    std::uint64_t next = 10;
    const auto one_round = [&] {  // until all that is there was looked at once
        const std::uint64_t before = index.evicted();
        const std::size_t entries = index.entries();
        for (; index.evicted() < before + entries; ++next) REQUIRE(index.add(record_of(next % 2, next)));
    };
    for (; index.evicted() < 9; ++next) REQUIRE(index.add(record_of(next % 2, next)));
    for (std::uint64_t i = 0; i < 10; ++i) CHECK_MESSAGE(there(i) == (i == 3 || i == 4), i);
    one_round();
    CHECK(there(3));
    CHECK_FALSE(there(4));
    one_round();
    one_round();
    one_round();
    CHECK_FALSE(there(3));
}

TEST_CASE("an entry that was replaced counts as new") {
    SemanticIndex::Options options = options_of();
    SemanticIndex sizing(options);
    for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(sizing.add(record_of(1, i)));
    options.bytes_most = sizing.bytes();
    SemanticIndex index(options);
    for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(index.add(record_of(1, i)));
    REQUIRE(index.evicted() == 0);
    REQUIRE(index.add(record_of(1, 0)));
    for (std::uint64_t i = 20; i < 24; ++i) REQUIRE(index.add(record_of(1, i)));
    CHECK(index.evicted() > 0);
    CHECK(index.remove(digest("key", 0)));
    CHECK_FALSE(index.remove(digest("key", 1)));
}

// What must hold: candidates are live entries of the partition, and the nearest and same-bagged are among them.
TEST_CASE("against the slow way: random additions, replacements, removals, in exact and in sketched partitions") {
    CHECK(rc::check([] {
        SemanticIndex::Options options = options_of();
        options.exact_most = *rc::gen::element<std::size_t>(5, 1000);
        SemanticIndex index(options);
        std::map<std::uint64_t, SemanticRecord> model;
        std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
        for (int step = 0; step < 250; ++step) {
            const std::uint64_t number = random() % 60;
            const std::uint64_t partition = random() % 3;
            switch (random() % 6) {
                case 0:
                    RC_ASSERT(index.remove(digest("key", number)) == (model.erase(number) == 1));
                    break;
                case 1:
                    if (random() % 8 != 0) break;
                    std::erase_if(model, [&](const auto& entry) { return entry.second.task == partition; });
                    index.remove_partition(digest("partition", partition));
                    break;
                case 2:
                case 3: {
                    SemanticRecord record = record_of(partition, number);
                    if (random() % 4 == 0) record.vectors[random() % 2] = {};
                    RC_ASSERT(index.add(record));
                    model[number] = record;
                    break;
                }
                default: {
                    const Vectors asked = vectors_of(random() % 60);
                    const std::uint64_t bag = random() % 7;
                    std::set<std::string> found;
                    for (const Found& candidate : ask(index, partition, bag, asked, 4)) {
                        RC_ASSERT(found.insert(candidate.question).second);
                        const auto entry = std::find_if(model.begin(), model.end(), [&](const auto& known) {
                            return known.second.key == candidate.key;
                        });
                        RC_ASSERT(entry != model.end());
                        RC_ASSERT(entry->second.task == partition);
                        RC_ASSERT(candidate.same_bag == (bag != 0 && entry->second.bag == bag));
                    }
                    std::size_t bagged = 0, bagged_found = 0;
                    for (std::size_t space = 0; space < kSpacesMost; ++space) {
                        std::vector<std::pair<float, std::string>> nearest;
                        for (const auto& [id, record] : model) {
                            if (record.task != partition) continue;
                            if (space == 0 && bag != 0 && record.bag == bag) {
                                ++bagged;
                                bagged_found += found.contains(record.question) ? 1 : 0;
                            }
                            if (record.vectors[space].empty()) continue;
                            nearest.emplace_back(embed::similarity(asked[space].view(), record.vectors[space].view(),
                                                                   embed::padded(kDimensions[space])),
                                                 record.question);
                        }
                        std::sort(nearest.rbegin(), nearest.rend());
                        for (std::size_t i = 0; i < std::min<std::size_t>(4, nearest.size()); ++i) {
                            RC_ASSERT(found.contains(nearest[i].second));
                        }
                    }
                    RC_ASSERT(bagged_found >= std::min<std::size_t>(4, bagged));
                }
            }
            RC_ASSERT(index.entries() == model.size());
        }
    }));
}

TEST_CASE("each() gives what is needed to make the index anew, through the disk's form") {
    SemanticIndex index(options_of());
    for (std::uint64_t i = 0; i < 700; ++i) REQUIRE(index.add(record_of(i % 5, i)));
    for (std::uint64_t i = 0; i < 700; i += 9) REQUIRE(index.remove(digest("key", i)));
    SemanticIndex again(options_of());
    index.each([&](const SemanticRecord& record) {
        const auto bytes = encode(record, index.spaces());
        REQUIRE(bytes.has_value());
        const auto read = decode(*bytes, again.spaces());
        REQUIRE(read.has_value());
        CHECK(again.add(*read));
    });
    CHECK(again.entries() == index.entries());
    CHECK(again.partitions() == 5);
    for (std::uint64_t i = 0; i < 700; i += 13) {
        const auto before = ask(index, i % 5, i % 7, vectors_of(i), 8);
        auto after = ask(again, i % 5, i % 7, vectors_of(i), 8);
        std::set<std::string> a, b;
        for (const Found& candidate : before) {
            if (candidate.similarity[0] != 0) a.insert(candidate.question);
        }
        for (const Found& candidate : after) b.insert(candidate.question);
        if (i % 9 != 0) CHECK(after[0].question == "question " + std::to_string(i));
        CHECK(!b.empty());
        CHECK(!a.empty());
    }
}

TEST_CASE("several threads at once: look-ups are never wrong; meant for the tsan preset above all") {
    SemanticIndex::Options options = options_of();
    options.exact_most = 100;
    options.bytes_most = 150'000;
    SemanticIndex index(options);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            std::mt19937_64 random(thread);
            std::vector<Found> found;
            for (int step = 0; step < 1500; ++step) {
                const std::uint64_t number = random() % 400;
                switch (random() % 5) {
                    case 0:
                        index.remove(digest("key", number));
                        break;
                    case 1:
                    case 2:
                        index.add(record_of(number % 2, number));
                        break;
                    case 3:
                        index.candidates(digest("partition", number % 2), number % 7, vectors_of(number), 5, found);
                        for (const Found& candidate : found) {
                            index.used(digest("partition", number % 2), candidate.key);
                            if (candidate.task != number % 2) ++wrong;
                            if (candidate.question != "question " + std::to_string(candidate.created_unix_micros))
                                ++wrong;
                        }
                        break;
                    default:
                        if (random() % 50 == 0) index.remove_partition(digest("partition", number % 2));
                        if (random() % 50 == 0)
                            index.each([&](const SemanticRecord& record) {
                                if (record.question.empty()) ++wrong;
                            });
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}
