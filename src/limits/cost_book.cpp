#include "limits/cost_book.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::limits {
namespace {

constexpr std::size_t kProbes = 16;
constexpr int kFirstOctave = 8;
constexpr std::size_t kPerOctave = 4;
// Up to so many costs the percentile is found anew with each, then with each kStep-th.
constexpr std::uint32_t kSettled = 64;
constexpr std::uint32_t kStep = 16;
constexpr std::int64_t kMostTold = std::int64_t{1} << 48;

std::size_t bucket_of(Usd cost, std::size_t buckets) {
    if (cost.nanos <= (std::int64_t{1} << kFirstOctave)) return 0;
    const double octaves = std::log2(static_cast<double>(cost.nanos)) - kFirstOctave;
    return std::min(static_cast<std::size_t>(std::ceil(octaves * kPerOctave - 1e-9)), buckets - 1);
}

Usd upper_edge(std::size_t bucket) {
    return Usd{std::llround(std::exp2(kFirstOctave + static_cast<double>(bucket) / kPerOctave))};
}

}  // namespace

CostBook::CostBook() : tasks_(std::make_unique<std::array<Task, kMostTasks + 1>>()) {}

const CostBook::Task* CostBook::find(std::uint64_t key) const {
    for (std::size_t i = 0; i < kProbes; ++i) {
        const Task& task = (*tasks_)[(key + i) % kMostTasks];
        const std::uint64_t there = task.key.load(std::memory_order_relaxed);
        if (there == key) return &task;
        if (there == 0) return nullptr;
    }
    return &tasks_->back();
}

CostBook::Usual CostBook::usual(std::uint64_t key) const {
    constexpr auto relaxed = std::memory_order_relaxed;
    Usual usual;
    const Task* const task = find(key);
    const std::uint32_t total = task == nullptr ? 0 : task->total.load(relaxed);
    if (total < kEnough) return usual;
    usual.most = Usd{task->most.load(relaxed)};
    usual.p95 = std::min(Usd{task->p95.load(relaxed)}, usual.most);
    const auto most_of = [&](std::uint32_t enough) {
        const std::int64_t each = std::min(usual.most.nanos, kMostTold) / total;
        return Usd{usual.most.nanos + each * (total < enough ? enough - total : 0)};
    };
    usual.likely = most_of(kEnoughForLikely);
    usual.bound = most_of(kEnoughForBound);
    usual.known = usual.p95.nanos > 0;
    return usual;
}

void CostBook::find_p95(Task& task) {
    constexpr auto relaxed = std::memory_order_relaxed;
    std::array<std::uint32_t, kBuckets> counts{};
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) total += counts[i] = task.counts[i].load(relaxed);
    const std::uint64_t wanted = (total * 95 + 99) / 100;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBuckets && below < wanted; ++i) {
        below += counts[i];
        if (below >= wanted) task.p95.store(upper_edge(i).nanos, relaxed);
    }
}

void CostBook::add(std::uint64_t key, Usd cost) {
    constexpr auto relaxed = std::memory_order_relaxed;
    Task* task = &tasks_->back();
    for (std::size_t i = 0; i < kProbes; ++i) {
        Task& at = (*tasks_)[(key + i) % kMostTasks];
        std::uint64_t there = at.key.load(relaxed);
        if (there == 0 && at.key.compare_exchange_strong(there, key, relaxed)) there = key;
        if (there != key) continue;
        task = &at;
        break;
    }
    std::int64_t most = task->most.load(relaxed);
    while (most < cost.nanos && !task->most.compare_exchange_weak(most, cost.nanos, relaxed)) {
    }
    task->counts[bucket_of(cost, kBuckets)].fetch_add(1, relaxed);
    const std::uint32_t total = task->total.fetch_add(1, relaxed) + 1;
    if (total <= kSettled || total % kStep == 0) find_p95(*task);
    if (total != kFade) return;
    std::uint32_t left = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        const auto half = static_cast<std::uint16_t>(task->counts[i].load(relaxed) / 2);
        task->counts[i].store(half, relaxed);
        left += half;
        if (half > 0) most = upper_edge(i).nanos;
    }
    task->most.store(std::min(most, task->most.load(relaxed)), relaxed);
    task->total.store(left, relaxed);
}

}  // namespace weir::limits
