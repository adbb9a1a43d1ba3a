// What it costs to leave the model that a conversation has been held with: its provider has the beginning in its prompt
// cache and reads it for less, another one reads it anew (gateway/conversations.h).
// Thread rule: one request, one reactor. Limits: only where model tiers with learned gates are at work; estimates, by
// the tokens of the turns before and the table's prices; nothing where cached input has no price of its own.
#pragma once

#include "gateway/chat_life.h"

namespace weir::gateway {

// US dollars by which asking the reference now is cheaper than its list price says: what is given away where a tier's
// answer is served instead. 0 for the first turn of a conversation.
double switch_loss_usd(ChatLife& life);
void explain_loss(ChatLife& life);  // notes it

// Once the caller has its answer: who has read the conversation, tiers that were asked in vain included. Before
// conclude_trial().
void note_turn(ChatLife& life);

}  // namespace weir::gateway
