#include "limits/keys.h"

#include <algorithm>

namespace weir::limits {
namespace {

constexpr std::size_t kMaxKeys = 100'000;
constexpr std::size_t kMinKeyBytes = 8;
constexpr std::size_t kMaxKeyBytes = 512;
constexpr std::size_t kMaxTenantBytes = 64;

bool is_tenant_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

// Messages never hold the key itself.
Result<void> KeyRing::add(std::string_view key, std::string_view tenant) {
    if (key.size() < kMinKeyBytes || key.size() > kMaxKeyBytes) {
        return fail(ErrorCode::invalid,
                    "a caller's key has 8 to 512 characters, this one has " + std::to_string(key.size()));
    }
    // As in an HTTP header: otherwise no request could present it.
    if (!std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
        return fail(ErrorCode::invalid, "a caller's key consists of visible ASCII characters without spaces");
    }
    if (tenant.empty() || tenant.size() > kMaxTenantBytes ||
        !std::all_of(tenant.begin(), tenant.end(), is_tenant_character)) {
        return fail(ErrorCode::invalid, "a tenant's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    if (tenants_.size() >= kMaxKeys) return fail(ErrorCode::too_large, "more than 100,000 keys");
    const auto [at, added] = tenants_.try_emplace(sha256(key), tenant);
    if (!added && at->second != tenant) {
        return fail(ErrorCode::invalid, "the same key is already given to tenant " + at->second);
    }
    return {};
}

// Plain hash-map look-up, with no constant-time comparison: what is compared are SHA-256 digests, and where a guess's
// digest begins to differ tells nothing about how to make a better guess.
std::optional<std::string_view> KeyRing::tenant_of(std::string_view key) const {
    if (key.size() < kMinKeyBytes || key.size() > kMaxKeyBytes) return std::nullopt;
    const auto at = tenants_.find(sha256(key));
    if (at == tenants_.end()) return std::nullopt;
    return at->second;
}

std::optional<std::string_view> bearer_key(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer";
    while (!authorization.empty() && is_space(authorization.front())) authorization.remove_prefix(1);
    while (!authorization.empty() && is_space(authorization.back())) authorization.remove_suffix(1);
    if (authorization.size() <= kScheme.size()) return std::nullopt;
    if (!equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    std::string_view key = authorization.substr(kScheme.size());
    if (!is_space(key.front())) return std::nullopt;
    while (is_space(key.front())) key.remove_prefix(1);  // ends: the last byte is no space
    if (std::any_of(key.begin(), key.end(), is_space)) return std::nullopt;
    return key;
}

}  // namespace weir::limits
