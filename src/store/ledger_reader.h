// Reads the ledger's rows one by one, beside a running gateway: for questions that sums can't answer (weir replay, the
// dashboard's lists).
// Thread rule: any thread but a reactor's: blocks on disk. Limits: one row in memory, newest first what is pending and
// the segments that overlap, packed; about 1 us a row.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "store/ledger_row.h"
#include "store/sqlite.h"

namespace weir::store {

// The first id made at or after a point in time.
RequestId first_id_at(Micros unix_micros);

// A ledger's row with its names, as long as the visit lasts.
struct NamedRow {
    const LedgerRow& row;
    std::function<std::string_view(NameId id)> name;  // empty for kNoName and for what is not known
};

// Calls `visit` for each row that began at or after `since` and before `until`, in no particular order, all from one
// snapshot. `folder` is the data folder. Errors: not_found (no ledger), invalid, io.
Result<void> for_each_ledger_row(const std::string& folder, Micros since_unix_micros, Micros until_unix_micros,
                                 const std::function<void(const NamedRow& row)>& visit);

// Calls `visit` for the rows whose id is at least `begin` and below `end`, from the highest id down and each once,
// until it says false. Segments are read as far as is needed; all that is pending is gone through first. `database`:
// open_ledger_for_reading(), within one snapshot. Errors: io, protocol (rows that can't be read).
Result<void> visit_newest_first(Database& database, RequestId begin, RequestId end,
                                const std::function<bool(const LedgerRow& row)>& visit);

// What reports call the task; empty where it has no name.
std::string task_name(Database& database, std::uint64_t task);

// What reports call each task. Errors: as above.
Result<std::map<std::uint64_t, std::string>> read_task_names(const std::string& folder);

}  // namespace weir::store
