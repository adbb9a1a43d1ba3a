// A task's student: what stands on the shelf and answers. It finds the prompt's varying part (prompt_slot.h) and
// answers that by one of three kinds of models, whichever suits the task's answers (train()): labels (student_model.h),
// pieces of the prompt (span_student.h), or the nearest example's answer (nearest_copy.h). It says its answer and how
// likely the teacher would have said the same, or declines; whether that is served is decided by gates.
// One file (student_file.h), labels read where it is mapped.
// Thread rule: immutable; answer() from any thread with a Scratch of its own. Limits: kMostStudentBytes; of a text
// those of each kind.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/result.h"
#include "tiers/student/nearest_copy.h"
#include "tiers/student/prompt_slot.h"
#include "tiers/student/span_student.h"
#include "tiers/student/student_file.h"
#include "tiers/student/student_model.h"
#include "tiers/student/student_trainer.h"

namespace weir::tiers::student {

enum class StudentKind : std::uint8_t { labels, extraction, copied };
std::string_view to_string(StudentKind kind);

class Student {
  public:
    struct Scratch {
        std::vector<std::string_view> slots;
        std::string text;
        SpanStudent::Scratch spans;
        NearestCopy::Scratch nearest;
    };

    // A student's file, made of prompts and the teacher's answers to them. The same examples in the same order with the
    // same options give the same bytes. Takes up to ten seconds of one core (student_choice.cpp says how it is held to
    // that). Errors: invalid (too few examples; why no kind of student can learn them), too_large, canceled.
    static Result<std::string> train(std::span<const StudentExample> examples, const TrainingOptions& options,
                                     const std::stop_token& stop = {});

    static Result<std::shared_ptr<const Student>> load(std::string bytes);
    // Errors: io, invalid (of an earlier version, another kind of file, damaged), too_large.
    static Result<std::shared_ptr<const Student>> open(const std::string& file);
    Student(const Student&) = delete;

    // Of a slot that is longer than `most_slot_bytes` nothing is looked at: too_long.
    // `embedding`: of the prompt, where there is one; labels alone make use of it.
    StudentAnswer answer(std::string_view prompt, Scratch& scratch, const TextEmbedding& embedding = {},
                         std::size_t most_slot_bytes = kMostTemplateBytes) const;
    // Whether the prompt is of the task's template; of others it knows nothing.
    bool fits(std::string_view prompt) const;
    // Whether the teacher's answer to a prompt that fits is one that this student could have given.
    bool could_say(std::string_view prompt, std::string_view answer) const;

    StudentKind kind() const {
        return labels_ ? StudentKind::labels : spans_ ? StudentKind::extraction : StudentKind::copied;
    }
    std::uint32_t examples() const { return examples_; }
    const Digest256& training_set() const { return training_set_; }
    // Of the latest examples: answers that it could not have given, had it not seen them. An upper bound of 95 %.
    double outside_share() const;
    std::size_t bytes() const { return size_; }
    std::size_t features() const;  // that it goes by; copied: the examples that it has

    const PromptSlot& slot() const { return slot_; }
    // The one of its kind; the others are null.
    const StudentModel* labels() const { return labels_.get(); }
    const SpanStudent* spans() const { return spans_ ? &*spans_ : nullptr; }
    const NearestCopy* nearest() const { return nearest_ ? &*nearest_ : nullptr; }

  private:
    Student() = default;
    Result<void> read(std::string_view bytes);
    friend class StudentTrainer;
    StudentAnswer answer_slot(std::string_view text, Scratch& scratch, const TextEmbedding& embedding) const;
    std::optional<std::string_view> cut(std::string_view prompt, Scratch& scratch) const;

    // The bytes of labels, which are read in place; the other kinds are not kept twice.
    std::string owned_;
    MappedFile mapped_;
    std::size_t size_ = 0;
    std::uint32_t examples_ = 0;
    Digest256 training_set_{};
    PromptSlot slot_;
    std::shared_ptr<const StudentModel> labels_;
    std::optional<SpanStudent> spans_;
    std::optional<NearestCopy> nearest_;
};

}  // namespace weir::tiers::student
