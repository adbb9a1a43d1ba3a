#include "net/endpoint.h"

#include <arpa/inet.h>

#include <charconv>

namespace weir::net {

std::string Endpoint::to_string() const {
    if (!unix_path.empty()) return "unix:" + unix_path;
    if (host.find(':') != std::string::npos) return "[" + host + "]:" + std::to_string(port);
    return host + ":" + std::to_string(port);
}

bool Endpoint::is_loopback() const {
    in_addr v4{};
    in6_addr v6{};
    if (!unix_path.empty() || host == "localhost") return true;
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

namespace {

Result<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return fail(ErrorCode::invalid, "'" + std::string(text) + "' is not a port (0 to 65535)");
    }
    return port;
}

// Splits "host[:port]" or "[v6][:port]"; has_port tells whether there was one.
Result<Endpoint> parse_authority(std::string_view text, bool& has_port) {
    // Not shown: it may hold a password.
    if (text.find('@') != std::string_view::npos)
        return fail(ErrorCode::invalid, "an address holds no user or password");
    Endpoint endpoint;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return fail(ErrorCode::invalid, "'[' without ']' in an address");
        endpoint.host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        endpoint.host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    if (endpoint.host.empty()) return fail(ErrorCode::invalid, "an address without a host");
    for (const char c : endpoint.host) {
        if (c <= ' ' || c > '~' || std::string_view("/?#\\[]").find(c) != std::string_view::npos) {
            return fail(ErrorCode::invalid, "'" + endpoint.host + "' is not a host name");
        }
    }
    has_port = !rest.empty();
    if (!has_port) return endpoint;
    if (!rest.starts_with(':')) return fail(ErrorCode::invalid, "expected ':' and a port after the host");
    auto port = parse_port(rest.substr(1));
    if (!port) return tl::unexpected(port.error());
    endpoint.port = *port;
    return endpoint;
}

// What can stand in a request line before a path of ours.
bool is_base_path(std::string_view path) {
    for (const char c : path) {
        if (c <= ' ' || c > '~' || c == '?' || c == '#') return false;
    }
    return true;
}

}  // namespace

Result<Endpoint> parse_url(std::string_view url, std::string& path) {
    path.clear();
    if (url.starts_with("unix:")) {
        Endpoint endpoint;
        const auto rest = url.substr(5);
        const auto colon = rest.find(":/");
        endpoint.unix_path = rest.substr(0, colon);
        if (colon != std::string_view::npos) path = rest.substr(colon + 1);
        if (endpoint.unix_path.empty() || endpoint.unix_path.size() > 107) {
            return fail(ErrorCode::invalid, "a Unix socket's path has 1 to 107 bytes");
        }
        if (!is_base_path(path)) {
            return fail(ErrorCode::invalid, "a base URL has no query, fragment, space or control byte");
        }
        while (path.ends_with('/')) path.pop_back();
        return endpoint;
    }
    const bool tls = url.starts_with("https://");
    if (!tls && !url.starts_with("http://")) {
        return fail(ErrorCode::invalid, "'" + std::string(url) + "' does not begin with http:// or https://");
    }
    const auto rest = url.substr(tls ? 8 : 7);
    const auto slash = rest.find('/');
    bool has_port = false;
    auto endpoint = parse_authority(rest.substr(0, slash), has_port);
    if (!endpoint) return endpoint;
    if (!has_port) endpoint->port = tls ? 443 : 80;
    endpoint->tls = tls;
    if (slash != std::string_view::npos) path = rest.substr(slash);
    if (!is_base_path(path))
        return fail(ErrorCode::invalid, "a base URL has no query, fragment, space or control byte");
    while (path.ends_with('/')) path.pop_back();
    return endpoint;
}

Result<Endpoint> parse_host_port(std::string_view text) {
    bool has_port = false;
    auto endpoint = parse_authority(text, has_port);
    if (endpoint && !has_port) return fail(ErrorCode::invalid, "'" + std::string(text) + "' has no port");
    return endpoint;
}

}  // namespace weir::net
