// How long GET /api/forecast takes over eight weeks in which `tenants` of two references and four tiers spend each
// hour, with ten budgets.
//   forecast_bench [tenants=50]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "admin/forecast_view.h"
#include "store/ledger_schema.h"
#include "store/ledger_tables.h"
#include "store/ledger_testing.h"

namespace {

using namespace weir;
using namespace weir::store;

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kHours = 8 * 168, kFirstHour = 490'920;

void write_rollups(const std::string& folder, std::int64_t tenants) {
    auto database = open_ledger_for_writing(folder);
    auto tables = LedgerTables::prepare(*database);
    auto transaction = Transaction::begin(*database, "BEGIN IMMEDIATE");
    for (std::int64_t hour = kFirstHour; hour < kFirstHour + kHours; ++hour) {
        for (std::int64_t i = 0; i < tenants * 8; ++i) {
            RollupCell cell{Detail::names, RollupUnit::hour, hour, {}};
            cell.key.tenant = static_cast<NameId>(1 + i / 8);
            cell.key.reference = static_cast<NameId>(1 + tenants + i % 2);
            cell.key.tier = tier_of_code(1 + i / 2 % 4);
            tables->add_to_rollup(cell, {17, 0, 0, 1, 1, 1, 1'000'000 * (1 + hour % 24), 1, 1, 1});
        }
    }
    if (!transaction->commit()) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t tenants = argc > 1 ? std::atoi(argv[1]) : 50;
    const testing::TempFolder folder;
    {
        const auto ledger = testing::open_ledger(folder.path());
        for (std::int64_t i = 0; i < tenants + 2; ++i) static_cast<void>(ledger->intern("name" + std::to_string(i)));
    }
    write_rollups(folder.path(), tenants);
    const Micros now = (kFirstHour + kHours) * kHour + kHour / 3;
    std::vector<limits::BudgetBook::View> budgets(10);
    for (auto& budget : budgets) {
        const limits::TimeWindow window = limits::calendar_window(limits::Span::month, {}, now);
        budget.now.start = window.start;
        budget.now.end = window.end;
        budget.now.limit = Usd{1'000'000'000'000};
    }
    for (int i = 0; i < 5; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        const auto body = admin::render_forecast(folder.path(), {}, budgets, now);
        if (!body) std::abort();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
        std::printf("%lld tenants, %lld cells: %.0f ms\n", static_cast<long long>(tenants),
                    static_cast<long long>(tenants * 8 * kHours), took.count());
    }
}
