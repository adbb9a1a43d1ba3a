#include "cli/config_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr std::array<Unit, 5> kSizeUnits{
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};
constexpr std::array<Unit, 6> kDurationUnits{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};

// Digits, then one of the units.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<std::uint64_t> number = parse_whole(text.substr(0, digits));
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [name = text.substr(digits)](const Unit& each) { return each.name == name; });
    if (!number || unit == units.end()) return std::nullopt;
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit->factor) {
        return std::nullopt;
    }
    return *number * unit->factor;
}

// In the largest unit that divides it.
std::string format_with_unit(std::uint64_t value, std::span<const Unit> units, std::string_view unit_of_zero) {
    if (value == 0) return "0" + std::string(unit_of_zero);
    const auto unit =
        std::find_if(units.begin(), units.end(), [value](const Unit& each) { return value % each.factor == 0; });
    return std::to_string(value / unit->factor) + std::string(unit->name);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const std::optional<std::uint64_t> port = parse_whole(text);
    if (!port || *port > 65'535) return std::nullopt;
    return static_cast<std::uint16_t>(*port);
}

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    });
}

struct HostPort {
    std::string host;  // IPv6 without its brackets
    std::optional<std::string_view> port;
};

Result<HostPort> split_host_port(std::string_view text) {
    HostPort parts;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return fail(ErrorCode::invalid, "the bracket [ is not closed");
        parts.host = text.substr(1, close - 1);
        if (!is_ipv6(parts.host)) return fail(ErrorCode::invalid, "there is no IPv6 address in the brackets");
        text.remove_prefix(close + 1);
        if (text.empty()) return parts;
        if (text.front() != ':') return fail(ErrorCode::invalid, "behind ] stands :port or nothing");
        parts.port = text.substr(1);
        return parts;
    }
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) {
        return fail(ErrorCode::invalid, "an IPv6 address stands in brackets: [::1]:8080");
    }
    parts.host = text.substr(0, colon);
    if (!is_host_name(parts.host)) return fail(ErrorCode::invalid, "the host is missing or malformed");
    if (colon != std::string_view::npos) parts.port = text.substr(colon + 1);
    return parts;
}

// Edits (insert, delete, replace, swap of neighbours) between the two: optimal string alignment.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
    return value;
}

std::string format_real(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string format_share(double share) {
    return format_real(share * 100) + "%";
}

std::optional<double> parse_real(std::string_view text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::general);
    if (text.empty() || error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    if (text.find_first_not_of("0123456789") == std::string_view::npos) {
        return parse_with_unit(std::string(text) + "B", kSizeUnits);
    }
    return parse_with_unit(text, kSizeUnits);
}

std::string format_size(std::uint64_t bytes) {
    return format_with_unit(bytes, kSizeUnits, "");
}

std::optional<Micros> parse_duration(std::string_view text) {
    const std::optional<std::uint64_t> micros = parse_with_unit(text, kDurationUnits);
    if (!micros) return std::nullopt;
    return static_cast<Micros>(*micros);
}

std::string format_duration(Micros micros) {
    return format_with_unit(static_cast<std::uint64_t>(micros), kDurationUnits, "s");
}

std::optional<double> parse_share(std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const std::optional<double> value = parse_real(text);
    if (!value) return std::nullopt;
    const double share = percent ? *value / 100 : *value;
    if (share < 0 || share > 1) return std::nullopt;
    return share;
}

Result<gateway::Address> parse_address(std::string_view text) {
    Result<HostPort> parts = split_host_port(text);
    if (!parts) return tl::unexpected(parts.error());
    if (!parts->port) return fail(ErrorCode::invalid, "the port is missing");
    const std::optional<std::uint16_t> port = parse_port(*parts->port);
    if (!port) return fail(ErrorCode::invalid, "the port is not a number from 0 to 65535");
    return gateway::Address{std::move(parts->host), *port};
}

bool is_loopback(std::string_view host) {
    const std::string name(host);
    in_addr v4{};
    if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    if (inet_pton(AF_INET6, name.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return name == "localhost";
}

Result<BaseUrl> parse_base_url(std::string_view text) {
    BaseUrl url;
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        url.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return fail(ErrorCode::invalid, "it begins with http:// or https://");
    }
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
        return fail(ErrorCode::invalid, "it holds spaces, control or non-ASCII characters");
    }
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return fail(ErrorCode::invalid, "it has neither query nor fragment");
    }
    const std::string_view authority = rest.substr(0, rest.find('/'));
    if (authority.find('@') != std::string_view::npos) {
        return fail(ErrorCode::invalid, "it holds no user or password: the provider's key goes into `key:`");
    }
    Result<HostPort> parts = split_host_port(authority);
    if (!parts) return tl::unexpected(parts.error());
    if (parts->port && parse_port(*parts->port).value_or(0) == 0) {
        return fail(ErrorCode::invalid, "the port is not a number from 1 to 65535");
    }
    url.host = std::move(parts->host);
    url.text = text;
    while (url.text.ends_with('/')) url.text.pop_back();
    return url;
}

std::string quote(std::string_view text) {
    constexpr std::size_t kMaxShownBytes = 60;
    std::string out = "\"";
    for (const char c : text.substr(0, kMaxShownBytes)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    }
    if (text.size() > kMaxShownBytes) out += "...";
    return out + "\"";
}

std::string_view closest(std::string_view text, std::span<const std::string_view> candidates) {
    constexpr std::size_t kMaxSlips = 2;
    constexpr std::size_t kMaxWordBytes = 64;
    if (text.size() > kMaxWordBytes) return {};
    std::string_view best;
    std::size_t best_distance = std::min(kMaxSlips, text.size() / 2) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(text, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace weir::cli
