#include "eval/cache_stream.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cascade/agreement.h"
#include "embed/exact_index.h"
#include "embed/hashing_embedder.h"
#include "learn/random_bits.h"
#include "tiers/semantic_cache/matcher.h"

namespace weir::eval {
namespace {

namespace semantic = tiers::semantic;

struct Entry {
    std::size_t row = 0;  // in the stream
    semantic::Question question;
    embed::Int8Vector hashing;
};

// The partition: entries, found by vectors and by their canonical form.
class Partition {
  public:
    Partition(const TextVectors& dense, const StreamOptions& options)
        : dense_(dense),
          options_(options),
          by_hashing_(embedder_.dimensions()),
          by_dense_(std::max<std::size_t>(1, dense.dimensions())) {}

    embed::Int8Vector hashed(const semantic::Question& question) const {
        return embed::Int8Vector(embedder_.embed_now(question.words));
    }

    void add(Entry entry, std::string_view text) {
        const auto id = static_cast<std::uint32_t>(entries_.size());
        by_hashing_.set(id, entry.hashing.view());
        if (const embed::Int8View vector = dense_.of(text); vector.scale != 0) by_dense_.set(id, vector);
        by_form_[entry.question.canonical_id] = id;
        entries_.push_back(std::move(entry));
    }

    void find(const semantic::Question& asked, const embed::Int8Vector& hashing, std::string_view text,
              std::vector<semantic::Candidate>& out) {
        ids_.clear();
        if (const auto same = by_form_.find(asked.canonical_id); same != by_form_.end()) ids_.push_back(same->second);
        const embed::Int8View vector = dense_.of(text);
        if (vector.scale != 0) {
            by_dense_.nearest(vector, options_.dense_candidates, near_);
            for (const embed::Neighbour& each : near_) ids_.push_back(each.id);
        }
        by_hashing_.nearest(hashing.view(), options_.hashing_candidates, near_);
        for (const embed::Neighbour& each : near_) ids_.push_back(each.id);
        std::sort(ids_.begin(), ids_.end());
        ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
        out.clear();
        for (const std::uint32_t id : ids_) {
            const Entry& entry = entries_[id];
            semantic::Similarities similarities;
            similarities.dense = cosine(vector, by_dense_.at(id), dense_.dimensions());
            similarities.hashing = entry.hashing.empty() || hashing.empty()
                                       ? 0
                                       : cosine(entry.hashing.view(), hashing.view(), embedder_.dimensions());
            out.push_back({id, &entry.question, similarities});
        }
    }

    const Entry& entry(std::uint64_t id) const { return entries_[id]; }

  private:
    const TextVectors& dense_;
    const StreamOptions& options_;
    embed::HashingEmbedder embedder_;
    embed::ExactIndex by_hashing_, by_dense_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_form_;
    std::deque<Entry> entries_;  // addresses stay
    std::vector<std::uint32_t> ids_;
    std::vector<embed::Neighbour> near_;
};

semantic::OnlineLearner::Options learner_options(const StreamOptions& options) {
    semantic::OnlineLearner::Options learner;
    learner.gate.promise = options.promise;
    learner.gate.prior_threshold = options.prior_threshold;
    learner.gate.certain = semantic::kCertain;
    learner.rules_are_final = options.promise < 0.1;
    learner.gate.window = 200'000;
    learner.gate.least_audit = std::max(0.001, options.audit);
    learner.seed = options.seed;
    return learner;
}

class Stream {
  public:
    Stream(const std::vector<StreamRow>& rows, const std::unordered_map<std::string, std::string>& answers,
           const TextVectors& dense, std::shared_ptr<const semantic::Verifier> verifier, const StreamOptions& options)
        : rows_(rows),
          answers_(answers),
          options_(options),
          partition_(dense, options),
          learner_(std::move(verifier), learner_options(options)),
          random_(options.seed),
          dense_(dense) {}

    Result<std::string> run(const Progress& progress, StreamSummary& summary) {
        summary.dense = dense_.size() > 0;
        summary.learned = !answers_.empty();
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            ask(i, summary);
            if (summary.learned && learner_.refit_due()) {
                if (progress && !progress("learning", i, rows_.size())) return fail(ErrorCode::canceled, "given up");
                if (const auto fitted = learner_.refit(); !fitted) return tl::unexpected(fitted.error());
            }
            if (progress && (i + 1) % 100 == 0 && !progress("questions", i + 1, rows_.size())) {
                return fail(ErrorCode::canceled, "given up");
            }
        }
        summary.questions = rows_.size();
        summary.fits = learner_.fits();
        summary.proofs = learner_.gate().proofs();
        summary.closures = learner_.gate().closures();
        summary.threshold = learner_.threshold();
        if (summary.learned) summary.seen_false_share = learner_.gate().seen_false_share();
        return std::move(out_);
    }

  private:
    void ask(std::size_t i, StreamSummary& summary) {
        const StreamRow& row = rows_[i];
        Entry entry{i, semantic::read_question(row.text), {}};
        entry.hashing = partition_.hashed(entry.question);
        partition_.find(entry.question, entry.hashing, row.text, candidates_);
        const double threshold = learner_.threshold();
        const semantic::WordRarity& rarity = answers_.empty() ? learner_.verifier().rarity() : learner_.rarity();
        const semantic::Match match = semantic::Matcher(learner_.verifier(), rarity)
                                          .judge(candidates_, entry.question, {threshold, true}, &kept_);
        write(row, match, threshold);
        summary.served += match.serve ? 1 : 0;
        summary.explained += match.stage == semantic::MatchStage::explained ? 1 : 0;
        if (!answers_.empty()) learn(i, match.serve, summary);
        if (match.serve) return;
        learner_.count_words(entry.question);
        partition_.add(std::move(entry), row.text);
    }

    void learn(std::size_t i, bool served, StreamSummary& summary) {
        if (kept_.empty()) return;
        for (semantic::JudgedPair& pair : kept_) pair.candidate = candidates_[pair.candidate].entry;
        const std::uint64_t id = learner_.looked_up(std::move(kept_));
        kept_ = {};
        const bool audited = served && random_.chance(options_.audit);
        if (served && !audited) return;
        const std::string& fresh = answers_.at(rows_[i].id);
        std::vector<std::uint8_t> right;
        for (const semantic::JudgedPair& pair : learner_.pairs_of(id)) {
            const std::string& cached = answers_.at(rows_[partition_.entry(pair.candidate).row].id);
            right.push_back(cascade::agreement(rows_[i].text, cached, fresh).result == cascade::Agreed::agree ? 1 : 0);
        }
        summary.audits += audited ? 1 : 0;
        summary.audits_wrong += audited && !right.empty() && right[0] == 0 ? 1 : 0;
        learner_.revealed(id, right, audited ? std::optional(options_.audit) : std::nullopt);
    }

    void write(const StreamRow& row, const semantic::Match& match, double threshold) {
        char score[32];
        std::snprintf(score, sizeof score, "%.6f", std::min(1.0, match.score));
        const bool found = match.stage != semantic::MatchStage::no_candidate;
        const std::string matched = found ? rows_[partition_.entry(match.entry).row].id : std::string();
        out_ += row.id + (match.serve ? "\t1\t" : "\t0\t") + matched + "\t" + score + "\t" +
                match.reason(threshold, true) + "\n";
    }

    const std::vector<StreamRow>& rows_;
    const std::unordered_map<std::string, std::string>& answers_;
    const StreamOptions& options_;
    Partition partition_;
    semantic::OnlineLearner learner_;
    learn::RandomBits random_;
    const TextVectors& dense_;
    std::vector<semantic::Candidate> candidates_;
    std::vector<semantic::JudgedPair> kept_;
    std::string out_;
};

}  // namespace

Result<std::string> judge_stream(const std::vector<StreamRow>& stream,
                                 const std::unordered_map<std::string, std::string>& answers, const TextVectors& dense,
                                 std::shared_ptr<const semantic::Verifier> verifier, const StreamOptions& options,
                                 const Progress& progress, StreamSummary& summary) {
    summary = {};
    return Stream(stream, answers, dense, std::move(verifier), options).run(progress, summary);
}

}  // namespace weir::eval
