#include "base/hash.h"

#include <openssl/evp.h>

#include <charconv>
#include <cstring>
#include <new>

#include "base/hex.h"

namespace weir {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr) throw std::bad_alloc();
    reset();
}

Sha256::~Sha256() {
    EVP_MD_CTX_free(context_);
}

void Sha256::reset() {
    // Fetched once: EVP_sha256() with an implicit fetch costs about 200 ns at each init.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_DigestInit_ex2(context_, algorithm, nullptr);
}

void Sha256::update(std::string_view bytes) {
    EVP_DigestUpdate(context_, bytes.data(), bytes.size());
}

void Sha256::update_part(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    char prefix[8];
    std::memcpy(prefix, &size, sizeof prefix);  // x86-64 and arm64: little endian
    update({prefix, sizeof prefix});
    update(bytes);
}

Digest256 Sha256::finish() {
    Digest256 digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return digest;
}

Digest256 sha256(std::string_view bytes) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update(bytes);
    return hasher.finish();
}

std::uint64_t short_digest(const Digest256& digest) {
    std::uint64_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

namespace {
constexpr char kHexDigits[] = "0123456789abcdef";
}

std::string to_hex(const Digest256& digest) {
    std::string text;
    text.reserve(64);
    for (const std::uint8_t byte : digest) {
        text += kHexDigits[byte >> 4];
        text += kHexDigits[byte & 15];
    }
    return text;
}

std::string to_hex(std::uint64_t value) {
    std::string text;
    append_hex(value, text);
    return text;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    std::uint64_t value = 0;
    if (text.size() != 16) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void append_hex(std::uint64_t value, std::string& out) {
    std::array<char, 16> digits;
    write_hex(value, digits.data());
    out.append(digits.data(), digits.size());
}

}  // namespace weir
