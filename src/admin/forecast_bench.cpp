// How long GET /api/forecast takes over eight weeks in which `tenants` of two references and four tiers spend each
// hour, with ten budgets.
// It is the second day of a month, when most of it is ahead.
//   forecast_bench [tenants=50] [rounds=100]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "admin/forecast_view.h"
#include "store/ledger_schema.h"
#include "store/ledger_tables.h"
#include "store/ledger_testing.h"

namespace {

using namespace weir;
using namespace weir::store;

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kHours = 8 * 168, kFirstHour = 490'993;

void write_rollups(const std::string& folder, std::int64_t tenants) {
    auto database = open_ledger_for_writing(folder);
    auto tables = LedgerTables::prepare(*database);
    auto transaction = Transaction::begin(*database, "BEGIN IMMEDIATE");
    for (std::int64_t hour = kFirstHour; hour < kFirstHour + kHours; ++hour) {
        std::map<SheetKey, std::vector<Cell>> sheets;
        for (std::int64_t i = 0; i < tenants * 8; ++i) {
            Cell cell;
            cell.key.tenant = static_cast<NameId>(1 + i / 8);
            cell.key.reference = static_cast<NameId>(1 + tenants + i % 2);
            cell.key.tier = tier_of_code(1 + i / 2 % 4);
            cell.sums.requests = 17;
            cell.sums.cost = 1'000'000 * (1 + hour % 24);
            for (const Detail detail : {Detail::all, Detail::route, Detail::names}) {
                sheets[SheetKey{RollupUnit::hour, detail, cell.part(detail), hour}].push_back(cell.at_detail(detail));
            }
        }
        for (auto& [key, cells] : sheets) {
            combine(cells);
            if (!tables->put_sheet(key, pack_sheet(cells))) std::abort();
        }
    }
    if (!tables->set_closed(RollupUnit::hour, (kFirstHour + kHours) * 60) || !transaction->commit()) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t tenants = argc > 1 ? std::atoi(argv[1]) : 50;
    const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 100;
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
    admin::SpendReader reader;
    std::vector<double> millis;
    for (int i = 0; i <= rounds; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        const auto body = admin::render_forecast(reader, folder.path(), {}, budgets, now);
        if (!body) std::abort();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
        millis.push_back(took.count());
    }
    const double first = millis.front();
    millis.erase(millis.begin());
    std::sort(millis.begin(), millis.end());
    std::printf("%lld tenants, %lld cells: the first %.0f ms, then p50 %.1f, p95 %.1f ms\n",
                static_cast<long long>(tenants), static_cast<long long>(tenants * 8 * kHours), first,
                millis[millis.size() / 2], millis[millis.size() * 95 / 100]);
}
