// What limits cost a request: the key's look-up, admission against the limits of key and tenant, headers, settling.
// Wall time of each of several threads that share one key, which is the worst case.
//   ninja -C build/release admission_bench && build/release/admission_bench
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "limits/admission.h"
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

void measure(const char* what, Rates rates, std::size_t threads) {
    const KeyRing ring = ring_with(rates);
    std::atomic<std::size_t> admitted{0};
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) running.emplace_back([&] { work(ring, admitted); });
    for (std::thread& thread : running) thread.join();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - began;
    std::printf("%-28s %zu threads: %5.0f ns a request (%.1f %% admitted)\n", what, threads,
                taken.count() / static_cast<double>(kRequests),
                100.0 * static_cast<double>(admitted) / static_cast<double>(kRequests * threads));
}

}  // namespace

int main() {
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        measure("no limits", {}, threads);
        measure("all limits, key and tenant", kWide, threads);
    }
    return 0;
}
