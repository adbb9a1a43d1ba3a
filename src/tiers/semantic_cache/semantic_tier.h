// The semantic cache as a tier: the answer to a question that asks the same in other words, of the same partition.
//   candidates by hashed words -> guards -> explained? -> else by the embedding model too -> guards, verifier ->
//   threshold
// A candidate below its task's threshold is no offer: its answer is not fetched. One whose answer is stale, expired,
// purged or gone is passed over for the next best (nobody refreshes a stale one for this tier). What was seen goes
// along (Climb::look), for whoever learns from it and for the entry that a miss will make. Thread rule: one a reactor,
// over the process's one memory, judges and exact cache. Limits: questions of kQuestionBytesMost bytes; kLooked
// candidates by each way of finding them; kFetched answers fetched.
#pragma once

#include "base/clock.h"
#include "embed/hashing_embedder.h"
#include "tiers/exact_cache/entry_judge.h"
#include "tiers/semantic_cache/matcher.h"
#include "tiers/semantic_cache/semantic_memory.h"
#include "tiers/semantic_cache/task_judges.h"
#include "tiers/tier.h"

namespace weir::tiers {

namespace semantic {

inline constexpr std::size_t kHashingSpace = 0;
inline constexpr std::size_t kDenseSpace = 1;
inline constexpr std::size_t kLooked = 5;  // candidates by each way of finding them

// What a look-up saw.
struct Look {
    struct Seen {
        Digest256 key{};
        std::string question;
        Similarities similarities;
        std::uint64_t answer = 0;  // SemanticRecord's
    };
    std::uint64_t task = 0;
    std::string asked;
    std::uint64_t bag = 0;
    std::array<embed::Int8Vector, kSpacesMost> vectors;
    std::vector<Seen> seen;    // the candidates, those that the guards refused too
    bool let_through = false;  // by the guards: one of them at least
};

}  // namespace semantic

class SemanticTier final : public Tier {
  public:
    struct Rules {
        // Served from here on until a task has learned its own: with the embedding model's vectors, and without.
        double prior_dense = 2, prior_plain = 2;
        // The cascade's: what a task has learned under another one is not used.
        semantic::HitPromise promise;
        bool same_history = true;
    };
    struct Parts {
        semantic::SemanticMemory& memory;
        semantic::TaskJudges& judges;
        const embed::HashingEmbedder& hashing;
        ExactCache& cache;
        const EntryJudge& entries;
        Executor& executor;
        const Clock& clock;
        embed::Embedder* dense = nullptr;  // this reactor's; nullptr: none
    };
    SemanticTier(const Parts& parts, const Rules& rules) : parts_(parts), rules_(rules) {}

    std::string_view name() const override { return "semantic"; }
    store::TierKind kind() const override { return store::TierKind::semantic; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;

  private:
    static constexpr int kFetched = 3;

    struct Work;
    void find(Work& work, const Question& question) const;
    void judge(Work& work) const;
    Task<void> add_dense(Work& work, const Question& question) const;
    Task<ExactCache::EntryPtr> fetch(const Digest256& key, const Question& question, store::Unusable& why) const;
    Task<void> make_offer(Work& work, const Question& question, Climb& climb) const;

    Parts parts_;
    Rules rules_;
};

}  // namespace weir::tiers
