#include "eval/cache_pairs.h"

#include <cstdio>
#include <unordered_set>

#include "embed/hashing_embedder.h"
#include "tiers/semantic_cache/matcher.h"

namespace weir::eval {
namespace {

namespace semantic = tiers::semantic;

constexpr std::size_t kProgressStep = 256;  // rows

Error canceled() {
    return {ErrorCode::canceled, "given up"};
}

bool go_on(const Progress& progress, std::string_view what, std::size_t done, std::size_t all) {
    if (!progress || (done % kProgressStep != 0 && done != all)) return true;
    return progress(what, done, all);
}

semantic::Similarities similarities_of(const embed::HashingEmbedder& hashing, const semantic::Question& cached,
                                       const semantic::Question& asked, const PairRow& pair, const TextVectors& dense) {
    semantic::Similarities similarities;
    const embed::Int8Vector a(hashing.embed_now(cached.words)), b(hashing.embed_now(asked.words));
    similarities.hashing = a.empty() || b.empty() ? 0 : cosine(a.view(), b.view(), hashing.dimensions());
    similarities.dense = cosine(dense.of(pair.text_a), dense.of(pair.text_b), dense.dimensions());
    return similarities;
}

template <class Rows, class Each>
std::vector<std::string_view> distinct(const Rows& rows, Each each) {
    std::vector<std::string_view> texts;
    std::unordered_set<std::string_view> seen;
    for (const auto& row : rows) {
        each(row, [&](std::string_view text) {
            if (seen.insert(text).second) texts.push_back(text);
        });
    }
    return texts;
}

using Numbers = std::unordered_map<std::string_view, std::uint32_t>;

std::vector<std::uint32_t> groups_by_text(const std::vector<PairRow>& pairs, const Numbers& numbers) {
    std::vector<std::array<std::uint32_t, 2>> joined;
    for (const PairRow& pair : pairs) joined.push_back({numbers.at(pair.text_a), numbers.at(pair.text_b)});
    return semantic::join_texts(joined, numbers.size());
}

std::vector<std::uint32_t> groups_by_id(const std::vector<PairRow>& pairs) {
    Numbers names;
    std::vector<std::uint32_t> groups;
    for (const PairRow& pair : pairs) {
        const std::string_view name = std::string_view(pair.id).substr(0, pair.id.find(':'));
        groups.push_back(names.emplace(name, static_cast<std::uint32_t>(names.size())).first->second);
    }
    return groups;
}

}  // namespace

std::vector<std::string_view> texts_of(const std::vector<PairRow>& pairs) {
    return distinct(pairs, [](const PairRow& row, const auto& take) {
        take(row.text_a);
        take(row.text_b);
    });
}

std::vector<std::string_view> texts_of(const std::vector<StreamRow>& stream) {
    return distinct(stream, [](const StreamRow& row, const auto& take) { take(row.text); });
}

Result<std::string> judge_pairs(const std::vector<PairRow>& pairs, const TextVectors& dense,
                                const semantic::Verifier& verifier, double threshold, const Progress& progress,
                                PairsSummary& summary) {
    const embed::HashingEmbedder hashing;
    const semantic::Matcher matcher(verifier);
    std::string out;
    summary = {};
    summary.threshold = threshold;
    summary.dense = dense.size() > 0 && verifier.knows_dense();
    for (const PairRow& pair : pairs) {
        const semantic::Question cached = semantic::read_question(pair.text_a),
                                 asked = semantic::read_question(pair.text_b);
        const semantic::Candidate candidate{0, &cached, similarities_of(hashing, cached, asked, pair, dense)};
        const semantic::Match match = matcher.judge(std::span(&candidate, 1), asked, {threshold, true});
        ++summary.pairs;
        summary.served += match.serve ? 1 : 0;
        summary.explained += match.stage == semantic::MatchStage::explained ? 1 : 0;
        summary.refused += match.stage == semantic::MatchStage::guards ? 1 : 0;
        summary.below += match.stage == semantic::MatchStage::verifier ? 1 : 0;
        char score[32];
        std::snprintf(score, sizeof score, "%.6f", std::min(1.0, match.score));
        out += pair.id + (match.serve ? "\t1\t" + pair.id : std::string("\t0\t")) + "\t" + score + "\t" +
               match.reason(threshold, true) + "\n";
        if (!go_on(progress, "pairs", summary.pairs, pairs.size())) return tl::unexpected(canceled());
    }
    return out;
}

Result<semantic::VerifierTraining> training_of(const std::vector<PairRow>& pairs, const TextVectors& dense,
                                               const TrainingChoice& choice, const Progress& progress) {
    semantic::VerifierTraining training(choice.overrules);
    const std::vector<std::string_view> texts = texts_of(pairs);
    Numbers numbers;
    for (const std::string_view text : texts) {
        numbers.emplace(text, static_cast<std::uint32_t>(numbers.size()));
        if (choice.count_words) training.rarity().count(semantic::read_question(text));
    }
    Sha256 digest;
    for (const PairRow& pair : pairs) {
        digest.update_part(pair.text_a);
        digest.update_part(pair.text_b);
        digest.update(pair.label ? "1" : "0");
    }
    training.set_digest(digest.finish());
    const std::vector<std::uint32_t> groups = choice.group_by_id ? groups_by_id(pairs) : groups_by_text(pairs, numbers);
    const embed::HashingEmbedder hashing;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const PairRow& pair = pairs[i];
        const semantic::Question cached = semantic::read_question(pair.text_a),
                                 asked = semantic::read_question(pair.text_b);
        training.add(cached, asked, semantic::check_guards(cached, asked),
                     similarities_of(hashing, cached, asked, pair, dense), pair.label, 1, groups[i]);
        if (!go_on(progress, "pairs", i + 1, pairs.size())) return tl::unexpected(canceled());
    }
    return training;
}

}  // namespace weir::eval
