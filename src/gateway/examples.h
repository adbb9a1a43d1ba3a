// What of the traffic is kept to learn from (`store:` of a cascade, docs/examples.md): the reference's whole and sound
// answers to one question, each with its prompt. A cheaper tier's answers never are.
// Not kept: conversations, calls of tools, several choices, pictures; requests that said x-weir-cache: no-store (or
// Cache-Control: no-store) or "store": false, those of tenants that opted out of caches, and everything in mode off.
// Thread rule: the lane's reactor; the disk is waited for by the store's own thread (store/example_store.h).
// Limits: those of store/example.h.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/chat_life.h"
#include "store/example_store.h"
#include "tiers/student/label_watch.h"

namespace weir::gateway {

// The rules for a plan whose reference is `reference`, and whose provider allows that students learn from it or not;
// null: nothing is kept.
std::shared_ptr<const store::ExampleRules> example_rules(const cascade::CascadeOptions& cascade,
                                                         const std::string& reference, bool may_distil);

// Whether the reference's answer to the request is to be kept.
bool keeps_example(const ChatLife& life);

// The reference's answer, `read` from `body`.
void keep_example(const ChatLife& life, std::string_view body, const wire::ChatAnswer& read);

// The same for an answer that comes later; empty where it is not to be kept.
ExampleKeeper example_keeper_of(const ChatLife& life);

// Whether the answer that the task's student has given is audited: with this probability.
bool student_audit_falls(const ChatLife& life, double share);

// The task's student hears what the reference says to the request, whoever answers it; `of` what it is a sample. If
// that is what the student can't say any more it goes at once. Then, and where the texts have become other ones, what
// is known of the task counts no longer. Empty: there is no student to hear it, or it would not be learned from either.
std::function<void(std::string_view body)> student_listener(const ChatLife& life, tiers::student::LabelWatch::Of of);

}  // namespace weir::gateway
