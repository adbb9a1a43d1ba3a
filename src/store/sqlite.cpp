#include "store/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace weir::store {

void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}
void Statement::Finalize::operator()(sqlite3_stmt* handle) const {
    sqlite3_finalize(handle);
}

std::string_view sqlite_version() {
    return sqlite3_libversion();
}

Result<Database> Database::open(const std::string& path, Access access) {
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    Database database(handle, path);
    if (code != SQLITE_OK) {
        return handle ? tl::unexpected(database.last_error()) : fail(ErrorCode::io, path + ": out of memory");
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyMillis);
    return database;
}

Result<void> Database::execute(const char* sql) {
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return tl::unexpected(last_error());
}

Result<std::int64_t> Database::query_int(const char* sql) {
    auto statement = Statement::prepare(*this, sql);
    if (!statement) return tl::unexpected(statement.error());
    switch (statement->step()) {
        case Statement::Step::row:
            return statement->column_int(0);
        case Statement::Step::done:
            return fail(ErrorCode::not_found, path_ + ": no row for " + sql);
        case Statement::Step::failed:
            break;
    }
    return tl::unexpected(last_error());
}

Error Database::last_error() const {
    return Error{ErrorCode::io, path_ + ": " + sqlite3_errmsg(handle()) + " (SQLite " +
                                    std::to_string(sqlite3_extended_errcode(handle())) + ")"};
}

bool Database::last_error_was_busy() const {
    return sqlite3_errcode(handle()) == SQLITE_BUSY;
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle());
}

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    if (sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &handle, nullptr) != SQLITE_OK) {
        return tl::unexpected(database.last_error());
    }
    return Statement(handle);
}

void Statement::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), index, value);
}

void Statement::bind_text(int index, std::string_view text) {
    sqlite3_bind_text64(handle_.get(), index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind_blob(int index, std::string_view bytes) {
    sqlite3_bind_blob64(handle_.get(), index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
}

Statement::Step Statement::step() {
    switch (sqlite3_step(handle_.get())) {
        case SQLITE_ROW:
            return Step::row;
        case SQLITE_DONE:
            return Step::done;
        default:
            return Step::failed;
    }
}

bool Statement::run() {
    const bool done = step() == Step::done;
    reset();
    return done;
}

void Statement::reset() {
    sqlite3_reset(handle_.get());
}

std::int64_t Statement::column_int(int index) const {
    return sqlite3_column_int64(handle_.get(), index);
}

std::string_view Statement::column_text(int index) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), index));
    return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index))};
}

std::string_view Statement::column_blob(int index) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), index));
    return {bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index))};
}

Result<Transaction> Transaction::begin(Database& database, const char* begin) {
    if (auto begun = database.execute(begin); !begun) return tl::unexpected(begun.error());
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    // SQLite may have rolled back by itself (disk full): then there is nothing left to do.
    if (database_ && sqlite3_get_autocommit(database_->handle()) == 0) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
    auto committed = database_->execute("COMMIT");
    if (committed) database_ = nullptr;
    return committed;
}

}  // namespace weir::store
