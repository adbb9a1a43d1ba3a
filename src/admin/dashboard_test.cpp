#include "admin/dashboard.h"

#include <doctest/doctest.h>

namespace weir::admin {
namespace {

http::RequestHead head_of(std::string_view method, std::vector<http::Header> headers) {
    http::RequestHead head;
    head.method = method;
    head.headers.list = std::move(headers);
    return head;
}

}  // namespace

TEST_CASE("the page is there under both its names, and no other path is") {
    REQUIRE(find_dashboard_file("/") != nullptr);
    CHECK(find_dashboard_file("/") == find_dashboard_file("/index.html"));
    CHECK(find_dashboard_file("/api/overview") == nullptr);
    CHECK(find_dashboard_file("/assets/../index.html") == nullptr);
}

TEST_CASE("guards, compression, validators") {
    const DashboardFile& page = *find_dashboard_file("/");
    DashboardReply reply = answer_dashboard(page, head_of("GET", {{"Accept-Encoding", "gzip, br"}}));
    CHECK(reply.status == 200);
    CHECK(reply.body.substr(0, 2) == "\x1f\x8b");
    CHECK(reply.header_lines.find("default-src 'self';") != std::string::npos);
    CHECK(reply.header_lines.find("unsafe") == std::string::npos);
    CHECK(reply.header_lines.find("cache-control: no-cache") != std::string::npos);

    CHECK(answer_dashboard(page, head_of("GET", {{"If-None-Match", page.etag}})).status == 304);
    CHECK(answer_dashboard(page, head_of("GET", {})).status == 406);
    CHECK(answer_dashboard(page, head_of("POST", {})).status == 405);
}

TEST_CASE("what has a digest in its name is kept for good, and all is small") {
    std::size_t bytes = 0;
    for (const DashboardFile& file : dashboard_files()) {
        bytes += file.bytes;
        CHECK(file.immutable == file.path.starts_with("/assets/"));
    }
    CHECK(bytes < 150'000);
}

}  // namespace weir::admin
