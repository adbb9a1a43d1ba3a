// POST /v1/chat/completions from admission to the ledger. DESIGN's line, in code:
//   admit -> identify task -> climb the cascade -> deliver (or relay the reference) -> settle.
// Thread rule: the lane's reactor.
#pragma once

#include "base/task.h"
#include "gateway/lane.h"
#include "net/http_server.h"

namespace weir::gateway {

Task<void> handle_chat(Lane& lane, net::Exchange& exchange);

}  // namespace weir::gateway
