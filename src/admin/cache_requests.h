// The admin address's POST requests that change the caches: what their bodies say, and whether they may be heard.
// Thread rule: pure functions.
// Limits: bodies of kMaxPostBytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cascade/cache_control.h"
#include "http/head.h"

namespace weir::admin {

constexpr std::size_t kMaxPostBytes = 64 * 1024;

struct Refusal {
    unsigned status = 400;
    std::string message;
};

// Keeps web pages from posting here through an operator's browser: the content type has to be application/json (which a
// page of another origin may not send without asking first, and asking is answered with 405), an Origin has to be this
// host, and the Host an IP address, localhost or `admin_host`, as configured (a page's own name may be pointed at this
// address). nullopt: heard.
std::optional<Refusal> refuse_post(const http::RequestHead& head, std::size_t body_bytes, std::string_view admin_host);

// {"tag": "red"}: exactly one of key, task, tenant, tag, source, writer, all of them texts; with source also "keep" (a
// version of it), with any but tenant also "only_tenant". Nothing else.
// Error invalid says what is wrong; too long or ill-formed values are told by tiers::Purges::add.
Result<tiers::Mark> parse_purge(std::string_view body);

// {"request_id": "16 hexadecimal digits", "verdict": "good" | "bad", "correct": "text"}; `correct` may be left out.
Result<cascade::Feedback> parse_feedback(std::string_view body);

}  // namespace weir::admin
