#include "gateway/caches.h"

#include <algorithm>

#include "base/log.h"
#include "cascade/agreement.h"
#include "gateway/example_indexer.h"
#include "gateway/students.h"
#include "store/entry_store.h"
#include "tiers/exact_cache/purge_file.h"
#include "tiers/semantic_cache/shipped_verifier.h"
#include "wire/answer_text.h"

namespace weir::gateway {
namespace {

namespace semantic = tiers::semantic;

constexpr std::uint64_t kLeastSemanticDiskBytes = 1u << 20;

Result<std::unique_ptr<store::EntryStore>> open_store(const std::string& folder, std::uint64_t bytes) {
    store::LmdbEntryStore::Options options;
    options.folder = folder;
    options.max_bytes = bytes;
    auto opened = store::LmdbEntryStore::open(options);
    if (!opened) return tl::unexpected(opened.error());
    return std::unique_ptr<store::EntryStore>(std::move(*opened));
}

}  // namespace

bool wants_semantic(const Options& options) {
    const auto is_semantic = [](const cascade::TierOptions& tier) { return tier.kind == cascade::TierKind::semantic; };
    return std::any_of(options.cascades.begin(), options.cascades.end(), [&](const cascade::CascadeOptions& cascade) {
        return std::any_of(cascade.tiers.begin(), cascade.tiers.end(), is_semantic);
    });
}

Result<std::unique_ptr<Caches>> Caches::open(const Options& options, const std::string& embedding, const Clock& clock) {
    std::unique_ptr<Caches> caches(new Caches);
    caches->data_folder_ = options.data_folder;
    std::unique_ptr<store::EntryStore> entries;  // none: in memory only
    if (options.cache.disk_bytes > 0) {
        auto opened = open_store(options.data_folder + "/cache", options.cache.disk_bytes);
        if (!opened) return tl::unexpected(opened.error());
        entries = std::move(*opened);
        caches->semantic_disk_bytes_ = std::max(kLeastSemanticDiskBytes, options.cache.disk_bytes / 4);
    }
    tiers::ExactCache::Options cache_options;
    cache_options.memory_bytes = options.cache.memory_bytes;
    cache_options.max_entry_bytes = options.cache.max_entry_bytes;
    cache_options.ttl_micros = 0;  // each cascade has its own rules: cascade/entry_judge.h
    caches->exact_ = std::make_unique<tiers::ExactCache>(cache_options, clock, std::move(entries));
    tiers::Purges::Options purge_options;
    purge_options.file = options.data_folder + "/purges";
    auto purges = tiers::Purges::open(purge_options, clock);
    if (!purges) return tl::unexpected(purges.error());
    caches->purges_ = std::move(*purges);
    caches->read_freshness();
    bool kept = false;
    if (auto prepared = caches->prepare(options, embedding, kept); !prepared) return tl::unexpected(prepared.error());
    return caches;
}

Caches::~Caches() {
    write_freshness();
}

// In the same way as purges are kept: a small file, replaced as a whole.
void Caches::read_freshness() {
    tiers::PurgeFile file(data_folder_ + "/freshness");
    Result<std::string> bytes = file.read();
    if (bytes && bytes->empty()) {
        kept_freshness_ = freshness_.save();  // nothing learned: no file is needed
        return;
    }
    Result<void> restored = bytes ? freshness_.restore(*bytes) : tl::unexpected(bytes.error());
    if (restored) {
        kept_freshness_ = std::move(*bytes);
    } else {
        log_warning("freshness: " + restored.error().message + "; learned anew");
    }
}

void Caches::write_freshness() {
    std::string learned = freshness_.save();
    if (learned == kept_freshness_ || data_folder_.empty()) return;
    tiers::PurgeFile file(data_folder_ + "/freshness");
    if (const Result<void> written = file.replace(learned); !written) {
        log_warning("freshness: " + written.error().message);
        return;
    }
    kept_freshness_ = std::move(learned);
}

Result<void> Caches::prepare(const Options& options, const std::string& embedding, bool& embedding_kept) {
    if (!wants_semantic(options)) return {};
    if (semantic_) {
        embedding_kept = embedding != semantic_->dense_identity;
        return {};
    }
    SemanticParts parts;
    parts.dense_identity = embedding;
    semantic::SemanticMemory::Options memory;
    memory.index.bytes_most = options.cache.semantic_memory_bytes;
    memory.index.identities[semantic::kHashingSpace] = parts.hashing.identity();
    memory.index.dimensions[semantic::kHashingSpace] = parts.hashing.dimensions();
    if (!embedding.empty()) {
        memory.index.identities[semantic::kDenseSpace] = embedding;
        memory.index.dimensions[semantic::kDenseSpace] = options.embedding->dimensions;
    }
    std::unique_ptr<store::EntryStore> records;
    if (semantic_disk_bytes_ > 0) {
        auto opened = open_store(data_folder_ + "/semantic", semantic_disk_bytes_);
        if (!opened) return tl::unexpected(opened.error());
        records = std::move(*opened);
    }
    parts.judges = std::make_unique<semantic::TaskJudges>(semantic::shipped_verifier());
    parts.memory = std::make_unique<semantic::SemanticMemory>(memory, std::move(records));
    cascade::SemanticLearner::Options learner;
    learner.file = data_folder_ + "/lessons";
    auto started = cascade::SemanticLearner::start(learner, *parts.judges, *exact_);
    if (!started) return tl::unexpected(started.error());
    parts.learner = std::move(*started);
    ready_.store(&semantic_.emplace(std::move(parts)), std::memory_order_release);
    return {};
}

void Caches::quarantine(const Digest256& key) {
    exact_->erase(key);
    if (SemanticParts* const parts = semantic()) parts->memory->remove(key);
}

Result<Micros> Caches::purge(const tiers::Mark& mark) {
    Result<Micros> until = purges_->add(mark);
    Result<void> examples;
    if (until && mark.kind == tiers::MarkKind::tenant) {
        if (examples_ != nullptr) examples = examples_->purge(mark.value);
        if (students_ != nullptr) students_->purge(mark.value, 0);
        if (indexer_ != nullptr) indexer_->purge(mark.value, 0);
    }
    if (until && mark.kind == tiers::MarkKind::task) {
        const std::uint64_t task = parse_hex(mark.value).value_or(0);  // or the mark would have been refused
        if (examples_ != nullptr) examples = examples_->purge_task(mark.tenant, task);
        if (students_ != nullptr) students_->purge(mark.tenant, task);
        if (indexer_ != nullptr) indexer_->purge(mark.tenant, task);
    }
    if (!examples) return tl::unexpected(examples.error());
    return until;
}

Result<void> Caches::feedback(const cascade::Feedback& feedback) {
    std::optional<ServedAnswer> answer;
    for (const auto& lane : served_) {
        if (!answer) answer = lane->take(feedback.request);
    }
    if (!answer) {
        return fail(ErrorCode::not_found, "neither a cache nor a model tier had a part in request " +
                                              to_hex(static_cast<std::uint64_t>(feedback.request)) +
                                              ", or it was too long ago");
    }
    bool wrong = !feedback.good;
    const tiers::ExactCache::EntryPtr entry = feedback.correct && answer->look ? exact_->peek(answer->key) : nullptr;
    if (const auto served = entry ? wire::answer_text(entry->body) : std::nullopt) {
        const cascade::Agreed agreed = cascade::agreement(answer->look->asked, *served, *feedback.correct).result;
        if (agreed != cascade::Agreed::undecided) wrong = agreed == cascade::Agreed::differ;
    }
    if (feedback.correct && !answer->said.empty()) {
        const cascade::Agreed agreed = cascade::agreement(answer->asked, answer->said, *feedback.correct).result;
        if (agreed != cascade::Agreed::undecided) wrong = agreed == cascade::Agreed::differ;
    }
    if (!feedback.good && answer->key != Digest256{}) quarantine(answer->key);
    if (wrong && answer->complain) answer->complain();
    if (SemanticParts* const parts = semantic(); answer->look && parts != nullptr) {
        parts->learner->judged_by_people(answer->look, *answer->promise, answer->key, wrong);
    }
    return {};
}

void Caches::flush() {
    exact_->flush();
    write_freshness();
    if (semantic_) semantic_->memory->flush();
}

}  // namespace weir::gateway
