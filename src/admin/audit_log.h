// Who changed what at the admin address: data/audit.jsonl, a line a change, only ever added to (docs/admin-api.md).
//   {"at_unix_us", "who", "role", "from", "method", "path", "status", "said"?, "before"?, "after"?}
// A change that was refused stands there too, with the status and what was said; keys and tokens never do.
// Thread rule: append() and latest() by one thread at a time, which waits for the disk.
// Limits: 4 KiB of what was said; kMostFileBytes, then it becomes audit.1.jsonl and a new one begins (so up to twice as
// much is kept); a line of kMostLineBytes, beyond which before and after are left out; latest() looks at the newest
// kMostReadBytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace weir::admin {

struct AuditEntry {
    Micros at_unix_micros = 0;
    std::string who, role, from, method, path;
    unsigned status = 200;
    std::string said;           // of a refusal
    std::string before, after;  // JSON; empty: none
};

class AuditLog {
  public:
    static constexpr std::size_t kMostFileBytes = 16u << 20;
    static constexpr std::size_t kMostLineBytes = 256u << 10;
    static constexpr std::size_t kMostReadBytes = 4u << 20;

    explicit AuditLog(std::string folder) : folder_(std::move(folder)) {}

    // On the disk when it returns. Error io.
    Result<void> append(const AuditEntry& entry);
    // The newest `most` as a JSON list, newest first; no log yet: "[]". Error io.
    Result<std::string> latest(std::size_t most) const;

  private:
    std::string file() const { return folder_ + "/audit.jsonl"; }
    std::string folder_;
};

}  // namespace weir::admin
