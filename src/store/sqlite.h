// SQLite's C API behind two owners: a connection and a prepared statement.
// Thread rule: a Database and its statements belong to one thread at a time (opened without SQLite's own mutex);
// whoever shares them brings a lock. The Database outlives its statements. Limits: SQLite's own; a connection waits at
// most kBusyMillis for another process's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir::store {

constexpr int kBusyMillis = 2000;

std::string_view sqlite_version();  // of the library that runs: "3.40.1"

class Database {
  public:
    enum class Access : std::uint8_t { read_only, read_write_create };

    // Error io: it can't be opened (permissions, no such file when reading only).
    static Result<Database> open(const std::string& path, Access access);

    // Runs statements that return no rows.
    Result<void> execute(const char* sql);
    // The first column of the first row.
    Result<std::int64_t> query_int(const char* sql);

    // What went wrong last, with the file's name.
    Error last_error() const;
    bool last_error_was_busy() const;  // another process holds the lock
    // Rows that the last insert, update or delete changed.
    std::int64_t changes() const;
    sqlite3* handle() const { return handle_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

    std::unique_ptr<sqlite3, Close> handle_;
    std::string path_;
};

// Columns count from 0 and bindings from 1, as in SQLite.
class Statement {
  public:
    static Result<Statement> prepare(Database& database, std::string_view sql);

    void bind(int index, std::int64_t value);
    void bind_text(int index, std::string_view text);   // not copied: must live until the statement is reset
    void bind_blob(int index, std::string_view bytes);  // likewise

    enum class Step : std::uint8_t { row, done, failed };
    // After `failed`, Database::last_error says why.
    Step step();
    // Steps a statement that returns no rows, and makes it ready for the next use.
    bool run();
    void reset();

    std::int64_t column_int(int index) const;
    std::string_view column_text(int index) const;  // valid until the next step or reset
    std::string_view column_blob(int index) const;  // likewise

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const;
    };
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Rolls back when it goes out of scope before commit().
class Transaction {
  public:
    // begin: "BEGIN" (reading: one snapshot for all that follows) or "BEGIN IMMEDIATE" (writing).
    static Result<Transaction> begin(Database& database, const char* begin);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Result<void> commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;  // nullptr: over
};

}  // namespace weir::store
