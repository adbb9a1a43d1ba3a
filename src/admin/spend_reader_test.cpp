#include "admin/spend_reader.h"

#include <doctest/doctest.h>

#include <random>

#include "base/hash.h"
#include "store/ledger_fold.h"
#include "store/ledger_schema.h"
#include "store/ledger_testing.h"
#include "store/rollups.h"

using namespace weir;
using namespace weir::admin;
using limits::BudgetOf;

namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kHours = limits::kForecastWeeks * 168;
constexpr std::int64_t kStart = 490'000;  // hours since 1970
constexpr std::uint64_t kNames = 7, kTasks = 24;

std::string name_at(std::uint64_t i) {
    return i % 2 == 0 ? "openai/m" + std::to_string(i) : "m" + std::to_string(i);
}
std::uint64_t task_at(std::uint64_t i) {
    return (i + 1) * 0x9E37'79B9'7F4A'7C15U;
}

// A ledger that is written as the gateway does, and everything that is in it.
class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed) {
        database_.emplace(std::move(*store::open_ledger_for_writing(folder.path())));
        REQUIRE(database_->execute("PRAGMA synchronous = OFF"));
        tables_.emplace(std::move(*store::LedgerTables::prepare(*database_)));
        for (std::uint64_t i = 0; i < kNames; ++i) {
            REQUIRE(database_->execute(("INSERT INTO names(name) VALUES('" + name_at(i) + "')").c_str()));
        }
        for (std::uint64_t i = 0; i < kTasks; i += 2) {  // two have each name, every other none
            tables_->name_task(task_at(i), "job " + std::to_string(i / 4));
        }
    }

    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    // Requests that ended, of hours until `hour`, most of them of late.
    void write(std::int64_t hour, int count) {
        std::string batch;
        for (int i = 0; i < count; ++i) {
            const auto back = static_cast<std::int64_t>(below(4) == 0 ? below(kHours + 200) : below(3));
            store::LedgerRow row;
            const FakeClock clock((hour - back) * kHour + static_cast<Micros>(below(kHour)));
            row.id = RequestIds(clock, 0).next() + static_cast<RequestId>(below(4'000));
            row.tenant = static_cast<store::NameId>(below(kNames + 1));  // 0: none
            row.reference = static_cast<store::NameId>(1 + below(kNames));
            row.cascade = static_cast<store::NameId>(1 + below(2));
            row.task = below(5) == 0 ? 0 : task_at(below(kTasks));
            row.purpose = below(4) == 0 ? store::Purpose::audit : store::Purpose::request;
            if (below(3) > 0) row.tier = store::TierKind::reference;
            row.status = 200;
            row.cost = Usd{static_cast<std::int64_t>(below(5) == 0 ? 0 : below(1'000'000'000))};
            pack_row(row, batch);
            rows_.push_back(row);
        }
        REQUIRE(tables_->add_pending(batch));
    }
    void fold() {
        REQUIRE(store::fold_pending(*database_, *tables_));
        for (std::uint64_t i = below(200); i > 0 && *store::close_next_unit(*database_, *tables_);) --i;
    }

    // Slowly: row by row.
    Hours sum(Micros now, const std::function<bool(const store::LedgerRow&)>& counts) const {
        const std::int64_t first = now / kHour - kHours;
        Hours hours(kHours + 1, 0);
        for (const store::LedgerRow& row : rows_) {
            const Micros at = unix_micros_of(row.id);
            if (at > now || at / kHour < first || !counts(row)) continue;
            hours[static_cast<std::size_t>(at / kHour - first)] += row.cost.nanos;
        }
        return hours;
    }

    store::testing::TempFolder folder;

  private:
    std::mt19937_64 random_;
    std::optional<store::Database> database_;
    std::optional<store::LedgerTables> tables_;
    std::vector<store::LedgerRow> rows_;
};

struct Asked {
    limits::BudgetRules rules;
    std::function<bool(const store::LedgerRow&)> counts;
};

std::vector<Asked> all_kinds() {
    std::vector<Asked> asked;
    const auto add = [&](BudgetOf of, const std::string& whose, std::function<bool(const store::LedgerRow&)> counts) {
        Asked& one = asked.emplace_back();
        one.rules.of = of;
        one.rules.whose = whose;
        one.counts = std::move(counts);
    };
    add(BudgetOf::all, "", [](const store::LedgerRow&) { return true; });
    for (std::uint64_t i = 0; i < kNames; ++i) {
        add(BudgetOf::tenant, name_at(i), [i](const store::LedgerRow& row) { return row.tenant == i + 1; });
        add(BudgetOf::model, name_at(i), [i](const store::LedgerRow& row) { return row.reference == i + 1; });
    }
    add(BudgetOf::model, "openai/*", [](const store::LedgerRow& row) { return row.reference % 2 == 1; });
    add(BudgetOf::model, "m?", [](const store::LedgerRow&) { return true; });
    add(BudgetOf::tenant, "nobody", [](const store::LedgerRow&) { return false; });
    for (const std::uint64_t name : {0U, 3U}) {
        add(BudgetOf::task, "job " + std::to_string(name), [name](const store::LedgerRow& row) {
            return row.task == task_at(4 * name) || row.task == task_at(4 * name + 2);
        });
    }
    add(BudgetOf::task, to_hex(task_at(5)), [](const store::LedgerRow& row) { return row.task == task_at(5); });
    add(BudgetOf::task, "job of nobody", [](const store::LedgerRow&) { return false; });
    return asked;
}

class Check {
  public:
    Check(const World& world, SpendReader& reader) : world_(world), reader_(reader) {}

    void operator()(Micros now, const std::vector<Asked>& asked) const {
        auto database = store::open_ledger_for_reading(world_.folder.path());
        REQUIRE(database);
        const auto snapshot = store::Transaction::begin(*database, "BEGIN");
        const auto names = store::load_names(*database);
        SpendSplit split;
        for (const Asked& one : asked) split.add(one.rules, "");
        const auto book = reader_.read(*database, *names, now, split);
        REQUIRE(book);
        CHECK((*book)->complete);
        CHECK((*book)->first_hour == now / kHour - kHours);
        for (const Asked& one : asked) {
            CAPTURE(limits::to_string(one.rules.of));
            CAPTURE(one.rules.whose);
            CHECK((*book)->of(one.rules, "") == world_.sum(now, one.counts));
        }
    }

  private:
    const World& world_;
    SpendReader& reader_;
};

}  // namespace

TEST_CASE("what is kept of past hours equals the rows, whatever comes late") {
    const std::vector<Asked> kinds = all_kinds();
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        World world(seed);
        SpendReader reader;
        const Check check(world, reader);
        std::int64_t hour = kStart;
        world.write(hour, 1'500);
        world.fold();
        for (int step = 0; step < 20; ++step) {
            CAPTURE(step);
            world.write(hour, 1 + static_cast<int>(world.below(60)));
            if (world.below(2) == 0) world.fold();
            // Some are asked about, others later; now and then the clock is set back, or nobody has asked for weeks.
            std::vector<Asked> some;
            for (const Asked& one : kinds) {
                if (world.below(2) == 0) some.push_back(one);
            }
            check(hour * kHour + static_cast<Micros>(world.below(kHour)), step % 3 == 0 ? kinds : some);
            const std::uint64_t jump = world.below(10);
            hour += jump == 0   ? -static_cast<std::int64_t>(world.below(9))
                    : jump == 1 ? static_cast<std::int64_t>(world.below(2 * kHours))
                                : static_cast<std::int64_t>(world.below(3));
        }
    }
}

TEST_CASE("more tasks than are read one by one; those that are wanted change") {
    World world(9);
    SpendReader reader;
    const Check check(world, reader);
    world.write(kStart, 1'000);
    world.fold();
    std::vector<Asked> asked;
    for (std::uint64_t i = 0; i < kTasks; ++i) {
        Asked& one = asked.emplace_back();
        one.rules.of = BudgetOf::task;
        one.rules.whose = to_hex(task_at(i));
        one.counts = [i](const store::LedgerRow& row) { return row.task == task_at(i); };
    }
    const Micros now = kStart * kHour + kHour / 2;
    check(now, {asked.begin(), asked.begin() + 3});
    check(now, asked);
    world.write(kStart, 100);
    check(now + kHour, asked);
    check(now + kHour, {asked.begin() + 5, asked.begin() + 6});
}

TEST_CASE("sums in dollars and since a time") {
    SpendBook book;
    book.first_hour = 10;
    const Hours hours{1'000'000'000, 0, 500'000'000, 7};
    CHECK(book.since(hours, 0) == Usd{1'500'000'007});
    CHECK(book.since(hours, 12 * kHour + 5) == Usd{500'000'007});
    CHECK(book.since(hours, 99 * kHour) == Usd{});
    CHECK(book.history(hours).first_hour == 10);
    CHECK(book.history(hours).dollars == std::vector<double>{1, 0, 0.5});
}
