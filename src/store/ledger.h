// The ledger: one row for each request, with every attempt. The seam is LedgerSink; SqliteLedger is the default.
// Thread rule: append() from the reactor that owns `lane`, never blocks on disk; everything else from any other thread.
// Rows that wait in a lane survive the end of the process, SIGKILL too: the next one in that folder takes them over.
// Limits: a lane holds Options::ring_rows rows; when it is full, append() returns false (back-pressure: the caller
// waits and retries) or drops the row and counts it, as configured. Never silent. At most 250 bytes a request on disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/ledger_row.h"
#include "store/recent_rows.h"

namespace weir::store {

class LedgerSink {
  public:
    virtual ~LedgerSink() = default;

    // A number for the text, the same for ever in one data folder; kNoName for an empty text and where the disk
    // refuses. May take a lock and wait for disk: start-up and reload only. Task names: see name_task.
    virtual NameId intern(std::string_view text) = 0;

    // Hands over the row. False: the lane is full and the sink is configured for back-pressure; try again soon.
    virtual bool append(unsigned lane, const LedgerRow& row) = 0;

    // A task seen for the first time by a reactor: what a report calls it (200 bytes are kept). Cheap, may be repeated,
    // never blocks on disk.
    virtual void name_task(unsigned lane, std::uint64_t task, std::string_view name) = 0;
};

// After a flush, appended = written + failed.
struct LedgerCounters {
    std::uint64_t appended = 0;  // taken into a lane
    std::uint64_t written = 0;   // on disk
    std::uint64_t dropped = 0;   // lost because a lane was full (counted loss)
    std::uint64_t failed = 0;    // lost because the disk refused, or the id was negative
    std::uint64_t commits = 0;
};

class SqliteLedger final : public LedgerSink {
  public:
    struct Options {
        std::string folder;            // created where absent; the file is ledger.sqlite
        unsigned lanes = 1;            // one a reactor
        std::size_t ring_rows = 4096;  // a lane
        bool drop_when_full = false;   // false: back-pressure
        Micros commit_interval_micros = 50'000;
        std::size_t commit_rows = 2048;  // commit early at this many, or at half a ring
        // Committed rows are sorted into their segments and rolled up in larger groups, at this many or after this
        // long.
        std::size_t fold_rows = 16'384;
        Micros fold_interval_micros = 10'000'000;
    };

    // Errors: unavailable (another process writes in this folder), invalid (ledger.sqlite is damaged, no ledger, or of
    // a newer version), io.
    static Result<std::unique_ptr<SqliteLedger>> open(const Options& options);
    ~SqliteLedger() override;  // writes what is left, then closes

    NameId intern(std::string_view text) override;
    bool append(unsigned lane, const LedgerRow& row) override;
    void name_task(unsigned lane, std::uint64_t task, std::string_view name) override;

    // Waits until everything appended before the call is on disk. Not from a reactor.
    // Errors: io (rows were lost meanwhile), timeout (30 s; another process holds the file).
    Result<void> flush();
    // The row as stored; nothing where there is none, even after a flush. Not from a reactor.
    Result<std::optional<LedgerRow>> find(RequestId id);
    // Empty for kNoName. Error not_found.
    Result<std::string> name_of(NameId id);
    LedgerCounters counters() const;
    // What was written after the first `after` rows since the start, of the last kRecentRows; never waits for disk.
    SettledRows settled_since(std::uint64_t after) const;

  private:
    struct Impl;
    explicit SqliteLedger(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::store
