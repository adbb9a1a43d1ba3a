#include "tiers/semantic_cache/semantic_record.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

using namespace weir;
using namespace weir::tiers::semantic;

namespace {

const std::array<SpaceName, kSpacesMost> kNames{{{11, 64}, {22, 5}}};

SemanticRecord sample() {
    SemanticRecord record;
    record.partition = sha256("partition");
    record.key = sha256("key");
    record.task = 0x1122334455667788;
    record.created_unix_micros = 1'700'000'000'000'000;
    record.bag = 77;
    record.question = "What is \xC3\xA9t\xC3\xA9?";
    embed::Vector first(64);
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<float>(i) - 20;
    record.vectors[0] = embed::Int8Vector(first);
    record.vectors[1] = embed::Int8Vector(embed::Vector{1, -1, 0.5F, 0, 0.25F});
    return record;
}

bool same(const embed::Int8Vector& a, const embed::Int8Vector& b) {
    return a.scale() == b.scale() && std::ranges::equal(a.codes(), b.codes());
}

bool same(const SemanticRecord& a, const SemanticRecord& b) {
    return a.partition == b.partition && a.key == b.key && a.task == b.task &&
           a.created_unix_micros == b.created_unix_micros && a.bag == b.bag && a.question == b.question &&
           same(a.vectors[0], b.vectors[0]) && same(a.vectors[1], b.vectors[1]);
}

}  // namespace

TEST_CASE("a record comes back as it was") {
    SemanticRecord record = sample();
    CHECK(same(*decode(*encode(record, kNames), kNames), record));
    record.vectors[1] = {};
    CHECK(same(*decode(*encode(record, kNames), kNames), record));
    record.vectors[0] = {};
    record.question = "";
    CHECK(same(*decode(*encode(record, kNames), kNames), record));
    record.question = std::string(kQuestionBytesMost, '\0');
    CHECK(same(*decode(*encode(record, kNames), kNames), record));
}

TEST_CASE("the layout stands as the header says") {
    const std::string bytes = *encode(sample(), kNames);
    CHECK(bytes.size() == 1 + 32 + 32 + 8 + 8 + 8 + 8 + 4 + sample().question.size() + 1 + (14 + 64) + (14 + 5));
    CHECK(bytes[0] == 2);
    CHECK(bytes.substr(65, 8) == "\x88\x77\x66\x55\x44\x33\x22\x11");
}

TEST_CASE("vectors of other embedders, and of another place, find theirs or are left out") {
    const std::string bytes = *encode(sample(), kNames);
    const auto swapped = decode(bytes, {{{22, 5}, {11, 64}}});
    REQUIRE(swapped.has_value());
    CHECK(same(swapped->vectors[0], sample().vectors[1]));
    CHECK(same(swapped->vectors[1], sample().vectors[0]));
    const auto changed = decode(bytes, {{{11, 64}, {23, 5}}});
    REQUIRE(changed.has_value());
    CHECK_FALSE(changed->vectors[0].empty());
    CHECK(changed->vectors[1].empty());
    const auto resized = decode(bytes, {{{11, 128}, {0, 0}}});
    REQUIRE(resized.has_value());
    CHECK(resized->vectors[0].empty());
}

TEST_CASE("what is too large is not written") {
    SemanticRecord record = sample();
    record.question = std::string(kQuestionBytesMost + 1, 'x');
    CHECK(encode(record, kNames).error().code == ErrorCode::too_large);
    record = sample();
    CHECK(encode(record, {{{11, 64}, {22, 6}}}).error().code == ErrorCode::too_large);
}

TEST_CASE("cut short, made longer or damaged: an error, or at least a record within the limits") {
    const std::string bytes = *encode(sample(), kNames);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto read = decode(bytes.substr(0, size), kNames);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == ErrorCode::invalid);
    }
    CHECK_FALSE(decode(bytes + '\0', kNames).has_value());
    for (const char version : {'\0', '\3', '\xFF'}) {
        std::string other = bytes;
        other[0] = version;
        CHECK_FALSE(decode(other, kNames).has_value());
    }
    SemanticRecord old = sample();  // version 1 is version 2 without the answer
    old.answer = 77;
    std::string first = *encode(old, kNames);
    CHECK(decode(first, kNames)->answer == 77);
    first.erase(1 + 32 + 32 + 3 * 8, 8);
    first[0] = 1;
    const auto without = decode(first, kNames);
    REQUIRE(without.has_value());
    CHECK(without->answer == 0);
    CHECK(without->question == old.question);
    CHECK(without->bag == old.bag);
    std::string scale = bytes;
    scale[bytes.size() - 6] = 0x7F;  // the upper byte of the last vector's scale
    CHECK_FALSE(decode(scale, kNames).has_value());
    CHECK(rc::check([&] {
        std::string damaged = bytes;
        damaged[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
        const auto read = decode(damaged, kNames);
        RC_ASSERT(!read || read->question.size() <= kQuestionBytesMost);
    }));
}

TEST_CASE("bags: equal for equal stems, else not; none for none") {
    const std::array<std::uint64_t, 2> some{1, 2};
    const std::array<std::uint64_t, 2> others{1, 3};
    const std::array<std::uint64_t, 3> more{1, 2, 3};
    CHECK(stem_bag({}) == 0);
    CHECK(stem_bag(some) == stem_bag(some));
    CHECK(stem_bag(some) != stem_bag(others));
    CHECK(stem_bag(some) != stem_bag(more));
    const std::array<std::uint64_t, 1> zero{0};
    CHECK(stem_bag(zero) != 0);
}
