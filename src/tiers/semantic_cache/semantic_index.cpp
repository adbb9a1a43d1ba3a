#include "tiers/semantic_cache/semantic_index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>

#include "embed/embedder.h"
#include "tiers/semantic_cache/semantic_shard.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kVisitEntries = 256;  // copied under one lock

}  // namespace

struct SemanticIndex::Impl {
    Options options;
    SemanticPartition::Shape shape;
    std::array<SemanticShard, kShards> shards;
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> evicted{0};

    SemanticShard& shard_of(const Digest256& partition) { return shards[partition[0] % kShards]; }

    // Under the shard's lock: keeps the sum in step with what the shard counts.
    template <class Change>
    auto counted(SemanticShard& shard, Change change) {
        const std::uint64_t before = shard.bytes();
        const auto result = change();
        bytes.fetch_add(shard.bytes() - before, std::memory_order_relaxed);
        return result;
    }

    bool fits(const SemanticRecord& record) const;
    bool remove(const Digest256& key, const SemanticShard* but_not_from);
};

bool SemanticIndex::Impl::fits(const SemanticRecord& record) const {
    if (record.question.size() > kQuestionBytesMost) return false;
    std::uint64_t needed = record.question.size();
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        const embed::Int8Vector& vector = record.vectors[space];
        if (!vector.empty() && vector.dimensions() != shape.spaces[space].dimensions) return false;
        needed += vector.dimensions();
    }
    return needed <= options.bytes_most;
}

bool SemanticIndex::Impl::remove(const Digest256& key, const SemanticShard* but_not_from) {
    for (SemanticShard& shard : shards) {
        if (&shard == but_not_from) continue;
        {
            const std::shared_lock lock(shard.lock);
            if (!shard.holds(key)) continue;
        }
        const std::unique_lock lock(shard.lock);
        if (counted(shard, [&] { return shard.remove(key); })) return true;
    }
    return false;
}

SemanticIndex::SemanticIndex(const Options& options) : impl_(std::make_unique<Impl>()) {
    impl_->options = options;
    impl_->shape.exact_most = std::max<std::size_t>(1, options.exact_most);
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        const std::size_t dimensions = options.dimensions[space];
        if (dimensions > embed::kDimensionsMost) throw std::invalid_argument("semantic index: too many dimensions");
        if (dimensions == 0 || options.identities[space].empty()) continue;
        impl_->shape.spaces[space] = {embed::identity_digest(options.identities[space]), dimensions};
    }
    for (SemanticShard& shard : impl_->shards) shard.shape = &impl_->shape;
}
SemanticIndex::~SemanticIndex() = default;

bool SemanticIndex::add(const SemanticRecord& record) {
    if (!impl_->fits(record)) return false;
    SemanticShard& shard = impl_->shard_of(record.partition);
    impl_->remove(record.key, &shard);
    const std::unique_lock lock(shard.lock);
    const bool added = impl_->counted(shard, [&] {
        shard.add(record);
        return true;
    });
    while (impl_->bytes.load(std::memory_order_relaxed) > impl_->options.bytes_most) {
        if (!impl_->counted(shard, [&] { return shard.remove_oldest(); })) break;
        impl_->evicted.fetch_add(1, std::memory_order_relaxed);
    }
    return added;
}

bool SemanticIndex::remove(const Digest256& key) {
    return impl_->remove(key, nullptr);
}

std::size_t SemanticIndex::remove_partition(const Digest256& partition) {
    SemanticShard& shard = impl_->shard_of(partition);
    const std::unique_lock lock(shard.lock);
    return impl_->counted(shard, [&] { return shard.remove_partition(partition); });
}

void SemanticIndex::candidates(const Digest256& partition, std::uint64_t bag,
                               const std::array<embed::Int8Vector, kSpacesMost>& vectors, std::size_t k,
                               std::vector<Found>& out) const {
    out.clear();
    std::array<embed::Int8Vector, kSpacesMost> usable;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (vectors[space].dimensions() == impl_->shape.spaces[space].dimensions) usable[space] = vectors[space];
    }
    const SemanticShard& shard = impl_->shard_of(partition);
    const std::shared_lock lock(shard.lock);
    const SemanticPartition* found = shard.find(partition);
    if (found != nullptr) found->candidates(bag, usable, std::clamp<std::size_t>(k, 1, kCandidatesMost), out);
}

void SemanticIndex::each(const std::function<void(const SemanticRecord&)>& visit) const {
    std::vector<SemanticRecord> records;
    for (const SemanticShard& shard : impl_->shards) {
        std::uint64_t position = 0;
        for (bool more = true; more;) {
            records.clear();
            {
                const std::shared_lock lock(shard.lock);
                more = shard.copy_some(position, kVisitEntries, records);
            }
            for (const SemanticRecord& record : records) visit(record);
        }
    }
}

const std::array<SpaceName, kSpacesMost>& SemanticIndex::spaces() const {
    return impl_->shape.spaces;
}

std::size_t SemanticIndex::entries() const {
    std::size_t total = 0;
    for (const SemanticShard& shard : impl_->shards) {
        const std::shared_lock lock(shard.lock);
        total += shard.entries();
    }
    return total;
}

std::size_t SemanticIndex::partitions() const {
    std::size_t total = 0;
    for (const SemanticShard& shard : impl_->shards) {
        const std::shared_lock lock(shard.lock);
        total += shard.partitions();
    }
    return total;
}

std::uint64_t SemanticIndex::bytes() const {
    return impl_->bytes.load(std::memory_order_relaxed);
}
std::uint64_t SemanticIndex::evicted() const {
    return impl_->evicted.load(std::memory_order_relaxed);
}

}  // namespace weir::tiers::semantic
