#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>

#include "store/ledger_batch.h"
#include "store/ledger_codec.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;
using testing::RandomRows;

namespace {

constexpr RequestId kId = 0x0C00'0000'0001'0002;

LedgerRow largest_row() {
    LedgerRow row;
    row.id = std::numeric_limits<RequestId>::max();
    row.started_unix_micros = std::numeric_limits<Micros>::min() / 2;
    row.latency_micros = row.overhead_micros = -1;
    row.status = UINT16_MAX;
    row.mode = Mode::serve;
    row.streamed = row.complete = true;
    row.cost_complete = false;
    row.counterfactual_how = Counterfactual::repriced;
    row.tier = row.would_have = TierKind::reference;
    row.tenant = row.cascade = row.reference = row.served_model = UINT32_MAX;
    row.task = UINT64_MAX;
    row.cost = Usd{INT64_MIN};
    row.counterfactual = Usd{INT64_MIN};
    row.attempt_count = kMaxAttempts;
    for (Attempt& a : row.attempts) {
        a.tier = TierKind::reference;
        a.outcome = Outcome::observed;
        a.status = UINT16_MAX;
        a.model = UINT32_MAX;
        a.input_uncached = a.input_cached = a.input_cache_write = a.output = a.reasoning = -1;
        a.usage_estimated = a.priced = true;
        a.cost = Usd{INT64_MIN};
        a.latency_micros = -1;
        a.evidence = -std::numeric_limits<float>::infinity();
        a.input_cache_write_1h = -1;
        a.web_searches = a.other_pieces = UINT16_MAX;
        a.service_tier = wire::ServiceTier::other;
        a.cost_stated = a.listed = true;
        a.list_cost = Usd{INT64_MIN};
    }
    Step step{};
    step.reason = Reason::of(Said{255}, 255).scored(-1).needing(-1).risking(-1).counting(UINT16_MAX, UINT16_MAX);
    step.verdict = StepVerdict::asked;
    step.own = true;
    step.attempt = kMaxAttempts;
    step.who = static_cast<std::uint8_t>(TierKind::reference);
    step.model = UINT32_MAX;
    for (std::size_t i = 0; i <= kMostSteps; ++i) row.add_step(step);
    return row;
}

}  // namespace

TEST_CASE("flags hold every purpose beside all the others") {
    for (const Purpose purpose : {Purpose::request, Purpose::audit, Purpose::refresh, Purpose::judge, Purpose::trial}) {
        LedgerRow row = largest_row(), read;
        row.purpose = purpose;
        const unsigned flags = row_flags(row);
        CHECK(flags == (0x1FU | static_cast<unsigned>(purpose) << 5));
        set_row_flags(read, flags);
        CHECK(read.purpose == purpose);
        CHECK(row_flags(read) == flags);
    }
}

TEST_CASE("attempts are packed as docs/formats.md says") {
    LedgerRow row;
    row.attempt_count = 2;
    row.attempts[0].tier = TierKind::exact;
    row.attempts[0].outcome = Outcome::declined;
    Attempt& second = row.attempts[1];
    second.tier = TierKind::model;
    second.outcome = Outcome::served;
    second.priced = true;
    second.status = 200;
    second.model = 300;
    second.input_uncached = 5;
    second.output = 128;
    second.cost = Usd{-2};
    second.latency_micros = 1;
    second.evidence = 1.0F;
    PackedAttempts buffer;
    const std::string_view expected(
        "\x01"                      // version
        "\x08\x00"                  // exact, declined; no fields
        "\x83\x7D"                  // model, served, priced; all fields but another status
        "\xAC\x02"                  // model 300
        "\x05\x00\x00\x80\x01\x00"  // tokens
        "\x03"                      // cost -2, zigzag
        "\x01"                      // latency
        "\x00\x00\x80\x3F",         // evidence 1.0
        19);
    CHECK(pack_attempts(row, buffer) == expected);

    row.attempt_count = 1;
    Attempt& only = row.attempts[0];
    only = Attempt{};
    only.tier = TierKind::reference;
    only.outcome = Outcome::served;
    only.priced = only.cost_stated = only.listed = true;
    only.service_tier = wire::ServiceTier::flex;
    only.input_cache_write_1h = 7;
    only.web_searches = 2;
    only.list_cost = Usd{1};
    const std::string_view more(
        "\x02"          // version
        "\x84\x80"      // reference, served, priced; more
        "\x7A"          // flex, writes for an hour, pieces, stated, listed
        "\x07\x02\x00"  // 7 tokens; 2 searches, nothing else
        "\x02",         // the table's cost 1, zigzag
        8);
    CHECK(pack_attempts(row, buffer) == more);
    LedgerRow back;
    REQUIRE(unpack_attempts(more, back));
    CHECK(testing::same(back, row));
}

TEST_CASE("the largest row fits its limits and comes back") {
    const LedgerRow row = largest_row();
    PackedAttempts buffer;
    CHECK(pack_attempts(row, buffer).size() == kMaxPackedAttemptsBytes);
    std::string batch;
    pack_row(row, batch);
    CHECK(batch.size() <= 1 + kMaxPackedRowBytes);
    std::vector<PackedRow> rows;
    REQUIRE(split_batch(batch, rows));
    REQUIRE(rows.size() == 1);
    LedgerRow back;
    REQUIRE(unpack_row(rows[0], back));
    LedgerRow limited = row;
    limited.cost = limited.counterfactual = Usd{-kMaxAmount.nanos};
    CHECK(testing::same(back, limited));
}

TEST_CASE("a property: every batch of rows comes back as it was") {
    CHECK(rc::check([](std::uint64_t seed) {
        RandomRows random(seed);
        std::vector<LedgerRow> rows;
        std::string batch;
        const auto count = *rc::gen::inRange<std::size_t>(1, 20);
        for (std::size_t i = 0; i < count; ++i) {
            rows.push_back(random.row(static_cast<RequestId>(random.magnitude(63))));
            pack_row(rows.back(), batch);
        }
        std::vector<PackedRow> packed;
        RC_ASSERT(split_batch(batch, packed).has_value());
        RC_ASSERT(packed.size() == count);
        LedgerRow back;  // used again and again, as the fold does
        for (std::size_t i = 0; i < count; ++i) {
            RC_ASSERT(packed[i].id == rows[i].id);
            RC_ASSERT(unpack_row(packed[i], back).has_value());
            RC_ASSERT(testing::same(back, rows[i]));
        }
    }));
}

TEST_CASE("what is cut short, of another version or out of range is refused") {
    LedgerRow row = RandomRows(7).row(kId);
    row.step_count = 0;
    row.attempt_count = 1;
    row.attempts[0] = largest_row().attempts[0];
    PackedAttempts buffer;
    const std::string packed(pack_attempts(row, buffer));
    LedgerRow out;
    REQUIRE(unpack_attempts(packed, out));
    for (std::size_t size = 0; size < packed.size(); ++size) {
        // One byte, the version, is a row without attempts.
        CHECK_MESSAGE(unpack_attempts(packed.substr(0, size), out).has_value() == (size == 1), size);
    }
    const auto with = [&](std::size_t at, char byte) {
        std::string changed = packed;
        changed[at] = byte;
        return unpack_attempts(changed, out).has_value();
    };
    CHECK_FALSE(with(0, 1));                             // version 1, which has no third byte of flags
    CHECK_FALSE(with(0, 4));                             // another version
    CHECK_FALSE(with(3, static_cast<char>(0x80)));       // reserved bit
    CHECK_FALSE(with(3, 0x05));                          // service tier 5
    CHECK_FALSE(with(3, 0x40));                          // a table's cost beside its own
    CHECK_FALSE(with(3, 0));                             // a byte that says nothing
    CHECK_FALSE(with(1, 5));                             // tier 5
    CHECK_FALSE(with(1, 6 << 3));                        // outcome 6
    CHECK_FALSE(with(2, 0x03));                          // two statuses
    CHECK_FALSE(unpack_attempts(packed + '\x01', out));  // bytes left over
    std::string seven(1, '\x01');
    for (std::size_t i = 0; i <= kMaxAttempts; ++i) seven.append(2, '\0');
    CHECK_FALSE(unpack_attempts(seven, out));
    CHECK_FALSE(unpack_attempts(std::string_view("\x01\x00\x02\xFF\xFF\x04", 6), out));  // status 65536 and above
    CHECK_FALSE(unpack_attempts("\x01\x01\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", out));  // 65 bits of cost

    std::string batch;
    pack_row(row, batch);
    std::vector<PackedRow> rows;
    for (std::size_t size = 0; size < batch.size(); ++size) {
        rows.clear();
        CHECK_MESSAGE(split_batch(std::string_view(batch).substr(0, size), rows).has_value() == (size == 1), size);
    }
    // A length that is shorter than its row: split holds, the row does not.
    std::string shorter = batch.substr(0, batch.size() - 1);
    shorter[1] = static_cast<char>(shorter[1] - 1);
    rows.clear();
    REQUIRE(split_batch(shorter, rows));
    CHECK_FALSE(unpack_row(rows.at(0), out));
}

TEST_CASE("random bytes are refused or read, never worse") {
    std::mt19937_64 random(42);
    for (int i = 0; i < 200'000; ++i) {
        std::string bytes(random() % 60, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        if (!bytes.empty() && random() % 2) bytes[0] = static_cast<char>(1 + random() % 3);
        LedgerRow row;
        if (unpack_attempts(bytes, row)) {
            CHECK(row.attempt_count <= kMaxAttempts);
            CHECK(row.step_count <= kMostSteps);
            PackedAttempts buffer;
            LedgerRow again;
            REQUIRE(unpack_attempts(pack_attempts(row, buffer), again));
            CHECK(again.attempt_count == row.attempt_count);
            CHECK(again.step_count == row.step_count);
        }
        std::vector<PackedRow> rows;
        if (split_batch(bytes, rows)) {
            for (const PackedRow& packed : rows) (void)unpack_row(packed, row);
        }
    }
}
