// SpanStudent::train: the answers' form, the coarsest cut into tokens that the spans keep to, what is known of words,
// the tagger; once on four fifths of the examples, to see how far its own word may be trusted, and then on all.
#include <algorithm>
#include <cmath>

#include "learn/certificates.h"
#include "learn/logistic_regression.h"
#include "tiers/student/span_student.h"

namespace weir::tiers::student {
namespace {

constexpr double kLeastFound = 0.9;    // share of the strings that must be found between tokens
constexpr double kGoodCut = 0.995;     // ... with which a cut is good enough not to look at a finer one
constexpr double kLeastLearned = 0.8;  // share of the examples that must be learned from
constexpr std::size_t kHeldOut = 5;    // the last one in so many: what comes next is like the end, not like the whole
constexpr std::size_t kLeastHeldOut = 10;
constexpr double kLeastStrange = 4;   // standard deviations that are always allowed
constexpr double kMostPrior = 0.995;  // the calibration's word where nothing went wrong
constexpr std::size_t kOfLate = 200;  // examples that tell how often answers are none of the form

struct Row {
    std::string_view slot, answer;
    std::vector<SpanValue> values;
    std::vector<SlotToken> tokens;
    std::vector<TokenSpan> spans;
    OwnCounts own;
};

}  // namespace

class SpanTrainer {
  public:
    SpanTrainer(std::span<const StudentExample> examples, const SpanStudent::Options& options,
                const std::stop_token& stop)
        : examples_(examples), options_(options), stop_(stop) {}

    Result<SpanStudent> run() {
        if (examples_.size() > kMostSpanExamples) return fail(ErrorCode::too_large, "too many examples for a student");
        if (examples_.size() < options_.least_examples)
            return fail(ErrorCode::invalid, "too few examples for a student");
        auto form = SpanForm::learn(examples_);
        if (!form) return fail(ErrorCode::invalid, "no extraction: the answers are not JSON of pieces of the prompt");
        student_.form_ = std::move(*form);
        student_.tags_ = SpanTags(student_.form_.labels());
        student_.repeats_ = repeats();
        if (auto found = place_all(); !found) return tl::unexpected(found.error());
        if (auto checked = hold_out(); !checked) return tl::unexpected(checked.error());
        if (auto learned = learn([](std::size_t) { return true; }); !learned) return tl::unexpected(learned.error());
        count_outside();
        return std::move(student_);
    }

  private:
    // Whether strings that occur more than once are listed more than once.
    bool repeats() const {
        std::size_t once = 0, more = 0;
        std::vector<SpanValue> values;
        for (const StudentExample& each : examples_) {
            if (!student_.form_.read(each.answer, values)) continue;
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (student_.form_.single(values[i].label)) continue;
                const auto same = [&](const SpanValue& other) { return other == values[i]; };
                const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i);
                if (std::any_of(values.begin(), begin, same)) continue;
                const std::size_t first = each.text.find(values[i].text);
                if (first == std::string_view::npos ||
                    each.text.find(values[i].text, first + values[i].text.size()) == std::string_view::npos) {
                    continue;
                }
                ++(std::any_of(begin + 1, values.end(), same) ? more : once);
            }
        }
        return more > once;
    }

    Result<void> place_all() {
        double best = -1;
        TokenCut best_cut = TokenCut::spaces;
        for (std::size_t cut = 0; cut < kTokenCuts && best < kGoodCut; ++cut) {
            if (stop_.stop_requested()) return fail(ErrorCode::canceled, "training was called off");
            const double found = place(static_cast<TokenCut>(cut));
            if (found <= best) continue;
            best = found;
            best_cut = static_cast<TokenCut>(cut);
        }
        student_.cut_ = best_cut;
        place(best_cut);
        student_.training_.examples = examples_.size();
        student_.training_.found = best;
        if (best < kLeastFound) return fail(ErrorCode::invalid, "no extraction: too many strings are no whole words");
        if (static_cast<double>(rows_.size()) < kLeastLearned * static_cast<double>(examples_.size())) {
            return fail(ErrorCode::invalid, "no extraction: too few answers can be found in their prompts");
        }
        leave_latest();
        student_.training_.learned = rows_.size();
        return {};
    }

    // As many of the last rows as there is time for.
    void leave_latest() {
        const std::size_t most = kMostSpanWork / student_.tags_.chain().labels;
        std::size_t first = rows_.size(), tokens = 0;
        while (first > 0 && tokens + rows_[first - 1].tokens.size() <= most) tokens += rows_[--first].tokens.size();
        rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(first));
    }

    void count_outside() {
        const auto late = examples_.last(std::min(examples_.size(), kOfLate));
        const auto outside = std::count_if(late.begin(), late.end(), [this](const StudentExample& each) {
            return !student_.could_say(each.text, each.answer);
        });
        student_.training_.outside_share =
            learn::share_upper_bound(static_cast<std::size_t>(outside), late.size(), 0.05);
    }

    // Fills rows_; returns the share of the strings that are found.
    double place(TokenCut cut) {
        rows_.clear();
        std::size_t found = 0, strings = 0;
        for (const StudentExample& each : examples_) {
            Row row{each.text, each.answer, {}, {}, {}, {}};
            if (!student_.form_.read(each.answer, row.values)) continue;
            if (!cut_tokens(each.text, cut, row.tokens)) continue;
            const std::size_t of_row = place_values(each.text, row.tokens, row.values, !student_.repeats_, row.spans);
            found += of_row;
            strings += row.values.size();
            if (of_row == row.values.size() && !row.tokens.empty()) rows_.push_back(std::move(row));
        }
        return strings == 0 ? 0 : static_cast<double>(found) / static_cast<double>(strings);
    }

    template <class Takes>
    Result<void> learn(Takes takes) {
        student_.knowledge_ = SpanKnowledge(student_.form_.labels());
        SpanFeatures features;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!takes(i)) continue;
            rows_[i].own = {};
            features.look(rows_[i].slot, rows_[i].tokens);
            features.teach(rows_[i].spans, student_.knowledge_, rows_[i].own);
        }
        learn::TaggedSequences sequences;
        learn::TokenFeatures hashed;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!takes(i)) continue;
            features.look(rows_[i].slot, rows_[i].tokens);
            features.features(student_.knowledge_, &rows_[i].own, hashed);
            const std::size_t start = sequences.tokens.hashes.size();
            sequences.tokens.hashes.insert(sequences.tokens.hashes.end(), hashed.hashes.begin(), hashed.hashes.end());
            for (const std::size_t end : hashed.token_ends) sequences.tokens.token_ends.push_back(start + end);
            student_.tags_.encode(rows_[i].spans, rows_[i].tokens.size(), sequences.labels);
            sequences.sequence_ends.push_back(sequences.labels.size());
        }
        auto tagger = learn::SequenceTagger::fit(sequences, student_.tags_.chain(), options_.tagger, stop_);
        if (!tagger) return tl::unexpected(tagger.error());
        student_.tagger_ = std::move(*tagger);
        return {};
    }

    std::size_t first_held_out() const { return rows_.size() - rows_.size() / kHeldOut; }

    Result<void> hold_out() {
        const std::size_t first = first_held_out();
        if (auto learned = learn([first](std::size_t row) { return row < first; }); !learned) return learned;
        bound_strangeness();
        std::vector<learn::ScoredLabel> labelled;
        SpanStudent::Scratch scratch;
        StudentAnswer answer;
        std::string expected;
        std::size_t same = 0;
        for (std::size_t i = first_held_out(); i < rows_.size(); ++i) {
            expected.clear();
            if (!student_.answer(rows_[i].slot, scratch, answer) || !student_.form_.write(rows_[i].values, expected)) {
                continue;
            }
            const bool right = answer.text == expected;
            same += right ? 1 : 0;
            const double score = learn::logit(std::exp(scratch.tagging.log_probability));
            labelled.push_back({score, right ? 1.0 : 0.0, 1});
        }
        if (labelled.size() < kLeastHeldOut) return {};
        student_.training_.same_unseen = static_cast<double>(same) / static_cast<double>(labelled.size());
        student_.calibration_ = learn::PlattCalibration::fit(labelled);
        if (!(student_.calibration_.slope > 0)) {
            // Its own word tells nothing: all answers are as likely as they were on the whole.
            student_.calibration_.slope = 0;
            student_.calibration_.offset = learn::logit(std::min(kMostPrior, student_.training_.same_unseen));
        }
        return {};
    }

    // How many unknown words the held-out examples have, and the strangest of them but for one in a hundred.
    void bound_strangeness() {
        SpanFeatures features;
        std::vector<SpanFeatures::Novelty> seen;
        std::size_t words = 2, unknown = 1;  // so that the share is neither 0 nor 1
        for (std::size_t i = first_held_out(); i < rows_.size(); ++i) {
            features.look(rows_[i].slot, rows_[i].tokens);
            seen.push_back(features.novelty(student_.knowledge_));
            words += seen.back().words;
            unknown += seen.back().unknown;
        }
        student_.unknown_ = static_cast<double>(unknown) / static_cast<double>(words);
        if (seen.size() < kLeastHeldOut) return;
        std::vector<double> strange;
        for (const SpanFeatures::Novelty& each : seen) strange.push_back(student_.strangeness(each));
        std::sort(strange.begin(), strange.end());
        student_.strangest_ = std::max(kLeastStrange, strange[strange.size() - 1 - strange.size() / 100]);
    }

    std::span<const StudentExample> examples_;
    const SpanStudent::Options& options_;
    const std::stop_token& stop_;
    std::vector<Row> rows_;
    SpanStudent student_;
};

Result<SpanStudent> SpanStudent::train(std::span<const StudentExample> examples, const Options& options,
                                       const std::stop_token& stop) {
    return SpanTrainer(examples, options, stop).run();
}

}  // namespace weir::tiers::student
