// The varying part of a task's prompts. An application sends the same instruction around another text each time; a
// student is to learn from the text alone, and a prompt of another instruction is not its business. Found by aligning
// some of the task's prompts: what they begin with, what they end with, and pieces between that stand in each of them
// once and in the same order. What is between the pieces are the slots.
// Thread rule: immutable once made. Limits: kMostTemplatePrompts prompts of kMostTemplateBytes are looked at, the rest
// is passed over; kMostTemplatePieces pieces. Learning and cutting are linear in the prompts' bytes (a slot that
// repeats the beginning of a piece over and over costs as much as the piece is long for each).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostTemplatePrompts = 64;
inline constexpr std::size_t kLeastTemplatePrompts = 4;        // different ones; fewer tell no template
inline constexpr std::size_t kMostTemplateBytes = 32U << 10U;  // of a prompt
inline constexpr std::size_t kMostTemplatePieces = 16;

class PromptSlot {
  public:
    // All of a prompt is its slot.
    PromptSlot() : pieces_(2) {}

    // From the user's messages of one task. Nine tenths of the prompts decide; those of another template are passed
    // over. Where no instruction stands before or behind (texts that all end with a full stop, or all have the same
    // word in them, are no template), or there are too few prompts, all of a prompt is its slot.
    static PromptSlot learn(std::span<const std::string_view> prompts);

    std::size_t slots() const { return pieces_.size() - 1; }  // at least 1
    bool whole() const { return slots() == 1 && pieces_[0].empty() && pieces_[1].empty(); }

    // The slots, as views of the prompt. false (and none): the prompt is not of this template.
    bool cut(std::string_view prompt, std::vector<std::string_view>& slots) const;
    // The prompt again: put(cut(p)) is p. `slots` are slots() texts.
    std::string put(std::span<const std::string_view> slots) const;

    void write(learn::ModelWriter& to) const;
    static Result<PromptSlot> read(learn::ModelReader& from);

  private:
    explicit PromptSlot(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
    void join_constant(std::span<const std::string_view> texts);

    std::vector<std::string> pieces_;  // before, between and behind the slots; the first and the last may be empty
};

// The slots as one text, a line each; `buffer` is used where there are several.
std::string_view slot_text(std::span<const std::string_view> slots, std::string& buffer);

}  // namespace weir::tiers::student
