// Asks a cascade's judge model which of two answers to a question is as good as the other, off every caller's path and
// as a call of its own in the ledger (Purpose::judge). Models lean to the answer that stands first (or last), so pairs
// are asked about in both orders until the judge has shown that it agrees with itself (judge_record.h); of two answers
// that contradict each other neither counts. The order of the first question is drawn by a coin. What was said of the
// same texts of the same tenant is remembered. Where the cascade has a grader of its own instead (webhook.h), that is
// asked, in one order, in the same queue and under the same record. Thread rule: the lane's reactor.
// Limits: kMostJudged pairs at a time on a lane, kMostWaitingForJudge more wait; beyond that they are not asked about
// (counted). Texts: wire/judge_question.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/judge_record.h"
#include "gateway/lane.h"

namespace weir::gateway {

struct Payer;  // spending.h

inline constexpr std::size_t kMostJudged = 4;
inline constexpr std::size_t kMostWaitingForJudge = 64;

struct JudgeCall {
    std::shared_ptr<LaneRoutes> routes;
    std::shared_ptr<const Plan> plan;  // with a judge or webhook
    store::NameId tenant = store::kNoName;
    std::uint64_t task = 0;
    cascade::Mode mode = cascade::Mode::serve;
    cascade::ProofBudget::TicketPtr proof;  // pays for it; may be null
    std::shared_ptr<const Payer> payer;     // BackgroundCall
    RequestId request = 0;                  // whose answers they are: draws the order; 0: an id of its own
    telemetry::TraceOrigin origin;          // the same
    std::string question_system, question_user, answer_a, answer_b;
    // Once, on the reactor, perhaps before judge() returns. No word where the judge does not answer, or is not worth
    // being asked at present. Not called where the gateway stops.
    std::function<void(const Judgement& judgement)> then;
};

// False: nothing comes of it (the plan has no judge, the texts are too long or empty, too many wait, the gateway is
// about to stop), and `then` is not called.
bool judge(Lane& lane, JudgeCall call);

}  // namespace weir::gateway
