// SequenceTagger::fit: the gradient of a sequence's log-probability is what is there less what the model expects
// (forward-backward), and every weight takes an AdaGrad step of its own.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "learn/random_bits.h"
#include "learn/sequence_tagger.h"

namespace weir::learn {
namespace {

constexpr float kSmallestSquare = 1e-6F;
constexpr float kSettled = 1e-3F;  // a token that is off by less teaches nothing worth the memory traffic

}  // namespace

class TaggerFit {
  public:
    TaggerFit(const TaggedSequences& examples, const TagChain& chain, const SequenceTagger::Options& options,
              const std::stop_token& stop)
        : examples_(examples), chain_(chain), options_(options), stop_(stop), labels_(chain.labels) {}

    Result<SequenceTagger> run() {
        if (auto sound = check(); !sound) return tl::unexpected(sound.error());
        index_features();
        steps_.resize(labels_);
        stride_ = steps_.stride;
        open_steps();
        squares_ = steps_;
        for (auto* part : {&squares_.first, &squares_.last, &squares_.next})
            std::fill(part->begin(), part->end(), 0.0F);
        weights_.assign(features_.size() * stride_, 0);
        weight_squares_.assign(weights_.size(), 0);
        std::vector<std::uint32_t> order(examples_.sequence_ends.size());
        std::iota(order.begin(), order.end(), 0U);
        RandomBits random(options_.seed);
        for (int pass = 0; pass < options_.passes; ++pass) {
            random.shuffle(std::span(order));
            for (const std::uint32_t sequence : order) {
                if (stop_.stop_requested()) return fail(ErrorCode::canceled, "training was called off");
                learn(sequence);
            }
        }
        return model();
    }

  private:
    Result<void> check() const {
        const auto& ends = examples_.sequence_ends;
        const std::size_t tokens = examples_.tokens.tokens();
        if (ends.empty() || tokens == 0) return fail(ErrorCode::invalid, "no sequences to learn from");
        if (tokens > kMostTrainingTokens) return fail(ErrorCode::too_large, "more tokens than a tagger learns from");
        if (labels_ == 0 || labels_ > kMostTags || chain_.allowed.size() != (labels_ + 1) * (labels_ + 1)) {
            return fail(ErrorCode::invalid, "a tagger has from 1 to " + std::to_string(kMostTags) + " labels");
        }
        if (examples_.labels.size() != tokens || ends.back() != tokens) {
            return fail(ErrorCode::invalid, "labels and tokens are not equally many");
        }
        std::size_t begin = 0;
        for (const std::size_t end : ends) {
            if (end < begin || end > tokens || end - begin > kMostTaggedTokens) {
                return fail(ErrorCode::invalid, "a sequence is too long");
            }
            std::size_t before = labels_;
            for (std::size_t token = begin; token < end; ++token) {
                const std::size_t label = examples_.labels[token];
                if (label >= labels_ || !chain_.may_follow(before, label)) {
                    return fail(ErrorCode::invalid, "an example's labels are none that the chain allows");
                }
                before = label;
            }
            if (end > begin && !chain_.may_follow(before, labels_)) {
                return fail(ErrorCode::invalid, "an example's labels are none that the chain allows");
            }
            begin = end;
        }
        return {};
    }

    // Rows are numbered as the features are met: most occur once, and those of a token then lie side by side.
    void index_features() {
        const auto& hashes = examples_.tokens.hashes;
        const std::size_t mask = std::bit_ceil(2 * hashes.size() + 2) - 1;
        std::vector<std::uint32_t> table(mask + 1, 0);  // row + 1
        rows_.reserve(hashes.size());
        for (const std::uint32_t hash : hashes) {
            std::size_t place = (hash * std::uint64_t{0x9E3779B97F4A7C15} >> 20U) & mask;
            while (table[place] != 0 && features_[table[place] - 1] != hash) place = (place + 1) & mask;
            if (table[place] == 0) {
                features_.push_back(hash);
                table[place] = static_cast<std::uint32_t>(features_.size());
            }
            rows_.push_back(table[place] - 1);
        }
    }

    void open_steps() {
        for (std::size_t label = 0; label < labels_; ++label) {
            if (chain_.may_follow(labels_, label)) steps_.first[label] = 0;
            if (chain_.may_follow(label, labels_)) steps_.last[label] = 0;
            for (std::size_t behind = 0; behind < labels_; ++behind) {
                if (chain_.may_follow(label, behind)) steps_.next[label * stride_ + behind] = 0;
            }
        }
    }

    std::span<const std::uint32_t> rows_of(std::size_t token) const {
        const auto& ends = examples_.tokens.token_ends;
        const std::size_t begin = token == 0 ? 0 : ends[token - 1];
        return {rows_.data() + begin, ends[token] - begin};
    }

    void learn(std::size_t sequence) {
        const std::size_t begin = sequence == 0 ? 0 : examples_.sequence_ends[sequence - 1];
        const std::size_t count = examples_.sequence_ends[sequence] - begin;
        if (count == 0) return;
        steps_.make_exps();
        forward(begin, count);
        backward(begin, count);
        for (std::size_t i = 0; i < count; ++i) update_token(begin + i, shares_.data() + i * stride_);
        update_steps(begin, count);
    }

    // exps_: exp(score) of each token, its largest 1. alpha_: forward, scaled to sum 1; totals_: by how much.
    void forward(std::size_t begin, std::size_t count) {
        exps_.assign(count * stride_, 0);
        alpha_.assign(count * stride_, 0);
        totals_.assign(count, 0);
        for (std::size_t i = 0; i < count; ++i) {
            float* exps = exps_.data() + i * stride_;
            for (const std::uint32_t row : rows_of(begin + i)) {
                const float* weights = weights_.data() + std::size_t{row} * stride_;
                for (std::size_t lane = 0; lane < stride_; lane += 8) {
                    for (std::size_t j = 0; j < 8; ++j) exps[lane + j] += weights[lane + j];
                }
            }
            const float most = *std::max_element(exps, exps + labels_);
            for (std::size_t label = 0; label < labels_; ++label) exps[label] = std::exp(exps[label] - most);
            float* alpha = alpha_.data() + i * stride_;
            if (i == 0) {
                std::copy_n(steps_.first_exp.begin(), stride_, alpha);
            } else {
                for (std::size_t before = 0; before < labels_; ++before) {
                    const float share = alpha_[(i - 1) * stride_ + before];
                    const float* steps = steps_.next_exp.data() + before * stride_;
                    for (std::size_t lane = 0; lane < stride_; lane += 8) {
                        for (std::size_t j = 0; j < 8; ++j) alpha[lane + j] += share * steps[lane + j];
                    }
                }
            }
            float total = 0;
            for (std::size_t label = 0; label < labels_; ++label) total += alpha[label] *= exps[label];
            totals_[i] = std::max(total, 1e-30F);
            for (std::size_t label = 0; label < labels_; ++label) alpha[label] /= totals_[i];
        }
    }

    // shares_: the expected share of each label at each token; step_shares_: of each step between tokens.
    void backward(std::size_t begin, std::size_t count) {
        (void)begin;
        shares_.assign(count * stride_, 0);
        step_shares_.assign(labels_ * stride_, 0);
        std::vector<float>& beta = beta_;
        beta.assign(stride_, 0);
        float end = 0;
        for (std::size_t label = 0; label < labels_; ++label) {
            end += alpha_[(count - 1) * stride_ + label] * steps_.last_exp[label];
        }
        end = std::max(end, 1e-30F);
        for (std::size_t label = 0; label < labels_; ++label) beta[label] = steps_.last_exp[label] / end;
        ahead_.assign(stride_, 0);
        for (std::size_t i = count; i-- > 0;) {
            const float* alpha = alpha_.data() + i * stride_;
            float* shares = shares_.data() + i * stride_;
            for (std::size_t label = 0; label < labels_; ++label) shares[label] = alpha[label] * beta[label];
            if (i == 0) break;
            for (std::size_t label = 0; label < labels_; ++label) {
                ahead_[label] = beta[label] * exps_[i * stride_ + label] / totals_[i];
            }
            const float* earlier = alpha_.data() + (i - 1) * stride_;
            for (std::size_t before = 0; before < labels_; ++before) {
                const float* steps = steps_.next_exp.data() + before * stride_;
                float* step_shares = step_shares_.data() + before * stride_;
                float sum[8] = {};
                for (std::size_t lane = 0; lane < stride_; lane += 8) {
                    for (std::size_t j = 0; j < 8; ++j) {
                        const float through = steps[lane + j] * ahead_[lane + j];
                        sum[j] += through;
                        step_shares[lane + j] += earlier[before] * through;
                    }
                }
                beta[before] = std::accumulate(sum, sum + 8, 0.0F);
            }
        }
    }

    void step(float& weight, float& square, float gradient) const {
        square += gradient * gradient;
        weight -= options_.step * gradient / std::sqrt(square + kSmallestSquare);
    }

    void update_token(std::size_t token, float* shares) {
        shares[examples_.labels[token]] -= 1;
        float most = 0;
        for (std::size_t label = 0; label < labels_; ++label) most = std::max(most, std::abs(shares[label]));
        if (most < kSettled) return;
        for (const std::uint32_t row : rows_of(token)) {
            float* weights = weights_.data() + std::size_t{row} * stride_;
            float* squares = weight_squares_.data() + std::size_t{row} * stride_;
            for (std::size_t lane = 0; lane < stride_; lane += 8) {
                for (std::size_t j = 0; j < 8; ++j) {
                    step(weights[lane + j], squares[lane + j], shares[lane + j] + options_.l2 * weights[lane + j]);
                }
            }
        }
    }

    void update_steps(std::size_t begin, std::size_t count) {
        // shares_ has become share less truth.
        for (std::size_t i = 1; i < count; ++i) {
            step_shares_[examples_.labels[begin + i - 1] * stride_ + examples_.labels[begin + i]] -= 1;
        }
        const float* first = shares_.data();
        const float* last = shares_.data() + (count - 1) * stride_;
        for (std::size_t label = 0; label < labels_; ++label) {
            if (chain_.may_follow(labels_, label)) step(steps_.first[label], squares_.first[label], first[label]);
            if (chain_.may_follow(label, labels_)) step(steps_.last[label], squares_.last[label], last[label]);
            for (std::size_t behind = 0; behind < labels_; ++behind) {
                const std::size_t at = label * stride_ + behind;
                if (chain_.may_follow(label, behind)) step(steps_.next[at], squares_.next[at], step_shares_[at]);
            }
        }
    }

    // The features that say most, a byte a weight.
    SequenceTagger model() const {
        std::vector<std::pair<float, std::uint32_t>> kept;  // largest weight, row
        float largest = 0;
        for (std::size_t row = 0; row < features_.size(); ++row) {
            float most = 0;
            for (std::size_t j = 0; j < labels_; ++j) most = std::max(most, std::abs(weights_[row * stride_ + j]));
            largest = std::max(largest, most);
            if (most >= options_.least_weight) kept.emplace_back(most, static_cast<std::uint32_t>(row));
        }
        const std::size_t most_features = std::min(options_.most_features, kMostTagFeatures);
        if (kept.size() > most_features) {
            std::nth_element(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(most_features), kept.end(),
                             [](const auto& a, const auto& b) {
                                 return a.first != b.first ? a.first > b.first : a.second < b.second;
                             });
            kept.resize(most_features);
        }
        std::sort(kept.begin(), kept.end(),
                  [&](const auto& a, const auto& b) { return features_[a.second] < features_[b.second]; });
        SequenceTagger made;
        made.chain_ = chain_;
        made.steps_ = steps_;
        made.steps_.make_exps();
        made.scale_ = largest / 127;
        for (const auto& [most, row] : kept) {
            made.hashes_.push_back(features_[row]);
            for (std::size_t j = 0; j < labels_; ++j) {
                const float weight = weights_[row * stride_ + j];
                made.weights_.push_back(static_cast<std::int8_t>(std::lround(weight / made.scale_)));
            }
        }
        made.make_directory();
        return made;
    }

    const TaggedSequences& examples_;
    const TagChain& chain_;
    const SequenceTagger::Options& options_;
    const std::stop_token& stop_;
    const std::size_t labels_;
    std::size_t stride_ = 0;
    std::vector<std::uint32_t> features_;  // distinct hashes, as met
    std::vector<std::uint32_t> rows_;      // of each feature of each token, in features_
    std::vector<float> weights_, weight_squares_;
    ChainWeights steps_, squares_;
    std::vector<float> exps_, alpha_, totals_, shares_, step_shares_, beta_, ahead_;
};

Result<SequenceTagger> SequenceTagger::fit(const TaggedSequences& examples, const TagChain& chain,
                                           const Options& options, const std::stop_token& stop) {
    return TaggerFit(examples, chain, options, stop).run();
}

}  // namespace weir::learn
