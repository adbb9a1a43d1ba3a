#include "cli/config_values.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>

using namespace weir;
using namespace weir::cli;

TEST_CASE("sizes") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("512B") == 512);
    CHECK(parse_size("32KiB") == 32'768);
    CHECK(parse_size("1TiB") == 1ull << 40);
    CHECK(parse_size("8388607TiB") == 8388607ull << 40);
    for (const char* bad : {"", "KiB", "-1", "+1", "1 KiB", "1KB", "1kib", "1K", "1.5KiB", "8388608TiB", "0x10",
                            "99999999999999999999", "18446744073709551615"}) {
        CAPTURE(bad);
        CHECK(parse_size(bad) == std::nullopt);
    }
    CHECK(format_size(0) == "0");
    CHECK(format_size(1536) == "1536B");
    CHECK(format_size(1 << 20) == "1MiB");
    CHECK(rc::check([] {
        const auto bytes = *rc::gen::inRange<std::uint64_t>(0, 1ull << 62);
        RC_ASSERT(parse_size(format_size(bytes)) == bytes);
    }));
}

TEST_CASE("durations") {
    CHECK(parse_duration("0s") == 0);
    CHECK(parse_duration("1us") == 1);
    CHECK(parse_duration("500ms") == 500'000);
    CHECK(parse_duration("5m") == 300'000'000);
    CHECK(parse_duration("24h") == 86'400'000'000);
    CHECK(parse_duration("7d") == 7 * 86'400'000'000);
    for (const char* bad : {"", "0", "10", "s", "1.5s", "-1s", "1 s", "1sec", "1S", "9999999999d", "1m30s"}) {
        CAPTURE(bad);
        CHECK(parse_duration(bad) == std::nullopt);
    }
    CHECK(format_duration(0) == "0s");
    CHECK(format_duration(90'000'000) == "90s");
    CHECK(format_duration(86'400'000'000) == "1d");
    CHECK(rc::check([] {
        const auto micros = *rc::gen::inRange<Micros>(0, INT64_MAX);
        RC_ASSERT(parse_duration(format_duration(micros)) == micros);
    }));
}

TEST_CASE("shares") {
    CHECK(*parse_share("2%") == doctest::Approx(0.02));
    CHECK(*parse_share("0.02") == doctest::Approx(0.02));
    CHECK(*parse_share("0.5%") == doctest::Approx(0.005));
    CHECK(*parse_share("100%") == 1);
    CHECK(*parse_share("0") == 0);
    for (const char* bad : {"", "%", "2 %", "2", "-1%", "101%", "inf", "nan", "1e999", "two"}) {
        CAPTURE(bad);
        CHECK(parse_share(bad) == std::nullopt);
    }
}

TEST_CASE("loopback is what only this machine reaches") {
    for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost"}) {
        CAPTURE(host);
        CHECK(is_loopback(host));
    }
    for (const char* host : {"0.0.0.0", "128.0.0.1", "::", "::ffff:127.0.0.1", "localhost.example.com",
                             "127.0.0.1.nip.io", "127.1", "10.127.0.1", ""}) {
        CAPTURE(host);
        CHECK(!is_loopback(host));
    }
}

TEST_CASE("addresses and base URLs") {
    const Result<gateway::Address> v6 = parse_address("[fe80::1]:0");
    REQUIRE(v6);
    CHECK(v6->host == "fe80::1");
    CHECK(v6->port == 0);
    CHECK(parse_address("gateway.example.com:80")->host == "gateway.example.com");
    for (const char* bad : {"", ":", "a", "a:", "a:x", "a:-1", "a:+1", "a: 1", "a:1:2", "[::1]", "[::1", "[]:1",
                            "a b:1", "a/b:1", "http://a:1"}) {
        CAPTURE(bad);
        CHECK(!parse_address(bad));
    }
    const Result<BaseUrl> url = parse_base_url("http://[::1]:8080/openai/v1///");
    REQUIRE(url);
    CHECK(url->text == "http://[::1]:8080/openai/v1");
    CHECK(url->host == "::1");
    CHECK(!url->tls);
    CHECK(parse_base_url("https://host")->tls);
    for (const char* bad : {"", "http", "http://", "ftp://h", "HTTP://h", "http://h:99999", "http://h#x",
                            "http://h/a b", "http://h/\n", "http://u@h", "http://h\x80/"}) {
        CAPTURE(bad);
        CHECK(!parse_base_url(bad));
    }
}

TEST_CASE("the word that was meant") {
    constexpr std::array<std::string_view, 4> kWords{"listen", "limits", "tls", "keys"};
    CHECK(closest("lisetn", kWords) == "listen");
    CHECK(closest("limit", kWords) == "limits");
    CHECK(closest("key", kWords) == "keys");
    CHECK(closest("keyz", kWords) == "keys");
    CHECK(closest("x", kWords).empty());
    CHECK(closest("", kWords).empty());
    CHECK(closest("something", kWords).empty());
    CHECK(closest(std::string(1'000'000, 'k'), kWords).empty());
}

TEST_CASE("quoted text is short and harmless") {
    CHECK(quote("a") == "\"a\"");
    CHECK(quote("a\nb\x1B[31m") == "\"a?b?[31m\"");
    CHECK(quote(std::string(100, 'x')) == "\"" + std::string(60, 'x') + "...\"");
}
