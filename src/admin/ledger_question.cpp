#include "admin/ledger_question.h"

#include <utility>

#include "store/ledger_schema.h"

namespace weir::admin {

Result<LedgerQuestion> LedgerQuestion::open(const std::string& folder, std::string_view query, Micros now_unix_micros) {
    LedgerQuestion asked;
    auto parameters = query_parameters(query);
    if (!parameters) return tl::unexpected(parameters.error());
    asked.parameters = std::move(*parameters);
    const auto range = range_of(asked.parameters, now_unix_micros);
    if (!range) return tl::unexpected(range.error());
    asked.range = *range;
    auto database = store::open_ledger_for_reading(folder);
    if (!database) return tl::unexpected(database.error());
    asked.database = std::make_unique<store::Database>(std::move(*database));
    auto snapshot = store::Transaction::begin(*asked.database, "BEGIN");
    if (!snapshot) return tl::unexpected(snapshot.error());
    asked.snapshot.emplace(std::move(*snapshot));
    auto names = store::load_names(*asked.database);
    if (!names) return tl::unexpected(names.error());
    asked.names = std::move(*names);
    return asked;
}

tl::unexpected<Error> unknown_parameter(std::string_view name) {
    return fail(ErrorCode::invalid, "the query has no \"" + std::string(name) + "\"");
}

}  // namespace weir::admin
