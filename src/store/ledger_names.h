// Numbers for texts that recur in the ledger, kept in the table `names` and, all of them, in memory.
// Thread rule: any thread but a reactor's: intern() of a new text waits for the database, the rest only for a short
// lock. Limits: 2^32 - 1 names; they come from the configuration, not from callers.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/ledger_row.h"
#include "store/sqlite.h"

namespace weir::store {

using NamesById = std::unordered_map<NameId, std::string>;
// Everything in the table `names`.
Result<NamesById> load_names(Database& database);

class LedgerNames {
  public:
    // `database` and its mutex outlive it.
    LedgerNames(Database& database, std::mutex& database_mutex, NamesById names);

    // kNoName for an empty text. Error io: the disk refused.
    Result<NameId> intern(std::string_view text);
    // Empty for kNoName. Error not_found: no such number.
    Result<std::string> name_of(NameId id) const;

  private:
    Database& database_;
    std::mutex& database_mutex_;
    mutable std::mutex mutex_;
    NamesById by_id_;
    std::unordered_map<std::string, NameId> by_text_;
};

}  // namespace weir::store
