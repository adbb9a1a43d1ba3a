// The guards: would the answer to one question be wrong for another, by rules of language alone? Deterministic, no
// model. A refusal is given where an important difference is seen. `explained` is given where every difference is
// accounted for by an edit known to keep the meaning. Everything in between is for the verifier to judge by similarity.
// Thread rule: pure function of two values. Limits: those of read_question.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tiers/semantic_cache/question.h"

namespace weir::tiers::semantic {

// In the ledger (store/step.h): added at the end.
enum class Refusal : std::uint8_t {
    none,
    too_long,       // beyond what is analysed, and not the same text
    language,       // different scripts or languages
    numbers,        // a number, ordinal or number word changed
    units,          // the same number of something else
    dates,          // weekday, month, year
    versions,       // 3.8 / 3.11, iPhone 6 / 6s
    code,           // code, identifiers, URLs
    quoted,         // quoted text
    negation,       // one negates, the other does not
    name,           // person, place, product, organisation
    antonym,        // opposite words: on / off, cheap / expensive
    degree,         // more / less, best / worst / good, all / some / none
    direction,      // from A to B / from B to A
    time_order,     // before / after / during, tense, "used to"
    coreference,    // he / she, his / hers, my / your
    roles,          // the same words, who does what to whom changed
    order,          // the same words otherwise arranged, in a way that may matter
    logic,          // and / or / either / both / only
    modality,       // can / should / must / may
    question_kind,  // who / when / where / why / how many
    word,           // one content word stands for another, all else is equal
    condition,      // one side says something more, all else is equal
    problem,        // two word problems that are not one told anew (guards_problem.h)
    kind,           // two different things of one kind: neck / back, tennis / football (kinds.h)
};
std::string_view to_string(Refusal refusal);

struct GuardReport {
    Refusal refusal = Refusal::none;
    std::array<char, 64> detail_text{};  // zero-terminated; use detail()
    bool explained = false;              // may be served on the rules' word alone
    bool explained_problem = false;      // the same for long texts with numbers, told anew: see guards_problem.h

    // For features: how much of the two texts is left over when all licensed edits are made.
    std::uint16_t unexplained_cached = 0;  // content words
    std::uint16_t unexplained_asked = 0;
    std::uint16_t matched = 0;     // canonical words found on both sides in order
    std::uint16_t spelling = 0;    // edits by kind: typos, compounds
    std::uint16_t inflection = 0;  // the same word in another form
    std::uint16_t dropped = 0;     // words that add nothing
    std::uint16_t moved = 0;       // blocks in another place

    std::string_view detail() const { return std::string_view(detail_text.data()); }
    bool refused() const { return refusal != Refusal::none; }
};

// Symmetric in what it decides, except the wording of detail().
GuardReport check_guards(const Question& cached, const Question& asked);

}  // namespace weir::tiers::semantic
