// Durable key -> bytes with a byte budget, for cache entries. The seam is EntryStore; LmdbEntryStore is the default.
// Thread rule: every call may wait for disk: never from a reactor. Calls from several threads are allowed.
// Limits: value 16 MiB; the map's size is Options::max_bytes; full: the oldest entries are dropped first.
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
    virtual Result<void> put(std::span<const Put> entries) = 0;  // one transaction
    virtual Result<std::optional<std::string>> get(const Digest256& key) = 0;
    virtual Result<void> erase(std::span<const Digest256> keys) = 0;
    // Calls `visit` for every key with its value's size; for building an index at start-up.
    virtual Result<void> each_key(const std::function<void(const Digest256& key, std::size_t value_bytes)>& visit) = 0;
    virtual std::uint64_t bytes() const = 0;  // of all values
};

class LmdbEntryStore final : public EntryStore {
  public:
    struct Options {
        std::string folder;                      // created where absent
        std::uint64_t max_bytes = 1ull << 30;    // of values; the map is a quarter larger
    };
    static Result<std::unique_ptr<LmdbEntryStore>> open(const Options& options);
    ~LmdbEntryStore() override;

    Result<void> put(std::span<const Put> entries) override;
    Result<std::optional<std::string>> get(const Digest256& key) override;
    Result<void> erase(std::span<const Digest256> keys) override;
    Result<void> each_key(const std::function<void(const Digest256&, std::size_t)>& visit) override;
    std::uint64_t bytes() const override;

  private:
    struct Impl;
    explicit LmdbEntryStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::store
