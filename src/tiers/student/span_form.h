// The form of answers that are JSON made of pieces of the prompt, such as {"person": ["..."], "city": null} or
// [{"type": "person", "text": "..."}]: found out from examples, read from an answer, written in the teacher's own way
// (order of keys, how nothing is spelled, white space, what stands around the JSON).
// A leaf that varies has a label: a list of strings, a string that may be missing, or the records of one kind.
// Thread rule: immutable once made. Limits: below.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"
#include "tiers/student/answer_document.h"
#include "tiers/student/student_answer.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostSpanLabels = 31;
inline constexpr std::size_t kMostFormNodes = 128;
inline constexpr std::size_t kMostFormText = 4096;  // bytes of a key, a constant, or what stands around
inline constexpr std::size_t kMostAnswerSpans = 1024;

// A string of an answer and where in the form it stands.
struct SpanValue {
    std::uint16_t label = 0;
    std::string text;
    friend bool operator==(const SpanValue&, const SpanValue&) = default;
};

class SpanForm {
  public:
    // How the JSON is laid out: on one line with ", " and ": ", or with indentation.
    struct Style {
        std::uint8_t indent = 0;    // spaces; 0: one line
        bool tight = false;         // one line: no spaces behind commas and colons
        bool inline_lists = false;  // indented: lists of strings stay on their line
        bool ascii = false;         // other characters as \uXXXX
    };

    // Nothing where the answers are no extraction: not JSON of one form, nothing varies, or too much that varies is not
    // found in the slots (less than nine tenths).
    static std::optional<SpanForm> learn(std::span<const StudentExample> examples);

    std::size_t labels() const { return labels_; }
    bool single(std::size_t label) const { return singles_[label] != 0; }  // at most one string

    // The strings of an answer, in its order; `out` is cleared first. false: an answer of another form.
    bool read(std::string_view answer, std::vector<SpanValue>& out) const;
    // Appends the answer with these values, which are in order. false (nothing appended): there can be no such answer.
    bool write(std::span<const SpanValue> values, std::string& out) const;

    void write(learn::ModelWriter& to) const;
    static Result<SpanForm> read(learn::ModelReader& from);

    enum class Kind : std::uint8_t { object, list, text, number, constant, records };
    struct Node {
        Kind kind = Kind::object;
        std::string key;          // raw, with quotes; empty: not a member
        std::string empty;        // list, text, number: how nothing is spelled; empty: the member is left out
        std::string constant;     // raw
        std::vector<Node> nodes;  // object: its members
        std::uint16_t label = 0;  // list, text, number, records: the (first) label
        // records: the raw keys; which of them is the text; for each kind the raw values of the others, in order
        std::vector<std::string> record_keys;
        std::uint16_t text_key = 0;
        std::vector<std::vector<std::string>> record_kinds;
    };

  private:
    friend class FormLearner;
    Result<void> number_labels();  // and checks the limits

    Node root_;
    Style style_;
    std::string before_, behind_;  // what stands around the JSON
    std::size_t labels_ = 0;
    std::vector<std::uint8_t> singles_;
};

}  // namespace weir::tiers::student
