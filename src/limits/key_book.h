// Which keys there are: the configured ones and those that were made at the admin address, with what has been counted
// against each. Every change makes a new ring (limits/keys.h), which is handed to whoever listens; requests under way
// keep the one they began with.
// A key is asked for as soon as one is configured or one was ever made, be it revoked or expired: an open gateway does
// not come back by itself.
// Thread rule: any thread; blocks on disk and on the ledger's table of names: not from a reactor. Limits: those of the
// key file; where it is full the keys that were revoked first make room.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "limits/key_record.h"
#include "limits/keys.h"
#include "store/ledger.h"

namespace weir::limits {

// A key of the configuration, its own text forgotten.
struct ConfiguredKey {
    Digest256 digest{};
    std::string tenant;
    std::vector<std::string> models;
    Rates rates;
};

struct KeySettings {
    std::vector<ConfiguredKey> keys;
    std::map<std::string, Rates> tenants;
    bool require_key = false;  // though there is no key
};

class KeyBook {
  public:
    using Listener = std::function<void(std::shared_ptr<const KeyRing> ring)>;

    // Reads `file`, which need not be there. Errors: invalid (damaged), io. `ledger` and `clock` outlive the book.
    static Result<std::unique_ptr<KeyBook>> open(std::string file, store::LedgerSink& ledger, const Clock& clock);

    // From now on; the listener is not told: what else changes has to change with it. Errors: of KeyRing::add().
    Result<std::shared_ptr<const KeyRing>> configure(KeySettings settings);
    void listen(Listener listener);

    // Each is on the disk when it returns, and told to the listener. Errors: invalid, too_large, io (nothing changes).
    Result<NewKey> create(const KeyWish& wish);  // has to name the tenant
    // `name`: the id, or what the key begins with, where only one does. Errors: also not_found.
    Result<KeyRecord> revoke(std::string_view name);
    Result<KeyRecord> change(std::string_view name, const KeyWish& wish);

    std::vector<KeyRecord> records() const;  // as they were made
    std::size_t configured() const;

  private:
    KeyBook(std::string file, store::LedgerSink& ledger, const Clock& clock)
        : file_(std::move(file)), ledger_(ledger), clock_(clock) {}

    // With mutex_ held.
    Result<std::size_t> find(std::string_view name) const;
    Result<void> adopt(std::vector<KeyRecord> records);
    Result<std::shared_ptr<const KeyRing>> make_ring(const KeySettings& settings,
                                                     const std::vector<KeyRecord>& records);

    using Meters = std::map<std::string, std::shared_ptr<Meter>>;
    class RingMaker;

    const std::string file_;
    store::LedgerSink& ledger_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    KeySettings settings_;
    std::vector<KeyRecord> records_;
    std::uint64_t rings_ = 0;  // made so far
    Meters meters_;            // of keys by their digest, of tenants by their name
    Listener listener_;
};

}  // namespace weir::limits
