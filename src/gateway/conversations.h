// Which models' providers have the beginning of a conversation in their prompt caches: who was asked for its last
// turns, when, and how many tokens. A conversation is recognised by its turns up to the one that was answered: the next
// request brings them along, byte for byte, with the answer and a new turn behind them.
// Thread rule: any thread (a lock held for a look at kWays entries): the next turn often comes to another reactor.
// Limits: kMost conversations, the oldest of its kWays goes first; kMostModels models of each;
// nothing older than kLifeMicros. No memory before the first note, then 288 KiB. A tenant is part of the key as it
// is; the turns are a 64-bit hash of at most kMostHashed bytes: who forges one is mistaken about his own costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "store/ledger_row.h"
#include "wire/usage.h"

namespace weir::gateway {

class Conversations {
  public:
    static constexpr std::size_t kMost = 4096, kWays = 4;
    static constexpr std::size_t kMostModels = 3;
    static constexpr std::size_t kMostHashed = 4096;  // of longer turns the first and the last half of that
    // What providers promise for what they keep unasked (Anthropic 5 minutes, OpenAI 5 to 10), after its last use.
    static constexpr Micros kLifeMicros = 300'000'000;
    static constexpr Tokens kLeastTokens = 1024;  // of a prompt: shorter ones are not kept

    struct Key {
        store::NameId tenant = store::kNoName;
        std::uint64_t name = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    // `prompt`: digest of what stands before the turns (system text, tools).
    static Key key_of(store::NameId tenant, std::uint64_t prompt, std::string_view turns);

    // What a provider has of the conversation.
    struct Held {
        store::NameId model = store::kNoName;
        std::uint32_t tokens = 0;
        Micros at = 0;  // when it was used last
    };
    // The last that was noted first.
    struct Warm {
        std::array<Held, kMostModels> models{};
        const Held* find(store::NameId model) const;  // nullptr: nothing
        Tokens tokens_of(store::NameId model) const {
            const Held* const held = find(model);
            return held == nullptr ? 0 : held->tokens;
        }
    };
    // What is known of the conversation whose answered turns are `answered`.
    Warm warm(const Key& answered, Micros now) const;

    // A model has read `usage.input()` tokens for the turns `asked`. `before`: what was warm when it was asked; it goes
    // on from there. A provider that had the beginning and reports that it read it anew keeps nothing; nor does any of
    // a prompt of fewer than kLeastTokens, unless it says so.
    void note(const Key& asked, const Warm& before, store::NameId model, const wire::Usage& usage, Micros now);

  private:
    struct Entry {
        Key key;
        Micros used = 0;
        Warm warm;
    };
    std::size_t set_of(const Key& key) const;

    mutable std::mutex mutex_;
    std::vector<Entry> entries_;  // kWays of a set lie side by side
};

}  // namespace weir::gateway
