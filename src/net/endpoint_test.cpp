#include "net/endpoint.h"

#include <doctest/doctest.h>

#include "net/host_header.h"

using namespace weir;
using namespace weir::net;

namespace {

struct Parsed {
    std::string endpoint, path;
    bool tls = false;
};

Parsed parse(std::string_view url) {
    Parsed parsed;
    const auto endpoint = parse_url(url, parsed.path);
    parsed.endpoint = endpoint ? endpoint->to_string() : "error";
    if (endpoint) parsed.tls = endpoint->tls;
    return parsed;
}

}  // namespace

TEST_CASE("URLs") {
    struct Known {
        std::string url, endpoint, path;
        bool tls;
    };
    for (const Known& known : std::vector<Known>{
             {"http://host", "host:80", "", false},
             {"https://host", "host:443", "", true},
             {"http://host/", "host:80", "", false},
             {"http://host:8080/v1", "host:8080", "/v1", false},
             {"https://api.example.com/a/b//", "api.example.com:443", "/a/b", true},
             {"http://127.0.0.1:1/v1", "127.0.0.1:1", "/v1", false},
             {"http://[::1]/v1", "[::1]:80", "/v1", false},
             {"http://[fe80::1]:65535", "[fe80::1]:65535", "", false},
             {"unix:/run/x.sock", "unix:/run/x.sock", "", false},
             {"unix:/run/x.sock:/v1/", "unix:/run/x.sock", "/v1", false},
         }) {
        const Parsed parsed = parse(known.url);
        CHECK_MESSAGE(parsed.endpoint == known.endpoint, known.url);
        CHECK(parsed.path == known.path);
        CHECK(parsed.tls == known.tls);
    }
}

TEST_CASE("URLs that are none") {
    for (const std::string& url : std::vector<std::string>{"",
                                                           "host",
                                                           "host:80",
                                                           "ftp://host",
                                                           "HTTP:/host",
                                                           "http://",
                                                           "http:///v1",
                                                           "http://:80",
                                                           "http://host:",
                                                           "http://host:0x50",
                                                           "http://host:65536",
                                                           "http://host:-1",
                                                           "http://host:80:80",
                                                           "http://ho st",
                                                           "http://::1",
                                                           "http://[::1",
                                                           "http://[::1]80",
                                                           "http://[]",
                                                           "http://host?query",
                                                           "http://host/v1?query",
                                                           "http://host#top",
                                                           "http://host/v1#top",
                                                           "http://host/a b",
                                                           "http://host/a\r\nx: y",
                                                           "http://host\\x",
                                                           "http://h\xc3\xb6st",
                                                           "http://user:secret@host",
                                                           "http://user@host",
                                                           "unix:",
                                                           "unix::/v1",
                                                           "unix:/x:/v1?y",
                                                           "unix:" + std::string(108, 'x')}) {
        std::string path;
        const auto parsed = parse_url(url, path);
        CHECK_MESSAGE(!parsed.has_value(), url);
        if (parsed) continue;
        CHECK(parsed.error().code == ErrorCode::invalid);
        CHECK(parsed.error().message.find("secret") == std::string::npos);
    }
    CHECK(parse("unix:" + std::string(107, 'x')).endpoint != "error");
}

TEST_CASE("host and port") {
    CHECK(parse_host_port("0.0.0.0:8080")->to_string() == "0.0.0.0:8080");
    CHECK(parse_host_port("[::]:0")->to_string() == "[::]:0");
    CHECK(parse_host_port("localhost:1")->to_string() == "localhost:1");
    for (const char* text : {"", "localhost", ":80", "host:", "host:x", "host:99999", "a@b:1", "::1:80"}) {
        CHECK_MESSAGE(!parse_host_port(text).has_value(), text);
    }
}

TEST_CASE("the host line") {
    const auto line = [](std::string_view url) {
        std::string path;
        return host_header(*parse_url(url, path));
    };
    CHECK(line("https://example.com/x") == "example.com");
    CHECK(line("https://example.com:80/x") == "example.com:80");
    CHECK(line("http://example.com:443") == "example.com:443");
    CHECK(line("https://[::1]/x") == "[::1]");
    CHECK(line("http://[::1]:80/x") == "[::1]");
    CHECK(line("https://[::1]:8443/x") == "[::1]:8443");
    CHECK(line("unix:/run/x.sock") == "localhost");
}

TEST_CASE("loopback") {
    const auto is_loopback = [](const std::string& host) { return Endpoint{host, 1, "", false}.is_loopback(); };
    for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost"}) {
        CHECK_MESSAGE(is_loopback(host), host);
    }
    for (const char* host :
         {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", "127.0.0.1.example", "localhost.example", ""}) {
        CHECK_MESSAGE(!is_loopback(host), host);
    }
    CHECK(Endpoint{"", 0, "/x", false}.is_loopback());
}
