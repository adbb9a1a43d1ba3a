#include "tiers/exact_cache/cache_entry.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <map>
#include <set>

using namespace weir;
using namespace weir::tiers;

namespace {

bool same(const CacheEntry& a, const CacheEntry& b) {
    return a.body == b.body && a.model == b.model && a.usage == b.usage && a.cost == b.cost && a.priced == b.priced &&
           a.created_unix_micros == b.created_unix_micros && a.provenance == b.provenance;
}

wire::Usage usage_of(const std::array<Tokens, 5>& counts, bool reported) {
    return {.input_uncached = counts[0],
            .input_cached = counts[1],
            .input_cache_write = counts[2],
            .output = counts[3],
            .reasoning = counts[4],
            .reported = reported};
}

CacheEntry example() {
    CacheEntry entry;
    entry.body = R"({"choices":[{"message":{"content":"Paris"}}]})";
    entry.model = "openai/gpt-4o-mini";
    entry.usage = usage_of({120, 1024, 0, 7, 3}, true);
    entry.cost = Usd{12'345};
    entry.priced = true;
    entry.created_unix_micros = 1'700'000'000'000'000;
    entry.provenance = {
        "acme", 0x0123456789abcdef, sha256("partition"), "What is the capital of France?", {"geo@v3"}, {"travel", "fr"},
        "ann",  Volatility::slow};
    return entry;
}

rc::Gen<std::string> text_below(std::size_t bytes) {
    return rc::gen::map(rc::gen::arbitrary<std::string>(),
                        [bytes](std::string text) { return text.substr(0, std::min(text.size(), bytes)); });
}

Provenance any_provenance() {
    Provenance any;
    any.tenant = *text_below(kMaxTenantBytes);
    any.task = *rc::gen::arbitrary<std::uint64_t>();
    if (*rc::gen::arbitrary<bool>()) any.partition = sha256(*rc::gen::arbitrary<std::string>());
    any.question = *text_below(kMaxQuestionBytes);
    for (int i = *rc::gen::inRange(0, 9); i > 0; --i) any.sources.push_back(*text_below(kMaxSourceBytes));
    for (int i = *rc::gen::inRange(0, 9); i > 0; --i) any.tags.push_back(*text_below(kMaxTagBytes));
    any.writer = *text_below(kMaxWriterBytes);
    any.volatility =
        *rc::gen::element(Volatility::timeless, Volatility::slow, Volatility::changing, Volatility::personal);
    return any;
}

// Any bytes with a checksum that fits.
std::string sealed(std::string content) {
    std::uint64_t sum = short_digest(sha256(content));
    for (int i = 0; i < 8; ++i, sum >>= 8) content += static_cast<char>(sum);
    return content;
}

}  // namespace

TEST_CASE("an entry comes back as it was") {
    CHECK(same(*decode(encode(example())), example()));
    CHECK(same(*decode(encode(CacheEntry{})), CacheEntry{}));
    CacheEntry extreme = example();
    extreme.usage = usage_of({INT64_MIN, INT64_MAX, -1, 0, 1}, false);
    extreme.cost = Usd{INT64_MIN};
    extreme.priced = false;
    extreme.created_unix_micros = INT64_MIN;
    extreme.body = std::string(300'000, '\0');
    extreme.model.clear();
    extreme.provenance = {std::string(kMaxTenantBytes, 't'),
                          UINT64_MAX,
                          {},
                          std::string(kMaxQuestionBytes, '\0'),
                          std::vector<std::string>(kMaxSources, std::string(kMaxSourceBytes, 's')),
                          std::vector<std::string>(kMaxTags, std::string(kMaxTagBytes, 'g')),
                          std::string(kMaxWriterBytes, 'w'),
                          Volatility::personal};
    CHECK(extreme.provenance.within_limits());
    CHECK(same(*decode(encode(extreme)), extreme));
    CHECK(rc::check([](const std::string& body, const std::string& model, const std::array<std::int64_t, 7>& numbers,
                       bool priced, bool reported) {
        CacheEntry entry;
        entry.body = body;
        entry.model = model;
        entry.usage = usage_of({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]}, reported);
        entry.cost = Usd{numbers[5]};
        entry.priced = priced;
        entry.created_unix_micros = numbers[6];
        entry.provenance = any_provenance();
        RC_ASSERT(same(*decode(encode(entry)), entry));
    }));
}

TEST_CASE("the stored form does not change by accident") {
    CacheEntry entry;
    entry.body = "{}";
    entry.model = "p/m";
    entry.usage = usage_of({1, 2, 3, 64, 0}, true);
    entry.cost = Usd{-1};
    entry.priced = true;
    entry.created_unix_micros = 1000;
    entry.provenance.task = 0x0807060504030201;
    entry.provenance.tenant = "t";
    entry.provenance.question = "q?";
    entry.provenance.sources = {"d@1"};
    entry.provenance.tags = {"a", "b"};
    entry.provenance.writer = "w";
    entry.provenance.volatility = Volatility::changing;
    using namespace std::string_literals;
    const std::string content = "WCE\x02\x03\xd0\x0f\x01\x02\x04\x06\x80\x01\0\x03p/m"s +
                                "\x02\x01\x02\x03\x04\x05\x06\x07\x08\x01t\0\x02q?\x01\x03"s + "d@1\x02\x01"s +
                                "a\x01"s + "b\x01w"s + "\x02{}"s;
    CHECK(encode(entry) == sealed(content));
    entry.provenance.partition = sha256("p");
    const Digest256 partition = sha256("p");
    std::string with = content;
    with.replace(with.find("\x01t\0"s) + 2, 1, "\x20"s + std::string(partition.begin(), partition.end()));
    CHECK(encode(entry) == sealed(with));
}

TEST_CASE("what version 2 can't say of a usage is kept in version 3, and only that") {
    CacheEntry entry = example();
    CHECK(encode(entry)[3] == 2);
    wire::Usage& usage = entry.usage;
    usage.input_cache_write_1h = 300;
    usage.audio_input = 1;
    usage.image_input = 2;
    usage.audio_cached = 3;
    usage.audio_output = 4;
    usage.image_output = 5;
    usage.longest_prompt = 6;
    usage.web_searches = 7;
    usage.file_searches = 8;
    usage.code_sessions = 9;
    usage.search_units = 10;
    usage.images = 11;
    usage.audio_ms = UINT32_MAX;
    usage.other_pieces = 13;
    usage.tier = wire::ServiceTier::priority;
    usage.search_context = wire::SearchContext::high;
    usage.us_only = true;
    usage.stated = Usd{-14};
    const std::string bytes = encode(entry);
    CHECK(bytes[3] == 3);
    CHECK(same(*decode(bytes), entry));
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode(bytes.substr(0, size)).has_value());

    using namespace std::string_literals;
    const std::string before = "WCE\x03\0"s + std::string(7, '\0');
    const std::string counts(14, '\0');
    const std::string behind = "\0"s + "\0"s + std::string(8, '\0') + std::string(6, '\0') + "\0"s;
    CHECK(decode(sealed(before + "\x01"s + counts + behind)).has_value());        // batch
    CHECK_FALSE(decode(sealed(before + "\0"s + counts + behind)).has_value());    // version 2 could say it
    CHECK_FALSE(decode(sealed(before + "\x05"s + counts + behind)).has_value());  // no such tier
    CHECK_FALSE(decode(sealed(before + "\x81"s + counts + behind)).has_value());  // unknown flag
    const std::string large = counts.substr(1) + "\xff\xff\xff\xff\x1f"s;
    CHECK_FALSE(decode(sealed(before + "\x01"s + large + behind)).has_value());  // a count over 32 bits
}

TEST_CASE("a small entry is little more than its body") {
    const CacheEntry entry = example();
    const std::size_t texts = entry.provenance.question.size() + 32 + 6 + 8 + 3;
    CHECK(encode(entry).size() <= entry.body.size() + entry.model.size() + texts + 64);
    CHECK(encode(CacheEntry{}).size() <= 40);
}

TEST_CASE("every cut and every flipped bit is refused") {
    const std::string bytes = encode(example());
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode(bytes.substr(0, size)).has_value());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        CHECK_FALSE(decode(damaged).has_value());
    }
    CHECK_FALSE(decode(bytes + "x").has_value());
}

TEST_CASE("another version is named; malformed content is refused even with the right checksum") {
    for (const char version : {'\x01', '\x04'}) {
        std::string other = encode(example());
        other.resize(other.size() - 8);
        other[3] = version;
        CHECK(decode(sealed(other)).error().message.find("version " + std::to_string(version)) != std::string::npos);
    }

    using namespace std::string_literals;
    const std::string start = "WCE\x02"s;
    const std::string numbers(7, '\0');
    const std::string nobody = "\0"s + std::string(8, '\0') + std::string(6, '\0');  // an empty Provenance
    CHECK(decode(sealed(start + "\0"s + numbers + "\0"s + nobody + "\0"s)).has_value());
    const std::string named = start + "\0"s + numbers + "\0"s;  // up to the model
    const std::string task(8, '\0');
    for (const std::string& content : {
             start + "\x04"s + numbers + "\0"s + nobody + "\0"s,  // unknown flag
             named + nobody + "\0\0"s,                            // something after the body
             named + nobody,                                      // no body
             named + nobody + "\x05"s + "abc"s,                   // body cut short
             named + "\x04"s + nobody.substr(1) + "\0"s,          // unknown volatility
             named + "\0"s + task + "\0\x01x\0\0\0\0"s + "\0"s,   // a partition of one byte
             named + "\0"s + task + "\0\x20"s + std::string(32, '\0') + "\0\0\0\0"s + "\0"s,        // of zeros
             named + "\0"s + task + "\x41"s + std::string(65, 't') + "\0\0\0\0\0"s + "\0"s,         // a long tenant
             named + "\0"s + task + "\0\0\x81\x40"s + std::string(8193, 'q') + "\0\0\0"s + "\0"s,   // question
             named + "\0"s + task + "\0\0\0\x09"s + std::string(9, '\0') + "\0\0"s + "\0"s,         // 9 sources
             named + "\0"s + task + "\0\0\0\0\x09"s + std::string(9, '\0') + "\0"s + "\0"s,         // 9 tags
             named + "\0"s + task + "\0\0\0\0\x01\x41"s + std::string(65, 'g') + "\0"s + "\0"s,     // a long tag
             named + "\0"s + task + "\0\0\0\0\0\x81\x01"s + std::string(129, 'w') + "\0"s,          // a long writer
             named + "\0"s + task + "\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0"s + "\0"s,  // endless sources
             start + "\0"s + numbers + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"s,               // endless model
             start + "\0"s + "\x80\0"s + numbers.substr(1) + "\0"s + nobody + "\0"s,  // longer than necessary
             start + "\0"s + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s + numbers.substr(1) + "\0"s + nobody + "\0"s,
             start + "\0"s + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s + numbers.substr(1) + "\0"s + nobody +
                 "\0"s,
             start + "\0"s,
         }) {
        CHECK_FALSE(decode(sealed(content)).has_value());
    }
    // The same spellings within the limits are let through: it is the limit that refuses.
    CHECK(decode(sealed(named + "\0"s + task + "\x40"s + std::string(64, 't') + "\0\0\0\0\0"s + "\0"s)).has_value());
    CHECK(decode(sealed(named + "\0"s + task + "\0\0\x80\x40"s + std::string(8192, 'q') + "\0\0\0"s + "\0"s))
              .has_value());
    CHECK(decode(sealed(named + "\0"s + task + "\0\0\0\0\x08"s + std::string(8, '\0') + "\0"s + "\0"s)).has_value());
    CHECK(decode(sealed(named + "\0"s + task + "\0\0\0\0\0\x80\x01"s + std::string(128, 'w') + "\0"s)).has_value());
}

TEST_CASE("an entry beyond the limits is written, but nobody reads it") {
    CacheEntry entry = example();
    entry.provenance.tags = std::vector<std::string>(9, "t");
    CHECK_FALSE(entry.provenance.within_limits());
    CHECK_FALSE(decode(encode(entry)).has_value());
}

TEST_CASE("a question is cut at the border of a character") {
    CHECK(kept_question("") == "");
    CHECK(kept_question("why?") == "why?");
    CHECK(kept_question(std::string(8192, 'x')).size() == 8192);
    CHECK(kept_question(std::string(8193, 'x')).size() == 8192);
    for (std::size_t before = 8188; before <= 8193; ++before) {
        for (const std::string letter : {"\u00e9", "\u4e2d", "\U0001F600"}) {
            const std::string text = std::string(before, 'x') + letter + std::string(8192, 'y');
            const std::string_view kept = kept_question(text);
            const bool cut = before < 8192 && before + letter.size() > 8192;
            CHECK(kept.size() == (cut ? before : 8192));
            CHECK(text.starts_with(kept));
        }
    }
    CHECK(kept_question(std::string(9000, '\x80')).size() >= 8189);  // no UTF-8 at all
}

TEST_CASE("tags and sources are read from their headers, each once") {
    using Texts = std::vector<std::string>;
    CHECK(*parse_tags("") == Texts{});
    CHECK(*parse_tags(" , ,") == Texts{});
    CHECK(*parse_tags("a") == Texts{"a"});
    CHECK(*parse_tags(" a b ,\tc,a b,, d\u00e9 ") == Texts{"a b", "c", "d\u00e9"});
    CHECK(parse_tags("1,2,3,4,5,6,7,8")->size() == 8);
    CHECK(parse_tags("1,2,3,4,5,6,7,8,1,2")->size() == 8);
    CHECK_FALSE(parse_tags("1,2,3,4,5,6,7,8,9").has_value());
    CHECK(parse_tags(std::string(64, 'x')).has_value());
    CHECK_FALSE(parse_tags(std::string(65, 'x')).has_value());
    CHECK_FALSE(parse_tags("a\x01").has_value());
    CHECK_FALSE(parse_tags("a\x7f").has_value());
    CHECK_FALSE(parse_tags("\xff").has_value());
    CHECK(*parse_sources("doc@v3, other") == Texts{"doc@v3", "other"});
    CHECK_FALSE(parse_sources("@v3").has_value());
    CHECK_FALSE(parse_sources("doc@").has_value());
    CHECK(split_source("doc@v3").name == "doc");
    CHECK(split_source("doc@v3").version == "v3");
    CHECK(split_source("ann@example.com@7").name == "ann@example.com");
    CHECK(split_source("doc").name == "doc");
    CHECK(split_source("doc").version == "");
}

TEST_CASE("the key depends on every part and on where each ends") {
    const Digest256 request = sha256("request");
    const CacheScope scope{"tenant", "openai.chat", "openai https://api.openai.com/v1 gpt-4o"};
    const Digest256 key = cache_key(scope, request);
    CHECK(key == cache_key(scope, request));
    CHECK(key != cache_key({"other", scope.api, scope.upstream}, request));
    CHECK(key != cache_key({scope.tenant, "openai.responses", scope.upstream}, request));
    CHECK(key != cache_key({scope.tenant, scope.api, "openai https://api.openai.com/v1 gpt-4o-mini"}, request));
    CHECK(key != cache_key(scope, sha256("request ")));
    CHECK(rc::check([&](const std::string& text, const std::vector<std::uint8_t>& cuts) {
        // All ways to cut one text into three parts are different keys, unless the parts are the same.
        std::map<std::array<std::string, 3>, Digest256> seen;
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            const std::size_t first = cuts[i] % (text.size() + 1);
            const std::size_t second = first + cuts[i + 1] % (text.size() - first + 1);
            const std::array<std::string, 3> parts{text.substr(0, first), text.substr(first, second - first),
                                                   text.substr(second)};
            seen[parts] = cache_key({parts[0], parts[1], parts[2]}, request);
        }
        std::set<Digest256> keys;
        for (const auto& [parts, digest] : seen) keys.insert(digest);
        RC_ASSERT(keys.size() == seen.size());
    }));
}

TEST_CASE("not even parts made to look like other parts with their lengths collide") {
    const auto part = [](std::string_view text) {
        std::string bytes(8, '\0');
        bytes[0] = static_cast<char>(text.size());
        return bytes.append(text);
    };
    const Digest256 request = sha256("request");
    const std::string tail = "tail";
    const std::string whole = "p" + part(tail);
    // Were the length of either part left out, these would be the same bytes.
    CHECK(cache_key({"t", "x", whole}, request) !=
          cache_key({"t", "x" + part(whole).substr(0, 8) + "p", tail}, request));
    CHECK(cache_key({"x", whole, "u"}, request) !=
          cache_key({"x" + part(whole).substr(0, 8) + "p", tail, "u"}, request));
}
