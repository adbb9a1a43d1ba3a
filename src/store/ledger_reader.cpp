#include "store/ledger_reader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <queue>
#include <vector>

#include "store/ledger_fold.h"
#include "store/ledger_names.h"
#include "store/ledger_schema.h"

namespace weir::store {
namespace {

// Rows from the highest id down. Segments come by their last id: what is held and above the next segment's last is in
// its place.
class NewestFirst {
  public:
    NewestFirst(RequestId begin, RequestId end) : begin_(begin), end_(end) {}

    Result<void> hold(std::string_view batch) {
        const auto bytes = std::make_shared<const std::string>(batch);
        std::vector<PackedRow> rows;
        if (auto split = split_batch(*bytes, rows); !split) return split;
        for (const PackedRow& row : rows) {
            if (row.id >= begin_ && row.id < end_) held_.push({row, bytes});
        }
        return {};
    }

    // Visits what is held above `bound`. False: the visitor has enough.
    Result<bool> give(RequestId bound, const std::function<bool(const LedgerRow& row)>& visit) {
        while (!held_.empty() && held_.top().row.id > bound) {
            const Held next = held_.top();
            held_.pop();
            if (next.row.id == given_) continue;  // an id is one row, as in find_row()
            given_ = next.row.id;
            row_ = LedgerRow();
            if (auto unpacked = unpack_row(next.row, row_); !unpacked) return tl::unexpected(unpacked.error());
            if (!visit(row_)) return false;
        }
        return true;
    }

  private:
    struct Held {
        PackedRow row;
        std::shared_ptr<const std::string> bytes;  // that it is in
        bool operator<(const Held& other) const { return row.id < other.row.id; }
    };
    RequestId begin_, end_;
    RequestId given_ = -1;
    std::priority_queue<Held> held_;
    LedgerRow row_;
};

}  // namespace

// Knows nothing of how ids are made but that they rise with time.
RequestId first_id_at(Micros unix_micros) {
    RequestId low = 0;
    RequestId high = std::numeric_limits<RequestId>::max();
    while (low < high) {
        const RequestId middle = low + (high - low) / 2;
        if (unix_micros_of(middle) < unix_micros) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

Result<void> for_each_ledger_row(const std::string& folder, Micros since_unix_micros, Micros until_unix_micros,
                                 const std::function<void(const NamedRow& row)>& visit) {
    auto database = open_ledger_for_reading(folder);
    if (!database) return tl::unexpected(database.error());
    auto snapshot = Transaction::begin(*database, "BEGIN");
    if (!snapshot) return tl::unexpected(snapshot.error());
    const auto names = load_names(*database);
    if (!names) return tl::unexpected(names.error());

    const RequestId begin = first_id_at(std::max<Micros>(since_unix_micros, 0));
    const RequestId end = std::max(begin, first_id_at(until_unix_micros));
    LedgerRow row;
    const NamedRow named{row, [&names](NameId id) -> std::string_view {
                             const auto found = names->find(id);
                             return found == names->end() ? std::string_view() : std::string_view(found->second);
                         }};
    const auto take = [&](const PackedRow& packed) -> Result<void> {
        if (packed.id < begin || packed.id >= end) return {};
        row = LedgerRow();
        if (auto unpacked = unpack_row(packed, row); !unpacked) return unpacked;
        visit(named);
        return {};
    };
    if (auto read = for_each_in_segments(*database, begin, end, take); !read) return read;
    return for_each_pending(*database, take);
}

Result<void> visit_newest_first(Database& database, RequestId begin, RequestId end,
                                const std::function<bool(const LedgerRow& row)>& visit) {
    NewestFirst rows(begin, end);
    auto pending = Statement::prepare(database, "SELECT rows FROM pending");
    if (!pending) return tl::unexpected(pending.error());
    Statement::Step step = pending->step();
    for (; step == Statement::Step::row; step = pending->step()) {
        if (auto held = rows.hold(pending->column_blob(0)); !held) return held;
    }
    if (step == Statement::Step::failed) return tl::unexpected(database.last_error());

    auto segments = Statement::prepare(
        database,
        "SELECT last, rows FROM segments WHERE last >= ?1 AND first < ?2 AND last < ?2 + (SELECT ids FROM longest) "
        "ORDER BY last DESC");
    if (!segments) return tl::unexpected(segments.error());
    segments->bind(1, begin);
    segments->bind(2, end);
    for (step = segments->step(); step == Statement::Step::row; step = segments->step()) {
        const auto more = rows.give(segments->column_int(0), visit);
        if (!more) return tl::unexpected(more.error());
        if (!*more) return {};
        if (auto held = rows.hold(segments->column_blob(1)); !held) return held;
    }
    if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
    if (const auto done = rows.give(-1, visit); !done) return tl::unexpected(done.error());
    return {};
}

std::string task_name(Database& database, std::uint64_t task) {
    auto statement = Statement::prepare(database, "SELECT name FROM tasks WHERE task = ?");
    if (!statement) return {};
    statement->bind(1, static_cast<std::int64_t>(task));
    return statement->step() == Statement::Step::row ? std::string(statement->column_text(0)) : std::string();
}

Result<std::map<std::uint64_t, std::string>> read_task_names(const std::string& folder) {
    auto database = open_ledger_for_reading(folder);
    if (!database) return tl::unexpected(database.error());
    auto statement = Statement::prepare(*database, "SELECT task, name FROM tasks");
    if (!statement) return tl::unexpected(statement.error());
    std::map<std::uint64_t, std::string> names;
    while (true) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::failed) return tl::unexpected(database->last_error());
        if (step == Statement::Step::done) return names;
        names.emplace(static_cast<std::uint64_t>(statement->column_int(0)), statement->column_text(1));
    }
}

}  // namespace weir::store
