#include "telemetry/lane_telemetry.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "telemetry/access_log.h"
#include "telemetry/telemetry.h"

using namespace weir;
using namespace weir::telemetry;

namespace {

store::LedgerRow row(std::uint64_t task = 1) {
    store::LedgerRow row;
    row.id = 0x123;
    row.started_unix_micros = 1'700'000'000'123'456;
    row.latency_micros = 1'500;
    row.overhead_micros = 60;
    row.status = 200;
    row.tenant = 1;
    row.cascade = 2;
    row.reference = row.served_model = 3;
    row.task = task;
    row.tier = store::TierKind::reference;
    row.attempt_count = 1;
    store::Attempt& attempt = row.attempts[0];
    attempt.outcome = store::Outcome::served;
    attempt.status = 200;
    attempt.model = 3;
    attempt.input_uncached = 70;
    attempt.input_cached = 30;
    attempt.output = 9;
    attempt.priced = true;
    attempt.latency_micros = 1'400;
    row.cost = attempt.cost = Usd{1'000};
    row.counterfactual = Usd{1'000};
    row.counterfactual_how = store::Counterfactual::measured;
    return row;
}

std::string name_of(store::NameId id) {
    constexpr std::array<std::string_view, 4> kNames = {"", "acme \"co\"", "default", "fake/large"};
    return std::string(kNames.at(id));
}

Options with_otlp() {
    Options options;
    options.otlp.emplace();
    return options;
}

const LabelTotals* find(const Totals& totals, std::uint64_t task) {
    for (const LabelTotals& line : totals.labels) {
        if (!line.other && line.set.task == task) return &line;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("what is settled is counted by its labels, over all reactors") {
    Telemetry telemetry(with_otlp());
    LaneTelemetry& a = telemetry.add_lane();
    LaneTelemetry& b = telemetry.add_lane();
    a.settled(row(), {});
    b.settled(row(), {});
    b.settled(row(2), {});
    const Totals totals = telemetry.totals();
    REQUIRE(find(totals, 1) != nullptr);
    CHECK(find(totals, 1)->requests == 2);
    CHECK(find(totals, 1)->tokens == std::array<std::uint64_t, 5>{140, 60, 0, 18, 0});
    CHECK(find(totals, 1)->cost == Usd{2'000});
    CHECK(find(totals, 1)->saved == Usd{0});
    CHECK(find(totals, 2)->requests == 1);
    CHECK(totals.overhead.total() == 3);
    CHECK(totals.overhead.sum == 180);
    CHECK(totals.overhead.counts[2] == 3);  // 50 to 100 us
    CHECK(find(totals, 1)->task_name.empty());
    telemetry.name_task(1, "ranking");
    telemetry.name_task(1, "another");
    CHECK(find(telemetry.totals(), 1)->task_name == "ranking");
    CHECK(find(telemetry.totals(), 2)->task_name.empty());
    CHECK(totals.latency[4].total() == 3);
    CHECK(totals.upstream.sum == 4'200);
    CHECK(totals.first_token.total() == 0);
    REQUIRE(totals.models.size() == 2);
    CHECK(totals.models[1].input.sum == 300);
    CHECK(totals.models[1].duration.total() == 3);
}

TEST_CASE("a value's bucket is the first whose bound it does not exceed") {
    const auto check = [](const auto& bounds, auto bucket_of) {
        for (std::size_t i = 0; i < bounds.size(); ++i) {
            CHECK(bucket_of(bounds[i]) == i);
            CHECK(bucket_of(bounds[i] + 1) == i + 1);
        }
        CHECK(bucket_of(-1) == 0);
        CHECK(bucket_of(0) == 0);
        CHECK(bucket_of(std::numeric_limits<std::int64_t>::max()) == bounds.size());
    };
    check(kDurationBounds, Durations::bucket_of);
    check(kOverheadBounds, Overheads::bucket_of);
    check(kTokenBounds, TokenCounts::bucket_of);
}

TEST_CASE("more keys than are kept at hand") {
    Options options;
    options.label_sets = 500;
    Telemetry telemetry(options);
    LaneTelemetry& lane = telemetry.add_lane();
    for (int turn = 0; turn < 3; ++turn) {
        for (std::uint64_t task = 1; task <= 200; ++task) lane.settled(row(task), {});
    }
    const Totals totals = telemetry.totals();
    for (std::uint64_t task = 1; task <= 200; ++task) {
        REQUIRE(find(totals, task) != nullptr);
        CHECK(find(totals, task)->requests == 3);
    }
}

TEST_CASE("what Weir asks on its own account costs, but is no request") {
    Telemetry telemetry(with_otlp());
    LaneTelemetry& lane = telemetry.add_lane();
    store::LedgerRow audit = row();
    audit.purpose = store::Purpose::audit;
    audit.counterfactual = Usd{0};
    RequestNote note;
    note.trace = lane.begin_in_background(7, {});
    CHECK(!note.trace.recorded);
    lane.settled_in_background(audit, note);
    CHECK(telemetry.waiting() == 0);
    note.trace = lane.begin_in_background(7, {{1, 2}, 3});
    CHECK(note.trace.recorded);
    CHECK(note.trace.trace.low != 2);
    lane.settled_in_background(audit, note);
    CHECK(telemetry.waiting() == 1);
    const Totals totals = telemetry.totals();
    CHECK(find(totals, 1)->requests == 0);
    CHECK(find(totals, 1)->cost == Usd{2'000});
    CHECK(find(totals, 1)->saved == Usd{-2'000});
    CHECK(totals.overhead.total() == 0);
}

TEST_CASE("beyond the limit a set counts by its tier alone, on every reactor") {
    Options options;
    options.label_sets = 2;
    Telemetry telemetry(options);
    LaneTelemetry& a = telemetry.add_lane();
    LaneTelemetry& b = telemetry.add_lane();
    for (std::uint64_t task = 1; task <= 5; ++task) a.settled(row(task), {});
    for (std::uint64_t task = 5; task >= 1; --task) b.settled(row(task), {});
    const Totals totals = telemetry.totals();
    CHECK(totals.labels.size() == kTierLabels + 2);
    CHECK(find(totals, 1)->requests == 2);
    CHECK(find(totals, 2)->requests == 2);
    CHECK(find(totals, 3) == nullptr);
    CHECK(totals.labels[4].requests == 6);
}

TEST_CASE("no sets at all") {
    Options options;
    options.label_sets = 0;
    Telemetry telemetry(options);
    telemetry.add_lane().settled(row(), {});
    CHECK(telemetry.totals().labels.size() == kTierLabels);
    CHECK(telemetry.totals().labels[4].requests == 1);
}

TEST_CASE("a full ring loses what comes next, and counts it") {
    Telemetry telemetry(with_otlp());
    LaneTelemetry& lane = telemetry.add_lane();
    RequestNote note;
    lane.begin(1, {}, note.trace);
    REQUIRE(note.trace.recorded);
    for (std::size_t i = 0; i < kSettledRows + 3; ++i) lane.settled(row(), note);
    CHECK(telemetry.losses().settled == 3);
    std::size_t taken = 0;
    lane.ring()->take([&](const Settled& settled) { taken += settled.row.attempts[0].output == 9 ? 1 : 0; });
    CHECK(taken == kSettledRows);
    CHECK(telemetry.waiting() == 0);
}

TEST_CASE("nobody wants them: nothing is kept") {
    Telemetry telemetry;
    LaneTelemetry& lane = telemetry.add_lane();
    CHECK(!lane.wants_trace());
    CHECK(lane.ring() == nullptr);
}

TEST_CASE("a line of the access log") {
    NameTexts names(name_of);
    Settled settled;
    settled.row = row(0xab);
    settled.note.first_token_micros = 700;
    std::string line;
    append_access_line(settled, names, line);
    CHECK(line ==
          R"({"time":"2023-11-14T22:13:20.123Z","id":"0000000000000123","trace_id":null,"operation":"chat",)"
          R"("tenant":"acme \"co\"","cascade":"default","reference":"fake/large","model":"fake/large",)"
          R"("task":"00000000000000ab","tier":"reference","mode":"off","status":200,"stream":false,"complete":false,)"
          R"("input_tokens":70,"cached_input_tokens":30,"cache_write_tokens":0,"output_tokens":9,"reasoning_tokens":0,)"
          R"("cost_usd":0.000001,"saved_usd":0,"latency_us":1500,"overhead_us":60,"first_token_us":700,"attempts":1})"
          "\n");
}
