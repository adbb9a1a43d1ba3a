// OTLP over HTTP in its protobuf encoding (https://opentelemetry.io/docs/specs/otlp/; fields:
// github.com/open-telemetry/opentelemetry-proto 1.x), with the names of OpenTelemetry's conventions for generative AI,
// version 1.37. What both requests begin with, and what is read of their answers.
// Thread rule: immutable; pure functions. Limits: ByteBuffer::kFront bytes before the items.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/byte_buffer.h"

namespace weir::telemetry {

constexpr std::string_view kOtlpContentType = "application/x-protobuf";
// Of a span or a metric within its scope.
constexpr char kItem = 0x12;

// Resource and scope: who tells.
class OtlpEnvelope {
  public:
    // `instance`: tells this process from others, as a UUID of version 4.
    explicit OtlpEnvelope(std::array<std::uint64_t, 2> instance);
    // Makes spans or metrics, each a field kItem, an ExportTraceServiceRequest or an ExportMetricsServiceRequest.
    void put_around(ByteBuffer& items) const;

  private:
    std::string resource_, scope_;
};

// How many items the collector says that it did not take, of an ExportTraceServiceResponse or an
// ExportMetricsServiceResponse; 0: none, or it can't be read.
std::size_t rejected_items(std::string_view answer);

}  // namespace weir::telemetry
