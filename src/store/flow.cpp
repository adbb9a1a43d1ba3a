#include "store/flow.h"

#include <numeric>

#include "store/ledger_fold.h"
#include "store/ledger_reader.h"
#include "store/rollup_backfill.h"

namespace weir::store {
namespace {

constexpr Micros kMicrosPerMinute = 60'000'000;

template <class T>
bool has(const std::vector<T>& wanted, const T& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// Units of one length, one after the other.
struct Span {
    RollupUnit unit;
    std::int64_t begin, end;  // not in it
};

class Reader {
  public:
    Reader(Database& database, const FlowQuery& query, const ClosedMinutes& closed, const FlowCellVisit& visit)
        : database_(database),
          query_(query),
          closed_(closed),
          detail_(std::max(query.detail, query.filter.detail())),
          visit_(visit) {}

    // The longest units that fit and are closed, and what is before and after them by shorter ones.
    Result<void> cover(Micros since, Micros until, int unit) {
        if (since >= until) return {};
        if (unit < 0) return add_rows(since, until);
        const std::int64_t minutes = kUnitMinutes[static_cast<std::size_t>(unit)];
        const Micros width = minutes * kMicrosPerMinute;
        const Micros begin = since / width + (since % width != 0 ? 1 : 0);
        Micros end = until / width;
        if (unit > 0) end = std::min(end, closed_[static_cast<std::size_t>(unit)] / minutes);
        if (begin >= end) return cover(since, until, unit - 1);
        spans_.push_back({static_cast<RollupUnit>(unit), begin, end});
        if (auto done = cover(since, begin * width, unit - 1); !done) return done;
        return cover(end * width, until, unit - 1);
    }

    Result<void> add_spans() {
        auto statement =
            Statement::prepare(database_, "SELECT sheet, cells FROM sheets WHERE sheet >= ? AND sheet < ?");
        if (!statement) return tl::unexpected(statement.error());
        for (const unsigned part : parts()) {
            for (const Span& span : spans_) {
                if (span.unit == RollupUnit::minute) continue;
                if (auto added = add_sheets(*statement, span, detail_, part); !added) return added;
            }
        }
        for (const Span& span : spans_) {
            if (span.unit != RollupUnit::minute) continue;
            if (auto added = add_sheets(*statement, span, Detail::task, 0); !added) return added;
        }
        return {};
    }

    Result<void> add_pending(Micros since, Micros until) {
        const RequestId begin = first_id_at(since), end = first_id_at(until);
        return for_each_pending(database_, [&](const PackedRow& packed) -> Result<void> {
            return packed.id < begin || packed.id >= end ? Result<void>() : add_row(packed);
        });
    }

    Result<void> add_rows(Micros since, Micros until) {
        return for_each_in_segments(database_, first_id_at(since), first_id_at(until),
                                    [&](const PackedRow& packed) { return add_row(packed); });
    }

  private:
    std::vector<unsigned> parts() const {
        std::vector<unsigned> wanted;
        if (detail_ == Detail::task) {
            for (const std::uint64_t task : query_.filter.tasks) wanted.push_back(part_of_task(task));
        } else if (detail_ == Detail::names) {
            for (const NameId tenant : query_.filter.tenants) wanted.push_back(part_of_tenant(tenant));
        }
        if (wanted.empty()) {
            wanted.resize(parts_of(detail_));
            std::iota(wanted.begin(), wanted.end(), 0U);
        }
        std::sort(wanted.begin(), wanted.end());
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        return wanted;
    }

    Result<void> add_row(const PackedRow& packed) {
        if (auto unpacked = unpack_row(packed, row_); !unpacked) return unpacked;
        const FlowKey key = FlowKey::of(row_);
        if (!query_.filter.passes(key)) return {};
        const Cell cell = Cell::of(row_);
        visit_(FlowCell{unix_micros_of(row_.id), key, cell.sums, cell.latencies});
        return {};
    }

    Result<void> add_sheets(Statement& statement, const Span& span, Detail detail, unsigned part) {
        statement.bind(1, SheetKey{span.unit, detail, part, span.begin}.number());
        statement.bind(2, SheetKey{span.unit, detail, part, span.end}.number());
        const Micros width = minutes_of(span.unit) * kMicrosPerMinute;
        for (;;) {
            const Statement::Step step = statement.step();
            if (step == Statement::Step::failed) return tl::unexpected(database_.last_error());
            if (step == Statement::Step::done) break;
            if (!add_cells(SheetKey::at_of(statement.column_int(0)) * width, statement.column_blob(1))) {
                return fail(ErrorCode::protocol, "a sheet of the ledger's rollups is malformed");
            }
        }
        statement.reset();
        return {};
    }

    bool add_cells(Micros at, std::string_view cells) {
        SheetReader sheet(cells);
        while (sheet.next_group()) {
            if (!query_.filter.passes_group(sheet.key())) continue;
            while (sheet.next_cell()) {
                if (!has(query_.filter.tiers, sheet.key().tier)) continue;
                visit_(FlowCell{at, sheet.key(), sheet.sums(), sheet.latencies()});
            }
        }
        return sheet.ok();
    }

    Database& database_;
    const FlowQuery& query_;
    const ClosedMinutes& closed_;
    const Detail detail_;
    const FlowCellVisit& visit_;
    std::vector<Span> spans_;
    LedgerRow row_;
};

}  // namespace

bool FlowFilter::passes_group(const FlowKey& key) const {
    return has(tasks, key.task) && has(tenants, key.tenant) && has(cascades, key.cascade) &&
           has(references, key.reference);
}

bool FlowFilter::passes(const FlowKey& key) const {
    return passes_group(key) && has(tiers, key.tier);
}

Detail FlowFilter::detail() const {
    if (!tasks.empty()) return Detail::task;
    if (!tenants.empty()) return Detail::names;
    return cascades.empty() && references.empty() ? Detail::all : Detail::route;
}

Result<void> read_flow(Database& database, const FlowQuery& query, const FlowCellVisit& visit) {
    const Micros since = std::max<Micros>(query.since_unix_micros, 0);
    const Micros until = std::min(query.until_unix_micros, kLastMinute * kMicrosPerMinute);
    const auto closed = closed_minutes(database);
    if (!closed) return tl::unexpected(closed.error());
    const auto complete = rollups_are_complete(database);
    if (!complete) return tl::unexpected(complete.error());
    Reader reader(database, query, *closed, visit);
    if (!*complete && query.rows_until_filled) {
        if (auto read = reader.add_rows(since, until); !read) return read;
        return reader.add_pending(since, until);
    }
    if (auto read = reader.cover(since, until, static_cast<int>(query.coarsest)); !read) return read;
    if (auto read = reader.add_spans(); !read) return read;
    return reader.add_pending(since, until);
}

Result<void> read_flow(Database& database, const FlowQuery& query, const FlowVisit& visit) {
    return read_flow(database, query,
                     FlowCellVisit([&](const FlowCell& cell) { visit(cell.at_unix_micros, cell.key, cell.sums); }));
}

}  // namespace weir::store
