#include "admin/dashboard.h"

namespace weir::admin {
namespace {

// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view kGuards =
    "content-security-policy: default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "x-content-type-options: nosniff\r\n"
    "referrer-policy: no-referrer\r\n"
    "cross-origin-opener-policy: same-origin\r\n";

constexpr std::string_view kUncompressed = "the dashboard is kept compressed: accept-encoding has to name gzip\n";

}  // namespace

const DashboardFile* find_dashboard_file(std::string_view path) {
    if (path == "/index.html") path = "/";
    for (const DashboardFile& file : dashboard_files()) {
        if (file.path == path) return &file;
    }
    return nullptr;
}

DashboardReply answer_dashboard(const DashboardFile& file, const http::RequestHead& head) {
    DashboardReply reply;
    reply.header_lines = kGuards;
    if (head.method != "GET" && head.method != "HEAD") {
        reply.status = 405;
        reply.header_lines += "allow: GET, HEAD\r\n";
        return reply;
    }
    reply.header_lines += "etag: " + std::string(file.etag) + "\r\nvary: accept-encoding\r\ncache-control: ";
    reply.header_lines += file.immutable ? "public, max-age=31536000, immutable\r\n" : "no-cache\r\n";
    if (head.headers.value("if-none-match").find(file.etag) != std::string_view::npos) {
        reply.status = 304;
        return reply;
    }
    if (head.headers.value("accept-encoding").find("gzip") == std::string_view::npos) {
        reply.status = 406;
        reply.header_lines += "content-type: text/plain\r\n";
        reply.body = kUncompressed;
        return reply;
    }
    reply.header_lines += "content-encoding: gzip\r\ncontent-type: " + std::string(file.content_type) + "\r\n";
    reply.body = {reinterpret_cast<const char*>(file.gzip), file.bytes};
    return reply;
}

}  // namespace weir::admin
