// The key and the stored form of a cache entry. docs/formats.md, "cache entry", is the description.
#include <array>
#include <cstring>

#include "tiers/exact_cache/exact_cache.h"

namespace weir::tiers {
namespace {

constexpr char kMagic[] = {'W', 'C', 'E'};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = sizeof kMagic + 2;  // version, flags
constexpr std::size_t kChecksumBytes = 8;
constexpr std::uint8_t kPricedFlag = 1;
constexpr std::uint8_t kUsageReportedFlag = 2;

std::uint64_t checksum(std::string_view bytes) {
    return short_digest(sha256(bytes));
}

void append_varint(std::uint64_t value, std::string& out) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

// Zigzag: small numbers of either sign are short.
void append_signed(std::int64_t value, std::string& out) {
    append_varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63), out);
}

void append_text(std::string_view text, std::string& out) {
    append_varint(text.size(), out);
    out += text;
}

// Reads what the functions above write. After a failure everything read is 0 and ok() is false.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}
    bool ok() const { return ok_; }
    bool at_end() const { return left_.empty(); }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; ok_ && shift < 64; shift += 7) {
            if (left_.empty()) break;
            const auto byte = static_cast<std::uint8_t>(left_.front());
            left_.remove_prefix(1);
            const std::uint64_t bits = byte & 0x7F;
            if (shift == 63 && bits > 1) break;  // over 64 bits
            value |= bits << shift;
            if (byte < 0x80) {
                if (byte == 0 && shift != 0) break;  // longer than necessary
                return value;
            }
        }
        ok_ = false;
        return 0;
    }

    std::int64_t signed_varint() {
        const std::uint64_t value = varint();
        return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }

    std::string_view text() {
        const std::uint64_t size = varint();
        if (size > left_.size()) ok_ = false;
        if (!ok_) return {};
        const std::string_view text = left_.substr(0, size);
        left_.remove_prefix(size);
        return text;
    }

  private:
    std::string_view left_;
    bool ok_ = true;
};

}  // namespace

Digest256 cache_key(const CacheScope& scope, const Digest256& canonical_request) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update_part("weir.exact.1");
    hasher.update_part(scope.tenant);
    hasher.update_part(scope.api);
    hasher.update_part(scope.upstream);
    hasher.update_part({reinterpret_cast<const char*>(canonical_request.data()), canonical_request.size()});
    return hasher.finish();
}

std::string encode(const CacheEntry& entry) {
    std::string out;
    out.reserve(entry.body.size() + entry.model.size() + 64);
    out.append(kMagic, sizeof kMagic);
    out += static_cast<char>(kVersion);
    out += static_cast<char>((entry.priced ? kPricedFlag : 0) | (entry.usage.reported ? kUsageReportedFlag : 0));
    append_signed(entry.created_unix_micros, out);
    append_signed(entry.cost.nanos, out);
    const wire::Usage& usage = entry.usage;
    for (const Tokens tokens :
         {usage.input_uncached, usage.input_cached, usage.input_cache_write, usage.output, usage.reasoning}) {
        append_signed(tokens, out);
    }
    append_text(entry.model, out);
    append_text(entry.body, out);
    std::uint64_t sum = checksum(out);
    for (std::size_t i = 0; i < kChecksumBytes; ++i, sum >>= 8) out += static_cast<char>(sum);
    return out;
}

Result<CacheEntry> decode(std::string_view bytes) {
    if (bytes.size() < kHeaderBytes + kChecksumBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
        return fail(ErrorCode::invalid, "not a cache entry");
    }
    const auto version = static_cast<std::uint8_t>(bytes[sizeof kMagic]);
    if (version != kVersion) return fail(ErrorCode::invalid, "cache entry of version " + std::to_string(version));
    const std::string_view content = bytes.substr(0, bytes.size() - kChecksumBytes);
    std::uint64_t sum = 0;
    for (std::size_t i = kChecksumBytes; i-- > 0;)
        sum = sum << 8 | static_cast<std::uint8_t>(bytes[content.size() + i]);
    if (sum != checksum(content)) return fail(ErrorCode::invalid, "damaged cache entry: wrong checksum");

    const auto flags = static_cast<std::uint8_t>(content[sizeof kMagic + 1]);
    if ((flags & ~(kPricedFlag | kUsageReportedFlag)) != 0)
        return fail(ErrorCode::invalid, "cache entry with unknown flags");
    CacheEntry entry;
    entry.priced = (flags & kPricedFlag) != 0;
    entry.usage.reported = (flags & kUsageReportedFlag) != 0;
    Reader reader(content.substr(kHeaderBytes));
    entry.created_unix_micros = reader.signed_varint();
    entry.cost.nanos = reader.signed_varint();
    for (Tokens* tokens : {&entry.usage.input_uncached, &entry.usage.input_cached, &entry.usage.input_cache_write,
                           &entry.usage.output, &entry.usage.reasoning}) {
        *tokens = reader.signed_varint();
    }
    entry.model = reader.text();
    entry.body = reader.text();
    if (!reader.ok() || !reader.at_end()) return fail(ErrorCode::invalid, "malformed cache entry");
    return entry;
}

}  // namespace weir::tiers
