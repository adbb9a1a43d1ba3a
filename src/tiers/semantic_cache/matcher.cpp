#include "tiers/semantic_cache/matcher.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tiers/reason_words.h"

namespace weir::tiers::semantic {
namespace {

float similarity_of(const Candidate& candidate) {
    return std::isnan(candidate.similarities.dense) ? candidate.similarities.hashing : candidate.similarities.dense;
}

}  // namespace

std::string_view to_string(MatchStage stage) {
    switch (stage) {
        case MatchStage::no_candidate:
            return "no candidate";
        case MatchStage::context:
            return "context";
        case MatchStage::guards:
            return "guards";
        case MatchStage::verifier:
            return "verifier";
        case MatchStage::explained:
            return "explained";
        case MatchStage::verified:
            return "verified";
    }
    return "";
}

store::Reason Match::because(double threshold) const {
    using store::Reason;
    using store::Said;
    const auto near = static_cast<double>(similarity);
    switch (stage) {
        case MatchStage::no_candidate:
            return Reason::of(Said::no_candidate);
        case MatchStage::context:
            return Reason::of(Said::context).scored(near);
        case MatchStage::guards: {
            const Reason guards = Reason::of(Said::guards, static_cast<std::uint8_t>(report.refusal)).scored(near);
            const auto numbers = small_numbers(report.detail());
            return numbers ? guards.counting(numbers->first, numbers->second) : guards;
        }
        case MatchStage::verifier:
            if (score >= kCertain) return Reason::of(Said::gate_closed).scored(near);
            return Reason::of(Said::verifier).scored(score).needing(threshold);
        case MatchStage::explained:
            return Reason::of(Said::explained).scored(near);
        case MatchStage::verified:
            return Reason::of(Said::verifier).scored(score).needing(threshold);
    }
    return {};
}

std::string Match::reason(double threshold, bool with_detail) const {
    std::string text = words_of(because(threshold), serve ? store::StepVerdict::served : store::StepVerdict::refused);
    if (stage == MatchStage::guards && with_detail && !report.detail().empty()) {
        text += " (" + std::string(report.detail()) + ")";
    }
    return text;
}

Match Matcher::judge(std::span<const Candidate> candidates, const Question& asked, const MatchRules& rules,
                     std::vector<JudgedPair>* kept) const {
    if (kept != nullptr) kept->clear();
    Match best;
    bool let_through = false;
    candidates = candidates.first(std::min(candidates.size(), kMostCandidates));
    std::array<FoundBeside, kMostCandidates> found;
    std::transform(candidates.begin(), candidates.end(), found.begin(), [](const Candidate& candidate) {
        return FoundBeside{candidate.similarities, candidate.answer};
    });
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const Candidate& candidate = candidates[i];
        const GuardReport report = check_guards(*candidate.question, asked);
        const float similarity = similarity_of(candidate);
        const bool explained = report.explained || report.explained_problem;
        const bool certain = explained && !verifier_.judges_explained();
        const bool refused = report.refused() && !contains(verifier_.overrules(), report.refusal);
        const bool keep = kept != nullptr && (!refused || contains(rebuttable_refusals(), report.refusal));
        JudgedPair pair;
        if (keep || !(refused || certain)) {
            pair.features = pair_features(*candidate.question, asked, report, candidate.similarities, rarity_);
            set_surroundings(std::span(found).first(candidates.size()), i, pair.features);
            if (keep || verifier_.knows_words()) lexical_features(*candidate.question, asked, pair.lexical);
            pair.score = refused ? 0 : verifier_.score(pair.features, pair.lexical);
        }
        const double score = certain ? kCertain : pair.score;
        if (keep) {
            pair.candidate = i;
            pair.score = score;
            pair.explained = explained;
            pair.refused = report.refused();
            kept->push_back(std::move(pair));
        }
        if (refused) {
            if (!let_through && (best.stage == MatchStage::no_candidate || similarity > best.similarity)) {
                best = {false, MatchStage::guards, i, candidate.entry, 0, similarity, report};
            }
            continue;
        }
        const bool better = !let_through || score > best.score || (score == best.score && similarity > best.similarity);
        if (!better) continue;
        let_through = true;
        const bool serve = score >= rules.threshold;
        const MatchStage stage = !serve      ? MatchStage::verifier
                                 : explained ? MatchStage::explained
                                             : MatchStage::verified;
        best = {serve, stage, i, candidate.entry, score, similarity, report};
    }
    if (asked.leans_on_context && !rules.same_history && best.judged()) {
        best.serve = false;
        best.stage = MatchStage::context;
    }
    return best;
}

}  // namespace weir::tiers::semantic
