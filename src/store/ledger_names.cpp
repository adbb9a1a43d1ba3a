#include "store/ledger_names.h"

#include <utility>

namespace weir::store {

Result<NamesById> load_names(Database& database) {
    auto statement = Statement::prepare(database, "SELECT id, name FROM names");
    if (!statement) return tl::unexpected(statement.error());
    NamesById names;
    for (;;) {
        switch (statement->step()) {
            case Statement::Step::row:
                names.emplace(static_cast<NameId>(statement->column_int(0)), statement->column_text(1));
                break;
            case Statement::Step::done:
                return names;
            case Statement::Step::failed:
                return tl::unexpected(database.last_error());
        }
    }
}

LedgerNames::LedgerNames(Database& database, std::mutex& database_mutex, NamesById names)
    : database_(database), database_mutex_(database_mutex), by_id_(std::move(names)) {
    for (const auto& [id, text] : by_id_) by_text_.emplace(text, id);
}

Result<NameId> LedgerNames::intern(std::string_view text) {
    if (text.empty()) return kNoName;
    const std::string key(text);
    const auto known = [&]() -> NameId {
        const std::lock_guard lock(mutex_);
        const auto found = by_text_.find(key);
        return found == by_text_.end() ? kNoName : found->second;
    };
    if (const NameId id = known(); id != kNoName) return id;

    const std::lock_guard database_lock(database_mutex_);
    if (const NameId id = known(); id != kNoName) return id;  // another thread was faster
    auto insert = Statement::prepare(database_, "INSERT INTO names(name) VALUES(?) RETURNING id");
    if (!insert) return tl::unexpected(insert.error());
    insert->bind_text(1, key);
    if (insert->step() != Statement::Step::row) return tl::unexpected(database_.last_error());
    const auto id = static_cast<NameId>(insert->column_int(0));
    // The row is committed when the statement has run to its end.
    if (insert->step() != Statement::Step::done) return tl::unexpected(database_.last_error());

    const std::lock_guard lock(mutex_);
    by_id_.emplace(id, key);
    by_text_.emplace(key, id);
    return id;
}

Result<std::string> LedgerNames::name_of(NameId id) const {
    if (id == kNoName) return std::string();
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return fail(ErrorCode::not_found, "no name has the number " + std::to_string(id));
    return found->second;
}

}  // namespace weir::store
