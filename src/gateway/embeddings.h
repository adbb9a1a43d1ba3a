// POST /v1/embeddings from admission to the ledger, cached by input item: what is known is taken from the exact cache,
// the rest is asked of the reference, and the caller sees one answer.
//   admit -> split into items -> look them up -> ask for the unknown ones -> put together -> settle.
// Thread rule: the lane's reactor.
// Limits: those of wire/embeddings.h; an answer put together at most as large as one from an upstream may be
// (limits.answer). Requests under way do not wait for one another: the same new item in two of them is asked twice.
#pragma once

#include "base/task.h"
#include "gateway/lane.h"
#include "net/http_server.h"

namespace weir::gateway {

Task<void> handle_embeddings(Lane& lane, net::Exchange& exchange);

}  // namespace weir::gateway
