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
    std::uint64_t lone_bytes = 0;  // of an entry without a question in a partition of its own
    std::array<SemanticShard, kShards> shards;
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> evicted{0};
    std::atomic<std::uint32_t> last_sequence{0};
    std::array<std::atomic<std::uint64_t>, kShards> first_sequences{};  // of each shard, 1 more; 0: it is empty

    SemanticShard& shard_of(const Digest256& partition) { return shards[partition[0] % kShards]; }

    // Under the shard's lock: keeps what is known of it here in step.
    template <class Change>
    auto counted(SemanticShard& shard, Change change) {
        const std::uint64_t before = shard.bytes();
        const auto result = change();
        bytes.fetch_add(shard.bytes() - before, std::memory_order_relaxed);
        const std::optional<std::uint32_t> first = shard.first_sequence();
        first_sequences[static_cast<std::size_t>(&shard - shards.data())] = first ? std::uint64_t{*first} + 1 : 0;
        return result;
    }

    bool fits(const SemanticRecord& record) const;
    bool try_add(SemanticShard& shard, const SemanticRecord& record, bool whatever);
    bool evict_one();
    bool remove(const Digest256& key, const SemanticShard* but_not_from);
};

bool SemanticIndex::Impl::fits(const SemanticRecord& record) const {
    if (record.question.size() > kQuestionBytesMost) return false;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        const embed::Int8Vector& vector = record.vectors[space];
        if (!vector.empty() && vector.dimensions() != shape.spaces[space].dimensions) return false;
    }
    return lone_bytes + record.question.size() <= options.bytes_most;
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
    impl_->lone_bytes = impl_->shards[0].growth({});
}
SemanticIndex::~SemanticIndex() = default;

// False: it would go over the limit.
bool SemanticIndex::Impl::try_add(SemanticShard& shard, const SemanticRecord& record, bool whatever) {
    const std::unique_lock lock(shard.lock);
    if (!whatever && bytes.load(std::memory_order_relaxed) + shard.growth(record) > options.bytes_most) return false;
    return counted(shard, [&] {
        shard.add(record, last_sequence.fetch_add(1, std::memory_order_relaxed) + 1);
        return true;
    });
}

// From the shard whose first entry is the oldest.
bool SemanticIndex::Impl::evict_one() {
    const std::uint32_t last = last_sequence.load(std::memory_order_relaxed);
    SemanticShard* oldest = nullptr;
    std::uint32_t age = 0;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::uint64_t first = first_sequences[i];
        const std::uint32_t its_age = last - static_cast<std::uint32_t>(first - 1);
        if (first == 0 || (oldest != nullptr && its_age <= age)) continue;
        oldest = &shards[i];
        age = its_age;
    }
    if (oldest == nullptr) return false;
    const std::unique_lock lock(oldest->lock);
    if (counted(*oldest, [&] { return oldest->remove_least(last_sequence); })) {
        evicted.fetch_add(1, std::memory_order_relaxed);
    }
    return true;
}

bool SemanticIndex::add(const SemanticRecord& record) {
    if (!impl_->fits(record)) return false;
    SemanticShard& shard = impl_->shard_of(record.partition);
    impl_->remove(record.key, &shard);
    // Room is made before: a full partition then takes the slot of one of its own instead of growing first.
    while (!impl_->try_add(shard, record, false)) {
        if (impl_->evict_one()) continue;
        impl_->try_add(shard, record, true);
        break;
    }
    while (bytes() > impl_->options.bytes_most && impl_->evict_one()) continue;  // others added meanwhile
    return true;
}

void SemanticIndex::used(const Digest256& partition, const Digest256& key) {
    SemanticShard& shard = impl_->shard_of(partition);
    const std::shared_lock lock(shard.lock);
    shard.count_use(partition, key);
}

bool SemanticIndex::holds(const Digest256& partition, const Digest256& key) const {
    const SemanticShard& shard = impl_->shard_of(partition);
    const std::shared_lock lock(shard.lock);
    return shard.holds(key);
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
