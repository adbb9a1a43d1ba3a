// The JSON in an answer, checked, and what stands around it (a code fence, a sentence).
// Thread rule: plain values. Limits: kMostSpanAnswerBytes.
#pragma once

#include <string>
#include <string_view>

#include "json/scan.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostSpanAnswerBytes = 64U << 10U;  // longer answers are not looked at

struct AnswerDocument {
    std::string text;                 // {"":JSON}, so that an array can stand there too
    json::Span root;                  // the JSON, in text
    std::string_view before, behind;  // what stood around it, in the answer

    std::string_view raw(json::Span span) const { return span.of(text); }
};

// From the first bracket to the last one. false: there is no JSON object or array between them, or too much of it.
bool parse_answer(std::string_view answer, AnswerDocument& out);

// Whether the raw JSON spells a number.
bool is_number(std::string_view raw);

}  // namespace weir::tiers::student
