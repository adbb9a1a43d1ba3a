// What was counted, as OTLP's metrics: cumulative.
// Thread rule: pure function. Limits: those of the totals.
#pragma once

#include "telemetry/byte_buffer.h"
#include "telemetry/name_texts.h"
#include "telemetry/totals.h"

namespace weir::telemetry {

struct MetricTimes {
    Micros start_unix_micros = 0, now_unix_micros = 0;
};
// The metrics, each a field kItem (otlp_envelope.h). `points`: how many data points they have.
ByteBuffer render_otlp_metrics(const Totals& totals, const MetricTimes& times, NameTexts& names, std::size_t& points);

}  // namespace weir::telemetry
