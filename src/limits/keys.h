// Who is calling: caller keys -> tenants. Keys are kept as SHA-256 only; comparison is by digest, in a hash map.
// Thread rule: immutable after it is built; share by pointer to const.
// Limits: 100,000 keys, a key 8 to 512 bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/result.h"

namespace weir::limits {

class KeyRing {
  public:
    // Error invalid: key too short or long, tenant name empty or with characters other than [A-Za-z0-9._-] (at most
    // 64), key already given to another tenant.
    Result<void> add(std::string_view key, std::string_view tenant);

    bool empty() const { return tenants_.empty(); }
    std::size_t size() const { return tenants_.size(); }

    // The tenant of a presented key; nullopt where it is unknown.
    std::optional<std::string_view> tenant_of(std::string_view key) const;

  private:
    struct DigestHash {
        std::size_t operator()(const Digest256& digest) const { return short_digest(digest); }
    };
    std::unordered_map<Digest256, std::string, DigestHash> tenants_;
};

// The key in an Authorization header value ("Bearer sk-..."), or nothing. The scheme's case does not matter.
std::optional<std::string_view> bearer_key(std::string_view authorization);

// The tenant of every request where no keys are configured.
constexpr std::string_view kOnlyTenant = "default";

}  // namespace weir::limits
