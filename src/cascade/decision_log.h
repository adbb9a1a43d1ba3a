// What was decided about cascades with model tiers, and by which numbers: certificates found and lost, alarms, tasks
// that began or ceased to be served by cheaper tiers, plans that changed. The latest kKept are in memory; all are on
// disk, as records of the log `decisions` (docs/formats.md), which a restart reads back.
// Thread rule: record() by one thread, which waits for the disk; everything else from any. Limits: kKept in memory,
// kMostOnDisk bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "store/record_log.h"

namespace weir::cascade {

struct Decision {
    enum class Kind : std::uint8_t {
        certified,  // the promise is proved: cheaper tiers may answer
        renewed,    // ... proved once more
        lost,       // ... and no longer so: nothing is served by them
        alarm,      // outcomes refuted the promise: over all traffic, or of the task
        promoted,   // the task is served by its ladder from here on
        demoted,    // it is not any more
        planned,    // the task has another ladder, or none
        raised,     // a larger share of the task's requests is served (`canary:`)
        lowered,    // a smaller one
        blind,      // the cap on proof is spent: nothing is served until audits can go on
        seeing,     // they can
        novel,      // the task's prompts are not like those that the certificate rests on
    };
    Kind kind = Kind::planned;
    Micros unix_micros = 0;
    std::string course;
    std::uint64_t task = 0;  // 0: all of the course's
    std::string state;       // of the task: new, shadow, serving, reference
    std::string ladder;      // of the task: "first > second"
    double share = 1;        // of the task's requests that its ladder may serve
    // Of the course, as of its last certificate: trials, known ones among them; shares of all answers.
    std::uint64_t trials = 0, known = 0;
    double promise = 0, confidence = 0;
    double allowed = 0;       // by the promise at present
    double worse_bound = 1;   // at most so many are worse
    double worse_seen = 0;    // were, of those that are known
    double worse_so_far = 0;  // of what was served: at most

    friend bool operator==(const Decision&, const Decision&) = default;
};
std::string_view to_string(Decision::Kind kind);
std::string describe(const Decision& decision);  // one line, for people

std::string write_decision(const Decision& decision);
std::optional<Decision> read_decision(std::string_view record);

class DecisionLog {
  public:
    static constexpr std::size_t kKept = 4'096;
    static constexpr std::uint64_t kMostOnDisk = 8u << 20;

    // An empty file name: nothing is kept over a restart.
    static Result<std::unique_ptr<DecisionLog>> open(const std::string& file);

    void record(Decision decision);  // ... and says so in the log of the process

    struct Query {
        std::string course;  // its name, or its cascade's; empty: all
        std::optional<std::uint64_t> task;
        std::size_t most = 100;
    };
    std::vector<Decision> latest(const Query& query) const;  // newest first
    // What was decided last, with a state of the task's in it; for a task of 0 the last word on the certificate.
    std::optional<Decision> last(const std::string& course, std::uint64_t task) const;
    // The last time that the task began or ceased to be served: promoted or demoted.
    std::optional<Decision> last_turn(const std::string& course, std::uint64_t task) const;
    std::map<Decision::Kind, std::uint64_t> counts() const;  // since the start of the process

  private:
    DecisionLog() = default;
    void keep(Decision decision);

    std::unique_ptr<store::RecordLog> log_;  // the recording thread's
    mutable std::mutex mutex_;
    std::deque<Decision> kept_;
    std::map<std::pair<std::string, std::uint64_t>, Decision> last_, turns_;
    std::map<Decision::Kind, std::uint64_t> counts_;
};

store::RecordLog::Options decision_log(const std::string& file);
// All that is in the file, oldest first, without changing it. Error not_found: there is none.
Result<std::vector<Decision>> read_decisions(const std::string& file);

}  // namespace weir::cascade
