// The key and the stored form of a cache entry. docs/formats.md, "The exact cache on disk", is the description.
#include "tiers/exact_cache/cache_entry.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "json/utf8.h"

namespace weir::tiers {
namespace {

constexpr char kMagic[] = {'W', 'C', 'E'};
constexpr std::uint8_t kOldestVersion = 2;  // written, where the usage has no more than it can say
constexpr std::uint8_t kVersion = 3;
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

void append_texts(const std::vector<std::string>& texts, std::string& out) {
    append_varint(texts.size(), out);
    for (const std::string& text : texts) append_text(text, out);
}

void append_fixed64(std::uint64_t value, std::string& out) {
    for (int i = 0; i < 8; ++i, value >>= 8) out += static_cast<char>(value);
}

// What version 3 has of a usage beyond the five classes of version 2, in this order.
constexpr Tokens wire::Usage::*kMoreTokens[] = {
    &wire::Usage::input_cache_write_1h, &wire::Usage::audio_input,  &wire::Usage::image_input,
    &wire::Usage::audio_cached,         &wire::Usage::audio_output, &wire::Usage::image_output,
    &wire::Usage::longest_prompt,
};
constexpr std::uint32_t wire::Usage::*kPieces[] = {
    &wire::Usage::web_searches, &wire::Usage::file_searches, &wire::Usage::code_sessions, &wire::Usage::search_units,
    &wire::Usage::images,       &wire::Usage::audio_ms,      &wire::Usage::other_pieces,
};
constexpr unsigned kContextShift = 3, kUsOnly = 1U << 5, kStated = 1U << 6;

bool has_more(const wire::Usage& usage) {
    wire::Usage plain;
    plain.input_uncached = usage.input_uncached;
    plain.input_cached = usage.input_cached;
    plain.input_cache_write = usage.input_cache_write;
    plain.output = usage.output;
    plain.reasoning = usage.reasoning;
    plain.reported = usage.reported;
    return plain != usage;
}

void append_more(const wire::Usage& usage, std::string& out) {
    out += static_cast<char>(static_cast<unsigned>(usage.tier) |
                             static_cast<unsigned>(usage.search_context) << kContextShift |
                             (usage.us_only ? kUsOnly : 0) | (usage.stated ? kStated : 0));
    for (const auto tokens : kMoreTokens) append_signed(usage.*tokens, out);
    for (const auto piece : kPieces) append_varint(usage.*piece, out);
    if (usage.stated) append_signed(usage.stated->nanos, out);
}

constexpr Digest256 kNoPartition{};

void append_provenance(const Provenance& from, std::string& out) {
    out += static_cast<char>(from.volatility);
    append_fixed64(from.task, out);
    append_text(from.tenant, out);
    const bool partitioned = from.partition != kNoPartition;
    append_text({reinterpret_cast<const char*>(from.partition.data()), partitioned ? from.partition.size() : 0}, out);
    append_text(from.question, out);
    append_texts(from.sources, out);
    append_texts(from.tags, out);
    append_text(from.writer, out);
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

    std::string_view text() { return fixed(varint()); }

    std::vector<std::string> texts(std::size_t most) {
        std::vector<std::string> texts;
        const std::uint64_t count = varint();
        if (count > most) ok_ = false;
        for (std::uint64_t i = 0; ok_ && i < count; ++i) texts.emplace_back(text());
        return texts;
    }

    std::uint64_t fixed64() {
        std::uint64_t value = 0;
        const std::string_view bytes = fixed(8);
        for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
        return value;
    }

    std::string_view fixed(std::uint64_t size) {
        if (size > left_.size()) ok_ = false;
        if (!ok_) return {};
        const std::string_view bytes = left_.substr(0, size);
        left_.remove_prefix(size);
        return bytes;
    }

    void refuse() { ok_ = false; }

  private:
    std::string_view left_;
    bool ok_ = true;
};

void read_more(Reader& reader, wire::Usage& usage) {
    const std::string_view byte = reader.fixed(1);
    const unsigned flags = byte.empty() ? 0 : static_cast<std::uint8_t>(byte.front());
    constexpr unsigned kTierMask = 7, kContextMask = 3, kUnknown = 1U << 7;
    if ((flags & kTierMask) >= wire::kServiceTiers || (flags & kUnknown) != 0) return reader.refuse();
    usage.tier = static_cast<wire::ServiceTier>(flags & kTierMask);
    usage.search_context = static_cast<wire::SearchContext>(flags >> kContextShift & kContextMask);
    usage.us_only = (flags & kUsOnly) != 0;
    for (const auto tokens : kMoreTokens) usage.*tokens = reader.signed_varint();
    for (const auto piece : kPieces) {
        const std::uint64_t count = reader.varint();
        if (count > UINT32_MAX) reader.refuse();
        usage.*piece = static_cast<std::uint32_t>(count);
    }
    if (flags & kStated) usage.stated = Usd{reader.signed_varint()};
    if (!has_more(usage)) reader.refuse();  // encode() would have written version 2
}

Provenance read_provenance(Reader& reader) {
    Provenance to;
    const std::string_view volatility = reader.fixed(1);
    if (reader.ok() && static_cast<std::uint8_t>(volatility[0]) >= kVolatilities) reader.refuse();
    if (reader.ok()) to.volatility = static_cast<Volatility>(volatility[0]);
    to.task = reader.fixed64();
    to.tenant = reader.text();
    const std::string_view partition = reader.text();
    if (partition.size() == to.partition.size()) {
        std::memcpy(to.partition.data(), partition.data(), partition.size());
        if (to.partition == kNoPartition) reader.refuse();  // encode() would have left it out
    } else if (!partition.empty()) {
        reader.refuse();
    }
    to.question = reader.text();
    to.sources = reader.texts(kMaxSources);
    to.tags = reader.texts(kMaxTags);
    to.writer = reader.text();
    if (!to.within_limits()) reader.refuse();
    return to;
}

bool texts_within(const std::vector<std::string>& texts, std::size_t most, std::size_t most_bytes) {
    return texts.size() <= most &&
           std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text.size() <= most_bytes; });
}

// What a string takes on the heap: glibc adds 8 bytes and rounds up to 16.
std::size_t heap_block(std::size_t bytes) {
    return bytes == 0 ? 0 : (bytes + 8 + 15) / 16 * 16;
}
std::size_t heap_bytes(const std::string& text) {
    constexpr std::size_t kInString = 15;
    return text.capacity() <= kInString ? 0 : heap_block(text.capacity() + 1);
}
std::size_t heap_bytes(const std::vector<std::string>& texts) {
    std::size_t bytes = heap_block(texts.capacity() * sizeof(std::string));
    for (const std::string& text : texts) bytes += heap_bytes(text);
    return bytes;
}

bool is_space(char byte) {
    return byte == ' ' || byte == '\t';
}

Result<std::vector<std::string>> parse_list(std::string_view header, std::string_view what, std::size_t most,
                                            std::size_t most_bytes) {
    std::vector<std::string> parts;
    while (!header.empty()) {
        const std::size_t comma = std::min(header.find(','), header.size());
        std::string_view part = header.substr(0, comma);
        header.remove_prefix(std::min(comma + 1, header.size()));
        while (!part.empty() && is_space(part.front())) part.remove_prefix(1);
        while (!part.empty() && is_space(part.back())) part.remove_suffix(1);
        if (part.empty() || std::find(parts.begin(), parts.end(), part) != parts.end()) continue;
        if (part.size() > most_bytes) {
            return fail(ErrorCode::invalid,
                        "a " + std::string(what) + " has at most " + std::to_string(most_bytes) + " bytes");
        }
        const auto is_control = [](char byte) { return (byte >= 0 && byte < ' ') || byte == '\x7f'; };
        if (std::any_of(part.begin(), part.end(), is_control) || !json::valid_utf8(part)) {
            return fail(ErrorCode::invalid, "a " + std::string(what) + " is printable UTF-8");
        }
        if (parts.size() == most) {
            return fail(ErrorCode::invalid,
                        "a request has at most " + std::to_string(most) + " " + std::string(what) + "s");
        }
        parts.emplace_back(part);
    }
    return parts;
}

}  // namespace

std::string_view to_string(Volatility volatility) {
    constexpr std::array<std::string_view, kVolatilities> kNames{"timeless", "slow", "volatile", "personal"};
    return kNames[static_cast<std::size_t>(volatility)];
}

bool Provenance::within_limits() const {
    return tenant.size() <= kMaxTenantBytes && question.size() <= kMaxQuestionBytes &&
           texts_within(sources, kMaxSources, kMaxSourceBytes) && texts_within(tags, kMaxTags, kMaxTagBytes) &&
           writer.size() <= kMaxWriterBytes;
}

std::string_view kept_question(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    const auto continues = [](char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80; };
    while (end > most - 3 && continues(text[end])) --end;
    return text.substr(0, end);
}

Result<std::vector<std::string>> parse_tags(std::string_view header) {
    return parse_list(header, "tag", kMaxTags, kMaxTagBytes);
}

Result<std::vector<std::string>> parse_sources(std::string_view header) {
    auto sources = parse_list(header, "source", kMaxSources, kMaxSourceBytes);
    if (!sources) return sources;
    for (const std::string& source : *sources) {
        if (split_source(source).name.empty() || source.back() == '@') {
            return fail(ErrorCode::invalid, "a source is NAME or NAME@VERSION");
        }
    }
    return sources;
}

SourceParts split_source(std::string_view source) {
    const std::size_t at = source.rfind('@');
    if (at == std::string_view::npos) return {source, {}};
    return {source.substr(0, at), source.substr(at + 1)};
}

std::size_t heap_bytes(const CacheEntry& entry) {
    const Provenance& from = entry.provenance;
    return heap_bytes(entry.body) + heap_bytes(entry.model) + heap_bytes(from.tenant) + heap_bytes(from.question) +
           heap_bytes(from.sources) + heap_bytes(from.tags) + heap_bytes(from.writer);
}

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

void append_scope(const CacheScope& scope, std::string& out) {
    for (const std::string_view part : {std::string_view("weir.exact.2"), scope.tenant, scope.api, scope.upstream}) {
        const std::uint64_t size = part.size();
        char prefix[8];
        std::memcpy(prefix, &size, sizeof prefix);  // x86-64 and arm64: little endian
        out.append(prefix, sizeof prefix);
        out += part;
    }
}

std::string encode(const CacheEntry& entry) {
    std::string out;
    out.reserve(entry.body.size() + entry.model.size() + entry.provenance.question.size() + 256);
    out.append(kMagic, sizeof kMagic);
    const bool more = has_more(entry.usage);
    out += static_cast<char>(more ? kVersion : kOldestVersion);
    out += static_cast<char>((entry.priced ? kPricedFlag : 0) | (entry.usage.reported ? kUsageReportedFlag : 0));
    append_signed(entry.created_unix_micros, out);
    append_signed(entry.cost.nanos, out);
    const wire::Usage& usage = entry.usage;
    for (const Tokens tokens :
         {usage.input_uncached, usage.input_cached, usage.input_cache_write, usage.output, usage.reasoning}) {
        append_signed(tokens, out);
    }
    if (more) append_more(usage, out);
    append_text(entry.model, out);
    append_provenance(entry.provenance, out);
    append_text(entry.body, out);
    append_fixed64(checksum(out), out);
    return out;
}

Result<CacheEntry> decode(std::string_view bytes) {
    if (bytes.size() < kHeaderBytes + kChecksumBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
        return fail(ErrorCode::invalid, "not a cache entry");
    }
    const auto version = static_cast<std::uint8_t>(bytes[sizeof kMagic]);
    if (version < kOldestVersion || version > kVersion)
        return fail(ErrorCode::invalid, "cache entry of version " + std::to_string(version));
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
    if (version == kVersion) read_more(reader, entry.usage);
    entry.model = reader.text();
    entry.provenance = read_provenance(reader);
    entry.body = reader.text();
    if (!reader.ok() || !reader.at_end()) return fail(ErrorCode::invalid, "malformed cache entry");
    return entry;
}

}  // namespace weir::tiers
