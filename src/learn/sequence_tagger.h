// Labels for the tokens of a sequence: a linear-chain conditional random field (Lafferty, McCallum, Pereira, ICML 2001)
// on hashed features, trained by AdaGrad steps on the exact gradient, one sequence at a time; decoded by Viterbi. Its
// confidence is the probability of the whole labelling: the share of exp(score) among all labellings that are allowed.
// Features are 32-bit hashes and either there or not; those that say little are left out of the model, the others keep
// one byte a label. Deterministic by seed.
// Thread rule: immutable once made; tag() from any thread with a Scratch of its own. Limits: below; a model takes
// (4 + labels) bytes a feature in its file and about twice that in memory.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"

namespace weir::learn {

inline constexpr std::size_t kMostTags = 64;
inline constexpr std::size_t kMostTaggedTokens = 1024;  // of one sequence
inline constexpr std::size_t kMostTagFeatures = 1U << 18U;
inline constexpr std::size_t kMostTrainingTokens = 20'000'000;

// Which label may follow which. The label `labels` stands for what is before the first token and behind the last.
struct TagChain {
    std::size_t labels = 0;
    std::vector<std::uint8_t> allowed;  // (labels + 1) rows of labels + 1: 1 where the column may follow the row

    static TagChain all(std::size_t labels);
    bool may_follow(std::size_t from, std::size_t to) const { return allowed[from * (labels + 1) + to] != 0; }
    void forbid(std::size_t from, std::size_t to) { allowed[from * (labels + 1) + to] = 0; }
    friend bool operator==(const TagChain&, const TagChain&) = default;
};

// Tokens with their features, for one sequence or, with `sequence_ends`, for many.
struct TokenFeatures {
    std::vector<std::uint32_t> hashes;
    std::vector<std::size_t> token_ends;  // of each token in `hashes`

    std::size_t tokens() const { return token_ends.size(); }
    std::span<const std::uint32_t> of(std::size_t token) const {
        const std::size_t begin = token == 0 ? 0 : token_ends[token - 1];
        return {hashes.data() + begin, token_ends[token] - begin};
    }
    void end_token() { token_ends.push_back(hashes.size()); }
    void clear() {
        hashes.clear();
        token_ends.clear();
    }
};

struct TaggedSequences {
    TokenFeatures tokens;
    std::vector<std::uint8_t> labels;        // one a token
    std::vector<std::size_t> sequence_ends;  // in tokens
};

// What going from one label to another scores; rows are padded to `stride` numbers. Forbidden steps score kForbidden.
struct ChainWeights {
    std::size_t labels = 0, stride = 0;
    std::vector<float> first, last, next;              // next: a row for each label before
    std::vector<float> first_exp, last_exp, next_exp;  // exp() of them

    void resize(std::size_t count);
    void make_exps();
};

class SequenceTagger {
  public:
    struct Options {
        int passes = 6;
        float step = 0.05F;  // AdaGrad's base step
        float l2 = 1e-5F;    // penalty on each weight, for a token that shows its feature
        std::size_t most_features = 1U << 17U;
        float least_weight = 0.08F;  // features none of whose weights is larger are left out
        std::uint64_t seed = 1;      // of the order of sequences
    };
    struct Tagging {
        std::vector<std::uint8_t> labels;
        double log_probability = 0;  // of exactly these labels
    };
    struct Scratch {
        std::vector<float> scores;
        std::vector<std::uint8_t> from;
    };

    SequenceTagger() = default;
    // Errors: no sequences, labels outside, a labelling that the chain forbids (invalid); more than the limits allow
    // (too_large); canceled.
    static Result<SequenceTagger> fit(const TaggedSequences& examples, const TagChain& chain, const Options& options,
                                      const std::stop_token& stop = {});

    // false: no tokens, more than kMostTaggedTokens, or no allowed labelling. Unknown features count nothing.
    bool tag(const TokenFeatures& tokens, Scratch& scratch, Tagging& out) const;

    std::size_t labels() const { return chain_.labels; }
    std::size_t features() const { return hashes_.size(); }
    const TagChain& chain() const { return chain_; }

    void write(ModelWriter& to) const;
    static Result<SequenceTagger> read(ModelReader& from);

  private:
    friend class TaggerFit;
    void make_directory();
    const std::int8_t* weights_of(std::uint32_t hash) const;  // null: unknown
    void score(const TokenFeatures& tokens, Scratch& scratch) const;

    TagChain chain_;
    ChainWeights steps_;
    float scale_ = 0;                       // of the features' weights
    std::vector<std::uint32_t> hashes_;     // ascending
    std::vector<std::int8_t> weights_;      // of each hash, one a label
    std::vector<std::uint32_t> directory_;  // where the hashes with the same first bits begin
    unsigned shift_ = 31;
};

}  // namespace weir::learn
