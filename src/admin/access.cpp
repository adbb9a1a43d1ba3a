#include "admin/access.h"

#include <algorithm>
#include <utility>

#include "base/secret.h"
#include "net/endpoint.h"

namespace weir::admin {
namespace {

constexpr std::size_t kSessionLetters = 32;  // 190 bits
constexpr std::size_t kCsrfLetters = 24;
constexpr Micros kMinute = 60'000'000;
constexpr std::string_view kBearer = "Bearer ";

constexpr std::string_view kNeedsToken =
    "a token is asked for here: authorization: Bearer TOKEN, one of admin_access.tokens, or a session";

// The cookie's value; empty where there is none. RFC 6265: "a=b; c=d".
std::string_view session_of(const http::RequestHead& head) {
    std::string_view cookies = head.headers.value("cookie");
    while (!cookies.empty()) {
        const std::size_t end = std::min(cookies.find(';'), cookies.size());
        std::string_view one = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (!one.starts_with(kSessionCookie)) continue;
        one.remove_prefix(kSessionCookie.size());
        if (one.starts_with('=')) return one.substr(1);
    }
    return {};
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
    return host.substr(0, std::min(host.find(':'), host.size()));
}

bool is_address(std::string_view host) {
    if (host.starts_with('[')) return host.ends_with(']');
    return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_own_origin(std::string_view origin, std::string_view host) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme) && http::equals_ignoring_case(origin.substr(scheme.size()), host)) return true;
    }
    return false;
}

bool covers(AdminRole has, AdminRole needed) {
    return has == AdminRole::operate || has == needed;
}

std::string set_cookie(std::string_view value, Micros lives) {
    return std::string(kSessionCookie) + "=" + std::string(value) +
           "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" + std::to_string(lives / 1'000'000);
}

}  // namespace

std::optional<Refusal> refuse_post(const http::RequestHead& head, std::size_t body_bytes) {
    std::string_view type = head.headers.value("content-type");
    type = type.substr(0, std::min(type.find(';'), type.size()));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    if (!http::equals_ignoring_case(type, "application/json")) {
        return Refusal{415, "the content type has to be application/json"};
    }
    const http::Header* const origin = head.headers.find("origin");
    if (origin != nullptr && !is_own_origin(origin->value, head.headers.value("host"))) {
        return Refusal{403, "changes are not accepted from web pages of another origin"};
    }
    if (body_bytes > kMostPostBytes) return Refusal{413, "the body is larger than 1 MiB"};
    return std::nullopt;
}

std::optional<Refusal> refuse_host(const http::RequestHead& head, std::string_view admin_host) {
    const std::string_view name = without_port(head.headers.value("host"));
    if (is_address(name) || http::equals_ignoring_case(name, "localhost") ||
        http::equals_ignoring_case(name, admin_host)) {
        return std::nullopt;
    }
    return Refusal{403,
                   "without admin_access, this is answered by address, as localhost or by the configured name only"};
}

const gateway::AdminToken* Access::owner_of(const gateway::Options& options, const Digest256& token) const {
    for (const gateway::AdminToken& one : options.admin_access.tokens) {
        if (one.digest == token) return &one;
    }
    return nullptr;
}

bool Access::too_many_failures() {
    const Micros now = clock_.steady_micros();
    while (!failures_.empty() && failures_.front() + kMinute <= now) failures_.pop_front();
    return failures_.size() >= kMostFailures;
}

Refusal Access::failed(unsigned status, std::string_view message) {
    if (too_many_failures()) return Refusal{429, "too many wrong tokens; try again in a minute"};
    failures_.push_back(clock_.steady_micros());
    return Refusal{status, std::string(message)};
}

Refusal Access::wrong_token() {
    return failed(401, "this token is none of admin_access.tokens");
}

Refusal Access::malformed(std::string_view problem) {
    return failed(400, problem);
}

std::variant<Identity, Refusal> Access::by_token(const gateway::Options& options, const http::RequestHead& head,
                                                 bool changes) {
    const std::string_view presented = head.headers.value("authorization");
    if (!presented.empty()) {
        if (!presented.starts_with(kBearer)) return Refusal{401, std::string(kNeedsToken)};
        const gateway::AdminToken* const token = owner_of(options, sha256(presented.substr(kBearer.size())));
        if (token == nullptr) return wrong_token();
        return Identity{token->who, token->role, false, {}};
    }
    const std::string_view cookie = session_of(head);
    if (cookie.empty()) return Refusal{401, std::string(kNeedsToken)};
    const auto found = sessions_.find(sha256(cookie));
    if (found == sessions_.end() || found->second.until <= clock_.steady_micros()) {
        return Refusal{401, "this session has ended; sign in again"};
    }
    // The token may have been taken out of the configuration since.
    const gateway::AdminToken* const token = owner_of(options, found->second.token);
    if (token == nullptr) return Refusal{401, "this session's token is no longer good"};
    if (changes && head.headers.value("x-weir-csrf") != found->second.csrf) {
        return Refusal{403, "a change by a session needs its x-weir-csrf, as GET /api/session tells"};
    }
    return Identity{token->who, token->role, false, found->second.csrf};
}

std::variant<Identity, Refusal> Access::identify(const gateway::Options& options, const http::RequestHead& head,
                                                 std::size_t body_bytes, std::optional<AdminRole> needed,
                                                 bool changes) {
    const bool open = options.admin_access.tokens.empty();
    if (changes) {
        if (auto refusal = refuse_post(head, body_bytes)) return *refusal;
    }
    if (open) {
        // No reload comes to this (gateway/reload_rules.h); it would be everybody's.
        if (needed && !net::Endpoint{options.admin.host, options.admin.port, "", false}.is_loopback()) {
            return Refusal{403,
                           "this address is open to the network, and there is no admin_access in the configuration"};
        }
        if (auto refusal = refuse_host(head, options.admin.host); refusal && (changes || needed)) return *refusal;
        return Identity{};
    }
    std::variant<Identity, Refusal> known = by_token(options, head, changes);
    if (!needed) return std::holds_alternative<Identity>(known) ? known : Identity{"", AdminRole::view, false, {}};
    if (const Identity* const identity = std::get_if<Identity>(&known);
        identity != nullptr && !covers(identity->role, *needed)) {
        return Refusal{403, identity->who + " may " + std::string(gateway::to_string(identity->role)) +
                                ", and this needs " + std::string(gateway::to_string(*needed))};
    }
    return known;
}

std::variant<Access::Session, Refusal> Access::sign_in(const gateway::Options& options, std::string_view token) {
    if (options.admin_access.tokens.empty()) {
        return Refusal{400, "no token is asked for here: there is no admin_access in the configuration"};
    }
    const Digest256 digest = sha256(token);
    const gateway::AdminToken* const owner = owner_of(options, digest);
    if (owner == nullptr) return wrong_token();
    const Result<std::string> cookie = draw_letters(kSessionLetters);
    const Result<std::string> csrf = draw_letters(kCsrfLetters);
    if (!cookie || !csrf) return Refusal{503, "no session can be made now"};
    const Micros now = clock_.steady_micros();
    std::erase_if(sessions_, [now](const auto& one) { return one.second.until <= now; });
    if (sessions_.size() >= kMostSessions) {
        sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                         [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
    }
    const Micros lives = options.admin_access.session_micros;
    sessions_[sha256(*cookie)] = Kept{digest, *csrf, now + lives};
    return Session{Identity{owner->who, owner->role, false, *csrf}, set_cookie(*cookie, lives)};
}

std::string Access::sign_out(const http::RequestHead& head) {
    sessions_.erase(sha256(session_of(head)));
    return set_cookie("", 0);
}

}  // namespace weir::admin
