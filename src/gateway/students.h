// Trains students (tiers/student/) from what the reference said (store/example_store.h) and puts them on the shelf, on
// a thread of its own at a lower priority. A task's first student is made of kFirstExamples examples of a tenant, the
// next ones whenever these have grown by kGrowth; where the answers are too varied to be learned the next attempt waits
// until there are twice as many. Where the reference has come to say what a student can't (label_watch.h) the task
// begins anew, from what was said since, and while that is suspected nothing is trained. Which examples are learned
// from: those whose texts are kept and whose provider allows it. Whose examples are gone (purged, too old) is gone with
// them. Students are files under `students/`
// in the data folder, so that a restart has them at once; the one before is kept beside it. What a student may answer
// is not decided here: it is a tier under its cascade's promise. By hand one is taken from service, or an earlier one
// is put in its place (students_by_hand.cpp; the marks of student_marks.h). On its way through a task's examples it
// counts how far the reference agrees with itself (self_agreement.h).
// Thread rule: one a process; wanted(), measure() and views() from any thread, purge() and what is done by hand from
// any but a reactor's. The destructor calls off a training under way.
// Limits: at most a fifth of a core on the average of some minutes, and ten seconds of one at once; one task's examples
// in memory at a time; as many views as there are instructions with kFirstExamples examples, and one a task besides.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "gateway/self_agreement.h"
#include "gateway/student_marks.h"
#include "gateway/task_key.h"
#include "store/example_store.h"
#include "tiers/student/student_shelf.h"

namespace weir::gateway {

class Students {
  public:
    static constexpr std::uint64_t kFirstExamples = 40;
    static constexpr double kGrowth = 1.15;

    Students(store::ExampleStore& examples, tiers::student::StudentShelf& shelf, std::string folder,
             const Clock& clock);
    ~Students();
    Students(const Students&) = delete;

    void stop();  // training; what is on the shelf stays

    // The cascades that have a student among their tiers; for the others nothing is trained.
    void wanted(std::set<std::string> cascades);

    // By which rules the cascades' answers are compared, and who is told how often a reference says something else than
    // itself (of all tasks of a cascade before it); on a thread of its own, and only for cascades that are among these.
    struct Measure {
        std::vector<cascade::AgreementRules> rules;
        bool told = false;  // `yardstick: repeats`: `heard` is told
    };
    using Heard = std::function<void(const std::string& cascade, const std::string& reference, cascade::TaskRepeats)>;
    void measure(std::map<std::string, Measure> cascades, Heard heard);

    // What was learned of the tenant's task is gone when it returns, and is not learned again from examples that were
    // there before. An empty tenant: everybody's; task 0: all of them. To be called once the examples are gone.
    void purge(std::string_view tenant, std::uint64_t task);

    struct View {
        tiers::student::StudentKey key;
        std::uint64_t examples = 0;  // that it was made of; 0: there is none
        Micros trained_unix_micros = 0;
        std::uint64_t bytes = 0;
        std::string why;             // there is none, or no newer one
        std::string_view kind = {};  // tiers::student::to_string(StudentKind)
        std::uint64_t features = 0;
        bool varied = false;       // ... since the answers could not be learned
        std::uint64_t kept = 0;    // examples that could be learned from: as many as are known to be there
        std::uint64_t wanted = 0;  // it takes so many for the next one
        bool before = false;       // there is an earlier one to go back to
        StudentMarks marks = {};
        std::vector<StudentVersion> versions = {};  // those that stood in its place, oldest first
        SelfAgreement itself = {};                  // of the task
    };
    std::vector<View> views() const;

    // By hand. `name`: of the student's file, or what it, its task's number or its last number begins with, if no
    // other's does. They say what was done, and what comes next. Errors: not_found, invalid (several begin so, there is
    // nothing to go back to), io.
    Result<std::string> promote(std::string_view name);
    Result<std::string> demote(std::string_view name);
    Result<std::string> rollback(std::string_view name);

    struct Counters {
        std::uint64_t trained = 0;   // since the start
        Micros training_micros = 0;  // of processor time
    };
    Counters counters() const { return {trained_.load(), training_micros_.load()}; }

  private:
    struct Task {
        std::uint64_t next = kFirstExamples;  // examples added until the next attempt
        bool looked = false;
        bool opened = false;  // files of an earlier run were looked for
    };
    // What could be learned from, by whose it is; and how the reference agreed with itself in it.
    using Groups = std::map<tiers::student::StudentKey, std::vector<const store::Example*>>;
    Groups groups_of(const store::ExampleTask& task, const std::vector<store::Example>& kept, SelfAgreement& itself);
    // How many examples are still to come before it is trained.
    static std::uint64_t missing(const std::vector<const store::Example*>& examples, const StudentMarks& marks);
    void note_kept(const store::ExampleTask& task, const Groups& groups, const SelfAgreement& itself,
                   std::uint64_t next, std::uint64_t purged);
    void note_added(const std::vector<store::ExampleTask>& tasks);
    View seen(const View& view) const;
    void tell_repeats();
    Result<tiers::student::StudentKey> find(std::string_view name) const;
    void hurry(const tiers::student::StudentKey& key);
    void make_folder() const;

    enum class Learned : std::uint8_t { yes, too_varied, called_off };
    void run(const std::stop_token& stop);
    // Waits until there is credit for another training.
    void rest(const std::stop_token& stop);
    void look(const store::ExampleTask& task, Task& state, bool trains, const std::stop_token& stop);
    Learned train(const tiers::student::StudentKey& key, const std::vector<const store::Example*>& examples,
                  std::uint64_t purges, const std::stop_token& stop);
    bool put(const tiers::student::StudentKey& key);  // with files_mutex_
    void drop_orphans(const std::vector<store::ExampleTask>& tasks);
    void clean_up();
    std::uint64_t purges() const;
    void remove_files(const tiers::student::StudentKey& key) const;
    bool is_suspicious(const store::ExampleTask& task) const;
    // From what the reference has said since then.
    void begin_anew(const tiers::student::StudentKey& key, Micros since);
    Micros learned_since(const tiers::student::StudentKey& key) const;
    void note(const tiers::student::StudentKey& key, std::string why, bool varied = false);
    std::string file_of(const tiers::student::StudentKey& key) const;

    store::ExampleStore& examples_;
    tiers::student::StudentShelf& shelf_;
    const std::string folder_;
    const Clock& clock_;

    std::set<std::pair<std::string, std::string>> told_;  // of whose repeats Heard knows; the thread's own
    std::map<TaskKey, Task> tasks_;                       // the thread's own
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
    std::map<std::string, Measure> measures_;
    Heard heard_;
    bool repeats_changed_ = false;
    struct Looked {
        SelfAgreement itself;
        std::uint64_t added = 0, now = 0;  // ExampleCount's, when it was looked at and at present
        bool alone = false;                // the task's examples are all of one student
    };
    std::map<TaskKey, Looked> looked_;
    std::set<TaskKey> hurried_;  // to be looked at, however few have come
    std::atomic<std::uint64_t> trained_{0};
    std::atomic<Micros> training_micros_{0};
    std::jthread thread_;  // the last member
};

}  // namespace weir::gateway
