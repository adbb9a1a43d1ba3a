// Everything the lanes share for answering from what was answered before, and what the admin address may do to it.
// Thread rule: open(), prepare() and the destructor on the main thread, without a lane running on what they change;
// purge() and feedback() on the worker's; the rest as its parts say. Limits: those of the configuration.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "cascade/cache_control.h"
#include "cascade/entry_judge.h"
#include "cascade/freshness.h"
#include "cascade/semantic_learner.h"
#include "embed/hashing_embedder.h"
#include "gateway/options.h"
#include "gateway/served_answers.h"
#include "store/example_store.h"
#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/flight.h"
#include "tiers/exact_cache/purges.h"
#include "tiers/semantic_cache/semantic_memory.h"
#include "tiers/semantic_cache/task_judges.h"

namespace weir::gateway {

class ExampleIndexer;
class Students;

// The semantic tier's share; there is none until a cascade has that tier.
struct SemanticParts {
    embed::HashingEmbedder hashing;
    std::string dense_identity;  // empty: no embedding model
    std::unique_ptr<tiers::semantic::SemanticMemory> memory;
    std::unique_ptr<tiers::semantic::TaskJudges> judges;
    std::unique_ptr<cascade::SemanticLearner> learner;
};

// Whether a cascade has the semantic tier: only then there are its files.
bool wants_semantic(const Options& options);

class Caches final : public cascade::CacheControl {
  public:
    // Opens what is in the data folder. `embedding`: Routes::embedding_identity.
    static Result<std::unique_ptr<Caches>> open(const Options& options, const std::string& embedding,
                                                const Clock& clock);
    ~Caches() override;

    // Before lanes run on these options. What the embedding model is can't change while running: `kept` says so.
    Result<void> prepare(const Options& options, const std::string& embedding, bool& embedding_kept);

    tiers::ExactCache& exact() { return *exact_; }
    tiers::Flights& flights() { return flights_; }
    const tiers::Purges& purges() const { return *purges_; }
    cascade::FreshnessLearner& freshness() { return freshness_; }
    SemanticParts* semantic() { return ready_.load(std::memory_order_acquire); }  // any thread; null: there is none

    // The entry is wrong for its own question, or may not be kept: out of both caches.
    void quarantine(const Digest256& key);
    // Where feedback looks for answers: one for each lane; they outlive it or are there until it goes.
    void add_served(std::shared_ptr<ServedAnswers> answers) { served_.push_back(std::move(answers)); }

    // What is kept to learn from is purged as well, by tenant and by task. It outlives this.
    void add_examples(store::ExampleStore& examples) { examples_ = &examples; }
    // The same for what was learned of it.
    void add_students(Students& students) { students_ = &students; }
    // The same for what of it is shown to models.
    void add_indexer(ExampleIndexer& indexer) { indexer_ = &indexer; }

    Result<Micros> purge(const tiers::Mark& mark) override;
    // `bad` takes the entry out. Of a semantic hit its candidate gets a label: what the verdict says, but where
    // `correct` is given and tells (cascade/agreement.h), whether that says the same as what was served.
    Result<void> feedback(const cascade::Feedback& feedback) override;

    void flush();  // what is kept is on disk; not from a reactor. The destructor does it for what has changed since

  private:
    Caches() = default;
    void read_freshness();
    void write_freshness();

    std::string data_folder_;
    std::uint64_t semantic_disk_bytes_ = 0;
    std::unique_ptr<tiers::ExactCache> exact_;
    tiers::Flights flights_;
    std::unique_ptr<tiers::Purges> purges_;
    cascade::FreshnessLearner freshness_;
    std::optional<SemanticParts> semantic_;
    std::atomic<SemanticParts*> ready_ = nullptr;  // to semantic_, once it is whole
    std::string kept_freshness_;                   // as it stands in the file
    std::vector<std::shared_ptr<ServedAnswers>> served_;
    store::ExampleStore* examples_ = nullptr;
    Students* students_ = nullptr;
    ExampleIndexer* indexer_ = nullptr;
};

}  // namespace weir::gateway
