// The life of one chat request, from its bytes to its ledger row: what the steps in chat.cpp, deliver.cpp and relay.cpp
// work on.
// Thread rule: one request, one reactor; lives in handle_chat's frame.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/grading.h"
#include "gateway/request_life.h"
#include "wire/chat_request.h"
#include "wire/request_memo.h"

namespace weir::gateway {

// What a request of another API was turned into, and what its answer needs of it.
struct Foreign {
    wire::Echo echo;
    std::string chat_body;
};

class ChatLife final : public RequestLife {
  public:
    ChatLife(Lane& owner, net::Exchange& on, const wire::Dialect* spoken) : RequestLife(owner, on) {
        dialect = spoken;
        if (lane.spare_chats.empty()) return;
        chat = std::move(lane.spare_chats.back());
        lane.spare_chats.pop_back();
    }
    ~ChatLife() {
        if (lane.spare_chats.size() >= kMaxSpareChats || chat.system_text.capacity() > kMaxSpareBytes) return;
        chat.clear();
        lane.spare_chats.push_back(std::move(chat));
    }

    // The caller has gone. While others follow the same flight the call goes on for them; when the last of them has
    // left too, it ends.
    void on_peer_gone() override;
    void waits_for_room() override;
    bool caller_gone = false;          // ... and the call went on
    std::shared_ptr<ChatLife*> alive;  // for what may call after the end; made when it is needed

    std::unique_ptr<Foreign> foreign;  // with `dialect`
    bool apart = false;                // ... and is answered otherwise than chat: of the tiers, the exact cache alone
    bool untranslatable = false;       // the caller's API says more than chat can
    wire::ChatRequest chat;            // as the caller sent it, or `foreign`'s chat body
    wire::RequestMemo::Place place;    // of its body
    std::uint64_t prompt_digest = 0;   // of what all its turns stand behind
    Digest256 cache_key{};
    std::optional<std::string> asked;                   // the question, for the semantic cache
    Digest256 partition{};                              // with `asked`
    std::unique_ptr<tiers::Flights::Lease> lease;       // this request leads a flight
    std::shared_ptr<const tiers::semantic::Look> look;  // what the semantic cache saw
    tiers::ExactCache::EntryPtr kept;                   // a cheaper model's answer on its way to the caller
    std::unique_ptr<Grading> grading;                   // model tiers learn from this request
    bool asked_budgets = false;
    bool keeps_example = false;               // the reference's answer is kept to learn from (examples.h)
    std::optional<Conversations::Warm> warm;  // looked up by switch_loss.cpp
};

// deliver.cpp: a complete answer, as body or stream as the caller asked, in the caller's API. `age_micros` < 0: fresh.
// `native_body`: the answer in the caller's own API, where it came in that.
Task<void> deliver_body(ChatLife& life, std::string_view body, std::string_view model, std::int64_t age_micros,
                        std::string_view more_headers = {}, std::string_view native_body = {});

// relay.cpp: asks for room in the request's budgets, once; life.spending is what came of it.
Task<void> ask_budgets(ChatLife& life);
// The reference answers.
Task<void> relay_reference(ChatLife& life);
// Nothing of this request will be stored, so whoever waits for it asks by itself.
void store_nothing(ChatLife& life);
// follow.cpp: the stream that another request's call brings answers; the reference, if nothing comes of it.
Task<void> follow_flight(ChatLife& life, tiers::Follower& follower);

// learn.cpp: what is kept of an answer, and what is learned from it.
// Stores a whole answer under the request's key, with where it comes from; the flight's followers find it there. The
// entry must not change any more.
void keep_answer(ChatLife& life, const std::shared_ptr<tiers::CacheEntry>& entry);
// An entry was served: refreshes it in the background if it is stale, audits a share of the hits.
void learn_from_hit(ChatLife& life, const tiers::Offer& offer, store::TierKind tier);
// Puts an answer of the reference's that comes later under the request's key, in place of what was served.
std::function<void(const std::shared_ptr<tiers::CacheEntry>& entry)> keeper_of(const ChatLife& life);

// trials.cpp: what model tiers with learned gates have to do with the request. Before the reference is asked: true
// where their ladder is to be climbed for the caller (life.grading->climb).
bool plan_trial(ChatLife& life, const tiers::Question& question);
// Once the caller has its answer: what is to be graded is handed on.
void conclude_trial(ChatLife& life);

}  // namespace weir::gateway
