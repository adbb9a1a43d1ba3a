// Which entry answered which request, for feedback that comes later: a ring of a lane's last answers that have to do
// with the caches. Thread rule: any thread (a lock that its lane holds for a few stores). Limits: kKept answers, about
// 100 bytes each; older ones are forgotten, and all at the end of the process.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/request_id.h"
#include "cascade/semantic_learner.h"

namespace weir::gateway {

struct ServedAnswer {
    RequestId request = 0;
    Digest256 key{};                                                   // of the entry
    std::shared_ptr<const tiers::semantic::Look> look;                 // of a semantic hit
    std::shared_ptr<const cascade::SemanticLearner::Promise> promise;  // with `look`
};

class ServedAnswers {
  public:
    static constexpr std::size_t kKept = 16'384;

    void note(ServedAnswer answer) {
        const std::lock_guard lock(mutex_);
        if (ring_.size() < kKept) {
            ring_.push_back(std::move(answer));
        } else {
            ring_[next_] = std::move(answer);
            next_ = (next_ + 1) % kKept;
        }
    }

    std::optional<ServedAnswer> find(RequestId request) const {
        const std::lock_guard lock(mutex_);
        for (const ServedAnswer& answer : ring_) {
            if (answer.request == request) return answer;
        }
        return std::nullopt;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<ServedAnswer> ring_;
    std::size_t next_ = 0;
};

}  // namespace weir::gateway
