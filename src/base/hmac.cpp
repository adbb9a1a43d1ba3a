#include "base/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace weir {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

Digest256 hmac_sha256(std::string_view key, std::string_view bytes) {
    Digest256 digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), digest.data(), &length);
    return digest;
}

std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    std::string with_end(text.size() + 1, '\0');  // OpenSSL writes a zero behind
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(with_end.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.assign(with_end, 0, text.size());
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    const std::string_view letters = text.substr(0, text.size() - padding);
    if (!std::all_of(letters.begin(), letters.end(), is_letter)) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace weir
