// What kind of answers a task has, found from the teacher's: which parts of an answer vary, over which closed sets of
// labels, and how the teacher writes them. Each varying part is a field; a field of one label has a softmax head over
// its labels, a field of several labels (a JSON array, a list with commas) a sigmoid head for each. An answer that is a
// JSON object has a field for each value (of nested objects too); what never varies is part of the frame around the
// fields, which is rendered back byte by byte as the teacher mostly writes it. Labels that differ in white space, case
// or a full stop are one (as cascade/agreement has it), as are numbers that are equal; it is written as it mostly is.
// Thread rule: immutable once made. Limits: see the constants. What is not narrow has no form.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostLabels = 500;     // of a field
inline constexpr std::size_t kMostFields = 64;      // of an object
inline constexpr std::size_t kMostColumns = 1'000;  // of all heads together
inline constexpr std::size_t kMostLabelBytes = 1'024;
inline constexpr std::size_t kMostAnswerBytes = 16u << 10;  // a longer one has no form
inline constexpr std::size_t kLeastAnswers = 8;             // fewer tell no form

enum class AnswerKind : std::uint8_t { label, number, labels, object };

struct AnswerLabel {
    std::string key;   // what makes it the same as another
    std::string text;  // as the teacher writes it
    friend bool operator==(const AnswerLabel&, const AnswerLabel&) = default;
};

struct AnswerField {
    std::string path;                          // of an object: its member's names, outermost first; else empty
    bool several = false;                      // any number of the labels
    std::vector<AnswerLabel> labels;           // numbers in ascending order; several: as they mostly follow each other
    std::string open, separator, close, none;  // several: around, between, and instead of them
    friend bool operator==(const AnswerField&, const AnswerField&) = default;
};

class AnswerForm {
  public:
    // Labels that stand in one answer alone are not in it: nothing can be learned of them.
    static std::optional<AnswerForm> find(std::span<const std::string_view> answers);

    AnswerKind kind() const { return kind_; }
    std::span<const AnswerField> fields() const { return fields_; }
    // The width of each head (learn/softmax_regression.h): 1 for each label of several, else one for all labels.
    std::span<const std::uint32_t> heads() const { return heads_; }
    std::size_t columns() const { return columns_; }

    // What each head should have said; SoftmaxRegression::kUnknown for a label that is not in the form. True: the
    // answer can be given in this form.
    bool targets(std::string_view answer, std::vector<std::int32_t>& out) const;

    struct Choice {
        std::string text;
        double log_probability = 0;  // of all fields together, taken as independent
        double margin = 0;           // of the least certain field: log-probability beyond the second choice's
    };
    // The likeliest answer; `probabilities` of all columns.
    Choice choose(std::span<const float> probabilities) const;

    void write(learn::ModelWriter& to) const;
    static Result<AnswerForm> read(learn::ModelReader& from);
    friend bool operator==(const AnswerForm&, const AnswerForm&) = default;

  private:
    bool finish();  // heads from fields; false: nothing varies, or too much

    AnswerKind kind_ = AnswerKind::label;
    std::vector<AnswerField> fields_;
    std::vector<std::string> frame_;  // the text before, between and after the fields: one more than there are
    std::vector<std::uint32_t> heads_;
    std::size_t columns_ = 0;
};

}  // namespace weir::tiers::student
