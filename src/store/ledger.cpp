#include "store/ledger.h"

#include <mutex>
#include <utility>

#include "base/log.h"
#include "store/ledger_fold.h"
#include "store/ledger_names.h"
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
    std::optional<Statement> find_row;
    std::optional<LedgerNames> names;
    std::optional<LedgerWriter> writer;

    Impl(FolderLock lock, Database writing, Database reading)
        : folder_lock(std::move(lock)), database(std::move(writing)), reader(std::move(reading)) {}

    Result<void> start(const Options& options) {
        auto tables = LedgerTables::prepare(database);
        if (!tables) return tl::unexpected(tables.error());
        auto known = load_names(database);
        if (!known) return tl::unexpected(known.error());
        auto statement =
            Statement::prepare(reader, "SELECT " + std::string(kRowColumns) + " FROM requests WHERE id = ?");
        if (!statement) return tl::unexpected(statement.error());
        find_row.emplace(std::move(*statement));
        names.emplace(database, database_mutex, std::move(*known));
        writer.emplace(options, database, database_mutex, std::move(*tables));
        return {};
    }

    Result<std::optional<LedgerRow>> look_up(RequestId id) {
        const std::lock_guard lock(reader_mutex);
        // Pending rows first: what leaves them in between is then found in its table.
        auto pending = find_pending(reader, id);
        if (!pending || *pending) return pending;
        find_row->bind(1, id);
        const Statement::Step step = find_row->step();
        Result<std::optional<LedgerRow>> found = std::nullopt;
        if (step == Statement::Step::failed) found = tl::unexpected(reader.last_error());
        if (step == Statement::Step::row) found = read_row(*find_row);
        find_row->reset();
        return found;
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

LedgerCounters SqliteLedger::counters() const {
    return impl_->writer->counters();
}

}  // namespace weir::store
