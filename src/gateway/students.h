// Trains students (tiers/student/) from what the reference said (store/example_store.h) and puts them on the shelf, on
// a thread of its own at a lower priority. A task's first student is made of kFirstExamples examples of a tenant, the
// next ones whenever these have grown by kGrowth; where the answers are too varied to be learned the next attempt waits
// until there are twice as many. Where the reference has come to say what a student can't (label_watch.h) the task
// begins anew, from the latest kKeptExamples. Which examples are learned from: those whose texts are kept and whose
// provider allows it. Whose examples are gone (purged, too old) is gone with them. Students are files under `students/`
// in the data folder, so that a restart has them at once; the one before is kept beside it. What a student may answer
// is not decided here: it is a tier under its cascade's promise.
// Thread rule: one a process; wanted() and views() from any thread, purge() from any but a reactor's. The destructor
// calls off a training under way.
// Limits: at most a fifth of a core on the average of some minutes, and ten seconds of one at once; one task's examples
// in memory at a time; as many views as there are instructions with kFirstExamples examples.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "store/example_store.h"
#include "tiers/student/student_shelf.h"

namespace weir::gateway {

class Students {
  public:
    static constexpr std::uint64_t kFirstExamples = 40;
    static constexpr double kGrowth = 1.15;
    static constexpr std::size_t kKeptExamples = 10;

    Students(store::ExampleStore& examples, tiers::student::StudentShelf& shelf, std::string folder,
             const Clock& clock);
    ~Students();
    Students(const Students&) = delete;

    void stop();  // training; what is on the shelf stays

    // The cascades that have a student among their tiers; for the others nothing is trained.
    void wanted(std::set<std::string> cascades);

    // What was learned of the tenant's task is gone when it returns, and is not learned again from examples that were
    // there before. An empty tenant: everybody's; task 0: all of them. To be called once the examples are gone.
    void purge(std::string_view tenant, std::uint64_t task);

    struct View {
        tiers::student::StudentKey key;
        std::uint64_t examples = 0;  // that it was made of; 0: there is none
        Micros trained_unix_micros = 0;
        std::uint64_t bytes = 0;
        std::string why;  // there is none, or no newer one
    };
    std::vector<View> views() const;

  private:
    struct Task {
        std::uint64_t next = kFirstExamples;  // examples added until the next attempt
        bool looked = false;
        bool opened = false;  // files of an earlier run were looked for
    };
    enum class Learned : std::uint8_t { yes, too_varied, called_off };
    void run(const std::stop_token& stop);
    // Waits until there is credit for another training.
    void rest(const std::stop_token& stop);
    void look(const store::ExampleTask& task, Task& state, const std::stop_token& stop);
    Learned train(const tiers::student::StudentKey& key, const std::vector<const store::Example*>& examples,
                  std::uint64_t purges, const std::stop_token& stop);
    bool put(const tiers::student::StudentKey& key);  // with files_mutex_
    void drop_orphans(const std::vector<store::ExampleTask>& tasks);
    void clean_up();
    std::uint64_t purges() const;
    void remove_files(const tiers::student::StudentKey& key) const;
    void begin_anew(const tiers::student::StudentKey& key);
    Micros learned_since(const tiers::student::StudentKey& key) const;
    void note(const tiers::student::StudentKey& key, std::string why);
    std::string file_of(const tiers::student::StudentKey& key) const;

    store::ExampleStore& examples_;
    tiers::student::StudentShelf& shelf_;
    const std::string folder_;
    const Clock& clock_;

    using TaskKey = std::tuple<std::string, std::string, std::string, std::uint64_t>;
    std::map<TaskKey, Task> tasks_;  // the thread's own
    std::uint64_t purges_known_ = 0;
    Micros credit_ = 0, credited_ = 0;  // of processor time, and when it was last added to
    // While files come and go, and with them what is on the shelf. Before mutex_, where both are taken.
    mutable std::mutex files_mutex_;
    std::uint64_t purges_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
    std::set<std::string> wanted_;
    std::map<tiers::student::StudentKey, View> views_;
    std::jthread thread_;  // the last member
};

}  // namespace weir::gateway
