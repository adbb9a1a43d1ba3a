// One request against the limits of its key and its tenant: let in or not, and settled when it has ended.
// Tokens are not known before the answer is there: a request is charged a quarter of its bytes and what the key's
// answers have as a rule, and settled with what it has used.
// Thread rule: one request, one reactor; the meters behind it are shared. Limits: those of the key and its tenant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "limits/caller.h"

namespace weir::limits {

enum class Limit : std::uint8_t { requests, tokens, parallel };
inline constexpr std::size_t kLimits = 3;
std::string_view to_string(Limit limit);

// Why a request is not let in.
struct Refused {
    Limit limit = Limit::requests;
    bool of_tenant = false;  // else the key's own
    std::int64_t most = 0;
    Micros retry_in = 0;  // there may be room again then

    // "Rate limit reached for tenant acme on requests per minute: limit 60. Try again in 1.2s."
    std::string message(const Caller& caller) const;
};

class Admission {
  public:
    Admission() = default;
    ~Admission() { free(); }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    // All limits or none. `caller` outlives this; `now`: steady time, microseconds. Once.
    std::optional<Refused> admit(const Caller& caller, std::size_t request_bytes, Micros now);
    // The request no longer counts among those at the same time.
    void free();
    // How many tokens it used in the end (nothing: nobody knows, and the guess stays), and how many of them were a
    // whole answer's (0: there was none). Again does nothing.
    void settle(std::optional<Tokens> used, Tokens answer);
    // x-ratelimit-* as they are now: of the key or the tenant, whichever has less left. Behind a refusal Retry-After
    // too. Nothing where there are no limits.
    void append_headers(Micros now, std::string& lines) const;

  private:
    struct Party {
        const Rates* rates = nullptr;
        Meter* meter = nullptr;
        std::int64_t charged = 0;  // tokens
        bool runs = false;         // counts among those at the same time
    };
    std::optional<Refused> enter(Party& party, std::int64_t tokens, Micros now);
    void leave(Party& party);
    template <class Rate, class BucketOf>
    void append_one(std::string_view name, Rate rate, BucketOf bucket, Micros now, std::string& lines) const;

    std::array<Party, 2> parties_{};  // key, tenant
    std::size_t count_ = 0;
    bool settled_ = true;
    std::optional<Refused> refused_;
};

// A duration as OpenAI's headers have it: "0s", "120ms", "1.5s", "6m0s", "1h0m3s". Rounded up to the millisecond.
std::string format_reset(Micros micros);

}  // namespace weir::limits
