// OpenAI's Responses (POST /v1/responses), translated into chat and back. Nothing is kept between requests: what refers
// to an earlier response is refused. docs/dialects.md has the tables.
// Thread rule and limits: dialect.h; a stream's text, reasoning and arguments together at most kMaxResponseBytes.
#pragma once

#include "wire/dialect.h"

namespace weir::wire {

constexpr std::size_t kMaxResponseBytes = 64u << 20;

const Dialect& responses_dialect();

}  // namespace weir::wire
