// Small integers as few bytes: how the ledger packs attempts and pending rows.
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::store {

// Writes into a buffer that the caller has made large enough.
class Packer {
  public:
    explicit Packer(char* buffer) : begin_(buffer), at_(buffer) {}

    void byte(unsigned value) { *at_++ = static_cast<char>(value); }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) byte(static_cast<unsigned>(value & 0x7F) | 0x80U);
        byte(static_cast<unsigned>(value));
    }
    // Counts and durations are not negative; if one is, it survives as 5 bytes.
    void count(std::int32_t value) { varint(static_cast<std::uint32_t>(value)); }
    void zigzag(std::int64_t value) {
        varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void fixed32(std::uint32_t value) {
        for (unsigned shift = 0; shift < 32; shift += 8) byte((value >> shift) & 0xFFU);
    }
    void fixed64(std::uint64_t value) {
        for (unsigned shift = 0; shift < 64; shift += 8) byte(static_cast<unsigned>(value >> shift) & 0xFFU);
    }
    void bytes(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
    std::string_view packed() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

  private:
    const char* begin_;
    char* at_;
};

// Reads what Packer writes. After a failure every further read gives 0 and ok() is false.
class Unpacker {
  public:
    explicit Unpacker(std::string_view packed) : rest_(packed) {}

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    void refuse() { ok_ = false; }

    unsigned byte() {
        if (rest_.empty()) {
            ok_ = false;
            return 0;
        }
        const auto value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    std::uint64_t varint(std::uint64_t max) {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && ok_; shift += 7) {
            const unsigned next = byte();
            const std::uint64_t bits = next & 0x7FU;
            if (bits << shift >> shift != bits) break;
            value |= bits << shift;
            if ((next & 0x80U) == 0) {
                if (value > max) break;
                return value;
            }
        }
        ok_ = false;
        return 0;
    }
    std::int32_t count() { return static_cast<std::int32_t>(static_cast<std::uint32_t>(varint(UINT32_MAX))); }
    std::int64_t zigzag() {
        const std::uint64_t value = varint(UINT64_MAX);
        return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
    }
    std::uint32_t fixed32() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 32; shift += 8) value |= byte() << shift;
        return value;
    }
    std::uint64_t fixed64() {
        const std::uint64_t low = fixed32();
        return low | static_cast<std::uint64_t>(fixed32()) << 32;
    }
    std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace weir::store
