#include "store/ledger.h"

#include <mutex>
#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "store/ledger_fold.h"
#include "store/ledger_names.h"
#include "store/ledger_ring_file.h"
#include "store/ledger_schema.h"
#include "store/ledger_tables.h"
#include "store/ledger_writer.h"

namespace weir::store {

// Members are destroyed from the last to the first: the writer stops, the reader closes, and the writing connection,
// the last one, folds the write-ahead log into the file.
struct SqliteLedger::Impl {
    FolderLock folder_lock;
    Database database;
    std::mutex database_mutex;
    Database reader;
    std::mutex reader_mutex;
    std::optional<LedgerNames> names;
    std::optional<LedgerWriter> writer;

    Impl(FolderLock lock, Database writing, Database reading)
        : folder_lock(std::move(lock)), database(std::move(writing)), reader(std::move(reading)) {}

    Result<void> start(const Options& options) {
        if (auto taken = take_over(options.folder); !taken) return taken;
        auto tables = LedgerTables::prepare(database);
        if (!tables) return tl::unexpected(tables.error());
        auto known = load_names(database);
        if (!known) return tl::unexpected(known.error());
        names.emplace(database, database_mutex, std::move(*known));
        writer.emplace(options, database, database_mutex, std::move(*tables));
        return {};
    }

    Result<std::optional<LedgerRow>> look_up(RequestId id) {
        const std::lock_guard lock(reader_mutex);
        return find_row(reader, id);
    }

    // What a killed process had in its rings goes to `pending`, but for rows that it had committed and not yet let go
    // of.
    Result<void> take_over(const std::string& folder) {
        const std::vector<std::string> batches = salvage_rings(folder);
        if (batches.empty()) return {};
        auto transaction = Transaction::begin(database, "BEGIN IMMEDIATE");
        if (!transaction) return tl::unexpected(transaction.error());
        std::unordered_set<RequestId> committed;
        auto listed = for_each_pending(database, [&](const PackedRow& row) -> Result<void> {
            committed.insert(row.id);
            return {};
        });
        std::vector<PackedRow> left;
        for (const std::string& batch : batches) {
            if (auto split = split_batch(batch, left); !split) return split;
        }
        if (!listed) {  // damaged batches: the fold deals with them, and what is in doubt is not counted twice
            log_warning(ledger_ring_path(folder) + ": " + std::to_string(left.size()) +
                        " rows that a killed process left behind are dropped: which of them are in " +
                        ledger_path(folder) + " already can't be read: " + listed.error().message);
            return {};
        }
        std::string taken;
        std::size_t rows = 0;
        for (const PackedRow& row : left) {
            if (!committed.insert(row.id).second) continue;
            append_packed(row.whole(), taken);
            ++rows;
        }
        if (rows == 0) return {};
        auto add = Statement::prepare(database, "INSERT INTO pending(rows) VALUES(?)");
        if (!add) return tl::unexpected(add.error());
        add->bind_blob(1, taken);
        if (!add->run()) return tl::unexpected(database.last_error());
        if (auto done = transaction->commit(); !done) return done;
        log_info("ledger: " + std::to_string(rows) + " rows that a killed process left behind are taken over");
        return {};
    }
};

SqliteLedger::SqliteLedger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteLedger::~SqliteLedger() = default;

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const Options& options) {
    auto lock = FolderLock::take(options.folder);
    if (!lock) return tl::unexpected(lock.error());
    auto writing = open_ledger_for_writing(options.folder);
    if (!writing) return tl::unexpected(writing.error());
    auto reading = open_ledger_for_reading(options.folder);
    if (!reading) return tl::unexpected(reading.error());
    auto impl = std::make_unique<Impl>(std::move(*lock), std::move(*writing), std::move(*reading));
    if (auto started = impl->start(options); !started) return tl::unexpected(started.error());
    return std::unique_ptr<SqliteLedger>(new SqliteLedger(std::move(impl)));
}

NameId SqliteLedger::intern(std::string_view text) {
    const auto id = impl_->names->intern(text);
    if (id) return *id;
    log_error("ledger: the name \"" + std::string(text) + "\" got no number: " + id.error().message);
    return kNoName;
}

bool SqliteLedger::append(unsigned lane, const LedgerRow& row) {
    return impl_->writer->append(lane, row);
}

void SqliteLedger::name_task(unsigned lane, std::uint64_t task, std::string_view name) {
    impl_->writer->name_task(lane, task, name);
}

Result<void> SqliteLedger::flush() {
    return impl_->writer->flush();
}

Result<std::optional<LedgerRow>> SqliteLedger::find(RequestId id) {
    auto found = impl_->look_up(id);
    if (!found || *found) return found;
    if (auto flushed = impl_->writer->flush(); !flushed) return tl::unexpected(flushed.error());
    return impl_->look_up(id);
}

Result<std::string> SqliteLedger::name_of(NameId id) {
    return impl_->names->name_of(id);
}

SettledRows SqliteLedger::settled_since(std::uint64_t after) const {
    return impl_->writer->recent().since(after);
}

LedgerCounters SqliteLedger::counters() const {
    return impl_->writer->counters();
}

}  // namespace weir::store
