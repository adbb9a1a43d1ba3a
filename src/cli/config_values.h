// The small languages inside the configuration's values: sizes, durations, shares, addresses, base URLs.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "gateway/options.h"

namespace weir::cli {

// "32KiB", "64MiB", "1GiB", "1TiB", "512B", or a plain whole number of bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// A whole number with us, ms, s, m, h or d.
std::optional<Micros> parse_duration(std::string_view text);
std::string format_duration(Micros micros);

// "2%" or "0.02": 0 to 1.
std::optional<double> parse_share(std::string_view text);
std::string format_share(double share);  // "2%"
std::string format_real(double value);   // at most six digits after the point: as fine as one is configured
// A finite decimal number.
std::optional<double> parse_real(std::string_view text);
std::optional<std::uint64_t> parse_whole(std::string_view text);

// "127.0.0.1:8080", "[::1]:8080", "name:8080". Error invalid: what is missing.
Result<gateway::Address> parse_address(std::string_view text);
// Whether only this machine can reach it: 127.0.0.0/8, ::1, "localhost".
bool is_loopback(std::string_view host);

struct BaseUrl {
    std::string text;  // without a slash at the end
    std::string host;
    bool tls = false;
};
// http:// or https://, a host, perhaps a port and a path; no user, query or fragment.
Result<BaseUrl> parse_base_url(std::string_view text);

// For messages: in quotes, shortened to 60 bytes, control characters replaced.
std::string quote(std::string_view text);
// The candidate that was probably meant (at most 2 slips, fewer in a short word); empty: none is close.
std::string_view closest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace weir::cli
