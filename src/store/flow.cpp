#include "store/flow.h"

#include "store/ledger_fold.h"
#include "store/ledger_reader.h"

namespace weir::store {
namespace {

constexpr Micros kMicrosPerMinute = 60'000'000;

template <class T>
bool has(const std::vector<T>& wanted, const T& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

class Reader {
  public:
    Reader(Database& database, const FlowQuery& query, const FlowVisit& visit)
        : database_(database), query_(query), detail_(std::max(query.detail, query.filter.detail())), visit_(visit) {}

    // The largest units that fit, and what is before and after them by smaller ones.
    Result<void> cover(Micros since, Micros until, int unit) {
        if (since >= until) return {};
        if (unit < static_cast<int>(finest_unit(detail_))) return add_rows(since, until);
        const Micros width = minutes_of(static_cast<RollupUnit>(unit)) * kMicrosPerMinute;
        const Micros begin = since / width + (since % width != 0 ? 1 : 0);
        const Micros end = until / width;
        if (begin >= end) return cover(since, until, unit - 1);
        if (auto done = cover(since, begin * width, unit - 1); !done) return done;
        if (auto done = add_rollups(static_cast<RollupUnit>(unit), begin, end, width); !done) return done;
        return cover(end * width, until, unit - 1);
    }

    Result<void> add_pending(Micros since, Micros until) {
        const RequestId begin = first_id_at(since), end = first_id_at(until);
        return for_each_pending(database_, [&](const PackedRow& packed) -> Result<void> {
            return packed.id < begin || packed.id >= end ? Result<void>() : add_row(packed);
        });
    }

  private:
    Result<void> add_row(const PackedRow& packed) {
        if (auto unpacked = unpack_row(packed, row_); !unpacked) return unpacked;
        const FlowKey key = FlowKey::of(row_);
        if (query_.filter.passes(key)) visit_(unix_micros_of(row_.id), key, Sums::of(row_));
        return {};
    }

    Result<void> add_rows(Micros since, Micros until) {
        return for_each_in_segments(database_, first_id_at(since), first_id_at(until),
                                    [&](const PackedRow& packed) { return add_row(packed); });
    }

    Result<void> add_rollups(RollupUnit unit, std::int64_t begin, std::int64_t end, Micros width) {
        auto statement = Statement::prepare(
            database_,
            "SELECT at, task, tenant, cascade, reference, tier, purpose, requests, errors, unpriced, input, "
            "input_cached, output, cost, counterfactual, saved, latency FROM rollups "
            "WHERE detail = ? AND unit = ? AND at >= ? AND at < ?");
        if (!statement) return tl::unexpected(statement.error());
        statement->bind(1, static_cast<std::int64_t>(detail_));
        statement->bind(2, static_cast<std::int64_t>(unit));
        statement->bind(3, begin);
        statement->bind(4, end);
        for (;;) {
            const Statement::Step step = statement->step();
            if (step == Statement::Step::done) return {};
            if (step == Statement::Step::failed) return tl::unexpected(database_.last_error());
            add_rollup(*statement, width);
        }
    }

    void add_rollup(const Statement& statement, Micros width) {
        int column = 0;
        const auto next = [&] { return statement.column_int(column++); };
        const Micros at = next() * width;
        FlowKey key;
        key.task = static_cast<std::uint64_t>(next());
        key.tenant = static_cast<NameId>(next());
        key.cascade = static_cast<NameId>(next());
        key.reference = static_cast<NameId>(next());
        key.tier = tier_of_code(next());
        key.purpose = static_cast<Purpose>(next());
        if (!query_.filter.passes(key)) return;
        Sums sums;
        for (std::int64_t* sum : {&sums.requests, &sums.errors, &sums.unpriced, &sums.input, &sums.input_cached,
                                  &sums.output, &sums.cost, &sums.counterfactual, &sums.saved, &sums.latency}) {
            *sum = next();
        }
        visit_(at, key, sums);
    }

    Database& database_;
    const FlowQuery& query_;
    const Detail detail_;
    const FlowVisit& visit_;
    LedgerRow row_;
};

}  // namespace

bool FlowFilter::passes(const FlowKey& key) const {
    return has(tasks, key.task) && has(tenants, key.tenant) && has(cascades, key.cascade) &&
           has(references, key.reference) && has(tiers, key.tier);
}

Detail FlowFilter::detail() const {
    if (!tasks.empty()) return Detail::task;
    return tenants.empty() && cascades.empty() && references.empty() ? Detail::all : Detail::names;
}

Result<void> read_flow(Database& database, const FlowQuery& query, const FlowVisit& visit) {
    const Micros since = std::max<Micros>(query.since_unix_micros, 0);
    Reader reader(database, query, visit);
    if (auto read = reader.cover(since, query.until_unix_micros, static_cast<int>(query.coarsest)); !read) return read;
    return reader.add_pending(since, query.until_unix_micros);
}

}  // namespace weir::store
