// POST /v1/chat/completions, and what is translated into it, from admission to the ledger. DESIGN's line, in code:
//   admit -> identify task -> climb the cascade -> deliver (or relay the reference) -> settle.
// Thread rule: the lane's reactor.
#pragma once

#include "base/task.h"
#include "gateway/lane.h"
#include "net/http_server.h"
#include "wire/dialect.h"

namespace weir::gateway {

// `dialect`: of another API that is answered through chat; nullptr: the caller speaks chat.
Task<void> handle_chat(Lane& lane, net::Exchange& exchange, const wire::Dialect* dialect = nullptr);

}  // namespace weir::gateway
