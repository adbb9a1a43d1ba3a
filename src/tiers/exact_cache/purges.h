// The purge list: durable lines "entries that bear this mark and were created at or before this time are void". A purge
// takes effect at once for every cache that asks here at each look-up; the space is given back as entries are met or
// evicted.
// Thread rule: voids() and counters from any thread, without I/O; nothing but an atomic read where the entry is younger
// than every purge, else a shared lock for some hash look-ups. open() and add() wait for the disk: not from a reactor.
// Limits: Options::max_marks; beyond, repeated marks are dropped and the oldest eighth of the others becomes one purge
// of everything created up to then. Texts as in Provenance. docs/formats.md, "Purges", describes the file.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tiers/exact_cache/cache_entry.h"

namespace weir::tiers {

enum class MarkKind : std::uint8_t { key, task, tenant, tag, source, writer };
std::string_view to_string(MarkKind kind);  // "key", "task", ...

struct Mark {
    MarkKind kind = MarkKind::key;
    // key: 64 hexadecimal digits; task: 16; source: "doc@v3", or "doc" for all versions of it; others: the text itself.
    std::string value;
    std::string tenant;  // only this tenant's entries; empty: all tenants'
    std::string keep;    // source "doc" alone: all versions but this one
    friend bool operator==(const Mark&, const Mark&) = default;
};

struct PurgeLine {
    Mark mark;
    Micros unix_micros = 0;
};

class PurgeFile;

class Purges {
  public:
    struct Options {
        std::string file;  // made where absent; empty: nothing is kept over a restart
        std::size_t max_marks = 100'000;
    };
    // A last line cut short is dropped: the process ended while it was being written, so its purge was never confirmed.
    // Other damage may hide purges: everything created until now is void then (with a warning).
    // Errors: invalid (not a purge list of this version), io.
    static Result<std::unique_ptr<Purges>> open(const Options& options, const Clock& clock);
    ~Purges();
    Purges(const Purges&) = delete;

    // -> the time of the purge, which is now (never before an earlier purge's, should the clock go back). On disk when
    // it returns. Errors: invalid (says what is wrong with the mark; nothing is changed), io (in effect until the next
    // start, but not durable; the next add() tries to write all again).
    Result<Micros> add(const Mark& mark);

    // Whether a purge holds for the entry, by what the entry says of itself. One that names no tenant is reached by the
    // purge of any tenant.
    bool voids(const Digest256& key, const CacheEntry& entry) const;

    std::size_t marks() const;        // in the list now
    Micros everything_until() const;  // entries created at or before are void whatever they bear; INT64_MIN: none
    Micros newest_unix_micros() const { return newest_.load(std::memory_order_acquire); }  // INT64_MIN: no purge yet

  private:
    // What look-ups need of all lines.
    struct Table {
        // Of all lines of the same kind, tenant and value.
        struct Limit {
            Micros time = INT64_MIN;
            // Lines with `keep`, the latest of which is of `time`: it keeps the version of this hash; lines that keep
            // another version go up to `others`.
            std::uint64_t kept = 0;
            Micros others = INT64_MIN;
        };
        std::unordered_map<std::uint64_t, Limit> limits;
        unsigned kinds = 0;  // bit k: a line of kind k is in; bit 8 + k: one for a single tenant
        Micros everything_until = INT64_MIN;
        Micros newest_of_tenants = INT64_MIN;  // purge of any tenant

        void enter(const PurgeLine& line);
        bool voids(const Digest256& key, const CacheEntry& entry) const;
        bool reaches(unsigned kind, std::string_view tenant, std::string_view value, Micros created) const;
        bool source_is_void(std::string_view tenant, std::string_view source, Micros created) const;
        const Limit* find(unsigned kind, bool for_one, std::string_view tenant, std::string_view value) const;
    };

    Purges(const Options& options, const Clock& clock);
    Result<void> read_file();
    void make_room();
    std::string whole_file() const;

    const Options options_;
    const Clock& clock_;

    mutable std::mutex add_mutex_;     // one add() at a time; guards what follows
    std::vector<PurgeLine> lines_;     // by time
    std::unique_ptr<PurgeFile> file_;  // null: none
    bool rewrite_ = false;             // the file is not what lines_ says

    mutable std::shared_mutex table_mutex_;
    Table table_;
    std::atomic<Micros> newest_{INT64_MIN};
};

}  // namespace weir::tiers
