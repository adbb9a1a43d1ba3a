// What telemetry costs a request: its counters (on the reactor), its way to the telemetry thread, its spans (there).
#include <cstdio>

#include "json/bench.h"
#include "telemetry/otlp_envelope.h"
#include "telemetry/otlp_metrics.h"
#include "telemetry/otlp_spans.h"
#include "telemetry/telemetry.h"

namespace {

using namespace weir;
using namespace weir::telemetry;

store::LedgerRow a_row(bool hit) {
    store::LedgerRow row;
    row.id = 0x123;
    row.started_unix_micros = 1'700'000'000'123'456;
    row.latency_micros = 1'500;
    row.overhead_micros = 60;
    row.status = 200;
    row.tenant = 1;
    row.cascade = 2;
    row.reference = row.served_model = 3;
    row.task = 0x123456789abcdef;
    row.tier = hit ? store::TierKind::exact : store::TierKind::reference;
    row.counterfactual = Usd{1'000};
    row.counterfactual_how = store::Counterfactual::measured;
    row.attempt_count = 1;
    store::Attempt& attempt = row.attempts[0];
    attempt.tier = *row.tier;
    attempt.outcome = store::Outcome::served;
    attempt.priced = true;
    if (hit) return row;
    attempt.status = 200;
    attempt.model = 3;
    attempt.input_uncached = 70;
    attempt.input_cached = 30;
    attempt.output = 9;
    attempt.latency_micros = 1'400;
    row.cost = attempt.cost = Usd{1'000};
    return row;
}

double counting(const store::LedgerRow& row, bool otlp, bool recorded) {
    Options options;
    if (otlp) options.otlp.emplace();
    Telemetry telemetry(options);
    LaneTelemetry& lane = telemetry.add_lane();
    RequestNote note;
    if (recorded) lane.begin(1, {}, note.trace);
    std::size_t calls = 0;
    return json::nanoseconds_each([&] {
        lane.settled(row, note);
        if (recorded && ++calls % 1'024 == 0) lane.ring()->take([](const Settled&) {});
    });
}

double spans(const store::LedgerRow& row) {
    NameTexts names([](store::NameId id) { return "fake/name-" + std::to_string(id); });
    SpanBatch batch(names);
    const OtlpEnvelope envelope({1, 2});
    ByteBuffer spare;
    Settled settled;
    settled.row = row;
    settled.note.trace = {{1, 2}, 0, 3, true, true};
    return json::nanoseconds_each([&] {
        batch.add(settled);
        if (batch.bytes() < kBatchBytes) return;
        ByteBuffer body = batch.take(std::move(spare));
        envelope.put_around(body);
        json::keep(body.view());
        body.clear();
        spare = std::move(body);
    });
}

double metrics(std::size_t sets) {
    Options options;
    options.label_sets = sets;
    options.otlp.emplace();
    Telemetry telemetry(options);
    LaneTelemetry& lane = telemetry.add_lane();
    store::LedgerRow row = a_row(false);
    for (row.task = 1; row.task <= sets; ++row.task) lane.settled(row, {});
    NameTexts names([](store::NameId id) { return "fake/name-" + std::to_string(id); });
    return json::nanoseconds_each([&] {
        std::size_t points = 0;
        json::keep(render_otlp_metrics(telemetry.totals(), {1, 2}, names, points).view());
    });
}

}  // namespace

int main() {
    for (const bool hit : {true, false}) {
        const store::LedgerRow row = a_row(hit);
        std::printf("%s: counted %.0f ns, with OTLP's metrics %.0f, and handed over %.0f; its spans %.0f\n",
                    hit ? "exact hit" : "relayed", counting(row, false, false), counting(row, true, false),
                    counting(row, true, true), spans(row));
    }
    std::printf("report of the metrics of 200 sets of labels: %.0f us\n", metrics(200) / 1'000);
    return 0;
}
