// For tests of the semantic tier: a process's caches in memory, entries, and requests asked of a tier.
// Thread rule: one thread. Limits: none.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/executor_testing.h"
#include "tiers/exact_cache/entry_judge_testing.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "tiers/semantic_cache/shipped_verifier.h"

namespace weir::tiers::semantic::testing {

inline std::string body_of(std::string_view content) {
    return R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" +
           std::string(content) + R"("},"finish_reason":"stop"}]})";
}

struct TierWorld {
    FakeClock clock;
    ExactCache cache{ExactCache::Options{}, clock, nullptr};
    embed::HashingEmbedder hashing;
    std::unique_ptr<SemanticMemory> memory;
    TaskJudges judges{shipped_verifier()};
    MinuteJudge entries{clock};
    QueueExecutor executor;
    wire::ChatRequest chat;
    const std::uint64_t task = 7;
    const Digest256 partition = sha256("partition");

    TierWorld() {
        SemanticMemory::Options options;
        options.index.identities[kHashingSpace] = hashing.identity();
        options.index.dimensions[kHashingSpace] = hashing.dimensions();
        memory = std::make_unique<SemanticMemory>(options, nullptr);
    }

    SemanticTier::Parts parts() { return {*memory, judges, hashing, cache, entries, executor, clock, nullptr}; }

    static Digest256 key_of(std::string_view question) { return sha256(question); }

    ExactCache::EntryPtr entry_of(std::string_view question, std::string_view answer) {
        auto entry = std::make_shared<CacheEntry>();
        entry->body = body_of(answer);
        entry->model = "openai/gpt-4o";
        entry->created_unix_micros = clock.unix_micros();
        entry->provenance.tenant = "acme";
        entry->provenance.task = task;
        entry->provenance.partition = partition;
        entry->provenance.question = question;
        return entry;
    }

    // The answer to this question is in both caches from now on.
    void store(std::string_view question, std::string_view answer) {
        cache.store(key_of(question), entry_of(question, answer));
        const weir::tiers::semantic::Question read = read_question(question);
        SemanticRecord record;
        record.partition = partition;
        record.key = key_of(question);
        record.task = task;
        record.created_unix_micros = clock.unix_micros();
        record.question = question;
        record.bag = stem_bag(read.content);
        record.vectors[kHashingSpace] = embed::Int8Vector(hashing.embed_now(read.words));
        memory->add(std::move(record));
    }

    weir::tiers::Question question(std::string_view text) const {
        weir::tiers::Question question{chat, "acme"};
        question.may_look_up = true;
        question.text = text;
        question.partition = partition;
        question.task = task;
        return question;
    }

    Climb ask(const SemanticTier::Rules& rules, const weir::tiers::Question& question) {
        SemanticTier tier(parts(), rules);
        Climb climb;
        bool done = false;
        spawn(asked(tier, question, climb, done));
        if (!done) throw std::logic_error("everything is in memory: nothing to wait for");
        return climb;
    }

  private:
    static Task<void> asked(SemanticTier& tier, const weir::tiers::Question& question, Climb& climb, bool& done) {
        Cancellation cancellation;
        climb = co_await tier.offer(question, cancellation);
        done = true;
    }
};

// Questions that rules neither explain nor refuse: the verifier's score decides, which is the same for each of them.
struct UncertainPair {
    std::string_view cached, asked;
};
inline constexpr UncertainPair kUncertain{"What is the best way to learn the guitar?",
                                          "How should a beginner start learning to play the guitar?"};

}  // namespace weir::tiers::semantic::testing
