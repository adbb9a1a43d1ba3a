// What limits cost a request: the key's look-up, admission against the limits of key and tenant, headers, settling; and
// what budgets cost it: finding those that fit, reserving, settling, its task's costs. Wall time of each of several
// threads that share one key and one budget, which is the worst case.
//   ninja -C build/release admission_bench && build/release/admission_bench
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/folder_testing.h"
#include "limits/admission.h"
#include "limits/budget_book.h"
#include "limits/keys.h"

using namespace weir;
using namespace weir::limits;

namespace {

constexpr std::size_t kRequests = 1'000'000;
constexpr Rates kWide{kMostPerMinute, kMostPerMinute, kMostParallel};
constexpr std::string_view kKey = "wk-0123456789abcdefghijklmnopqrstuv";

KeyRing ring_with(Rates rates) {
    auto tenant = std::make_shared<Tenant>();
    tenant->name = "acme";
    tenant->rates = rates;
    tenant->meter = std::make_shared<Meter>();
    Caller caller;
    caller.tenant = std::move(tenant);
    caller.rates = rates;
    caller.meter = std::make_shared<Meter>();
    KeyRing ring;
    if (!ring.add(kKey, std::move(caller))) std::abort();
    return ring;
}

void work(const KeyRing& ring, std::atomic<std::size_t>& admitted) {
    std::string headers;
    for (std::size_t i = 0; i < kRequests; ++i) {
        Admission admission;
        const auto now = static_cast<Micros>(i * 1'000);  // threads run apart: some of one's come too early
        if (admission.admit(*ring.find(kKey), 2'000, now)) continue;
        admitted.fetch_add(1, std::memory_order_relaxed);
        headers.clear();
        admission.append_headers(now, headers);
        admission.settle(600, 200);
    }
}

BudgetRules budget_of(const char* name, BudgetOf of, bool each) {
    BudgetRules rules;
    rules.name = name;
    rules.of = of;
    rules.each = each;
    rules.limit = kMostBudget;
    return rules;
}

void spend(const std::shared_ptr<const BudgetSet>& set, std::atomic<std::size_t>& admitted) {
    constexpr std::uint64_t kTask = 7;
    BudgetFinder finder;
    finder.use(set);
    for (std::size_t i = 0; i < kRequests; ++i) {
        const std::vector<Budget*>& budgets =
            finder.find({"acme", "0123456789ab", "", "triage", "gpt-4o", "openai/gpt-4o", kTask});
        const CostBook::Usual usual = set->book->costs().usual(kTask);
        BudgetHold hold;
        const Usd cost{1'000'000 + static_cast<std::int64_t>(i % 1'000)};
        if (hold.take(*set->book, budgets, {usual.known ? usual.p95 : cost, cost, cost}).answer != Budget::Answer::in)
            continue;
        admitted.fetch_add(1, std::memory_order_relaxed);
        set->book->costs().add(kTask, cost);
        hold.settle(cost);
    }
}

template <class Work>
void measure(const char* what, std::size_t threads, Work one) {
    std::atomic<std::size_t> admitted{0};
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) running.emplace_back([&] { one(admitted); });
    for (std::thread& thread : running) thread.join();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - began;
    std::printf("%-28s %zu threads: %5.0f ns a request (%.1f %% admitted)\n", what, threads,
                taken.count() / static_cast<double>(kRequests),
                100.0 * static_cast<double>(admitted) / static_cast<double>(kRequests * threads));
}

void measure_limits(const char* what, Rates rates, std::size_t threads) {
    const KeyRing ring = ring_with(rates);
    measure(what, threads, [&](std::atomic<std::size_t>& admitted) { work(ring, admitted); });
}

void measure_budgets(const char* what, const std::vector<BudgetRules>& rules, std::size_t threads) {
    const TemporaryFolder folder;
    const SystemClock clock;
    const auto book = BudgetBook::open(folder.file("budgets"), clock);
    if (!book) std::abort();
    const std::shared_ptr<const BudgetSet> set = (*book)->configure(rules);
    measure(what, threads, [&](std::atomic<std::size_t>& admitted) { spend(set, admitted); });
}

}  // namespace

int main() {
    const std::vector<BudgetRules> one{budget_of("all", BudgetOf::all, false)};
    std::vector<BudgetRules> four = one;
    four.push_back(budget_of("teams", BudgetOf::tenant, true));
    four.push_back(budget_of("keys", BudgetOf::key, true));
    four.push_back(budget_of("tasks", BudgetOf::task, true));
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        measure_limits("no limits", {}, threads);
        measure_limits("all limits, key and tenant", kWide, threads);
        measure_budgets("one budget", one, threads);
        measure_budgets("a budget each of four kinds", four, threads);
    }
    return 0;
}
