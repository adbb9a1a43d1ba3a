// The ledger's one writer thread: takes the rows out of the lanes' rings, commits them in groups, and folds what it has
// committed into the tables now and then.
// Thread rule: append() and name_task() from the reactor that owns the lane; flush() and counters() from any other
// thread. The database mutex is held through a transaction, disk included: reactors never take it.
// Limits: kMaxPendingTaskNames a lane, kMaxTaskNameBytes, kMaxFlushWait.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "store/ledger.h"
#include "store/ledger_ring.h"
#include "store/ledger_ring_file.h"
#include "store/ledger_tables.h"
#include "store/recent_rows.h"
#include "store/sqlite.h"

namespace weir::store {

constexpr std::size_t kMaxPendingTaskNames = 4096;
constexpr std::size_t kMaxTaskNameBytes = 200;
constexpr std::chrono::seconds kMaxFlushWait{30};

class LedgerWriter {
  public:
    // `database` and its mutex outlive the writer.
    LedgerWriter(const SqliteLedger::Options& options, Database& database, std::mutex& database_mutex,
                 LedgerTables tables);
    ~LedgerWriter();  // writes what is left
    LedgerWriter(const LedgerWriter&) = delete;
    LedgerWriter& operator=(const LedgerWriter&) = delete;

    bool append(unsigned lane, const LedgerRow& row);
    void name_task(unsigned lane, std::uint64_t task, std::string_view name);
    Result<void> flush();
    LedgerCounters counters() const;
    const RecentRows& recent() const { return recent_; }

  private:
    struct TaskName {
        std::uint64_t task;
        std::string name;
    };
    struct Lane {
        Lane(RingMarks& marks, char* bytes, std::size_t rows) : ring(marks, bytes, ring_bytes(rows), rows) {}
        LedgerRing ring;
        std::uint64_t taken_head = 0;  // what the commit under way takes out of the ring
        std::uint64_t taken_rows = 0;
        std::atomic<std::uint64_t> dropped{0};
        std::atomic<std::uint64_t> refused{0};  // ever
        std::atomic<bool> has_names{false};
        std::mutex names_mutex;  // held to append or swap, never across disk
        std::vector<TaskName> names;
    };
    enum class Written : std::uint8_t { yes, try_again };

    void run();
    void park();
    bool work_waits() const;
    bool is_deep() const;
    bool is_urgent() const;
    void finish_flush(std::uint64_t ticket);

    Written write_batch(bool final);
    Result<void> write_rows(Transaction& transaction);
    void take_rows();
    void release_rows();
    void take_names();
    bool fold_is_due(bool stopping) const;
    void fold();
    void tend_rollups();
    void lose(std::uint64_t rows, const std::string& why);
    void complain(const std::string& what);
    void report_drops();

    const SqliteLedger::Options options_;
    std::size_t wake_depth_;  // rows in one lane that end the writer's nap
    Database& database_;
    std::mutex& database_mutex_;
    LedgerTables tables_;
    RingFile ring_file_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    Doorbell bell_;

    std::string batch_;  // packed rows of the commit under way
    std::uint64_t batch_rows_ = 0;
    std::uint64_t refused_seen_ = 0;
    std::vector<TaskName> batch_names_;
    std::uint64_t pending_rows_;  // committed, not folded
    bool rollups_left_ = true;    // until a step has found nothing to do
    std::chrono::steady_clock::time_point fold_due_{};
    std::uint64_t drops_reported_ = 0;
    std::chrono::steady_clock::time_point next_complaint_{};

    RecentRows recent_;
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<std::uint64_t> commits_{0};

    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> flush_requested_{0};
    std::atomic<std::uint64_t> flush_done_{0};
    std::mutex flush_mutex_;
    std::condition_variable flush_finished_;
    std::string last_failure_;  // under flush_mutex_

    std::thread thread_;
};

}  // namespace weir::store
