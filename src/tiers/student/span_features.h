// What the tagger sees of a token: the word and its neighbours, prefixes and suffixes, shape, capitals and where they
// stand, other occurrences in the text, and what earlier rows say about it (span_knowledge.h). All hashed.
// Thread rule: one owner; the knowledge is only read. Limits: kMostSlotTokens tokens, some 40 features each.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "learn/sequence_tagger.h"
#include "tiers/student/slot_tokens.h"
#include "tiers/student/span_knowledge.h"
#include "tiers/student/span_tags.h"

namespace weir::tiers::student {

struct TokenTraits {
    std::uint32_t word = 0, lower = 0;                // hashes
    std::uint32_t shape = 0, outline = 0;             // letters by class; outline: runs of a class once
    std::array<std::uint32_t, 4> prefix{}, suffix{};  // of 1 to 4 characters, in small letters; 0: the word is shorter
    bool capital = false, capitals = false, small = false;  // first letter; all letters; no capital but some letter
    bool digit = false, letter = false;
    bool starts = false;    // a sentence, or the text
    bool attached = false;  // no white space before it
};

class SpanFeatures {
  public:
    // Looks at a text. What follows is about this one until the next call.
    void look(std::string_view text, std::span<const SlotToken> tokens);
    std::size_t tokens() const { return traits_.size(); }

    // Of all tokens; `out` is cleared first. `own`: what this very row has added to the knowledge.
    void features(const SpanKnowledge& knowledge, const OwnCounts* own, learn::TokenFeatures& out);
    // Adds what a row with these spans says; `own` gets what was added.
    void teach(std::span<const TokenSpan> spans, SpanKnowledge& knowledge, OwnCounts& own) const;

    // How many words in small letters the text has, and how many of them no earlier row had. (Names are always new.)
    struct Novelty {
        std::size_t words = 0, unknown = 0;
    };
    Novelty novelty(const SpanKnowledge& knowledge) const;

  private:
    std::uint32_t span_hash(std::size_t begin, std::size_t end) const;
    void find_known(const SpanKnowledge& knowledge, const OwnCounts* own);
    void add_word(std::size_t token, learn::TokenFeatures& out) const;
    void add_knowledge(std::size_t token, const SpanKnowledge& knowledge, learn::TokenFeatures& out) const;
    const TokenTraits& at(std::size_t token, int offset) const;

    std::vector<TokenTraits> traits_;
    bool shouting_ = false;                    // hardly a word in small letters
    std::vector<std::uint32_t> known_, told_;  // a token: place in a known span; what its word was before
    std::vector<std::uint32_t> other_;         // another token of the same word; its own number: none
    std::vector<std::uint64_t> by_word_;
};

}  // namespace weir::tiers::student
