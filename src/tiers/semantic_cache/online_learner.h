// Learning from what a cache sees, for one task: look-ups whose outcome is revealed (a miss brings a fresh answer that
// is compared with the candidates' answers; an audited hit too) become training pairs, the verifier is fitted on them
// again as they grow, and the gate's threshold is certified on scores by models that had not seen the look-up. Before
// the first fit the given verifier judges, at the threshold given with it. Thread rule: one owner; refit() takes
// seconds and may run on a copy elsewhere (the class can be copied). Limits: Options::most_pairs pairs of about 0.5 KB;
// what is older is forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "learn/hit_gate.h"
#include "tiers/semantic_cache/matcher.h"
#include "tiers/semantic_cache/verifier_training.h"

namespace weir::tiers::semantic {

class OnlineLearner {
  public:
    struct Options {
        learn::HitGate::Options gate;
        std::size_t first_fit = 1000;  // revealed pairs before the first fit
        std::size_t least_right = 40;  // of them with the same answer
        double fit_growth = 1.35;      // revealed pairs since the last fit, as a factor, before the next
        std::size_t most_pairs = 200'000;
        double most_weight = 5;  // of an audited pair, though it stands for 1 / (audit probability)
        std::size_t trees = 150;
        int folds = 3;
        std::uint64_t seed = 1;
        // For strict promises: what the guards explain stays certain and what they refuse stays refused, whatever the
        // labels say. Else the verifier judges both by what it was shown.
        bool rules_are_final = false;
    };
    OnlineLearner(std::shared_ptr<const Verifier> verifier, const Options& options);

    const Verifier& verifier() const { return *verifier_; }
    // Counted over the task's own texts: what features are to be made with.
    const WordRarity& rarity() const { return rarity_; }
    double threshold() const { return gate_.threshold(); }
    const learn::HitGate& gate() const { return gate_; }

    void count_words(const Question& question) { rarity_.count(question); }

    // A look-up with at least one candidate that the guards let through. The id is for revealed().
    std::uint64_t looked_up(std::vector<JudgedPair> pairs);
    // The pairs that are kept of a look-up, best first; empty where it is forgotten.
    std::span<const JudgedPair> pairs_of(std::uint64_t id) const;
    // right[i]: would the answer of pairs_of(id)[i] have been right? Once for each id; forgotten ids are ignored.
    void revealed(std::uint64_t id, std::span<const std::uint8_t> right, std::optional<double> audit_probability);

    // For a learner that has seen nothing yet: it knows what the other was shown of the same task, under another
    // promise. The verifier given judges that anew (refit() may be due), and a threshold is certified for the new
    // promise. Where audits have refuted a promise that was no stricter, the gate begins closed.
    void take_over(const OnlineLearner& other);

    bool refit_due() const;
    Result<void> refit();
    std::size_t fits() const { return fits_; }
    std::size_t revealed_pairs() const { return revealed_pairs_; }

  private:
    struct LookUp {
        std::vector<JudgedPair> pairs;
        std::vector<std::uint8_t> right;  // empty: not revealed
        float weight = 1;
        std::uint64_t gate_id = 0;
    };
    VerifierTraining training_set() const;
    // `held_out`: scores of the labelled pairs by models that had not seen them; empty: the verifier has seen none.
    void rescore(std::span<const double> held_out);

    Options options_;
    std::shared_ptr<const Verifier> verifier_;
    learn::HitGate gate_;
    WordRarity rarity_;
    std::deque<LookUp> look_ups_;
    std::uint64_t first_id_ = 0;
    std::uint64_t proof_from_ = 0;  // look-ups before this id are no proof: the gate was closed after them
    std::size_t kept_pairs_ = 0;    // in look_ups_
    std::size_t revealed_pairs_ = 0, revealed_right_ = 0;  // ever
    std::size_t next_fit_;
    std::size_t fits_ = 0;
};

}  // namespace weir::tiers::semantic
