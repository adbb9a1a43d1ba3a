// What views of the ledger begin with: the query's parameters, its range, and the ledger as of now.
// Thread rule: any thread but a reactor's: opens the ledger. Limits: query_text.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "admin/query_text.h"
#include "base/result.h"
#include "store/ledger_names.h"
#include "store/sqlite.h"

namespace weir::admin {

struct LedgerQuestion {
    Parameters parameters;
    TimeRange range;
    std::unique_ptr<store::Database> database;
    std::optional<store::Transaction> snapshot;  // of it: all reads are of one moment
    store::NamesById names;

    // `folder` is the data folder. Errors: invalid (the query, the ledger), not_found (no ledger), io.
    static Result<LedgerQuestion> open(const std::string& folder, std::string_view query, Micros now_unix_micros);
};

// The query has no parameter of that name.
tl::unexpected<Error> unknown_parameter(std::string_view name);

}  // namespace weir::admin
