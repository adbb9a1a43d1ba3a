// OTLP in its JSON encoding (protobuf's JSON mapping, ids in hexadecimal: https://opentelemetry.io/docs/specs/otlp/),
// with the names of OpenTelemetry's conventions for generative AI, version 1.37. Numbers of 64 bits are strings there.
// Thread rule: one owner. Limits: none of its own; what holds one says when it is to be sent.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/name_texts.h"
#include "telemetry/settled.h"
#include "telemetry/totals.h"

namespace weir::telemetry {

// Builds an ExportTraceServiceRequest of settled requests: a SERVER span each, a CLIENT span for each call, INTERNAL
// ones for what Weir's own tiers did.
class SpanBatch {
  public:
    explicit SpanBatch(NameTexts& names) : names_(names) {}

    void add(const Settled& settled);
    std::size_t spans() const { return spans_; }
    std::size_t bytes() const { return text_.size(); }
    std::string take();  // and begins anew

  private:
    struct Times {
        Micros begin = 0, end = 0;  // unix
    };
    void begin_span(const TraceId& trace, SpanId span, SpanId parent, unsigned flags);
    void request_span(const Settled& settled);
    void attempt_span_of(const Settled& settled, std::size_t index, const Times& times);
    void common(const Settled& settled, int kind, std::string_view name, const Times& times);

    NameTexts& names_;
    std::string text_;
    std::size_t spans_ = 0;
};

struct MetricTimes {
    Micros start_unix_micros = 0, now_unix_micros = 0;
};
// An ExportMetricsServiceRequest, cumulative. `points`: how many data points it has.
std::string render_otlp_metrics(const Totals& totals, const MetricTimes& times, NameTexts& names, std::size_t& points);

// What both begin with: {"resource...":[{"resource":{...},"scope...":[{"scope":{...},"schemaUrl":...
std::string otlp_preamble(std::string_view resource_list, std::string_view scope_list);

}  // namespace weir::telemetry
