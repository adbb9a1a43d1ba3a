// The dashboard: the files of web/, built and compressed by scripts/build_web.sh, compiled in.
// Thread rule: constants; any thread.
// Limits: 150,000 compressed bytes in all (web/embed.mjs).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/head.h"

namespace weir::admin {

struct DashboardFile {
    std::string_view path;  // "/" or "/assets/..."
    std::string_view content_type;
    std::string_view etag;  // with its quotes
    const unsigned char* gzip;
    std::size_t bytes;
    bool immutable;  // its name changes with its content
};

// Generated.
std::span<const DashboardFile> dashboard_files();

struct DashboardReply {
    unsigned status = 200;  // or 304, 405, 406
    std::string header_lines;
    std::string_view body;  // a constant
};

// nullptr where the path is none of the dashboard's. "/index.html" is "/".
const DashboardFile* find_dashboard_file(std::string_view path);
DashboardReply answer_dashboard(const DashboardFile& file, const http::RequestHead& head);

}  // namespace weir::admin
