// Which entry answered which request, for feedback that comes later: a lane's last answers that have to do with the
// caches or came from a model tier, and of a semantic hit what a lesson needs: the two questions and how near they
// were. Thread rule: any thread (a lock that its lane holds for a few stores). Limits: kKept answers, kMostBytes in
// all, texts of kTextBytes (an answer with a longer one can be taken out of the caches, but teaches nothing); the
// oldest are forgotten, and all at the end of the process.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/hash.h"
#include "base/request_id.h"
#include "cascade/semantic_learner.h"

namespace weir::gateway {

struct ServedAnswer {
    RequestId request = 0;
    Digest256 key{};                                                   // of the entry
    std::shared_ptr<const tiers::semantic::Look> look;                 // of a semantic hit
    std::shared_ptr<const cascade::SemanticLearner::Promise> promise;  // with `look`
    // Of a model tier's answer: tells its learner that it was bad; and question and answer, to see whether what is said
    // to be correct is something else. Texts over kTextBytes are not kept.
    std::function<void()> complain{};
    std::string asked{}, said{};
};

class ServedAnswers {
  public:
    static constexpr std::size_t kKept = 8'192;
    static constexpr std::size_t kTextBytes = 1'024;
    static constexpr std::size_t kMostBytes = std::size_t{8} << 20U;  // of a lane, what the allocator adds aside

    // Of `answer.look` the served candidate alone is kept, that of `answer.key`.
    void note(ServedAnswer answer);
    // The lesson (`look` and `promise`, `complain`) is handed out once: to say a thing twice does not make it truer.
    std::optional<ServedAnswer> take(RequestId request);
    std::size_t bytes() const;

  private:
    mutable std::mutex mutex_;
    std::deque<ServedAnswer> answers_;  // oldest first
    std::size_t bytes_ = 0;
};

}  // namespace weir::gateway
