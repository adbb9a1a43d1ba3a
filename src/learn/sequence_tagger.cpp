#include "learn/sequence_tagger.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace weir::learn {
namespace {

constexpr std::size_t kLane = 8;  // numbers that go through the processor together
constexpr float kForbidden = -1e9F;
constexpr std::uint8_t kVersion = 1;

std::size_t padded(std::size_t count) {
    return (count + kLane - 1) / kLane * kLane;
}

}  // namespace

TagChain TagChain::all(std::size_t labels) {
    TagChain chain;
    chain.labels = labels;
    chain.allowed.assign((labels + 1) * (labels + 1), 1);
    return chain;
}

void ChainWeights::resize(std::size_t count) {
    labels = count;
    stride = padded(count);
    first.assign(stride, kForbidden);
    last.assign(stride, kForbidden);
    next.assign(labels * stride, kForbidden);
}

void ChainWeights::make_exps() {
    const auto exps = [](const std::vector<float>& of, std::vector<float>& to) {
        to.resize(of.size());
        for (std::size_t i = 0; i < of.size(); ++i) to[i] = std::exp(of[i]);
    };
    exps(first, first_exp);
    exps(last, last_exp);
    exps(next, next_exp);
}

void SequenceTagger::make_directory() {
    const auto bits = static_cast<unsigned>(std::max(1, static_cast<int>(std::bit_width(hashes_.size())) - 1));
    shift_ = 32 - bits;
    directory_.assign((std::size_t{1} << bits) + 1, static_cast<std::uint32_t>(hashes_.size()));
    for (std::size_t i = hashes_.size(); i-- > 0;) directory_[hashes_[i] >> shift_] = static_cast<std::uint32_t>(i);
    for (std::size_t i = directory_.size() - 1; i-- > 0;) directory_[i] = std::min(directory_[i], directory_[i + 1]);
}

const std::int8_t* SequenceTagger::weights_of(std::uint32_t hash) const {
    const std::uint32_t bucket = hash >> shift_;
    for (std::uint32_t i = directory_[bucket]; i < directory_[bucket + 1]; ++i) {
        if (hashes_[i] == hash) return weights_.data() + i * chain_.labels;
    }
    return nullptr;
}

void SequenceTagger::score(const TokenFeatures& tokens, Scratch& scratch) const {
    const std::size_t labels = chain_.labels, stride = steps_.stride;
    scratch.scores.assign(tokens.tokens() * stride, 0);
    std::array<int, kMostTags> sums{};
    for (std::size_t token = 0; token < tokens.tokens(); ++token) {
        sums.fill(0);
        for (const std::uint32_t hash : tokens.of(token)) {
            const std::int8_t* weights = weights_of(hash);
            if (weights == nullptr) continue;
            for (std::size_t label = 0; label < labels; ++label) sums[label] += weights[label];
        }
        float* to = scratch.scores.data() + token * stride;
        for (std::size_t label = 0; label < labels; ++label) to[label] = scale_ * static_cast<float>(sums[label]);
    }
}

bool SequenceTagger::tag(const TokenFeatures& tokens, Scratch& scratch, Tagging& out) const {
    const std::size_t count = tokens.tokens(), labels = chain_.labels, stride = steps_.stride;
    out.labels.clear();
    out.log_probability = 0;
    if (count == 0 || count > kMostTaggedTokens || labels == 0) return false;
    score(tokens, scratch);
    // Viterbi in `row`, and at the same time in `forward` the sum over all labellings, scaled to 1 at each token.
    std::array<float, kMostTags> row{}, grown{}, forward{}, sums{};
    scratch.from.resize(count * stride);
    double log_sum = 0;
    for (std::size_t token = 0; token < count; ++token) {
        const float* scores = scratch.scores.data() + token * stride;
        std::uint8_t* from = scratch.from.data() + token * stride;
        if (token == 0) {
            std::copy_n(steps_.first.begin(), stride, grown.begin());
            std::copy_n(steps_.first_exp.begin(), stride, sums.begin());
        } else {
            std::fill_n(grown.begin(), stride, 4 * kForbidden * static_cast<float>(kMostTaggedTokens));
            std::fill_n(sums.begin(), stride, 0.0F);
            for (std::size_t before = 0; before < labels; ++before) {
                const float* steps = steps_.next.data() + before * stride;
                const float* exps = steps_.next_exp.data() + before * stride;
                for (std::size_t label = 0; label < labels; ++label) {
                    const float reached = row[before] + steps[label];
                    from[label] = reached > grown[label] ? static_cast<std::uint8_t>(before) : from[label];
                    grown[label] = std::max(reached, grown[label]);
                    sums[label] += forward[before] * exps[label];
                }
            }
        }
        const float most = *std::max_element(scores, scores + labels);
        float total = 0;
        for (std::size_t label = 0; label < labels; ++label) {
            row[label] = grown[label] + scores[label];
            forward[label] = sums[label] * std::exp(scores[label] - most);
            total += forward[label];
        }
        if (!(total > 0)) return false;
        for (std::size_t label = 0; label < labels; ++label) forward[label] /= total;
        log_sum += static_cast<double>(most) + std::log(static_cast<double>(total));
    }
    double end = 0;
    std::size_t best = 0;
    for (std::size_t label = 0; label < labels; ++label) {
        end += static_cast<double>(forward[label] * steps_.last_exp[label]);
        if (row[label] + steps_.last[label] > row[best] + steps_.last[best]) best = label;
    }
    out.labels.assign(count, 0);
    for (std::size_t token = count, label = best; token-- > 0;) {
        out.labels[token] = static_cast<std::uint8_t>(label);
        if (token > 0) label = scratch.from[token * stride + label];
    }
    // The labelling's own score once more, in double: sums of floats over a long sequence are too coarse to subtract.
    double score = 0;
    for (std::size_t token = 0; token < count; ++token) {
        const std::size_t label = out.labels[token];
        score += static_cast<double>(scratch.scores[token * stride + label]);
        score +=
            static_cast<double>(token == 0 ? steps_.first[label] : steps_.next[out.labels[token - 1] * stride + label]);
    }
    score += static_cast<double>(steps_.last[out.labels.back()]);
    if (!(end > 0) || score < static_cast<double>(kForbidden) / 2) return false;
    out.log_probability = std::min(0.0, score - log_sum - std::log(end));
    return true;
}

void SequenceTagger::write(ModelWriter& to) const {
    to.put(kVersion);
    to.put(static_cast<std::uint8_t>(chain_.labels));
    for (const std::uint8_t each : chain_.allowed) to.put(each);
    const std::size_t labels = chain_.labels;
    for (std::size_t label = 0; label < labels; ++label) to.put(steps_.first[label]);
    for (std::size_t label = 0; label < labels; ++label) to.put(steps_.last[label]);
    for (std::size_t before = 0; before < labels; ++before) {
        for (std::size_t label = 0; label < labels; ++label) to.put(steps_.next[before * steps_.stride + label]);
    }
    to.put(scale_);
    to.put(static_cast<std::uint32_t>(hashes_.size()));
    for (const std::uint32_t hash : hashes_) to.put(hash);
    for (const std::int8_t weight : weights_) to.put(weight);
}

Result<SequenceTagger> SequenceTagger::read(ModelReader& from) {
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged sequence tagger"); };
    if (from.get<std::uint8_t>() != kVersion) return fail(ErrorCode::invalid, "no sequence tagger of this version");
    const std::size_t labels = from.get<std::uint8_t>();
    if (!from.ok() || labels == 0 || labels > kMostTags) return damaged();
    SequenceTagger model;
    model.chain_ = TagChain::all(labels);
    for (std::uint8_t& each : model.chain_.allowed) {
        each = from.get<std::uint8_t>();
        if (each > 1) return damaged();
    }
    model.steps_.resize(labels);
    bool sound = true;
    const auto step = [&](std::size_t before, std::size_t behind) {
        const float value = from.get<float>();
        const bool allowed = model.chain_.may_follow(before, behind);
        sound = sound && (allowed ? std::abs(value) < 1e3F : value == kForbidden);
        return value;
    };
    for (std::size_t label = 0; label < labels; ++label) model.steps_.first[label] = step(labels, label);
    for (std::size_t label = 0; label < labels; ++label) model.steps_.last[label] = step(label, labels);
    for (std::size_t before = 0; before < labels; ++before) {
        for (std::size_t label = 0; label < labels; ++label) {
            model.steps_.next[before * model.steps_.stride + label] = step(before, label);
        }
    }
    model.scale_ = from.get<float>();
    const std::size_t features = from.get<std::uint32_t>();
    if (!from.ok() || !sound || !(model.scale_ >= 0 && model.scale_ < 10) || features > kMostTagFeatures ||
        features * (sizeof(std::uint32_t) + labels) > from.left()) {
        return damaged();
    }
    model.hashes_.reserve(features);
    for (std::size_t i = 0; i < features; ++i) {
        const auto hash = from.get<std::uint32_t>();
        if (i > 0 && hash <= model.hashes_.back()) return damaged();
        model.hashes_.push_back(hash);
    }
    model.weights_.reserve(features * labels);
    for (std::size_t i = 0; i < features * labels; ++i) model.weights_.push_back(from.get<std::int8_t>());
    model.steps_.make_exps();
    model.make_directory();
    return model;
}

}  // namespace weir::learn
