// Who is calling: keys -> callers. Keys are kept as SHA-256 only; comparison is by digest, in a hash map.
// Thread rule: immutable after it is built; share by pointer to const (limits/key_book.h makes a new one at every
// change). Limits: 100,000 configured keys, a key 8 to 512 bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/result.h"
#include "limits/caller.h"

namespace weir::limits {

// Error invalid: a tenant's name is empty, longer than 64 or has characters other than [A-Za-z0-9._-].
Result<void> check_tenant(std::string_view tenant);
// Error invalid: key too short or long, or not to be sent in a header. Messages never hold the key itself.
Result<void> check_key(std::string_view key);

class KeyRing {
  public:
    // What a presented key leads to. Errors: invalid (key or tenant, as above), invalid (the key is another tenant's),
    // too_large. The same key once more for the same tenant changes nothing.
    Result<void> add(std::string_view key, Caller caller);
    // The same by the key's digest.
    Result<void> add(const Digest256& digest, Caller caller);
    // Nobody is asked for a key: all are this one. Else a key is asked for, be the ring empty.
    void open_to_all(Caller caller) { anybody_ = std::move(caller); }

    std::size_t size() const { return callers_.size(); }
    // Of two rings the one with the higher number is the newer one.
    std::uint64_t number() const { return number_; }
    void number(std::uint64_t number) { number_ = number; }

    // Whose a presented key is; nullptr where it is unknown. The caller may have expired.
    const Caller* find(std::optional<std::string_view> key) const;

  private:
    struct DigestHash {
        std::size_t operator()(const Digest256& digest) const { return short_digest(digest); }
    };
    std::unordered_map<Digest256, Caller, DigestHash> callers_;
    std::optional<Caller> anybody_;
    std::uint64_t number_ = 0;
};

// The key in an Authorization header value ("Bearer sk-..."), or nothing. The scheme's case does not matter.
std::optional<std::string_view> bearer_key(std::string_view authorization);

// The tenant of every request where there are no keys.
constexpr std::string_view kOnlyTenant = "default";

}  // namespace weir::limits
