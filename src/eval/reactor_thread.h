// A reactor with a thread of its own, for offline work that needs the network rooms.
// Thread rule: call() and wait_for() from one other thread, which they block.
#pragma once

#include <functional>
#include <future>
#include <thread>

#include "base/clock.h"
#include "net/reactor.h"

namespace weir::eval {

class ReactorThread {
  public:
    ReactorThread() : reactor_(clock_, 0), thread_([this] { reactor_.run(); }) {}
    ~ReactorThread() {
        reactor_.stop();
        thread_.join();
    }
    ReactorThread(const ReactorThread&) = delete;
    ReactorThread& operator=(const ReactorThread&) = delete;

    net::Reactor& reactor() { return reactor_; }

    // Runs `work` on the reactor's thread and waits until it has returned.
    void call(const std::function<void()>& work) {
        wait_for([&](const std::function<void()>& finished) {
            work();
            finished();
        });
    }
    // Runs `work` there and waits until what it was handed has been called, there as well.
    void wait_for(const std::function<void(const std::function<void()>&)>& work) {
        std::promise<void> promise;
        reactor_.call([&] { work([&promise] { promise.set_value(); }); });
        promise.get_future().wait();
    }

  private:
    SystemClock clock_;
    net::Reactor reactor_;
    std::thread thread_;
};

}  // namespace weir::eval
