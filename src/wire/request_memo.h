// Remembers what requests seen before came to: an exact hit is often the very same bytes again, and comparing them
// costs a fraction of reading, sorting and hashing them.
// Thread rule: one thread's; one a reactor.
// Limits: kSlots requests, kMaxBytes in all, no body over kMaxBodyBytes; a body is remembered when it is seen for the
// second time. What is remembered is found only by the very same bytes, so a forged collision of the slots' hash
// costs time alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "wire/chat_request.h"
#include "wire/prompt_memo.h"

namespace weir::wire {

class RequestMemo {
  public:
    static constexpr std::size_t kSlots = 512;
    static constexpr std::size_t kMaxBytes = 1u << 20;
    static constexpr std::size_t kMaxBodyBytes = 64u << 10;

    struct Known {
        std::string body;
        ChatRequest chat;  // its `body` is empty
        PromptMemo::Prompt prompt;
        std::string scope;  // what `key` was made with: canonical_digest(chat, scope, spelling)
        Spelling spelling = Spelling::as_is;
        Digest256 key{};
        std::size_t bytes() const;
    };
    // A body on its way through: found, or to be remembered once its key is known.
    struct Place {
        std::uint64_t hash = 0;
        std::shared_ptr<const Known> known;  // null: not remembered
    };
    Place find(std::string_view body) const;
    // `chat` and the rest are what `chat.body` came to, whose place is `place`.
    void remember(const Place& place, const ChatRequest& chat, const PromptMemo::Prompt& prompt, std::string_view scope,
                  Spelling spelling, const Digest256& key);

    std::size_t bytes() const { return bytes_; }

  private:
    static constexpr std::size_t kWays = 2;
    static constexpr std::size_t kSeen = 4096;

    struct Slot {
        std::uint64_t hash = 0;
        std::shared_ptr<const Known> known;
    };
    // The ways of a hash lie side by side, the younger first.
    std::size_t set_of(std::uint64_t hash) const { return hash % (kSlots / kWays) * kWays; }
    void drop(Slot& slot);

    std::array<Slot, kSlots> slots_;
    std::array<std::uint32_t, kSeen> seen_{};  // parts of the hashes of bodies seen
    std::size_t bytes_ = 0;
    std::size_t next_dropped_ = 0;
};

}  // namespace weir::wire
