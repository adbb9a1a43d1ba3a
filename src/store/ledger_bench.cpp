// What the ledger costs: CPU-us a row (append, commits, rollups) and bytes a row on disk (indexes and rollups
// included).
//   ledger_bench [rows=200000] [rows_per_s=20000, 0: as fast as it goes] [tasks=20] [order=ended|begun] [folder=a new
//   one in /tmp] [steps|none]
// order: `ended`: rows come in the order in which their requests end (upstreams of 0.1 to 5 s), which is not that of
// their ids; `begun`: in that of their ids, as behind an instant upstream.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "store/ledger.h"
#include "store/report.h"

namespace {

using namespace weir;
using namespace weir::store;

struct Names {
    NameId tenant[3], cascade, reference, small;
};

// 30 % exact hits, 40 % the small model's, 30 % the reference's after the small model was declined.
// With steps: what triage said, and what the small model's gate compared.
LedgerRow make_row(RequestId id, const Names& names, std::uint64_t tasks, bool steps, std::mt19937_64& random) {
    const auto below = [&](std::uint64_t n) { return random() % n; };
    LedgerRow row;
    row.id = id;
    row.started_unix_micros = unix_micros_of(id) + static_cast<Micros>(below(1000));
    row.status = below(100) == 0 ? 502 : 200;
    row.mode = Mode::serve;
    row.streamed = below(2) == 0;
    row.complete = true;
    row.tenant = names.tenant[below(3)];
    row.cascade = names.cascade;
    row.reference = names.reference;
    row.task = (1 + below(tasks)) * 0x9E37'79B9'7F4A'7C15U;
    row.overhead_micros = static_cast<std::int32_t>(50 + below(300));
    row.counterfactual = Usd{static_cast<std::int64_t>(500'000 + below(20'000'000))};
    const std::uint64_t kind = below(10);
    const auto add = [&](TierKind tier, Outcome outcome, NameId model) -> Attempt& {
        Attempt& attempt = row.attempts[row.attempt_count++];
        attempt.tier = tier;
        attempt.outcome = outcome;
        attempt.model = model;
        if (model == kNoName) return attempt;
        attempt.status = 200;
        attempt.priced = true;
        attempt.input_uncached = static_cast<std::int32_t>(200 + below(3000));
        attempt.input_cached = below(3) == 0 ? 1024 : 0;
        attempt.output = static_cast<std::int32_t>(20 + below(800));
        attempt.cost = Usd{static_cast<std::int64_t>(50'000 + below(8'000'000))};
        attempt.latency_micros = static_cast<std::int32_t>(100'000 + below(2'500'000));
        row.cost += attempt.cost;
        row.latency_micros += attempt.latency_micros;
        return attempt;
    };
    add(TierKind::exact, kind < 3 ? Outcome::served : Outcome::declined, kNoName).latency_micros = 15;
    if (kind >= 3) {
        add(TierKind::model, kind < 7 ? Outcome::served : Outcome::declined, names.small).evidence = -0.125F;
    }
    if (kind >= 7) add(TierKind::reference, Outcome::served, names.reference);
    if (kind >= 3 && steps) {
        const auto share = [&] { return static_cast<double>(below(1'000'000)) / 1e6; };
        const auto triage = Reason::of(Said::triage, 1).scored(share());
        row.add_step({triage, StepVerdict::asked, true, 1, Step::kNobody, kNoName});
        const auto risk = Reason::of(Said::risk_log_probability).scored(-share()).risking(share()).needing(share());
        row.add_step({risk, kind < 7 ? StepVerdict::served : StepVerdict::refused, false, 1, 0, kNoName});
    }
    row.tier = kind < 3 ? TierKind::exact : kind < 7 ? TierKind::model : TierKind::reference;
    row.served_model = kind < 7 ? names.small : names.reference;
    row.counterfactual_how = kind < 3   ? Counterfactual::replayed
                             : kind < 7 ? Counterfactual::repriced
                                        : Counterfactual::measured;
    row.latency_micros += row.overhead_micros;
    return row;
}

using Steady = std::chrono::steady_clock;

// CPU seconds of the process.
struct Cpu {
    double user, system;

    static Cpu now() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
    }
    Cpu operator-(const Cpu& other) const { return {user - other.user, system - other.system}; }
};

int fail_with(const Error& error) {
    std::fprintf(stderr, "ledger_bench: %s\n", error.message.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, const char* otherwise) { return std::string(argc > i ? argv[i] : otherwise); };
    const std::size_t count = std::stoull(argument(1, "200000"));
    const std::size_t rate = std::stoull(argument(2, "20000"));
    const std::uint64_t tasks = std::stoull(argument(3, "20"));
    const bool by_end = argument(4, "ended") == "ended";
    std::string folder = argument(5, "");
    const bool steps = argument(6, "steps") == "steps";
    const bool temporary = folder.empty();
    if (temporary) {
        char name[] = "/tmp/ledger_bench_XXXXXX";
        if (mkdtemp(name) == nullptr) return 1;
        folder = name;
    }

    SqliteLedger::Options options;
    options.folder = folder;
    auto ledger = SqliteLedger::open(options);
    if (!ledger) return fail_with(ledger.error());
    Names names{};
    for (std::size_t i = 0; i < 3; ++i) names.tenant[i] = (*ledger)->intern("tenant-" + std::to_string(i));
    names.cascade = (*ledger)->intern("default");
    names.reference = (*ledger)->intern("openai/gpt-4o");
    names.small = (*ledger)->intern("local/smollm2");

    std::mt19937_64 random(1);
    FakeClock clock;
    RequestIds ids(clock, 0);
    const Micros gap = 1'000'000 / static_cast<Micros>(rate == 0 ? 20'000 : rate);
    std::vector<LedgerRow> rows;
    rows.reserve(count);
    for (std::size_t i = 0; i < count; ++i, clock.advance(gap)) {
        rows.push_back(make_row(ids.next(), names, tasks, steps, random));
    }
    const auto ends_before = [](const LedgerRow& a, const LedgerRow& b) {
        return a.started_unix_micros + a.latency_micros < b.started_unix_micros + b.latency_micros;
    };
    if (by_end) std::sort(rows.begin(), rows.end(), ends_before);

    // At the asked rate, in groups of 20.
    std::uint64_t waits = 0;
    const auto play = [&](auto take) {
        const Steady::time_point begin = Steady::now();
        for (std::size_t i = 0; i < count; ++i) {
            if (rate != 0 && i % 20 == 0) {
                std::this_thread::sleep_until(begin + std::chrono::microseconds(gap * static_cast<Micros>(i)));
            }
            for (; !take(rows[i]); ++waits) std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    };
    std::int64_t sum = 0;
    const Cpu start = Cpu::now();
    play([&](const LedgerRow& row) { return (sum += row.cost.nanos) >= 0; });
    const Cpu pacing = Cpu::now() - start;

    const Cpu before = Cpu::now();
    const Steady::time_point begin = Steady::now();
    play([&](const LedgerRow& row) { return (*ledger)->append(0, row); });
    if (auto flushed = (*ledger)->flush(); !flushed) return fail_with(flushed.error());
    const double wall = std::chrono::duration<double>(Steady::now() - begin).count();
    const LedgerCounters counters = (*ledger)->counters();
    ledger->reset();  // sorts what is pending: that is part of the price
    const Cpu spent = Cpu::now() - before - pacing;

    const double n = static_cast<double>(count);
    const auto report_begin = Steady::now();
    const auto told = report(folder, ReportQuery{});
    if (!told) return fail_with(told.error());
    const double report_ms = std::chrono::duration<double, std::milli>(Steady::now() - report_begin).count();
    std::printf("%zu rows, %zu a second asked for, %llu tasks\n", count, rate, static_cast<unsigned long long>(tasks));
    std::printf("rows/s        %10.0f\n", n / wall);
    std::printf("CPU-us/row    %10.2f   (user %.2f, system %.2f; without the %.2f that the pacing alone costs)\n",
                (spent.user + spent.system) / n * 1e6, spent.user / n * 1e6, spent.system / n * 1e6,
                (pacing.user + pacing.system) / n * 1e6);
    std::printf("rows/commit   %10.1f   (%llu commits, %llu waits for a full ring)\n",
                n / static_cast<double>(counters.commits), static_cast<unsigned long long>(counters.commits),
                static_cast<unsigned long long>(waits));
    std::printf("bytes/row     %10.1f\n",
                static_cast<double>(std::filesystem::file_size(folder + "/ledger.sqlite")) / n);
    std::printf("report        %10.2f ms (%llu requests)\n", report_ms,
                static_cast<unsigned long long>(told->total.requests));
    if (temporary) std::filesystem::remove_all(folder);
    return counters.written == count && told->total.requests == count ? 0 : 1;
}
