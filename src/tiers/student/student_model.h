// A student: a small model of one task's answers, trained on the teacher's. It answers a text, with what it takes its
// answer's probability to be, or declines. One file, read where it lies (docs/students.md has its format); made by
// student_trainer.h. Thread rule: immutable; answer() from any thread. Limits: kMostStudentBytes; a text of
// kMostTextBytes; < 100 us a text of 100 words (77 labels, one core). A file that is mapped must not be changed in
// place: a new one takes its name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "tiers/student/answer_form.h"
#include "tiers/student/vocabulary.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostStudentBytes = 32u << 20;

inline constexpr double kNovelProbability = 0.1;

enum class Declined : std::uint8_t {
    no,
    too_long,  // the text is longer than kMostTextBytes
    nothing,   // no known gram in it
};
std::string_view to_string(Declined why);

struct StudentAnswer {
    std::string text;  // in the teacher's own form; empty where it declines
    Declined declined = Declined::no;
    double log_probability = 0;  // that the teacher would have answered the same, calibrated on texts held out
    double margin = 0;           // see AnswerForm::Choice
    double novelty = 0;          // share of the text's grams that training had not seen (twice)
    // Far fewer known grams than the texts that it has learned from would have had: the answer's probability is taken
    // to be kNovelProbability at most, so gates stay shut.
    bool novel = false;
};

// What a student is made of; the trainer's result.
struct StudentParts {
    AnswerForm form;
    std::uint32_t examples = 0;
    Digest256 training_set{};
    float novelty_limit = 1;
    float outside_share = 0;      // of the examples of late: answers with labels that it could not learn
    float slope = 1, offset = 0;  // log-odds that it is right = slope * log-odds by the model + offset
    float rarity_of_unknown = 1;
    std::vector<std::uint32_t> hashes;  // ascending
    std::vector<float> rarity;          // of each
    std::vector<float> bias;            // of each column
    std::vector<float> weights;         // feature after feature, a column each
};

// The file's bytes. Weights are written with 8 bits and a scale for each feature.
std::string student_bytes(const StudentParts& parts);

class StudentModel {
  public:
    static Result<std::shared_ptr<const StudentModel>> load(std::string bytes);
    // Errors: io, invalid (another kind of file, another version, damaged), too_large.
    static Result<std::shared_ptr<const StudentModel>> open(const std::string& file);
    ~StudentModel();
    StudentModel(const StudentModel&) = delete;

    StudentAnswer answer(std::string_view text) const;
    // Whether the teacher's answer is one that this student could have given.
    bool could_say(std::string_view answer) const;

    const AnswerForm& form() const { return form_; }
    std::uint32_t examples() const { return examples_; }
    const Digest256& training_set() const { return training_set_; }
    double outside_share() const { return outside_share_; }
    std::size_t features() const { return vocabulary_.size(); }
    std::size_t bytes() const { return bytes_.size(); }

  private:
    StudentModel() = default;
    Result<void> read();

    std::string owned_;
    void* mapped_ = nullptr;
    std::string_view bytes_;
    AnswerForm form_;
    std::uint32_t examples_ = 0;
    Digest256 training_set_{};
    float novelty_limit_ = 1, outside_share_ = 0, slope_ = 1, offset_ = 0;
    std::size_t stride_ = 0;
    Vocabulary vocabulary_;
    std::span<const float> scales_, bias_;
    std::span<const std::int8_t> weights_;
};

}  // namespace weir::tiers::student
