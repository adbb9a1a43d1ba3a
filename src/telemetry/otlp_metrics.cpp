#include "telemetry/otlp_metrics.h"

#include <span>

#include "base/hash.h"
#include "telemetry/otlp_envelope.h"
#include "telemetry/otlp_writer.h"

namespace weir::telemetry {
namespace {

using protobuf::tag;
using protobuf::Type;

constexpr std::string_view kOther = "other";
constexpr char kName = tag(1, Type::bytes), kHelp = tag(2, Type::bytes), kUnit = tag(3, Type::bytes);
// Of a metric, by its kind; of Sum and Histogram; of their points.
constexpr char kSum = tag(7, Type::bytes), kHistogram = tag(9, Type::bytes);
constexpr char kPoint = tag(1, Type::bytes), kTemporality = tag(2, Type::varint), kMonotonic = tag(3, Type::varint);
constexpr char kStart = tag(2, Type::fixed64), kTime = tag(3, Type::fixed64), kAsReal = tag(4, Type::fixed64),
               kAsWhole = tag(6, Type::fixed64), kSumAttribute = tag(7, Type::bytes);
constexpr char kCount = tag(4, Type::fixed64), kTotal = tag(5, Type::fixed64), kBuckets = tag(6, Type::bytes),
               kBounds = tag(7, Type::bytes), kHistogramAttribute = tag(9, Type::bytes);
constexpr char kCumulative = 2;

void append(ByteBuffer& out, char tag, std::string_view text) {
    out.ended(protobuf::put_bytes(tag, text, out.room(protobuf::bytes_size(text.size()))));
}
void append_varint(ByteBuffer& out, char tag, std::uint64_t value) {
    char* to = out.room(1 + protobuf::kMostVarint);
    *to++ = tag;
    out.ended(protobuf::put_varint(value, to));
}
template <class T>
void append_fixed(ByteBuffer& out, char tag, T value) {
    char* to = out.room(1 + sizeof value);
    *to++ = tag;
    out.ended(protobuf::put_fixed(value, to));
}

struct About {
    std::string_view name, unit, help;
};

// One metric after another: its points are put into it by a function, and without any it is left out.
class Metrics {
  public:
    Metrics(ByteBuffer& out, const MetricTimes& times) : out_(out), times_(times) {}

    template <class Points>
    void sum(const About& about, bool monotonic, Points points) {
        metric(about, kSum, [&] {
            if (monotonic) append_varint(out_, kMonotonic, 1);
            points();
        });
    }
    template <class Points>
    void histograms(const About& about, Points points) {
        metric(about, kHistogram, points);
    }

    template <class Write>
    void histogram(const HistogramSum& sum, std::span<const std::int64_t> bounds, double unit, Write attributes) {
        const Nested point(out_, kPoint);
        begin_point(kHistogramAttribute, attributes);
        append_fixed(out_, kCount, sum.total());
        append_fixed(out_, kTotal, static_cast<double>(sum.sum) * unit);
        packed(kBuckets, sum.counts, [](std::uint64_t count) { return count; });
        packed(kBounds, bounds, [unit](std::int64_t bound) { return static_cast<double>(bound) * unit; });
    }
    template <class Write>
    void whole(std::uint64_t value, Write attributes) {
        const Nested point(out_, kPoint);
        begin_point(kSumAttribute, attributes);
        append_fixed(out_, kAsWhole, value);
    }
    template <class Write>
    void usd(Usd value, Write attributes) {
        const Nested point(out_, kPoint);
        begin_point(kSumAttribute, attributes);
        append_fixed(out_, kAsReal, in_usd(value));
    }
    std::size_t points() const { return points_; }

  private:
    template <class Inside>
    void metric(const About& about, char kind, Inside inside) {
        const std::size_t begin = out_.size(), points = points_;
        {
            const Nested metric(out_, kItem);
            append(out_, kName, about.name);
            append(out_, kHelp, about.help);
            append(out_, kUnit, about.unit);
            const Nested of_kind(out_, kind);
            append_varint(out_, kTemporality, kCumulative);
            inside();
        }
        if (points_ == points) out_.shrink(begin);
    }
    template <class Write>
    void begin_point(char attribute, Write attributes) {
        ++points_;
        Attributes to(out_, attribute);
        attributes(to);
        append_fixed(out_, kStart, in_nanos(times_.start_unix_micros));
        append_fixed(out_, kTime, in_nanos(times_.now_unix_micros));
    }
    template <class List, class Convert>
    void packed(char tag, const List& list, Convert convert) {
        char* to = out_.room(1 + protobuf::kMostVarint + 8 * list.size());
        *to++ = tag;
        to = protobuf::put_varint(8 * list.size(), to);
        for (const auto value : list) to = protobuf::put_fixed(convert(value), to);
        out_.ended(to);
    }

    ByteBuffer& out_;
    const MetricTimes& times_;
    std::size_t points_ = 0;
};

void name_model(const ModelTotals& model, NameTexts& names, Attributes& to) {
    to.text("gen_ai.operation.name", model.other ? kOther : to_string(model.key.operation));
    const NameTexts::Text& name = names.of(model.key.model);
    to.text("gen_ai.provider.name", model.other ? kOther : name.provider());
    to.text("gen_ai.request.model", model.other ? kOther : name.model());
}

void name_labels(const LabelTotals& labels, NameTexts& names, Attributes& to) {
    to.text("weir.tier", tier_label(labels.set.tier));
    to.text("gen_ai.response.model", labels.other ? kOther : names.of(labels.set.model).model());
    to.text("weir.tenant", labels.other ? kOther : names.of(labels.set.tenant).plain);
    std::string task = labels.task_name;
    if (task.empty()) append_hex(labels.set.task, task);
    to.text("weir.task", labels.other ? kOther : task);
}

constexpr double kSeconds = 1e-6;

void by_model(const Totals& totals, NameTexts& names, Metrics& metrics) {
    const auto durations = [&](const About& about, const HistogramSum ModelTotals::*of) {
        metrics.histograms(about, [&] {
            for (const ModelTotals& model : totals.models) {
                if ((model.*of).total() == 0) continue;
                metrics.histogram(model.*of, kDurationBounds, kSeconds,
                                  [&](Attributes& to) { name_model(model, names, to); });
            }
        });
    };
    durations({"gen_ai.server.request.duration", "s", "Time from a request's first byte to its answer's last."},
              &ModelTotals::duration);
    durations({"gen_ai.server.time_to_first_token", "s", "... to the first piece of a stream."},
              &ModelTotals::first_token);
    metrics.histograms({"gen_ai.client.token.usage", "{token}", "Tokens of each call to a model."}, [&] {
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
    });
}

void by_labels(const Totals& totals, NameTexts& names, Metrics& metrics) {
    const auto each = [&](auto write) {
        return [&totals, &names, write] {
            for (const LabelTotals& labels : totals.labels) {
                write(labels, [&](Attributes& to) { name_labels(labels, names, to); });
            }
        };
    };
    metrics.sum({"weir.requests", "{request}", "Requests settled, by who answered."}, true,
                each([&](const LabelTotals& labels, auto name) {
                    if (labels.requests > 0) metrics.whole(labels.requests, name);
                }));
    metrics.sum({"weir.cost", "{USD}", "Spent on all calls, where the price is known."}, true,
                each([&](const LabelTotals& labels, auto name) {
                    if (labels.cost.nanos != 0) metrics.usd(labels.cost, name);
                }));
    metrics.sum({"weir.saved", "{USD}", "What the references would have cost, minus the cost."}, false,
                each([&](const LabelTotals& labels, auto name) {
                    if (labels.saved.nanos != 0) metrics.usd(labels.saved, name);
                }));
}

}  // namespace

ByteBuffer render_otlp_metrics(const Totals& totals, const MetricTimes& times, NameTexts& names, std::size_t& points) {
    ByteBuffer out;
    Metrics metrics(out, times);
    by_model(totals, names, metrics);
    by_labels(totals, names, metrics);
    if (totals.overhead.total() > 0) {
        metrics.histograms({"weir.overhead", "s", "Time in the gateway itself."},
                           [&] { metrics.histogram(totals.overhead, kOverheadBounds, kSeconds, [](Attributes&) {}); });
    }
    points = metrics.points();
    return out;
}

}  // namespace weir::telemetry
