#include "store/ledger_reader.h"

#include <algorithm>
#include <limits>

#include "store/ledger_fold.h"
#include "store/ledger_names.h"
#include "store/ledger_schema.h"

namespace weir::store {

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
