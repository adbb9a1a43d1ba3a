// Trains students (tiers/student/) from what the reference said (store/example_store.h) and puts them on the shelf, on
// a thread of its own at a lower priority. A task's first student is made of kFirstExamples examples of a tenant,
// the next ones whenever these have grown by kGrowth; where the answers are too varied to be learned the next attempt
// waits until there are twice as many. Where the reference has come to say what a student can't (label_watch.h) the
// task begins anew, from the latest kKeptExamples. Which examples are learned from: those whose texts are kept and
// whose provider allows it. Whose examples are gone (purged, too old) is gone with them. Students are files under
// `students/` in the data folder, so that a restart has them at once; the one before is kept beside it. What a student
// may answer is not decided here: it is a tier under its cascade's promise. Thread rule: one a process; wanted() and
// views() from any thread. The destructor calls off a training under way. Limits: at most a fifth of a core on the
// average of some minutes, and ten seconds of one at once.
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

    // The cascades that have a student among their tiers; for the others nothing is trained.
    void wanted(std::set<std::string> cascades);

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
        bool opened = false;                  // files of an earlier run were looked for
    };
    void run(const std::stop_token& stop);
    // Waits until there is credit for another training.
    void rest(const std::stop_token& stop);
    void look(const store::ExampleTask& task, Task& state, const std::stop_token& stop);
    void train(const tiers::student::StudentKey& key, const std::vector<const store::Example*>& examples,
               const std::stop_token& stop);
    bool open(const tiers::student::StudentKey& key);
    void drop_orphans();
    void begin_anew(const tiers::student::StudentKey& key);
    Micros learned_since(const tiers::student::StudentKey& key) const;
    void note(const tiers::student::StudentKey& key, std::string why);
    std::string file_of(const tiers::student::StudentKey& key) const;

    store::ExampleStore& examples_;
    tiers::student::StudentShelf& shelf_;
    const std::string folder_;
    const Clock& clock_;

    using TaskKey = std::tuple<std::string, std::string, std::string, std::uint64_t>;
    std::map<TaskKey, Task> tasks_;     // the thread's own
    Micros credit_ = 0, credited_ = 0;  // of processor time, and when it was last added to
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::set<std::string> wanted_;
    std::map<tiers::student::StudentKey, View> views_;
    std::jthread thread_;  // the last member
};

}  // namespace weir::gateway
