// Who is told what has happened: telemetry, access_log.
#include "cli/config_draft.h"
#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr Micros kSecond = 1'000'000;
constexpr double kUsualSample = 0.1;  // keeps what traces cost below 3 % of a request (docs/decisions.md)
constexpr std::size_t kMostLabelSets = 10'000;

void read_otlp(const ConfigNode& node, Reader& reader, telemetry::Options& to) {
    Section otlp(reader, node, "telemetry.otlp");
    telemetry::OtlpOptions read;
    read.sample = kUsualSample;
    otlp.require("endpoint");
    if (otlp.text("endpoint", read.endpoint)) {
        const Result<BaseUrl> url = parse_base_url(read.endpoint);
        if (!url) {
            reader.error(otlp.line_of("endpoint"), "telemetry.otlp.endpoint: " + url.error().message);
        } else {
            read.endpoint = url->text;
            if (read.endpoint.ends_with("/v1/traces") || read.endpoint.ends_with("/v1/metrics")) {
                reader.error(otlp.line_of("endpoint"),
                             "telemetry.otlp.endpoint is the collector's base address, such as "
                             "http://127.0.0.1:4318; /v1/traces and /v1/metrics are put behind it");
            }
        }
    }
    read_headers(otlp, reader, read.headers);
    otlp.flag("traces", read.traces);
    otlp.flag("metrics", read.metrics);
    otlp.duration("interval", read.interval_micros, kSecond, 3'600 * kSecond);
    otlp.share("sample", read.sample, 0, 1);
    otlp.finish();
    to.otlp = std::move(read);
}

}  // namespace

void read_telemetry(Section& top, Reader& reader, telemetry::Options& to) {
    if (const ConfigNode* const node = top.find("telemetry")) {
        Section telemetry(reader, *node, "telemetry");
        telemetry.whole<std::size_t>("label_sets", to.label_sets, 0, kMostLabelSets);
        if (const ConfigNode* const otlp = telemetry.find("otlp")) read_otlp(*otlp, reader, to);
        telemetry.finish();
    }
    if (const ConfigNode* const node = top.find("access_log")) {
        Section log(reader, *node, "access_log");
        log.require("file");
        log.text("file", to.access_log);
        bool json = true;  // the only one
        log.choice<bool>("format", json, {{"json", true}});
        log.finish();
    }
}

}  // namespace weir::cli
