// Remembers what prompts seen before came to: thousands of requests share one system prompt and one set of tools, and
// comparing bytes costs a tenth of hashing them.
// Thread rule: one thread's; one a reactor.
// Limits: kSlots prompts, kMaxBytes in all; a longer prompt is hashed each time. A remembered digest is found only by
// the very same bytes, so a forged collision of the slots' hash costs time alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "wire/chat_request.h"

namespace weir::wire {

class PromptMemo {
  public:
    static constexpr std::size_t kSlots = 64;
    static constexpr std::size_t kMaxBytes = 1u << 20;

    struct Prompt {
        std::uint64_t digest = 0;     // prompt_digest(parts)
        bool about_spelling = false;  // is_about_spelling(system text)
    };
    Prompt look_up(const PromptParts& parts);

    std::uint64_t computed() const { return computed_; }  // how often it was not remembered
    std::size_t bytes() const { return bytes_; }

  private:
    struct Slot {
        std::array<std::string, 4> parts;
        Prompt prompt;
        bool used = false;
    };
    void remember(Slot& slot, const std::array<std::string_view, 4>& parts, const Prompt& prompt);

    std::array<Slot, kSlots> slots_;
    std::size_t bytes_ = 0;
    std::uint64_t computed_ = 0;
};

}  // namespace weir::wire
