#include "limits/key_book.h"

#include <algorithm>

#include "limits/key_file.h"

namespace weir::limits {

// One ring in the making. Meters that were there go on; those of what is gone are left behind.
class KeyBook::RingMaker {
  public:
    RingMaker(const KeySettings& settings, store::LedgerSink& ledger, const Meters& before)
        : settings_(settings), ledger_(ledger), before_(before) {}

    Result<void> add(const Digest256& digest, std::string id, const std::string& name, const std::string& tenant,
                     const std::vector<std::string>& models, const Rates& rates, Micros expires) {
        Caller caller;
        caller.key_id = id.empty() ? to_hex(digest).substr(0, 12) : std::move(id);
        caller.name = name;
        caller.tenant = tenant_of(tenant);
        caller.models = models;
        caller.rates = rates;
        caller.meter = meter_for("key " + to_hex(digest), rates);
        caller.expires_unix_micros = expires;
        return ring_->add(digest, std::move(caller));
    }
    void open_to_all() {
        Caller caller;
        caller.tenant = tenant_of(std::string(kOnlyTenant));
        ring_->open_to_all(std::move(caller));
    }
    std::shared_ptr<const KeyRing> take(Meters& meters, std::uint64_t number) {
        meters = std::move(meters_);
        ring_->number(number);
        return std::move(ring_);
    }

  private:
    std::shared_ptr<Meter> meter_for(const std::string& whose, const Rates& rates) {
        if (!rates.any()) return nullptr;
        const auto known = before_.find(whose);
        std::shared_ptr<Meter>& meter = meters_[whose];
        if (!meter) meter = known == before_.end() ? std::make_shared<Meter>() : known->second;
        return meter;
    }
    std::shared_ptr<const Tenant> tenant_of(const std::string& name) {
        std::shared_ptr<const Tenant>& tenant = tenants_[name];
        if (tenant) return tenant;
        auto made = std::make_shared<Tenant>();
        made->name = name;
        made->id = ledger_.intern(name);
        if (const auto found = settings_.tenants.find(name); found != settings_.tenants.end()) {
            made->rates = found->second;
        }
        made->meter = meter_for("tenant " + name, made->rates);
        return tenant = std::move(made);
    }

    const KeySettings& settings_;
    store::LedgerSink& ledger_;
    const Meters& before_;
    Meters meters_;
    std::map<std::string, std::shared_ptr<const Tenant>> tenants_;
    std::shared_ptr<KeyRing> ring_ = std::make_shared<KeyRing>();
};

Result<std::unique_ptr<KeyBook>> KeyBook::open(std::string file, store::LedgerSink& ledger, const Clock& clock) {
    Result<std::vector<KeyRecord>> records = load_keys(file);
    if (!records) return tl::unexpected(records.error());
    std::unique_ptr<KeyBook> book(new KeyBook(std::move(file), ledger, clock));
    book->records_ = std::move(*records);
    return book;
}

Result<std::shared_ptr<const KeyRing>> KeyBook::make_ring(const KeySettings& settings,
                                                          const std::vector<KeyRecord>& records) {
    RingMaker maker(settings, ledger_, meters_);
    for (const ConfiguredKey& key : settings.keys) {
        if (auto added = maker.add(key.digest, "", "", key.tenant, key.models, key.rates, 0); !added) {
            return tl::unexpected(added.error());
        }
    }
    for (const KeyRecord& record : records) {
        if (record.revoked_unix_micros != 0) continue;
        const auto added = maker.add(record.digest, record.id, record.name, record.tenant, record.models, record.rates,
                                     record.expires_unix_micros);
        if (!added) return tl::unexpected(added.error());
    }
    if (settings.keys.empty() && records.empty() && !settings.require_key) maker.open_to_all();
    return maker.take(meters_, ++rings_);
}

Result<std::shared_ptr<const KeyRing>> KeyBook::configure(KeySettings settings) {
    const std::lock_guard lock(mutex_);
    auto ring = make_ring(settings, records_);
    if (ring) settings_ = std::move(settings);
    return ring;
}

void KeyBook::listen(Listener listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
}

// On the disk, then for all to see.
Result<void> KeyBook::adopt(std::vector<KeyRecord> records) {
    if (auto saved = save_keys(file_, records); !saved) return saved;
    auto ring = make_ring(settings_, records);
    if (!ring) return tl::unexpected(ring.error());
    records_ = std::move(records);
    if (listener_) listener_(*ring);
    return {};
}

Result<std::size_t> KeyBook::find(std::string_view name) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const KeyRecord& record = records_[i];
        if (record.id == name) return i;
        if (record.prefix != name) continue;
        if (found) return fail(ErrorCode::invalid, "several keys begin so: name the one that is meant by its id");
        found = i;
    }
    if (!found) return fail(ErrorCode::not_found, "there is no key of that id or beginning");
    return *found;
}

Result<NewKey> KeyBook::create(const KeyWish& wish) {
    if (!wish.tenant) return fail(ErrorCode::invalid, "'tenant' is missing: whose key is it?");
    Result<NewKey> made = make_key();
    if (!made) return made;
    const Micros now = clock_.unix_micros();
    made->record.tenant = *wish.tenant;
    made->record.created_unix_micros = now;
    apply(wish, now, made->record);
    const std::lock_guard lock(mutex_);
    std::vector<KeyRecord> records = records_;
    if (records.size() >= kMostKeysKept) {
        const auto is_revoked = [](const KeyRecord& record) { return record.revoked_unix_micros != 0; };
        const auto first = std::find_if(records.begin(), records.end(), is_revoked);
        if (first == records.end()) return fail(ErrorCode::too_large, "20,000 keys are there: revoke some first");
        records.erase(first);
    }
    records.push_back(made->record);
    if (auto adopted = adopt(std::move(records)); !adopted) return tl::unexpected(adopted.error());
    return made;
}

Result<KeyRecord> KeyBook::revoke(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const Result<std::size_t> at = find(name);
    if (!at) return tl::unexpected(at.error());
    if (records_[*at].revoked_unix_micros != 0) return records_[*at];
    std::vector<KeyRecord> records = records_;
    records[*at].revoked_unix_micros = std::max<Micros>(1, clock_.unix_micros());
    if (auto adopted = adopt(std::move(records)); !adopted) return tl::unexpected(adopted.error());
    return records_[*at];
}

Result<KeyRecord> KeyBook::change(std::string_view name, const KeyWish& wish) {
    if (wish.tenant) return fail(ErrorCode::invalid, "a key stays its tenant's: make another one");
    const std::lock_guard lock(mutex_);
    const Result<std::size_t> at = find(name);
    if (!at) return tl::unexpected(at.error());
    if (records_[*at].revoked_unix_micros != 0) return fail(ErrorCode::invalid, "this key is revoked, for good");
    std::vector<KeyRecord> records = records_;
    apply(wish, clock_.unix_micros(), records[*at]);
    if (auto adopted = adopt(std::move(records)); !adopted) return tl::unexpected(adopted.error());
    return records_[*at];
}

std::vector<KeyRecord> KeyBook::records() const {
    const std::lock_guard lock(mutex_);
    return records_;
}

std::size_t KeyBook::configured() const {
    const std::lock_guard lock(mutex_);
    return settings_.keys.size();
}

}  // namespace weir::limits
