// A request that is over, as the data plane hands it to telemetry.
// Thread rule: plain values. Limits: the ledger row's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "store/ledger_row.h"
#include "telemetry/trace_context.h"

namespace weir::telemetry {

// What was asked for: gen_ai.operation.name.
enum class Operation : std::uint8_t { chat, embeddings, other };
constexpr std::string_view to_string(Operation operation) {
    constexpr std::array<std::string_view, 3> kNames = {"chat", "embeddings", "passed_through"};
    return kNames[static_cast<std::size_t>(operation)];
}

inline constexpr std::int32_t kUnknownMicros = -1;

// What the ledger's row does not say of a request.
struct RequestNote {
    RequestNote() { attempt_begun.fill(kUnknownMicros); }

    RequestTrace trace;
    TraceOrigin origin;  // of what Weir asked on its own account: what for
    Operation operation = Operation::chat;
    std::int32_t first_token_micros = kUnknownMicros;  // from the request's begin to the first piece of a stream
    // From the request's begin to each attempt's; unknown: behind the attempt before it.
    std::array<std::int32_t, store::kMaxAttempts> attempt_begun;
};

struct Settled {
    RequestNote note;
    store::LedgerRow row;
};

}  // namespace weir::telemetry
