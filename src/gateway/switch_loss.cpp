#include "gateway/switch_loss.h"

namespace weir::gateway {
namespace {

constexpr double kPicosPerUsd = 1e12;

Conversations::Key key_of(const ChatLife& life, json::Span turns) {
    return Conversations::key_of(life.tenant->id, life.prompt_digest, turns.of(life.chat.body));
}

const Conversations::Warm& warm(ChatLife& life) {
    if (!life.warm) {
        life.warm.emplace();
        if (!life.chat.answered.empty()) {
            life.warm = life.lane.shared.conversations->warm(key_of(life, life.chat.answered), life.lane.reactor.now());
        }
    }
    return *life.warm;
}

wire::Usage usage_of(const store::Attempt& attempt) {
    wire::Usage usage;
    usage.input_uncached = attempt.input_uncached;
    usage.input_cached = attempt.input_cached;
    usage.input_cache_write = attempt.input_cache_write;
    usage.input_cache_write_1h = attempt.input_cache_write_1h;
    usage.reported = !attempt.usage_estimated;
    return usage;
}

}  // namespace

double switch_loss_usd(ChatLife& life) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    if (life.plan->ladder.empty() || life.chat.answered.empty()) return 0;
    if (!reference.price || !reference.price->input_cached) return 0;
    const std::int64_t less = reference.price->input.picos - reference.price->input_cached->picos;
    const Tokens tokens = less > 0 ? warm(life).tokens_of(reference.name_id) : 0;
    return static_cast<double>(tokens) * static_cast<double>(less) / kPicosPerUsd;
}

void explain_loss(ChatLife& life) {
    const Usd loss = from_dollars(switch_loss_usd(life));
    if (loss <= Usd{}) return;
    std::string words;
    if (life.debug) words = "leaving the reference gives up " + to_decimal(loss) + " USD";
    life.steps().decided(store::StepVerdict::asked,
                         store::Reason::of(store::Said::prompt_cache).scored(to_dollars(loss)), words);
}

void note_turn(ChatLife& life) {
    // A token has a byte at least.
    if (!life.grading || life.chat.body.size() < Conversations::kLeastTokens) return;
    Conversations& conversations = *life.lane.shared.conversations;
    const Conversations::Key asked = key_of(life, life.chat.turns);
    const Micros now = life.lane.reactor.now();
    // An attempt's usage is that of all its samples; its answer's is that of one reading.
    for (std::size_t tier = 0; tier < life.plan->ladder_models.size(); ++tier) {
        const tiers::ExactCache::EntryPtr& answer = life.grading->climb.answers[tier];
        if (answer && life.plan->ladder_models[tier])
            conversations.note(asked, warm(life), life.plan->ladder_models[tier]->name_id, answer->usage, now);
    }
    for (std::size_t i = 0; i < life.row.attempt_count; ++i) {
        const store::Attempt& attempt = life.row.attempts[i];
        if (attempt.tier != store::TierKind::reference || attempt.outcome != store::Outcome::served) continue;
        conversations.note(asked, warm(life), attempt.model, usage_of(attempt), now);
    }
}

}  // namespace weir::gateway
