// SHA-256 (OpenSSL, so SHA-NI where the processor has it) and the 64-bit digests made from it.
// Thread rule: functions are pure; a Sha256 object belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace weir {

using Digest256 = std::array<std::uint8_t, 32>;

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void reset();
    void update(std::string_view bytes);
    // Length-prefixed (8 bytes, little endian), so that consecutive parts can't be shifted into one another.
    void update_part(std::string_view bytes);
    Digest256 finish();  // then reset() before the next use

  private:
    evp_md_ctx_st* context_;
};

Digest256 sha256(std::string_view bytes);
// The first 8 bytes, little endian: enough to name a task or an entry, never to prove equality.
std::uint64_t short_digest(const Digest256& digest);
std::string to_hex(const Digest256& digest);
std::string to_hex(std::uint64_t value);                        // 16 digits, lower case
std::optional<std::uint64_t> parse_hex(std::string_view text);  // 16 digits, of either case
void append_hex(std::uint64_t value, std::string& out);         // the same

}  // namespace weir
