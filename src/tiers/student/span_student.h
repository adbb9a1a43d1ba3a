// A student for extraction: tasks whose answer is JSON made of pieces of the prompt. It finds out by itself that a task
// is one (span_form.h), tags the prompt's tokens (learn/sequence_tagger.h) and writes the answer in the teacher's form.
// How sure it is: the probability of the whole tagging, corrected on the last fifth of the examples, unseen.
// Deterministic: the same examples and options give the same bytes.
// Thread rule: immutable once made; answer() from any thread with a Scratch of its own. Limits: kMostSpanExamples, of
// which the latest within kMostSpanWork are learned from; texts longer than kMostSlotBytes or kMostSlotTokens are
// declined; kMostSpanStudentBytes a model.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "learn/calibration.h"
#include "learn/sequence_tagger.h"
#include "tiers/student/span_features.h"
#include "tiers/student/span_form.h"
#include "tiers/student/span_knowledge.h"
#include "tiers/student/span_tags.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostSpanExamples = 50'000;
inline constexpr std::size_t kMostSpanStudentBytes = 16U << 20U;
// Tokens times tags of a training: 2 us each, 6 us where others have the caches (student_bench); 100 bytes of memory.
inline constexpr std::size_t kMostSpanWork = 2'000'000;

struct SpanTraining {
    std::size_t examples = 0;
    std::size_t learned = 0;   // examples whose strings were all found in their slot, between tokens
    double found = 0;          // share of the strings that were
    double same_unseen = 0;    // share of answers to the held-out fifth that are the teacher's
    double outside_share = 1;  // of the latest examples: answers that it could not give; an upper bound of 95 %
};

class SpanStudent {
  public:
    struct Options {
        learn::SequenceTagger::Options tagger;
        std::size_t least_examples = 30;
    };
    struct Scratch {
        std::vector<SlotToken> tokens;
        SpanFeatures features;
        learn::TokenFeatures hashed;
        learn::SequenceTagger::Scratch tagger;
        learn::SequenceTagger::Tagging tagging;
        std::vector<TokenSpan> spans;
        std::vector<SpanValue> values;
    };

    // Errors: too few examples, or no extraction (invalid; the message says why); too many of them (too_large);
    // canceled.
    static Result<SpanStudent> train(std::span<const StudentExample> examples, const Options& options,
                                     const std::stop_token& stop = {});

    // false: declined. The text is too long, or the spans make no answer of the form.
    bool answer(std::string_view slot, Scratch& scratch, StudentAnswer& out) const;

    // Whether the teacher's answer is one that this student could give: of the form, its strings found in the text.
    bool could_say(std::string_view slot, std::string_view answer) const;

    const SpanForm& form() const { return form_; }
    const SpanTraining& training() const { return training_; }
    std::size_t features() const { return tagger_.features(); }
    std::size_t tags() const { return tags_.chain().labels; }

    std::string bytes() const;
    static Result<SpanStudent> read(std::string_view bytes);

  private:
    friend class SpanTrainer;
    double probability(double log_probability) const;
    // By how many standard deviations a text has more unknown words than are usual.
    double strangeness(const SpanFeatures::Novelty& novelty) const;

    SpanForm form_;
    TokenCut cut_ = TokenCut::spaces;
    bool repeats_ = false;  // the teacher lists a string as often as it occurs
    SpanTags tags_;
    SpanKnowledge knowledge_;
    learn::SequenceTagger tagger_;
    learn::PlattCalibration calibration_;
    double unknown_ = 0.5;    // usual share of words that were never seen before
    double strangest_ = 1e9;  // strange beyond
    SpanTraining training_;
};

}  // namespace weir::tiers::student
