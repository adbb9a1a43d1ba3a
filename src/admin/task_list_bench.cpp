// How long GET /api/tasks takes with 10,000 tasks: a day of real rows (so that the ledger folds them itself), 40 of
// each task by default, and a course that knows a thousand of them.
//   task_list_bench [rows of each task=40] [rounds=20]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "admin/task_list.h"
#include "store/ledger_testing.h"

namespace {

using namespace weir;

constexpr std::uint64_t kTasks = 10'000;
constexpr Micros kStart = 1'767'225'600'000'000, kDay = Micros{24} * 3600 * 1'000'000;

void write_rows(const std::string& folder, std::uint64_t of_each) {
    const auto ledger = store::testing::open_ledger(folder);
    const store::NameId names[] = {ledger->intern("acme"), ledger->intern("default"), ledger->intern("p/big")};
    const std::uint64_t rows = kTasks * of_each;
    FakeClock clock(kStart);
    RequestIds ids(clock, 0);
    for (std::uint64_t i = 0; i < rows; ++i) {
        clock.advance(kDay / static_cast<Micros>(rows));
        store::LedgerRow row;
        row.id = ids.next();
        row.status = 200;
        row.task = 1 + i * 7919 % kTasks;
        row.tenant = names[0];
        row.cascade = names[1];
        row.reference = names[2];
        row.tier = static_cast<store::TierKind>(i % 5);
        row.cost = Usd{static_cast<std::int64_t>(i % 1000)};
        row.cost_complete = true;
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
    for (std::uint64_t task = 1; task <= kTasks; ++task) {
        ledger->name_task(0, task, "p/big #" + to_hex(task));
        if (task % 64 == 0 && !ledger->flush()) std::abort();
    }
    if (!ledger->flush()) std::abort();
}

void measure(const char* what, int rounds, const std::function<void(int round)>& work) {
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        work(i);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    std::printf("%-42s p50 %7.1f ms  p95 %7.1f ms\n", what, times[times.size() / 2], times[times.size() * 95 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
    const auto of_each = static_cast<std::uint64_t>(argc > 1 ? std::atoi(argv[1]) : 40);
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
    const store::testing::TempFolder folder;
    write_rows(folder.path(), of_each);
    cascade::CascadeOptions cascade;
    cascade.name = "default";
    admin::TaskKnowledge known;
    known.cascades.push_back(&cascade);
    known.courses.emplace_back().name = "default disagreement p/small student > p/big";
    for (std::uint64_t task = 1; task <= 1'000; ++task) {
        auto& seen = known.courses[0].tasks.emplace_back();
        seen.task = task;
        seen.state = "shadow";
        seen.audited[0].add(task % 3 == 0, 1);
    }
    const Micros now = kStart + kDay;
    admin::TaskList list;
    const auto ask = [&](const std::string& query, Micros at) {
        if (!list.render(folder.path(), query, at, known)) std::abort();
    };
    measure("the first page of 24 h", rounds, [&](int i) { ask("most=200", now + (i + 1) * 2 * 5'000'000); });
    measure("another page of it", rounds,
            [&](int i) { ask("most=200&offset=" + std::to_string(i * 200), now + rounds * 10'000'000); });
    measure("searched", rounds, [&](int) { ask("most=200&search=big%2000ff", now + rounds * 10'000'000); });
    measure("by disagreement", rounds, [&](int) { ask("most=200&sort=disagreement", now + rounds * 10'000'000); });
    measure("one task", rounds,
            [&](int i) { ask("task=" + to_hex(std::uint64_t(i + 1)), now + (i + 1) * 2 * 5'000'000); });
    return 0;
}
