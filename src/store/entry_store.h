// Durable key -> bytes with a byte budget, for cache entries. The seam is EntryStore; LmdbEntryStore is the default.
// Thread rule: every call may wait for disk: never from a reactor. Calls from several threads are allowed.
// Limits: a value at most 16 MiB and an eighth of Options::max_bytes; full: the oldest entries are dropped first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace weir::store {

class EntryStore {
  public:
    virtual ~EntryStore() = default;

    struct Put {
        Digest256 key;
        std::string value;
    };
    // One transaction, all or nothing; a batch larger than the largest value takes several, in order. A key that is
    // there already gets the new value and becomes the newest. Errors: too_large (a value over the limit, nothing is
    // written), io.
    virtual Result<void> put(std::span<const Put> entries) = 0;
    virtual Result<std::optional<std::string>> get(const Digest256& key) = 0;
    virtual Result<void> erase(std::span<const Digest256> keys) = 0;  // one transaction; absent keys are no error
    // Calls `visit` for every key with its value's size; for building an index at start-up. `visit` must not call the
    // store.
    virtual Result<void> each_key(const std::function<void(const Digest256& key, std::size_t value_bytes)>& visit) = 0;
    // Calls `visit` for every entry, the newest first, until it says false: for people to look at. All of it is of one
    // moment, for which pages stay in use, so not for long. `visit` must not call the store.
    virtual Result<void> newest_first(
        const std::function<bool(const Digest256& key, std::string_view value)>& visit) = 0;
    virtual std::uint64_t bytes() const = 0;  // that the entries take in the store, overhead included
};

// One LMDB environment in a folder of its own. docs/formats.md, "cache entry", describes the layout.
// Durability: each put() or erase() is flushed before it returns, but for LMDB's meta page (MDB_NOMETASYNC): a crash of
// the process loses nothing that returned, a crash of the machine at most the last transaction, and neither damages the
// file. One process at a time: a second one gets an error (flock).
class LmdbEntryStore final : public EntryStore {
  public:
    struct Options {
        std::string folder;                    // created where absent, for the owner alone
        std::uint64_t max_bytes = 1ull << 30;  // of pages that hold entries, at least 64 KiB; the file is at most a
                                               // quarter and 4 MiB larger (where dropping itself ran out of room: 5)
    };
    // Larger data than max_bytes allows: the oldest entries are dropped here and the file is compacted.
    // Errors: invalid (max_bytes too small; not a store of this version), unavailable (another process has it open),
    // io.
    static Result<std::unique_ptr<LmdbEntryStore>> open(const Options& options);
    ~LmdbEntryStore() override;

    Result<void> put(std::span<const Put> entries) override;
    Result<std::optional<std::string>> get(const Digest256& key) override;
    Result<void> erase(std::span<const Digest256> keys) override;
    Result<void> each_key(const std::function<void(const Digest256&, std::size_t)>& visit) override;
    Result<void> newest_first(const std::function<bool(const Digest256&, std::string_view)>& visit) override;
    std::uint64_t bytes() const override;

  private:
    struct Impl;
    explicit LmdbEntryStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::store
