#include "store/ledger_schema.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/ledger_migration.h"

namespace weir::store {
namespace {

constexpr std::int64_t kApplicationId = 0x57656972;  // "Weir": tells the file from any other SQLite database
constexpr std::size_t kMaxPidDigits = 20;

// Entry n brings a file of version n to version n + 1. Entries are never changed, only added.
constexpr std::array<const char*, kLedgerVersion> kMigrations = {R"sql(
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE tasks (
    task INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE pending (
    batch INTEGER PRIMARY KEY,
    rows  BLOB NOT NULL
) STRICT;
CREATE TABLE requests (
    id             INTEGER PRIMARY KEY,
    started        INTEGER NOT NULL,
    latency        INTEGER NOT NULL,
    overhead       INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    mode           INTEGER NOT NULL,
    flags          INTEGER NOT NULL,
    tier           INTEGER NOT NULL,
    would_have     INTEGER NOT NULL,
    tenant         INTEGER NOT NULL,
    cascade        INTEGER NOT NULL,
    reference      INTEGER NOT NULL,
    served_model   INTEGER NOT NULL,
    task           INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    counterfactual INTEGER NOT NULL,
    attempts       BLOB NOT NULL
) STRICT;
CREATE TABLE minutes (
    minute         INTEGER NOT NULL,
    task           INTEGER NOT NULL,
    tenant         INTEGER NOT NULL,
    cascade        INTEGER NOT NULL,
    reference      INTEGER NOT NULL,
    tier           INTEGER NOT NULL,
    would_have     INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    input_cached   INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    counterfactual INTEGER NOT NULL,
    saved          INTEGER NOT NULL,
    latency        INTEGER NOT NULL,
    PRIMARY KEY (minute, task, tenant, cascade, reference, tier, would_have)
) STRICT, WITHOUT ROWID;
)sql",
                                                                 R"sql(
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    rows    BLOB NOT NULL
) STRICT;
CREATE INDEX segments_by_last ON segments (last, first);
)sql",
                                                                 // Rows may have attempts of version 2 from here on,
                                                                 // which a program of before can't read.
                                                                 "SELECT 3",
                                                                 R"sql(
CREATE TABLE rollups (
    detail         INTEGER NOT NULL,
    unit           INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    task           INTEGER NOT NULL,
    tenant         INTEGER NOT NULL,
    cascade        INTEGER NOT NULL,
    reference      INTEGER NOT NULL,
    tier           INTEGER NOT NULL,
    purpose        INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    unpriced       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    input_cached   INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cost           INTEGER NOT NULL,
    counterfactual INTEGER NOT NULL,
    saved          INTEGER NOT NULL,
    latency        INTEGER NOT NULL,
    PRIMARY KEY (detail, unit, at, task, tenant, cascade, reference, tier, purpose)
) STRICT, WITHOUT ROWID;
CREATE TABLE backfill (
    next INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;
)sql",
                                                                 // Rows may have steps, attempts of version 3, from
                                                                 // here on.
                                                                 R"sql(
DROP TABLE minutes;
DROP TABLE rollups;
DELETE FROM backfill;
CREATE TABLE sheets (
    sheet INTEGER PRIMARY KEY,
    cells BLOB NOT NULL
) STRICT;
CREATE TABLE closed (
    unit   INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL
) STRICT;
CREATE TABLE longest (
    ids INTEGER NOT NULL
) STRICT;
INSERT INTO longest(ids) SELECT max(15099494400000, coalesce(max(last - first), 0)) FROM segments;
)sql"};

// The first version with the rollups of today. What those of an older file have to be filled from
// (rollup_backfill.h).
constexpr std::int64_t kRollupsSince = 5;
constexpr const char* kBeginBackfill =
    "INSERT INTO backfill(next, last) SELECT 0, max(segment) FROM segments HAVING max(segment) IS NOT NULL";

Error invalid(const std::string& folder, const std::string& what) {
    return Error{ErrorCode::invalid, ledger_path(folder) + ": " + what};
}

// The file's version; 0 for a new file.
Result<std::int64_t> check_version(Database& database, const std::string& folder) {
    const auto application = database.query_int("PRAGMA application_id");
    const auto version = database.query_int("PRAGMA user_version");
    const auto tables = database.query_int("SELECT count(*) FROM sqlite_schema");
    if (!application || !version || !tables) {
        return tl::unexpected(invalid(folder, "not a ledger, or damaged (" + database.last_error().message + ")"));
    }
    if (*application == 0 && *version == 0 && *tables == 0) return 0;
    if (*application != kApplicationId) return tl::unexpected(invalid(folder, "an SQLite file, but not Weir's ledger"));
    if (*version < 1 || *version > kLedgerVersion) {
        return tl::unexpected(invalid(folder, "version " + std::to_string(*version) +
                                                  " of the ledger; this weir knows 1 to " +
                                                  std::to_string(kLedgerVersion)));
    }
    return *version;
}

Result<void> migrate(Database& database, std::int64_t from) {
    if (from == kLedgerVersion) return {};
    auto transaction = Transaction::begin(database, "BEGIN IMMEDIATE");
    if (!transaction) return tl::unexpected(transaction.error());
    for (std::int64_t version = from; version < kLedgerVersion; ++version) {
        if (auto done = database.execute(kMigrations[static_cast<std::size_t>(version)]); !done) return done;
    }
    if (from <= 1) {
        if (auto done = move_requests_to_segments(database); !done) return done;
    }
    if (from < kRollupsSince) {
        if (auto begun = database.execute(kBeginBackfill); !begun) return begun;
    }
    const std::string stamp = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                              "; PRAGMA user_version = " + std::to_string(kLedgerVersion);
    if (auto done = database.execute(stamp.c_str()); !done) return done;
    return transaction->commit();
}

std::string owner_of(int descriptor) {
    std::array<char, kMaxPidDigits> digits{};
    const ssize_t size = pread(descriptor, digits.data(), digits.size(), 0);
    return size > 0 ? "process " + std::string(digits.data(), static_cast<std::size_t>(size)) : "another process";
}

}  // namespace

std::string ledger_path(const std::string& folder) {
    return folder + "/ledger.sqlite";
}
std::string ledger_lock_path(const std::string& folder) {
    return folder + "/ledger.lock";
}

Result<Database> open_ledger_for_writing(const std::string& folder) {
    auto database = Database::open(ledger_path(folder), Database::Access::read_write_create);
    if (!database) return database;
    const auto version = check_version(*database, folder);
    if (!version) return tl::unexpected(version.error());
    // FULL: a committed row survives a loss of power. The cache, 4 MiB, holds the pages that a fold comes back to.
    constexpr const char* kSettings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -4096";
    if (auto set = database->execute(kSettings); !set) {
        return tl::unexpected(set.error());
    }
    if (auto migrated = migrate(*database, *version); !migrated) return tl::unexpected(migrated.error());
    return database;
}

Result<Database> open_ledger_for_reading(const std::string& folder) {
    if (std::error_code error; !std::filesystem::exists(ledger_path(folder), error)) {
        return fail(ErrorCode::not_found, ledger_path(folder) + ": no ledger here");
    }
    auto database = Database::open(ledger_path(folder), Database::Access::read_only);
    if (!database) return database;
    const auto version = check_version(*database, folder);
    if (!version) return tl::unexpected(version.error());
    if (*version != kLedgerVersion) {
        return tl::unexpected(invalid(folder, "an older version of the ledger; start the gateway once to bring it up"));
    }
    return database;
}

std::string folder_writer(const std::string& folder) {
    const int descriptor = open(ledger_lock_path(folder).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return {};
    const bool taken = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    std::string writer = taken ? owner_of(descriptor) : std::string();
    close(descriptor);
    return writer;
}

Result<FolderLock> FolderLock::take(const std::string& folder) {
    std::error_code error;
    const bool created = std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorCode::io, folder + ": can't be created: " + error.message());
    if (created) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);

    const std::string path = ledger_lock_path(folder);
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(ErrorCode::io, path + ": " + std::generic_category().message(errno));
    FolderLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail(ErrorCode::io, path + ": " + std::generic_category().message(errno));
        return fail(ErrorCode::unavailable,
                    folder + ": in use by " + owner_of(descriptor) + "; one weir at a time may write in a data folder");
    }
    // Whose it is, for that message alone: the lock counts, not the text.
    const std::string pid = std::to_string(getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
        return fail(ErrorCode::io, path + ": " + std::generic_category().message(errno));
    }
    return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace weir::store
