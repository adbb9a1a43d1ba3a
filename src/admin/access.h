// Who may ask at the admin address. Without `admin_access:` everybody on this machine (the address is loopback then);
// with it, who has a token: as "Authorization: Bearer", or a page by a session's cookie, which a token begins.
//   sessions   a cookie that pages of other sites can't make a browser send (SameSite=Strict) and no script can read
//              (HttpOnly); a change has to bring the session's own number in x-weir-csrf as well
//   no token   the Host has to be an address, localhost or the configured name, so that no page whose name is pointed
//              at this machine can read or change anything (DNS rebinding)
//   guessing   kMostFailures wrong tokens a minute, from all sides together; then wrong ones are told 429. A good one
//              is let in all the same: of 16 characters drawn by chance none is guessed, and whoever can reach the
//              address must not be able to lock its owners out
// Tokens are compared by their SHA-256, whose equality tells nothing about them by time.
// Thread rule: one thread, the admin server's reactor. Limits: kMostSessions, the oldest makes room.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "admin/route.h"
#include "base/clock.h"

namespace weir::admin {

inline constexpr std::string_view kSessionCookie = "weir_session";
inline constexpr std::size_t kMostSessions = 1'000;
inline constexpr std::size_t kMostFailures = 30;
inline constexpr std::size_t kMostPostBytes = 1u << 20;  // a configuration may be posted

struct Refusal {
    unsigned status = 400;
    std::string message;
};

// Keeps web pages from posting here through an operator's browser: the content type has to be application/json (which a
// page of another origin may not send without asking first, and asking is answered with 405), and an Origin has to be
// this host. nullopt: heard.
std::optional<Refusal> refuse_post(const http::RequestHead& head, std::size_t body_bytes);
// Where no token is asked for, the Host has to be an IP address, localhost or `admin_host`, as configured: a page's own
// name may be pointed at this address.
std::optional<Refusal> refuse_host(const http::RequestHead& head, std::string_view admin_host);

class Access {
  public:
    explicit Access(const Clock& clock) : clock_(clock) {}

    // `needed`: nothing for what anybody may ask. `changes`: it is a POST. A refusal: 401, 403, 413, 415, 429.
    std::variant<Identity, Refusal> identify(const gateway::Options& options, const http::RequestHead& head,
                                             std::size_t body_bytes, std::optional<AdminRole> needed, bool changes);

    struct Session {
        Identity identity;
        std::string cookie;  // the set-cookie line's value
    };
    // A token for a session. Refusal: 401, 429, or 400 where no token is asked for.
    std::variant<Session, Refusal> sign_in(const gateway::Options& options, std::string_view token);
    // What asks for a session in a way that is no question counts as a wrong token: as cheap, and worth as little.
    // 400 with what is wrong, or 429.
    Refusal malformed(std::string_view problem);
    // The set-cookie value that ends it; without a session too.
    std::string sign_out(const http::RequestHead& head);

  private:
    struct Kept {
        Digest256 token{};
        std::string csrf;
        Micros until = 0;  // steady time
    };
    const gateway::AdminToken* owner_of(const gateway::Options& options, const Digest256& token) const;
    bool too_many_failures();
    Refusal failed(unsigned status, std::string_view message);
    Refusal wrong_token();
    std::variant<Identity, Refusal> by_token(const gateway::Options& options, const http::RequestHead& head,
                                             bool changes);

    const Clock& clock_;
    std::map<Digest256, Kept> sessions_;  // by the SHA-256 of the cookie
    std::deque<Micros> failures_;         // steady time, of the last minute
};

}  // namespace weir::admin
