// The ledger's file: where it is, what tables it has, and which versions of it this program understands.
// docs/formats.md, "ledger", describes the tables.
// Thread rule: functions; each call opens a connection of its own.
#pragma once

#include <cstdint>
#include <string>

#include "store/sqlite.h"

namespace weir::store {

constexpr std::int64_t kLedgerVersion = 5;  // PRAGMA user_version

std::string ledger_path(const std::string& folder);
std::string ledger_lock_path(const std::string& folder);

// Opens the file for writing, creates it where absent and migrates it forward.
// Errors: invalid (not a ledger of Weir, damaged, or made by a newer version), io.
Result<Database> open_ledger_for_writing(const std::string& folder);

// Opens it read-only, beside a running writer or without one.
// Errors: not_found (no such file), invalid (as above, or older than this program: the gateway migrates), io.
Result<Database> open_ledger_for_reading(const std::string& folder);

// Who writes in the folder at present ("process 17"); empty: nobody, or it can't be told. Nothing is created; a gateway
// that starts in the very moment of asking may find the folder in use.
std::string folder_writer(const std::string& folder);

// Keeps a second process (or a second ledger in this one) from writing in the same folder, until it is destroyed.
class FolderLock {
  public:
    // Creates the folder where absent. Errors: unavailable (taken; the message names the other process), io.
    static Result<FolderLock> take(const std::string& folder);
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

  private:
    explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace weir::store
