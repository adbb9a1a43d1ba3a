// Who a key belongs to, and what it may be used for.
// Thread rule: immutable; what is counted lies in the meters.
// Limits: kMostModels globs of kMostModelBytes a key.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "limits/meter.h"
#include "limits/rates.h"
#include "store/ledger_row.h"

namespace weir::limits {

inline constexpr std::size_t kMostModels = 64;
inline constexpr std::size_t kMostModelBytes = 256;

struct Tenant {
    std::string name;
    store::NameId id = store::kNoName;
    Rates rates;
    std::shared_ptr<Meter> meter;  // null: it has no limits
};

struct Caller {
    std::string key_id;  // of a configured key: what its SHA-256 begins with; empty: no key is asked for
    std::string name;    // of a made key; may be empty
    std::shared_ptr<const Tenant> tenant;
    std::vector<std::string> models;  // globs; empty: all models
    Rates rates;
    std::shared_ptr<Meter> meter;    // null: the key has no limits of its own
    Micros expires_unix_micros = 0;  // 0: never

    // Whether the key may ask for the model: by the name that was asked for, or by the "provider/model" that it means.
    bool may_use(std::string_view asked, std::string_view full_name) const;
    // Whether the answers tell limits (x-ratelimit-*).
    bool has_rates() const;
};

}  // namespace weir::limits
