// What the configuration says of metrics, traces and the access log (docs/telemetry.md).
// Thread rule: immutable after loading.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"

namespace weir::telemetry {

struct OtlpOptions {
    std::string endpoint;  // base URL: /v1/traces and /v1/metrics are put behind it
    std::vector<std::pair<std::string, std::string>> headers;
    bool traces = true;
    bool metrics = true;
    Micros interval_micros = 15'000'000;  // between two reports of the metrics
    double sample = 1;                    // of the requests that come without a decision of the caller's
    friend bool operator==(const OtlpOptions&, const OtlpOptions&) = default;
};

struct Options {
    std::size_t label_sets = 200;     // of tier, model, task and tenant; what comes later is `other`
    std::optional<OtlpOptions> otlp;  // none: off
    std::string access_log;           // a file, or "-" for standard output; empty: off
    friend bool operator==(const Options&, const Options&) = default;
};

}  // namespace weir::telemetry
