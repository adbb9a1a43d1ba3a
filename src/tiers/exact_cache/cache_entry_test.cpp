#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <map>
#include <set>

#include "tiers/exact_cache/exact_cache.h"

using namespace weir;
using namespace weir::tiers;

namespace {

bool same(const CacheEntry& a, const CacheEntry& b) {
    return a.body == b.body && a.model == b.model && a.usage == b.usage && a.cost == b.cost && a.priced == b.priced &&
           a.created_unix_micros == b.created_unix_micros;
}

CacheEntry example() {
    CacheEntry entry;
    entry.body = R"({"choices":[{"message":{"content":"Paris"}}]})";
    entry.model = "openai/gpt-4o-mini";
    entry.usage = {120, 1024, 0, 7, 3, true};
    entry.cost = Usd{12'345};
    entry.priced = true;
    entry.created_unix_micros = 1'700'000'000'000'000;
    return entry;
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
    extreme.usage = {INT64_MIN, INT64_MAX, -1, 0, 1, false};
    extreme.cost = Usd{INT64_MIN};
    extreme.priced = false;
    extreme.created_unix_micros = INT64_MIN;
    extreme.body = std::string(300'000, '\0');
    extreme.model.clear();
    CHECK(same(*decode(encode(extreme)), extreme));
    CHECK(rc::check([](const std::string& body, const std::string& model, const std::array<std::int64_t, 7>& numbers,
                       bool priced, bool reported) {
        CacheEntry entry;
        entry.body = body;
        entry.model = model;
        entry.usage = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], reported};
        entry.cost = Usd{numbers[5]};
        entry.priced = priced;
        entry.created_unix_micros = numbers[6];
        RC_ASSERT(same(*decode(encode(entry)), entry));
    }));
}

TEST_CASE("the stored form does not change by accident") {
    CacheEntry entry;
    entry.body = "{}";
    entry.model = "p/m";
    entry.usage = {1, 2, 3, 64, 0, true};
    entry.cost = Usd{-1};
    entry.priced = true;
    entry.created_unix_micros = 1000;
    const std::string content("WCE\x01\x03\xd0\x0f\x01\x02\x04\x06\x80\x01\x00\x03p/m\x02{}", 21);
    CHECK(encode(entry) == sealed(content));
}

TEST_CASE("a small entry is little more than its body") {
    const CacheEntry entry = example();
    CHECK(encode(entry).size() <= entry.body.size() + entry.model.size() + 40);
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
    std::string other = encode(example());
    other.resize(other.size() - 8);
    other[3] = 2;
    CHECK(decode(sealed(other)).error().message.find("version 2") != std::string::npos);

    const std::string start("WCE\x01", 4);
    const std::string numbers(7, '\0');
    using namespace std::string_literals;
    CHECK(decode(sealed(start + "\0"s + numbers + "\0\0"s)).has_value());
    for (const std::string& content : {
             start + "\x04"s + numbers + "\0\0"s,  // unknown flag
             start + "\0"s + numbers + "\0\0\0"s,  // something after the body
             start + "\0"s + numbers + "\0"s,      // no body
             start + "\0"s + numbers +
                 "\0\x05"
                 "abc"s,                                                               // body cut short
             start + "\0"s + numbers + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"s,  // endless model
             start + "\0"s + "\x80\0"s + numbers.substr(1) + "\0\0"s,                  // longer than necessary
             start + "\0"s + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s + numbers.substr(1) + "\0\0"s,  // over 64 bits
             start + "\0"s + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s + numbers.substr(1) + "\0\0"s,
             start + "\0"s,
         }) {
        CHECK_FALSE(decode(sealed(content)).has_value());
    }
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
