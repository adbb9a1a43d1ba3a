// A tier: one way to answer. It makes an offer or declines; whether the offer is served is its gate's decision
// (cascade/gate.h).
// Thread rule: offer() on a reactor; a tier may be shared by the requests of one reactor, not by reactors, unless it
// says so. Limits: an offer is a complete answer in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancellation.h"
#include "base/hash.h"
#include "base/task.h"
#include "embed/int8_vector.h"
#include "store/ledger_row.h"
#include "store/step.h"
#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/flight.h"
#include "wire/answer_flaw.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"

namespace weir::tiers {

namespace semantic {
struct Look;  // semantic_cache/semantic_tier.h
}

// What calls on a request's behalf say of its trace.
class CallTraces {
  public:
    // The header line ("traceparent: ...", with its end) of the attempt of that number among those to come.
    virtual std::string traceparent(std::size_t attempt) const = 0;

  protected:
    ~CallTraces() = default;
};

// Whether an entry of the exact cache may answer this request, beyond what EntryJudge says of it.
class EntryFilter {
  public:
    virtual bool may_answer(const ExactCache::EntryPtr& entry) = 0;

  protected:
    ~EntryFilter() = default;
};

// What a tier may know of the request.
struct Question {
    const wire::ChatRequest& chat;
    std::string_view tenant;
    Digest256 cache_key{};  // zero where the request must not be looked up
    bool may_look_up = false;
    bool may_store = false;    // the answer will be stored: the same request may wait for it
    bool caches_only = false;  // no model is asked
    // Steady time at which the reference has to be asked, if nobody answered before; 0: whenever that may be.
    Micros deadline = 0;
    std::optional<Micros> max_age{};  // the caller takes no older cached answer
    // For the semantic tier. `partition`: digest of everything but the last user turn, whose text is `text`; empty:
    // there is nothing to compare by meaning.
    std::string_view text{};
    Digest256 partition{};
    std::uint64_t task = 0;
    bool task_is_named = false;  // by the caller: it may have several instructions and forms of answers
    double least_score = 0;      // the caller's wish: only raises the threshold
    bool debug = false;          // words are wanted, and may quote the request
    // Why caches may not be looked at, where they may not, and its detail.
    store::Said not_looked_up = store::Said::not_looked_up;
    std::uint8_t not_looked_up_detail = 0;
    // Of the question's text, where there is one (else null or empty), and embed::identity_digest() of whose.
    const embed::Int8Vector* embedding = nullptr;
    std::uint64_t embedding_model = 0;
    EntryFilter* filter = nullptr;       // null: every entry may
    const CallTraces* traces = nullptr;  // null: the request is not recorded
    std::size_t attempt = 0;             // how many were made before; whoever climbs says so

    std::string traceparent() const { return traces != nullptr ? traces->traceparent(attempt) : std::string(); }
};

// An answer proposed, with its evidence. `answer->body` is as the tier got it, log-probabilities included.
struct Offer {
    ExactCache::EntryPtr answer;
    wire::ChatAnswer read;              // models only: what the body says of itself
    bool asked_logprobs = false;        // log-probabilities were asked for on Weir's behalf: not for the caller's eyes
    std::vector<std::string> others{};  // further answers to the same question; empty: one that failed or is none
    bool verified = false;              // the model was asked whether it is right (wire/verification.h) ...
    std::optional<double> right{};      // ... and said so with this probability; nothing: it did not tell
    std::optional<double> sure{};       // students: log-probability that the reference would say the same
    bool stale = false;                 // caches only: to be refreshed once it was served
    // Semantic tier: whose answer it is, how sure, and what was asked of it.
    Digest256 answer_key{};
    double score = 0;
    double threshold = 0;
    store::Reason because{};
    std::string why{};  // in more words, which may quote the request; only where they are wanted
};

// What a model said that is no answer: not offered.
struct NoAnswer {
    wire::AnswerFlaw flaw = wire::AnswerFlaw::none;
    wire::ChatAnswer read;
};

struct Climb {
    store::Attempt attempt;  // outcome: declined until a gate decides otherwise
    std::optional<Offer> offer;
    std::optional<NoAnswer> no_answer;
    std::unique_ptr<Flights::Lease> lease;       // exact cache, miss: held until the request has ended
    std::unique_ptr<Follower> follower;          // ... or the stream under way that answers it
    std::shared_ptr<const semantic::Look> look;  // semantic cache: what it saw
    store::Reason because{};                     // why there is no offer
    std::string reason;                          // the same in more words, where there are any; for x-weir-why
    std::string words() const;                   // `reason`, or what the code says
};

class Tier {
  public:
    virtual ~Tier() = default;
    virtual std::string_view name() const = 0;  // "exact", "local/smollm2"
    virtual store::TierKind kind() const = 0;
    virtual store::NameId model() const { return store::kNoName; }  // of its attempts
    virtual Task<Climb> offer(const Question& question, Cancellation& cancellation) = 0;
    // The same where no waiting is needed, without a coroutine. False: nothing has happened, ask offer().
    virtual bool offer_at_once(const Question& question, Climb& climb) {
        (void)question;
        (void)climb;
        return false;
    }
};

}  // namespace weir::tiers
