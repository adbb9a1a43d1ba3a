#include "eval/cache_stream.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cascade/agreement.h"
#include "cascade/answer_digest.h"
#include "embed/hashing_embedder.h"
#include "learn/random_bits.h"
#include "tiers/semantic_cache/semantic_tier.h"

namespace weir::eval {
namespace {

namespace semantic = tiers::semantic;

// The live tier's index, with rows of the stream for answers.
class Partition {
  public:
    Partition(const TextVectors& dense, const StreamOptions& options) : dense_(dense), index_(index_options(options)) {}

    // What the tier makes of a question.
    semantic::SemanticRecord record(std::size_t row, const semantic::Question& question, std::string_view text) const {
        semantic::SemanticRecord record;
        record.key = key_of(row);
        record.created_unix_micros = static_cast<Micros>(row);
        record.bag = semantic::stem_bag(question.content);
        record.question = text.substr(0, semantic::kQuestionBytesMost);
        record.vectors[semantic::kHashingSpace] = embed::Int8Vector(embedder_.embed_now(question.words));
        const embed::Int8View vector = dense_.of(text);
        if (vector.scale != 0) {
            record.vectors[semantic::kDenseSpace] =
                embed::Int8Vector(std::span(vector.codes, dense_.dimensions()), vector.scale);
        }
        return record;
    }

    void add(const semantic::SemanticRecord& record, semantic::Question question) {
        questions_[static_cast<std::size_t>(record.created_unix_micros)] = std::move(question);
        index_.add(record);
    }
    void used(std::size_t row) { index_.used({}, key_of(row)); }

    void find(const semantic::SemanticRecord& asked, std::vector<semantic::Candidate>& out) {
        index_.candidates(asked.partition, asked.bag, asked.vectors, semantic::kLooked, found_);
        out.clear();
        for (const semantic::Found& found : found_) {
            const auto row = static_cast<std::size_t>(found.created_unix_micros);
            semantic::Similarities similarities;
            similarities.hashing = found.similarity[semantic::kHashingSpace];
            const float cosine = found.similarity[semantic::kDenseSpace];
            if (cosine != 0) similarities.dense = cosine;
            out.push_back({row, &questions_.at(row), similarities, found.answer});
        }
    }

    std::uint64_t evicted() const { return index_.evicted(); }

  private:
    static Digest256 key_of(std::size_t row) { return sha256(std::to_string(row)); }

    semantic::SemanticIndex::Options index_options(const StreamOptions& options) const {
        semantic::SemanticIndex::Options index;
        index.identities[semantic::kHashingSpace] = embedder_.identity();
        index.dimensions[semantic::kHashingSpace] = embedder_.dimensions();
        if (dense_.dimensions() > 0) {
            index.identities[semantic::kDenseSpace] = "dense";
            index.dimensions[semantic::kDenseSpace] = dense_.dimensions();
        }
        index.bytes_most = options.memory_bytes;
        return index;
    }

    const TextVectors& dense_;
    embed::HashingEmbedder embedder_;
    semantic::SemanticIndex index_;
    std::unordered_map<std::size_t, semantic::Question> questions_;  // read once; addresses stay
    std::vector<semantic::Found> found_;
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
        summary.evicted = partition_.evicted();
        summary.threshold = learner_.threshold();
        if (summary.learned) summary.seen_false_share = learner_.gate().seen_false_share();
        return std::move(out_);
    }

  private:
    void ask(std::size_t i, StreamSummary& summary) {
        const StreamRow& row = rows_[i];
        semantic::Question asked = semantic::read_question(row.text);
        semantic::SemanticRecord record = partition_.record(i, asked, row.text);
        partition_.find(record, candidates_);
        const double threshold = learner_.threshold();
        const semantic::WordRarity& rarity = answers_.empty() ? learner_.verifier().rarity() : learner_.rarity();
        const semantic::Match match =
            semantic::Matcher(learner_.verifier(), rarity).judge(candidates_, asked, {threshold, true}, &kept_);
        write(row, match, threshold);
        summary.served += match.serve ? 1 : 0;
        summary.explained += match.stage == semantic::MatchStage::explained ? 1 : 0;
        if (!answers_.empty()) learn(i, match.serve, summary);
        if (match.serve) return partition_.used(match.entry);
        learner_.count_words(asked);
        if (!answers_.empty()) record.answer = cascade::answer_digest(answers_.at(row.id));
        partition_.add(record, std::move(asked));
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
            const std::string& cached = answers_.at(rows_[pair.candidate].id);
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
        const std::string matched = found ? rows_[match.entry].id : std::string();
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
