#include <span>

#include "base/hash.h"
#include "base/version.h"
#include "telemetry/otlp_json.h"
#include "telemetry/otlp_writer.h"

namespace weir::telemetry {
namespace {

constexpr std::string_view kOther = "other";

class Metrics {
  public:
    Metrics(std::string& out, const MetricTimes& times) : out_(out), times_(times) {}

    void begin(std::string_view name, std::string_view unit, std::string_view help, std::string_view kind) {
        out_ += first_ ? "{\"name\":\"" : ",{\"name\":\"";
        first_ = false;
        out_ += name;
        out_ += "\",\"unit\":\"";
        out_ += unit;
        out_ += "\",\"description\":\"";
        out_ += help;
        out_ += "\",\"";
        out_ += kind;
        out_ += "\":{\"aggregationTemporality\":2";  // cumulative
        if (kind == "sum") out_ += ",\"isMonotonic\":true";
        out_ += ",\"dataPoints\":[";
        first_point_ = true;
    }
    // Of a sum that may fall.
    void begin_up_and_down(std::string_view name, std::string_view unit, std::string_view help) {
        begin(name, unit, help, "sum");
        out_.replace(out_.rfind("true"), 4, "false");
    }
    void end() { out_ += "]}}"; }

    template <class Write>
    void histogram(const HistogramSum& sum, std::span<const std::int64_t> bounds, double unit, Write attributes) {
        point(attributes);
        out_ += ",\"count\":\"";
        append_number(static_cast<std::int64_t>(sum.total()), out_);
        out_ += "\",\"sum\":";
        append_real(static_cast<double>(sum.sum) * unit, out_);
        out_ += ",\"bucketCounts\":[";
        for (std::size_t i = 0; i < sum.counts.size(); ++i) {
            out_ += i == 0 ? "\"" : ",\"";
            append_number(static_cast<std::int64_t>(sum.counts[i]), out_);
            out_ += '"';
        }
        out_ += "],\"explicitBounds\":[";
        for (std::size_t i = 0; i < bounds.size(); ++i) {
            if (i > 0) out_ += ',';
            append_real(static_cast<double>(bounds[i]) * unit, out_);
        }
        out_ += "]}";
    }
    template <class Write>
    void whole(std::uint64_t value, Write attributes) {
        point(attributes);
        out_ += ",\"asInt\":\"";
        append_number(static_cast<std::int64_t>(value), out_);
        out_ += "\"}";
    }
    template <class Write>
    void usd(Usd value, Write attributes) {
        point(attributes);
        out_ += ",\"asDouble\":" + to_decimal(value) + "}";
    }
    std::size_t points() const { return points_; }

  private:
    template <class Write>
    void point(Write attributes) {
        out_ += first_point_ ? "{\"attributes\":[" : ",{\"attributes\":[";
        first_point_ = false;
        ++points_;
        Attributes to(out_);
        attributes(to);
        out_ += "],\"startTimeUnixNano\":";
        append_nanos(times_.start_unix_micros, out_);
        out_ += ",\"timeUnixNano\":";
        append_nanos(times_.now_unix_micros, out_);
    }

    std::string& out_;
    const MetricTimes& times_;
    bool first_ = true, first_point_ = true;
    std::size_t points_ = 0;
};

void name_model(const ModelTotals& model, NameTexts& names, Attributes& to) {
    to.text("gen_ai.operation.name", model.other ? kOther : to_string(model.key.operation));
    const NameTexts::Text& name = names.of(model.key.model);
    to.text("gen_ai.provider.name", model.other ? kOther : name.provider);
    to.text("gen_ai.request.model", model.other ? kOther : name.model);
}

void name_labels(const LabelTotals& labels, NameTexts& names, Attributes& to) {
    to.text("weir.tier", tier_label(labels.set.tier));
    to.text("gen_ai.response.model", labels.other ? kOther : names.of(labels.set.model).model);
    to.text("weir.tenant", labels.other ? kOther : names.of(labels.set.tenant).whole);
    std::string task;
    append_hex(labels.set.task, task);
    to.text("weir.task", labels.other ? kOther : task);
}

constexpr double kSeconds = 1e-6;

void by_model(const Totals& totals, NameTexts& names, Metrics& metrics) {
    const auto durations = [&](std::string_view name, std::string_view help, const HistogramSum ModelTotals::*of) {
        metrics.begin(name, "s", help, "histogram");
        for (const ModelTotals& model : totals.models) {
            if ((model.*of).total() == 0) continue;
            metrics.histogram(model.*of, kDurationBounds, kSeconds,
                              [&](Attributes& to) { name_model(model, names, to); });
        }
        metrics.end();
    };
    durations("gen_ai.server.request.duration", "Time from a request's first byte to its answer's last.",
              &ModelTotals::duration);
    durations("gen_ai.server.time_to_first_token", "... to the first piece of a stream.", &ModelTotals::first_token);
    metrics.begin("gen_ai.client.token.usage", "{token}", "Tokens of each call to a model.", "histogram");
    for (const ModelTotals& model : totals.models) {
        for (const auto& [type, of] :
             {std::pair{"input", &ModelTotals::input}, std::pair{"output", &ModelTotals::output}}) {
            if ((model.*of).total() == 0) continue;
            metrics.histogram(model.*of, kTokenBounds, 1, [&, type = type](Attributes& to) {
                name_model(model, names, to);
                to.text("gen_ai.token.type", type);
            });
        }
    }
    metrics.end();
}

void by_labels(const Totals& totals, NameTexts& names, Metrics& metrics) {
    const auto each = [&](auto write) {
        for (const LabelTotals& labels : totals.labels) {
            write(labels, [&](Attributes& to) { name_labels(labels, names, to); });
        }
        metrics.end();
    };
    metrics.begin("weir.requests", "{request}", "Requests settled, by who answered.", "sum");
    each([&](const LabelTotals& labels, auto name) {
        if (labels.requests > 0) metrics.whole(labels.requests, name);
    });
    metrics.begin("weir.cost", "{USD}", "Spent on all calls, where the price is known.", "sum");
    each([&](const LabelTotals& labels, auto name) {
        if (labels.cost.nanos != 0) metrics.usd(labels.cost, name);
    });
    metrics.begin_up_and_down("weir.saved", "{USD}", "What the references would have cost, minus the cost.");
    each([&](const LabelTotals& labels, auto name) {
        if (labels.saved.nanos != 0) metrics.usd(labels.saved, name);
    });
}

}  // namespace

std::string otlp_preamble(std::string_view resource_list, std::string_view scope_list) {
    std::string text = "{\"";
    text += resource_list;
    text += R"(":[{"resource":{"attributes":[)";
    Attributes resource(text);
    resource.text("service.name", "weir");
    resource.text("service.version", kVersion);
    text += "]},\"";
    text += scope_list;
    text += R"(":[{"scope":{"name":"weir","version":")";
    text += kVersion;
    text += R"("},"schemaUrl":"https://opentelemetry.io/schemas/1.37.0")";
    return text;
}

std::string render_otlp_metrics(const Totals& totals, const MetricTimes& times, NameTexts& names, std::size_t& points) {
    std::string body = otlp_preamble("resourceMetrics", "scopeMetrics");
    body += ",\"metrics\":[";
    Metrics metrics(body, times);
    by_model(totals, names, metrics);
    by_labels(totals, names, metrics);
    metrics.begin("weir.overhead", "s", "Time in the gateway itself.", "histogram");
    metrics.histogram(totals.overhead, kOverheadBounds, kSeconds, [](Attributes&) {});
    metrics.end();
    body += "]}]}]}";
    points = metrics.points();
    return body;
}

}  // namespace weir::telemetry
