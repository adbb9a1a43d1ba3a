// Where a coroutine goes on after work on another thread: a reactor implements it.
// Thread rule: post() from any thread; the handle is resumed on the executor's own thread. Must outlive what is posted.
#pragma once

#include <coroutine>

namespace weir {

class Executor {
  public:
    virtual ~Executor() = default;
    virtual void post(std::coroutine_handle<> resume) = 0;
};

}  // namespace weir
