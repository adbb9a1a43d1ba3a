// How long the dashboard waits for its questions about a ledger of 10 million requests: 10,000 tasks of 50 tenants, 8
// references and 5 cascades, as skewed as callers are (Zipf), more by day than by night, all five tiers, audits,
// errors. The ledger is written by the code that writes it in the gateway, folded every `fold_s` seconds of its own
// time. Each question is asked `rounds` times, its range's end somewhere in the last six hours, through a connection of
// its own and with all of the answer's JSON, as GET /api/... is. The bar is 50 ms for the 95th percentile.
//   ledger_views_bench [rounds=40] [rows=10000000] [days=30] [fold_s=600] [folder=a new one in /tmp; filled if empty]
//   [only=, of the questions those with this text]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "admin/forecast_view.h"
#include "admin/ledger_views.h"
#include "admin/request_list.h"
#include "admin/task_list.h"
#include "base/hash.h"
#include "store/ledger_fold.h"
#include "store/ledger_schema.h"
#include "store/ledger_testing.h"
#include "store/rollups.h"

namespace {

using namespace weir;
using namespace weir::store;

constexpr double kBarMillis = 50;
constexpr std::uint64_t kTasks = 10'000, kTenants = 50, kReferences = 8, kCascades = 5;
constexpr Micros kSecond = 1'000'000, kHour = 3600 * kSecond, kDay = 24 * kHour;
constexpr Micros kEnd = 1'772'462'645'678'000;  // 2026-03-02T14:44:05Z
constexpr NameId kFirstTenant = 1, kFirstReference = 51, kFirstCascade = 59;

std::uint64_t task_of(std::uint64_t rank) {
    return (rank + 1) * 0x9E37'79B9'7F4A'7C15U;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Traffic {
  public:
    Traffic() {
        double sum = 0;
        for (std::uint64_t rank = 0; rank < kTasks; ++rank) {
            sum += 1 / static_cast<double>(rank + 1);
            up_to_.push_back(sum);
        }
    }

    LedgerRow row(Micros at, unsigned sequence) {
        LedgerRow row;
        row.id = RequestIds(FakeClock(at), 0).next() + static_cast<RequestId>(sequence);
        row.started_unix_micros = unix_micros_of(row.id) + static_cast<Micros>(below(1000));
        const std::uint64_t task = rank();
        row.task = task_of(task);
        row.tenant =
            static_cast<NameId>(kFirstTenant + mixed(task, 1) % kTenants * (mixed(task, 2) % kTenants) / kTenants);
        row.reference = static_cast<NameId>(kFirstReference + mixed(task, 3) % kReferences);
        row.cascade = static_cast<NameId>(kFirstCascade + mixed(task, 4) % kCascades);
        row.mode = mixed(task, 5) % 5 == 0 ? Mode::observe : Mode::serve;
        row.status = below(100) == 0 ? 502 : 200;
        row.streamed = below(2) == 0;
        row.complete = true;
        row.overhead_micros = static_cast<std::int32_t>(30 + below(300));
        row.counterfactual = Usd{static_cast<std::int64_t>(500'000 + below(20'000'000))};
        row.purpose = below(100) == 0 ? Purpose::audit : Purpose::request;
        answer(row, task);
        return row;
    }

  private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    static std::uint64_t mixed(std::uint64_t task, std::uint64_t by) {
        std::uint64_t value = (task + 1) * 0x9E37'79B9'7F4A'7C15U + by * 0xBF58'476D'1CE4'E5B9U;
        value = (value ^ (value >> 30)) * 0x94D0'49BB'1331'11EBU;
        return value >> 33;
    }
    std::uint64_t rank() {
        const double at = std::uniform_real_distribution<>(0, up_to_.back())(random_);
        return static_cast<std::uint64_t>(std::lower_bound(up_to_.begin(), up_to_.end(), at) - up_to_.begin());
    }
    void attempt(LedgerRow& row, TierKind tier, Outcome outcome, double median_micros) {
        Attempt& attempt = row.attempts[row.attempt_count++];
        attempt.tier = tier;
        attempt.outcome = outcome;
        attempt.latency_micros = static_cast<std::int32_t>(
            std::min(6e8, median_micros * std::exp(std::normal_distribution<>(0, 0.7)(random_))));
        row.latency_micros += attempt.latency_micros;
        if (tier != TierKind::model && tier != TierKind::reference) return;
        attempt.model = row.reference;
        attempt.status = 200;
        attempt.priced = true;
        attempt.input_uncached = static_cast<std::int32_t>(200 + below(3000));
        attempt.input_cached = below(3) == 0 ? 1024 : 0;
        attempt.output = static_cast<std::int32_t>(20 + below(800));
        attempt.cost = Usd{static_cast<std::int64_t>(50'000 + below(8'000'000))};
        row.cost += attempt.cost;
    }
    void answer(LedgerRow& row, std::uint64_t task) {
        const bool observed = row.mode == Mode::observe;
        const std::uint64_t kind = below(20);
        const TierKind would = kind < 5    ? TierKind::exact
                               : kind < 6  ? TierKind::semantic
                               : kind < 8  ? (mixed(task, 6) % 4 == 0 ? TierKind::student : TierKind::model)
                               : kind < 13 ? TierKind::model
                                           : TierKind::reference;
        const TierKind tier = observed ? TierKind::reference : would;
        if (observed && would != TierKind::reference) row.would_have = would;
        attempt(row, TierKind::exact, tier == TierKind::exact ? Outcome::served : Outcome::declined, 15);
        if (tier == TierKind::semantic || tier == TierKind::student) attempt(row, tier, Outcome::served, 500);
        if (tier == TierKind::model) attempt(row, tier, Outcome::served, 700'000);
        if (tier == TierKind::reference) attempt(row, tier, Outcome::served, 2'000'000);
        row.latency_micros += row.overhead_micros;
        if (row.status == 200) row.tier = tier;
        row.counterfactual_how = tier == TierKind::reference ? Counterfactual::measured : Counterfactual::repriced;
    }

    std::mt19937_64 random_{1};
    std::vector<double> up_to_;
};

void name_all(Database& database, LedgerTables& tables) {
    const auto name = [&](std::uint64_t count, const char* what) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string sql = "INSERT INTO names(name) VALUES('" + (what + std::to_string(i)) + "')";
            if (!database.execute(sql.c_str())) std::abort();
        }
    };
    name(kTenants, "tenant-");
    name(kReferences, "openai/model-");
    name(kCascades, "cascade-");
    for (std::uint64_t rank = 0; rank < kTasks; ++rank) {
        tables.name_task(task_of(rank), "task of rank " + std::to_string(rank));
    }
}

void write_ledger(const std::string& folder, std::size_t rows, Micros days, Micros fold_every) {
    auto database = open_ledger_for_writing(folder);
    if (!database || !database->execute("PRAGMA synchronous = OFF")) std::abort();
    auto tables = LedgerTables::prepare(*database);
    name_all(*database, *tables);
    Traffic traffic;
    std::string batch;
    double folding = 0, closing = 0, longest = 0;  // seconds
    const auto timed = [](double& sum, const auto& what) {
        const double before = cpu_seconds();
        what();
        sum += cpu_seconds() - before;
        return cpu_seconds() - before;
    };
    const auto fold = [&] {
        if (!tables->add_pending(batch)) std::abort();
        batch.clear();
        timed(folding, [&] {
            if (!fold_pending(*database, *tables)) std::abort();
        });
        bool left = true;
        while (left) longest = std::max(longest, timed(closing, [&] { left = *close_next_unit(*database, *tables); }));
    };
    // Twice as many by day as on the average, hardly any by night.
    const double gap = static_cast<double>(days * kDay) / static_cast<double>(rows);
    double at = static_cast<double>(kEnd - days * kDay);
    Micros next_fold = static_cast<Micros>(at) + fold_every;
    std::size_t in_batch = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        const double of_day = std::fmod(at / static_cast<double>(kDay), 1.0);
        at = std::min(at + gap / (1 + 0.9 * std::sin(2 * M_PI * (of_day - 0.3))), static_cast<double>(kEnd));
        pack_row(traffic.row(static_cast<Micros>(at), static_cast<unsigned>(i % 60'000)), batch);
        if (static_cast<Micros>(at) < next_fold && ++in_batch < SqliteLedger::Options().fold_rows) continue;
        fold();
        next_fold = static_cast<Micros>(at) + fold_every;
        in_batch = 0;
    }
    fold();
    const double n = static_cast<double>(rows);
    std::printf("written: CPU-us/row to fold %.2f, to close units %.2f; the longest of these steps took %.0f ms\n",
                folding / n * 1e6, closing / n * 1e6, longest * 1000);
}

std::string task_text(std::uint64_t rank) {
    return to_hex(task_of(rank));
}

class Asker {
  public:
    Asker(std::string folder, int rounds, std::string only)
        : folder_(std::move(folder)), only_(std::move(only)), rounds_(rounds) {
        ledger_ = testing::open_ledger(folder_);
    }

    // `query`: of the round, so that tasks differ.
    void ask(const char* path, const std::string& what, const std::function<std::string(int round)>& query) {
        if ((std::string(path) + " " + what).find(only_) == std::string::npos) return;
        std::vector<double> millis, cpu_millis;
        std::size_t bytes = 0;
        std::mt19937_64 random(7);
        for (int round = 0; round < rounds_; ++round) {
            const Micros now =
                kEnd - static_cast<Micros>(random() % 6) * kHour - static_cast<Micros>(random() % 3600) * kSecond;
            const std::string asked = query(round);
            const double cpu_before = cpu_seconds();
            const auto begun = std::chrono::steady_clock::now();
            const auto answer = answer_of(path, asked, now);
            cpu_millis.push_back(1000 * (cpu_seconds() - cpu_before));
            millis.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
            if (!answer) {
                std::fprintf(stderr, "%s?%s: %s\n", path, asked.c_str(), answer.error().message.c_str());
                std::exit(1);
            }
            bytes = answer->size();
        }
        std::sort(millis.begin(), millis.end());
        std::sort(cpu_millis.begin(), cpu_millis.end());
        const auto at = [&](const std::vector<double>& of, std::size_t percent) {
            return of[of.size() * percent / 100];
        };
        const bool missed = at(millis, 95) > kBarMillis;
        missed_ += missed ? 1 : 0;
        std::printf("%-9s %-40s p50 %6.1f  p95 %6.1f ms (CPU %6.1f, %6.1f)  %s, %zu bytes\n", path, what.c_str(),
                    at(millis, 50), at(millis, 95), at(cpu_millis, 50), at(cpu_millis, 95),
                    missed ? "MISSED" : "within the bar", bytes);
        std::fflush(stdout);
    }
    // Once after each start all hours have to be read: told, and not held to the bar.
    void start_forecasts() {
        if (std::string("forecast").find(only_) == std::string::npos) return;
        const auto begun = std::chrono::steady_clock::now();
        if (!answer_of("forecast", {}, kEnd)) std::abort();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
        std::printf("the first forecast after a start: %.0f ms\n", took.count());
    }
    int missed() const { return missed_; }

  private:
    Result<std::string> answer_of(std::string_view path, const std::string& query, Micros now) {
        if (path == "overview") return admin::render_overview(folder_, query, now);
        if (path == "spend") return admin::render_spend(folder_, query, now);
        if (path == "forecast") {
            return admin::render_forecast(spending_, folder_, "time_zone=Europe/Berlin", budgets(now), now);
        }
        if (path == "tasks") return admin::TaskList().render(folder_, query, now, {});  // nothing is kept of before
        return admin::render_requests(*ledger_, folder_, query, now);
    }
    // A budget for each tenant, by day, and some of other kinds.
    static std::vector<limits::BudgetBook::View> budgets(Micros now) {
        using limits::BudgetOf;
        std::vector<limits::BudgetBook::View> views;
        const auto add = [&](BudgetOf of, const std::string& whose, limits::Span span) {
            limits::BudgetBook::View view;
            view.rules.name = "budget-" + std::to_string(views.size());
            view.rules.of = of;
            view.rules.whose = whose;
            view.rules.span = span;
            view.now.limit = Usd{1'000'000'000'000};
            const limits::TimeWindow window = limits::calendar_window(span, {}, now);
            view.now.start = window.start;
            view.now.end = window.end;
            views.push_back(view);
        };
        for (std::uint64_t i = 0; i < kTenants; ++i) {
            add(BudgetOf::tenant, "tenant-" + std::to_string(i), limits::Span::day);
        }
        add(BudgetOf::all, {}, limits::Span::month);
        add(BudgetOf::model, "model-1*", limits::Span::month);
        add(BudgetOf::task, task_text(0), limits::Span::month);
        return views;
    }

    std::string folder_, only_;
    int rounds_;
    std::unique_ptr<SqliteLedger> ledger_;
    admin::SpendReader spending_;
    int missed_ = 0;
};

void ask_all(Asker& asker) {
    const auto same = [](std::string query) { return [query](int) { return query; }; };
    const auto with_task = [](const std::string& query, std::uint64_t first) {
        return [query, first](int round) {
            return query + "&task=" + task_text(first + static_cast<std::uint64_t>(round) % 20);
        };
    };
    asker.start_forecasts();
    asker.ask("forecast", "with 53 budgets", same(""));
    const std::vector<std::string> ranges = {"1h", "6h", "24h", "7d", "30d", "90d", "3660d"};
    for (const std::string& range : ranges) {
        const std::string since = "since=" + range;
        asker.ask("overview", range, same(since));
        asker.ask("overview", range + ", a tenant", same(since + "&tenant=tenant-3"));
        asker.ask("overview", range + ", a reference and a cascade",
                  same(since + "&reference=openai/model-2&cascade=cascade-1"));
        asker.ask("overview", range + ", a tier", same(since + "&tier=model"));
        asker.ask("overview", range + ", one of the 20 largest tasks", with_task(since, 0));
        asker.ask("overview", range + ", a rare task", with_task(since, 9'000));
        asker.ask("overview", range + ", four tasks of a tier",
                  same(since + "&tier=exact&task=" + task_text(1) + "&task=" + task_text(10) +
                       "&task=" + task_text(100) + "&task=" + task_text(1000)));
        for (const char* by : {"task", "model", "tenant", "tier", "day"}) {
            asker.ask("spend", range + " by " + by, same(since + "&by=" + by));
        }
        asker.ask("spend", range + " by task, all 1000 lines", same(since + "&by=task&most=1000&offset=500"));
        asker.ask("spend", range + " by task, a tenant and a tier",
                  same(since + "&by=task&tenant=tenant-3&tier=model"));
        asker.ask("spend", range + " by day, a task", with_task(since + "&by=day", 0));
        asker.ask("spend", range + " by tier, a tenant", same(since + "&by=tier&tenant=tenant-3"));
        asker.ask("tasks", range + ", the first page", same(since + "&most=200"));
        asker.ask("tasks", range + ", one task",
                  [since](int round) { return since + "&task=" + task_text(static_cast<std::uint64_t>(round) % 20); });
        asker.ask("requests", range, same(since));
        asker.ask("requests", range + ", errors of a tenant", same(since + "&tenant=tenant-3&status=error"));
        asker.ask("requests", range + ", a large task, 200 rows", with_task(since + "&most=200", 0));
        asker.ask("requests", range + ", a rare task", with_task(since, 9'000));
        asker.ask("requests", range + ", a tenant that is none", same(since + "&tenant=nobody"));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, const char* otherwise) { return std::string(argc > i ? argv[i] : otherwise); };
    const int rounds = std::max(1, std::stoi(argument(1, "40")));
    const std::size_t rows = std::stoull(argument(2, "10000000"));
    const Micros days = std::stoll(argument(3, "30"));
    const Micros fold_s = std::stoll(argument(4, "600"));
    const testing::TempFolder temporary;
    const std::string folder = argument(5, temporary.path().c_str());
    std::filesystem::create_directories(folder);
    if (!std::filesystem::exists(ledger_path(folder))) write_ledger(folder, rows, days, fold_s * kSecond);
    std::printf("%zu rows over %lld days, %.1f bytes a row on disk, bar %.0f ms\n", rows, static_cast<long long>(days),
                static_cast<double>(std::filesystem::file_size(ledger_path(folder))) / static_cast<double>(rows),
                kBarMillis);
    Asker asker(folder, rounds, argument(6, ""));
    ask_all(asker);
    std::printf("%d questions missed the bar\n", asker.missed());
    return 0;
}
