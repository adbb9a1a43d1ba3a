// Student::train: what varies in the prompts, then the kind of student that the answers allow. Labels come first, then
// pieces of the prompt; where both are possible, whichever agrees with the teacher more often on the last examples, not
// having seen them. What is neither is copied from the nearest example, where that is right more often than not: of
// four recorded tasks answered so, those of which it had a quarter and two fifths right let hardly anything through at
// 5 % differing (7 and 0.2 %), since the similarity of prompts says little about which answers are the right ones; the
// one with 97 % nearly everything (docs/students.md).
// How it is held to ten seconds of one core: the latest examples within kMostTrainingBytes, for labels within
// kMostLabelWork, a quarter of that where kinds are compared, for pieces of the prompt within kMostSpanWork
// (span_student.h).
#include <algorithm>

#include "learn/random_bits.h"
#include "tiers/student/student.h"

namespace weir::tiers::student {
namespace {

constexpr std::size_t kSampledPrompts = 256;  // that tell the template
constexpr std::size_t kLatestPrompts = 64;    // that it must fit
constexpr double kLeastFittingLatest = 0.9;
constexpr double kLeastFitting = 0.5;                 // of the examples: others would be lost for a template
constexpr std::size_t kMostTrainingBytes = 2u << 20;  // of what the student is shown: grams take 80 bytes for each
// Bytes times (columns + kWorkOfGrams): 0.05 to 0.08 us each (student_bench).
constexpr std::size_t kMostLabelWork = 120'000'000, kWorkOfGrams = 4;
constexpr std::size_t kMostJudged = 2'500;  // examples by which kinds are compared, within a share of the work ...
constexpr std::size_t kJudgedShare = 4;
constexpr std::size_t kHeldOut = 5;   // ... the last one in so many as questions
constexpr double kLeastCopied = 0.5;  // of the copied answers are right, surely

using Examples = std::span<const StudentExample>;

double share_fitting(const PromptSlot& slot, Examples examples) {
    std::vector<std::string_view> slots;
    const auto fitting = std::count_if(examples.begin(), examples.end(),
                                       [&](const StudentExample& each) { return slot.cut(each.text, slots); });
    return static_cast<double>(fitting) / static_cast<double>(examples.size());
}

// By prompts of any time, since the latest may share what changes slowly, such as a date. Where the application has
// come to send another instruction these alone tell it.
PromptSlot find_slot(Examples examples, std::uint64_t seed) {
    const Examples latest = examples.last(std::min(examples.size(), kLatestPrompts));
    learn::RandomBits random(seed);
    std::vector<std::string_view> prompts;
    for (std::size_t i = 0; i < kSampledPrompts; ++i) prompts.push_back(examples[random.below(examples.size())].text);
    PromptSlot slot = PromptSlot::learn(prompts);
    if (share_fitting(slot, latest) < kLeastFittingLatest) {
        prompts.clear();
        for (const StudentExample& each : latest) prompts.push_back(each.text);
        slot = PromptSlot::learn(prompts);
    }
    return share_fitting(slot, examples) < kLeastFitting ? PromptSlot() : slot;
}

Examples latest_within(Examples examples, std::size_t most_bytes) {
    std::size_t count = 0, bytes = 0;
    while (count < examples.size()) {
        bytes += examples[examples.size() - 1 - count].text.size();
        if (bytes > most_bytes) break;
        ++count;
    }
    return examples.last(count);
}

std::size_t most_bytes(const AnswerForm& form) {
    return kMostLabelWork / (form.columns() + kWorkOfGrams);
}

std::optional<AnswerForm> labels_of(Examples examples) {
    std::vector<std::string_view> answers;
    for (const StudentExample& each : examples) answers.push_back(each.answer);
    return AnswerForm::find(answers);
}

}  // namespace

class StudentTrainer {
  public:
    StudentTrainer(Examples examples, const TrainingOptions& options, const std::stop_token& stop)
        : examples_(examples.last(std::min(examples.size(), kMostExamples))), options_(options), stop_(stop) {}

    Result<std::string> run() {
        if (examples_.size() < kLeastExamples) return fail(ErrorCode::invalid, "too few examples for a student");
        slot_ = find_slot(examples_, options_.seed);
        show();
        const auto form = labels_of(shown_);
        const bool narrow = form.has_value(), extraction = SpanForm::learn(shown_).has_value();
        std::vector<StudentPart> kinds;
        if (narrow) kinds.push_back(StudentPart::labels);
        if (extraction) kinds.push_back(StudentPart::spans);
        if (narrow && extraction) {
            const Examples judged =
                latest_within(shown_.last(std::min(shown_.size(), kMostJudged)), most_bytes(*form) / kJudgedShare);
            if (agreement(StudentPart::spans, judged) > agreement(StudentPart::labels, judged)) {
                std::swap(kinds[0], kinds[1]);
            }
        }
        kinds.push_back(StudentPart::nearest);
        std::string why = narrow ? "" : "the answers are not narrow: no closed set of labels, numbers or fields";
        for (const StudentPart kind : kinds) {
            if (stop_.stop_requested()) return fail(ErrorCode::canceled, "training was called off");
            auto file = make(kind, shown_);
            if (file || file.error().code == ErrorCode::canceled) return file;
            why += (why.empty() ? "" : "; ") + file.error().message;
        }
        return fail(ErrorCode::invalid, why);
    }

  private:
    // What varies of the prompts.
    void show() {
        std::vector<std::string_view> slots;
        buffers_.resize(examples_.size());
        for (std::size_t i = 0; i < examples_.size(); ++i) {
            if (!slot_.cut(examples_[i].text, slots)) continue;
            all_.push_back({slot_text(slots, buffers_[i]), examples_[i].answer, examples_[i].embedding});
        }
        shown_ = latest_within(all_, kMostTrainingBytes);
    }

    Result<std::string> make(StudentPart kind, Examples shown) const {
        auto model = kind == StudentPart::labels  ? labels(shown)
                     : kind == StudentPart::spans ? spans(shown)
                                                  : nearest(shown);
        if (!model) return model;
        learn::ModelWriter slot;
        slot_.write(slot);
        StudentFile file;
        file.examples = static_cast<std::uint32_t>(examples_.size());
        file.training_set = training_set_digest(examples_);
        file.parts = {{StudentPart::slot, slot.bytes()}, {kind, *model}};
        return file.write();
    }

    Result<std::string> labels(Examples shown) const {
        const auto form = labels_of(shown);
        return train_student(form ? latest_within(shown, most_bytes(*form)) : shown, options_, stop_);
    }

    Result<std::string> spans(Examples shown) const {
        SpanStudent::Options options;
        options.tagger.seed = options_.seed;
        const auto made = SpanStudent::train(shown, options, stop_);
        if (!made) return tl::unexpected(made.error());
        return made->bytes();
    }

    Result<std::string> nearest(Examples shown) const {
        const auto made = NearestCopy::train(shown, stop_);
        if (!made) return tl::unexpected(made.error());
        if (made->least_same_unseen() < kLeastCopied) {
            return fail(ErrorCode::invalid, "too few answers are those of similar prompts");
        }
        return made->bytes();
    }

    // With the teacher, on the last of the examples, by a student of the others.
    double agreement(StudentPart kind, Examples judged) const {
        const Examples questions = judged.last(judged.size() / kHeldOut);
        auto file = make(kind, judged.first(judged.size() - questions.size()));
        if (!file || questions.empty()) return 0;
        const auto student = Student::load(std::move(*file));
        if (!student) return 0;
        Student::Scratch scratch;
        std::size_t same = 0;
        for (const StudentExample& each : questions) {
            same += (*student)->answer_slot(each.text, scratch, each.embedding).text == each.answer ? 1 : 0;
        }
        return static_cast<double>(same) / static_cast<double>(questions.size());
    }

    const Examples examples_;
    const TrainingOptions& options_;
    const std::stop_token& stop_;
    PromptSlot slot_;
    std::vector<std::string> buffers_;
    std::vector<StudentExample> all_;
    Examples shown_;
};

Result<std::string> Student::train(std::span<const StudentExample> examples, const TrainingOptions& options,
                                   const std::stop_token& stop) {
    return StudentTrainer(examples, options, stop).run();
}

}  // namespace weir::tiers::student
