// Reads the ledger's rows one by one, beside a running gateway: for questions that sums can't answer (weir replay).
// Thread rule: any thread but a reactor's: blocks on disk. Limits: one row in memory; about 1 us a row.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "store/ledger_row.h"

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

// What reports call each task. Errors: as above.
Result<std::map<std::uint64_t, std::string>> read_task_names(const std::string& folder);

}  // namespace weir::store
