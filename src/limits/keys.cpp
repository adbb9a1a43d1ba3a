#include "limits/keys.h"

#include <algorithm>

namespace weir::limits {
namespace {

constexpr std::size_t kMaxKeys = 200'000;  // configured and made
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

Result<void> check_tenant(std::string_view tenant) {
    if (tenant.empty() || tenant.size() > kMaxTenantBytes ||
        !std::all_of(tenant.begin(), tenant.end(), is_tenant_character)) {
        return fail(ErrorCode::invalid, "a tenant's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    return {};
}

Result<void> check_key(std::string_view key) {
    if (key.size() < kMinKeyBytes || key.size() > kMaxKeyBytes) {
        return fail(ErrorCode::invalid,
                    "a caller's key has 8 to 512 characters, this one has " + std::to_string(key.size()));
    }
    // As in an HTTP header: otherwise no request could present it.
    if (!std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
        return fail(ErrorCode::invalid, "a caller's key consists of visible ASCII characters without spaces");
    }
    return {};
}

Result<void> KeyRing::add(std::string_view key, Caller caller) {
    if (auto checked = check_key(key); !checked) return checked;
    return add(sha256(key), std::move(caller));
}

Result<void> KeyRing::add(const Digest256& digest, Caller caller) {
    if (auto checked = check_tenant(caller.tenant->name); !checked) return checked;
    if (callers_.size() >= kMaxKeys) return fail(ErrorCode::too_large, "more than 100,000 keys");
    const std::string tenant = caller.tenant->name;
    const auto [at, added] = callers_.try_emplace(digest, std::move(caller));
    if (!added && at->second.tenant->name != tenant) {
        return fail(ErrorCode::invalid, "the same key is already given to tenant " + at->second.tenant->name);
    }
    return {};
}

// Plain hash-map look-up, with no constant-time comparison: what is compared are SHA-256 digests, and where a guess's
// digest begins to differ tells nothing about how to make a better guess.
const Caller* KeyRing::find(std::optional<std::string_view> key) const {
    if (anybody_) return &*anybody_;
    if (!key || key->size() < kMinKeyBytes || key->size() > kMaxKeyBytes) return nullptr;
    const auto at = callers_.find(sha256(*key));
    return at == callers_.end() ? nullptr : &at->second;
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
