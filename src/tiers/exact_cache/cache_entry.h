// One cached answer: what is stored under a key, in memory and on disk, and whose it is.
// Thread rule: plain values; an entry in a cache does not change any more.
// Limits: those of Provenance; the body's is the cache's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/units.h"
#include "wire/usage.h"

namespace weir::tiers {

// Everything that must be equal for an answer to be shared. `upstream` is the identity of whoever would answer:
// provider name, base URL and model as sent upstream.
struct CacheScope {
    std::string_view tenant;
    std::string_view api;  // "openai.chat"
    std::string_view upstream;
};
Digest256 cache_key(const CacheScope& scope, const Digest256& canonical_request);
// The scope as bytes, each part with its length, for a digest that goes on with the request itself: no such key is one
// of cache_key's.
void append_scope(const CacheScope& scope, std::string& out);

// How fast the right answer to a question changes; cascade/freshness.h tells it from the question.
enum class Volatility : std::uint8_t { timeless, slow, changing, personal };
constexpr std::size_t kVolatilities = 4;
std::string_view to_string(Volatility volatility);  // "timeless", "slow", "volatile", "personal"

constexpr std::size_t kMaxTenantBytes = 64;
constexpr std::size_t kMaxQuestionBytes = 8 * 1024;
constexpr std::size_t kMaxSources = 8;
constexpr std::size_t kMaxSourceBytes = 128;
constexpr std::size_t kMaxTags = 8;
constexpr std::size_t kMaxTagBytes = 64;
constexpr std::size_t kMaxWriterBytes = 128;

// Where an entry comes from and by what marks it can be taken out again (purges.h).
struct Provenance {
    std::string tenant;
    std::uint64_t task = 0;            // 0: none
    Digest256 partition{};             // of the semantic tier; zero: none
    std::string question;              // text of the last user turn, kept_question() of it; may be empty
    std::vector<std::string> sources;  // what the answer depends on: "doc@v3", or "doc" where no version was named
    std::vector<std::string> tags;
    std::string writer;  // who caused it to be written: the caller's x-weir-user; may be empty
    Volatility volatility = Volatility::timeless;

    bool within_limits() const;  // all of the limits above
    friend bool operator==(const Provenance&, const Provenance&) = default;
};

// At most so many bytes of it, cut at a UTF-8 border.
std::string_view kept_question(std::string_view text, std::size_t most = kMaxQuestionBytes);
// "a, b": the value of x-weir-tags or x-weir-source. White space around a part and empty parts are dropped, each part
// stands once. Error invalid: a part is too long or has bytes other than printable ASCII or UTF-8, or there are too
// many parts; says which.
Result<std::vector<std::string>> parse_tags(std::string_view header);
Result<std::vector<std::string>> parse_sources(std::string_view header);
// "doc@v3" -> "doc" and "v3"; the last '@' counts; no version: empty.
struct SourceParts {
    std::string_view name, version;
};
SourceParts split_source(std::string_view source);

struct CacheEntry {
    std::string body;     // the complete answer as a body, one byte-exact copy; streams are rendered from it
    std::string model;    // "provider/model" that made it
    wire::Usage usage;    // what making it cost in tokens
    Usd cost;             // and in money
    bool priced = false;  // false: cost is unknown
    Micros created_unix_micros = 0;
    Provenance provenance;
};

// The stored form: docs/formats.md, "The exact cache on disk", versions 2 and 3, of which encode() takes the lower that
// can say it. decode() refuses other versions (an entry of version 1
// does not say whose it is, so no purge would reach it), damaged bytes, what is beyond the limits of Provenance and
// every spelling but encode()'s own.
std::string encode(const CacheEntry& entry);
Result<CacheEntry> decode(std::string_view bytes);

// What the entry holds on the heap besides itself, in bytes: spare capacity of its strings included.
std::size_t heap_bytes(const CacheEntry& entry);

}  // namespace weir::tiers
