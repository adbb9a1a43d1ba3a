#include "gateway/conversations.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace weir;
using namespace weir::gateway;

namespace {

constexpr store::NameId kTenant = 1, kOther = 2;
constexpr store::NameId kLarge = 11, kSmall = 12;
constexpr std::uint64_t kPrompt = 77;
constexpr Micros kNow = 1'000'000;

Conversations::Key key(std::string_view turns, store::NameId tenant = kTenant, std::uint64_t prompt = kPrompt) {
    return Conversations::key_of(tenant, prompt, turns);
}

wire::Usage usage(Tokens uncached, Tokens cached = 0) {
    wire::Usage of;
    of.input_uncached = uncached;
    of.input_cached = cached;
    of.reported = true;
    return of;
}

}  // namespace

TEST_CASE("the next turn finds who has read the conversation, and how much of it") {
    Conversations conversations;
    CHECK(conversations.warm(key("u1"), kNow).tokens_of(kLarge) == 0);
    conversations.note(key("u1"), {}, kLarge, usage(2000), kNow);
    const auto warm = conversations.warm(key("u1"), kNow + 1);
    CHECK(warm.tokens_of(kLarge) == 2000);
    CHECK(warm.tokens_of(kSmall) == 0);
    CHECK(warm.tokens_of(store::kNoName) == 0);
    CHECK(conversations.warm(key("u2"), kNow).tokens_of(kLarge) == 0);

    // The small model answers the next turn: the large one still has what it had.
    conversations.note(key("u1 a1 u2"), warm, kSmall, usage(2500), kNow + 2);
    const auto both = conversations.warm(key("u1 a1 u2"), kNow + 3);
    CHECK(both.tokens_of(kLarge) == 2000);
    CHECK(both.tokens_of(kSmall) == 2500);
    // Asked as well for the same turn.
    conversations.note(key("u1 a1 u2"), warm, kLarge, usage(600, 1920), kNow + 4);
    CHECK(conversations.warm(key("u1 a1 u2"), kNow + 5).tokens_of(kLarge) == 2520);
    CHECK(conversations.warm(key("u1 a1 u2"), kNow + 5).tokens_of(kSmall) == 2500);
}

TEST_CASE("nothing is shared between tenants, nor between prompts") {
    Conversations conversations;
    conversations.note(key("u1"), {}, kLarge, usage(2000), kNow);
    CHECK(conversations.warm(key("u1", kOther), kNow).tokens_of(kLarge) == 0);
    CHECK(conversations.warm(key("u1", kTenant, kPrompt + 1), kNow).tokens_of(kLarge) == 0);
    // Even where the hashes are the same.
    Conversations::Key forged = key("u1");
    forged.tenant = kOther;
    CHECK(conversations.warm(forged, kNow).tokens_of(kLarge) == 0);
    // Somebody without a number has no conversations.
    conversations.note(key("u1", store::kNoName), {}, kLarge, usage(2000), kNow);
    CHECK(conversations.warm(key("u1", store::kNoName), kNow).tokens_of(kLarge) == 0);
}

TEST_CASE("what a provider has is gone after its life; a later use prolongs it") {
    Conversations conversations;
    conversations.note(key("u1"), {}, kLarge, usage(2000), kNow);
    const Micros late = kNow + Conversations::kLifeMicros;
    const auto warm = conversations.warm(key("u1"), late);
    CHECK(warm.tokens_of(kLarge) == 2000);
    CHECK(conversations.warm(key("u1"), late + 1).tokens_of(kLarge) == 0);
    conversations.note(key("u1 a1 u2"), warm, kSmall, usage(2500), late);
    CHECK(conversations.warm(key("u1 a1 u2"), late + 1).tokens_of(kLarge) == 0);
    CHECK(conversations.warm(key("u1 a1 u2"), late + 1).tokens_of(kSmall) == 2500);
}

TEST_CASE("short prompts are not kept, nor by a provider that says so") {
    Conversations conversations;
    conversations.note(key("u1"), {}, kLarge, usage(Conversations::kLeastTokens - 1), kNow);
    const auto cold = conversations.warm(key("u1"), kNow);
    CHECK(cold.tokens_of(kLarge) == 0);
    // It has grown long enough, then the provider tells that it has read all of it anew, and then once more.
    conversations.note(key("u1 a1 u2"), cold, kLarge, usage(1500), kNow);
    const auto warm = conversations.warm(key("u1 a1 u2"), kNow);
    CHECK(warm.tokens_of(kLarge) == 1500);
    conversations.note(key("u1 a1 u2 a2 u3"), warm, kLarge, usage(2000), kNow);
    const auto refuted = conversations.warm(key("u1 a1 u2 a2 u3"), kNow);
    CHECK(refuted.tokens_of(kLarge) == 0);
    conversations.note(key("u1 a1 u2 a2 u3 a3 u4"), refuted, kLarge, usage(2500), kNow);
    CHECK(conversations.warm(key("u1 a1 u2 a2 u3 a3 u4"), kNow).tokens_of(kLarge) == 0);
    // One that reports nothing is believed to keep what its kind keeps.
    wire::Usage silent = usage(2000);
    silent.reported = false;
    conversations.note(key("u1 a1 u2 a2 x"), warm, kLarge, silent, kNow);
    CHECK(conversations.warm(key("u1 a1 u2 a2 x"), kNow).tokens_of(kLarge) == 2000);
    // One that has kept a short prompt says so.
    conversations.note(key("s1"), {}, kSmall, usage(100, 128), kNow);
    CHECK(conversations.warm(key("s1"), kNow).tokens_of(kSmall) == 128);
}

TEST_CASE("of a conversation the latest models are kept, of all conversations the latest of a set") {
    Conversations conversations;
    Conversations::Warm before;
    for (store::NameId model = 1; model <= Conversations::kMostModels + 1; ++model) {
        conversations.note(key("u1"), before, model, usage(2000), kNow + model);
    }
    CHECK(conversations.warm(key("u1"), kNow + 9).tokens_of(1) == 0);
    for (store::NameId model = 2; model <= Conversations::kMostModels + 1; ++model) {
        CHECK(conversations.warm(key("u1"), kNow + 9).tokens_of(model) == 2000);
    }

    constexpr std::size_t kMany = 3 * Conversations::kMost;
    for (std::size_t i = 0; i < kMany; ++i) {
        conversations.note(key("many " + std::to_string(i)), {}, kLarge, usage(2000), kNow + static_cast<Micros>(i));
    }
    std::size_t known = 0;
    for (std::size_t i = 0; i < kMany; ++i) {
        known += conversations.warm(key("many " + std::to_string(i)), kNow + kMany).tokens_of(kLarge) > 0;
    }
    CHECK(known <= Conversations::kMost);
    CHECK(known > Conversations::kMost * 9 / 10);
    CHECK(conversations.warm(key("many " + std::to_string(kMany - 1)), kNow + kMany).tokens_of(kLarge) == 2000);
}

TEST_CASE("of long turns both ends and the length tell") {
    const std::string turns(3 * Conversations::kMostHashed, 'x');
    std::string front = turns, back = turns;
    front[0] = 'y';
    back.back() = 'y';
    CHECK(key(turns) == key(turns));
    CHECK_FALSE(key(turns) == key(front));
    CHECK_FALSE(key(turns) == key(back));
    CHECK_FALSE(key(turns) == key(turns + "x"));
    CHECK_FALSE(key("") == key("x"));
}

TEST_CASE("reactors note and look side by side") {
    Conversations conversations;
    const auto work = [&](store::NameId model) {
        for (int i = 0; i < 2000; ++i) {
            const auto at = key("turn " + std::to_string(i % 50));
            conversations.note(at, conversations.warm(at, kNow), model, usage(2000, 1), kNow);
        }
    };
    std::thread one([&] { work(kLarge); }), two([&] { work(kSmall); });
    one.join();
    two.join();
    CHECK(conversations.warm(key("turn 7"), kNow).tokens_of(kLarge) == 2001);
    CHECK(conversations.warm(key("turn 7"), kNow).tokens_of(kSmall) == 2001);
}
