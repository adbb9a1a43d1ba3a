// Makes the indexes of the examples that models are shown (tiers/model/example_index.h) from what the reference said
// (store/example_store.h), on a thread of its own at a lower priority: at a task's first example, and whenever these
// have grown by an eighth or some have gone. Those alone whose texts are kept and whose provider allows it. Nothing is
// written: a restart makes them anew.
// Thread rule: one a process; wanted() from any thread, purge() from any but a reactor's.
// Limits: a fifth of a core on the average (by pauses); one task's examples in memory at a time; the shelf's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "gateway/task_key.h"
#include "store/example_store.h"
#include "tiers/model/example_shelf.h"

namespace weir::gateway {

class ExampleIndexer {
  public:
    static constexpr std::uint64_t kGrowth = 8;  // an eighth

    ExampleIndexer(store::ExampleStore& examples, tiers::ExampleShelf& shelf);
    ~ExampleIndexer();
    ExampleIndexer(const ExampleIndexer&) = delete;

    void stop();

    // The cascades with a tier that is shown examples; for the others there are none.
    void wanted(std::set<std::string> cascades);

    // The tenant's examples of the task are shown no more when it returns, to requests that are looked up from then on.
    // An empty tenant: everybody's; task 0: all of them. To be called once they are gone from the store.
    void purge(std::string_view tenant, std::uint64_t task);

  private:
    struct Task {
        std::uint64_t next = 1;  // examples added until the next look
        std::uint64_t kept = 0;
    };
    void run(const std::stop_token& stop);
    void look(const store::ExampleTask& task);
    void drop_orphans(const std::vector<store::ExampleTask>& tasks, const std::set<std::string>& wanted);

    store::ExampleStore& examples_;
    tiers::ExampleShelf& shelf_;

    std::map<TaskKey, Task> tasks_;  // the thread's own
    std::uint64_t purges_known_ = 0;
    std::mutex shelf_mutex_;  // while what is on the shelf comes and goes
    std::uint64_t purges_ = 0;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
    std::set<std::string> wanted_;
    std::jthread thread_;  // the last member
};

}  // namespace weir::gateway
