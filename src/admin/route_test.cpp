#include "admin/route.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;

TEST_CASE("a path finds its route") {
    RouteTable table;
    for (const auto& [method, path] : {std::pair{"GET", "/"},
                                       {"GET", "/api/keys"},
                                       {"POST", "/api/keys"},
                                       {"POST", "/api/keys/*"},
                                       {"POST", "/api/keys/*/revoke"}}) {
        Route route;
        route.method = method;
        route.pattern = path;
        table.add(route);
    }
    const auto found = [&](std::string_view method, std::string_view path) {
        const RouteTable::Match match = table.find(method, path);
        if (match.route == nullptr) return "none: " + match.allow;
        std::string text(match.route->pattern);
        for (const std::string_view part : match.parts) text += " " + std::string(part);
        return text;
    };
    CHECK(found("GET", "/") == "/");
    CHECK(found("HEAD", "/api/keys") == "/api/keys");
    CHECK(found("POST", "/api/keys") == "/api/keys");
    CHECK(found("DELETE", "/api/keys") == "none: GET, HEAD, POST");
    CHECK(found("POST", "/api/keys/a") == "/api/keys/* a");
    CHECK(found("POST", "/api/keys/a/revoke") == "/api/keys/*/revoke a");
    CHECK(found("GET", "/api/keys/a/revoke") == "none: POST");
    for (const char* const path : {"", "//", "/api", "/api/", "/api/keys/", "/api/keyset", "/api/keys//revoke",
                                   "/api/keys/a/", "/api/keys/a/revoke/", "/api/keys/a/b", "*"}) {
        CAPTURE(path);
        CHECK(found("POST", path) == "none: ");
    }
    CHECK(table.listed() == "GET /, GET /api/keys, POST /api/keys, POST /api/keys/*, POST /api/keys/*/revoke");
}
