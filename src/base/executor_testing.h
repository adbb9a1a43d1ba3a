// An executor whose queue a test works off when it wants to.
// Thread rule: one thread.
#pragma once

#include <coroutine>
#include <deque>

#include "base/executor.h"

namespace weir {

class QueueExecutor final : public Executor {
  public:
    void post(std::coroutine_handle<> resume) override { queue.push_back(resume); }
    // Until nothing is left, what is posted meanwhile too.
    void run() {
        while (!queue.empty()) {
            const auto next = queue.front();
            queue.pop_front();
            next.resume();
        }
    }
    std::deque<std::coroutine_handle<>> queue;
};

}  // namespace weir
