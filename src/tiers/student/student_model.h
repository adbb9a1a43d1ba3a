// A student: a small model of one task's answers, trained on the teacher's. It answers a text, with what it takes its
// answer's probability to be, or declines. One file, read where it lies (docs/students.md has its format); made by
// student_trainer.h. Thread rule: immutable; answer() from any thread. Limits: kMostLabelsBytes; a text of
// kMostTextBytes; < 100 us a text of 100 words (77 labels, one core).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "tiers/student/answer_form.h"
#include "tiers/student/dense_part.h"
#include "tiers/student/student_answer.h"
#include "tiers/student/vocabulary.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostLabelsBytes = 16u << 20;

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
    DenseParts dense;
};

// The part's bytes. Weights are written with 8 bits and a scale for each feature.
std::string student_bytes(const StudentParts& parts);

class StudentModel {
  public:
    // Of `bytes` that stay where they are, at a multiple of 4, and outlive it. Errors: invalid (another version, or
    // damaged), too_large.
    static Result<std::shared_ptr<const StudentModel>> view(std::string_view bytes);
    static Result<std::shared_ptr<const StudentModel>> load(std::string bytes);
    StudentModel(const StudentModel&) = delete;

    // With the text's embedding, where there is one of the model that the student was trained with, it knows more.
    StudentAnswer answer(std::string_view text, const TextEmbedding& embedding = {}) const;
    // Whether the teacher's answer is one that this student could have given.
    bool could_say(std::string_view answer) const;

    const AnswerForm& form() const { return form_; }
    std::uint32_t examples() const { return examples_; }
    const Digest256& training_set() const { return training_set_; }
    double outside_share() const { return outside_share_; }
    std::size_t features() const { return vocabulary_.size(); }
    const DensePart& dense() const { return dense_; }
    std::size_t bytes() const { return bytes_.size(); }

  private:
    StudentModel() = default;
    Result<void> read();

    std::string owned_;
    std::string_view bytes_;
    AnswerForm form_;
    std::uint32_t examples_ = 0;
    Digest256 training_set_{};
    float novelty_limit_ = 1, outside_share_ = 0, slope_ = 1, offset_ = 0;
    std::size_t stride_ = 0;
    Vocabulary vocabulary_;
    std::span<const float> scales_, bias_;
    std::span<const std::int8_t> weights_;
    DensePart dense_;
};

}  // namespace weir::tiers::student
