// What students of every kind are made of and what they say.
// Thread rule: plain values. Limits: those of each kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::tiers::student {

// A text's embedding, as 8-bit codes of a scale. `model`: embed::identity_digest() of whose; 0: there is none.
struct TextEmbedding {
    std::uint64_t model = 0;
    std::span<const std::int8_t> codes;
    float scale = 0;
    bool is_there() const { return model != 0 && scale > 0 && !codes.empty(); }
};

struct StudentExample {
    // What the student will be shown: the prompt's varying part (prompt_slot.h), or what that is to be found in.
    std::string_view text;
    std::string_view answer;    // the teacher's
    TextEmbedding embedding{};  // of the whole prompt, where there is one
};

// What a student's word is worth at most where the text is far from all that it has learned from: gates stay shut.
inline constexpr double kStrangeProbability = 0.1;

// In the ledger (store/step.h): added at the end.
enum class Declined : std::uint8_t {
    no,
    too_long,
    nothing,       // known in it
    other_prompt,  // not of the template that the task's prompts have
    no_answer,     // what it found makes no answer of the teacher's form
};
std::string_view to_string(Declined why);

struct StudentAnswer {
    std::string text;  // in the teacher's own form; empty where it declines
    Declined declined = Declined::no;
    double log_probability = 0;  // that the teacher would have answered the same, calibrated on texts held out
    double margin = 0;           // labels: see AnswerForm::Choice
    double novelty = 0;          // labels: share of the text's grams that training had not seen (twice)
    std::size_t grams = 0;       // labels: of the text
    bool novel = false;          // strange: see kStrangeProbability
};

}  // namespace weir::tiers::student
