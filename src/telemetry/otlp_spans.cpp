#include "base/hash.h"
#include "telemetry/otlp_json.h"
#include "telemetry/otlp_writer.h"

namespace weir::telemetry {
namespace {

enum Kind : int { internal = 1, server = 2, client = 3 };          // SpanKind
constexpr unsigned kSampled = 1, kLocal = 0x100, kRemote = 0x300;  // SpanFlags: whether the parent is of elsewhere
constexpr std::string_view kError = ",\"status\":{\"code\":2}";

struct Used {
    Tokens input = 0, cached = 0, written = 0, output = 0, reasoning = 0;
    void add(const store::Attempt& attempt) {
        const Tokens wrote = Tokens{attempt.input_cache_write} + attempt.input_cache_write_1h;
        input += Tokens{attempt.input_uncached} + attempt.input_cached + wrote;
        cached += attempt.input_cached;
        written += wrote;
        output += attempt.output;
        reasoning += attempt.reasoning;
    }
};

void add_usage(const Used& used, Attributes& to) {
    if (used.input > 0 || used.output > 0) {
        to.whole("gen_ai.usage.input_tokens", used.input);
        to.whole("gen_ai.usage.output_tokens", used.output);
    }
    if (used.cached > 0) to.whole("gen_ai.usage.cache_read.input_tokens", used.cached);
    if (used.written > 0) to.whole("gen_ai.usage.cache_creation.input_tokens", used.written);
    if (used.reasoning > 0) to.whole("weir.usage.reasoning_tokens", used.reasoning);
}

bool is_call(const store::Attempt& attempt) {
    return attempt.tier >= store::TierKind::model;
}

bool has_failed(const store::Attempt& attempt) {
    return attempt.outcome == store::Outcome::failed || attempt.outcome == store::Outcome::timed_out;
}

std::string hex(std::uint64_t value) {
    std::string digits;
    append_hex(value, digits);
    return digits;
}

}  // namespace

std::string SpanBatch::take() {
    std::string body = otlp_preamble("resourceSpans", "scopeSpans");
    body += ",\"spans\":[";
    body += text_;
    body += "]}]}]}";
    text_.clear();
    spans_ = 0;
    return body;
}

void SpanBatch::begin_span(const TraceId& trace, SpanId span, SpanId parent, unsigned flags) {
    text_ += spans_++ == 0 ? "{\"traceId\":\"" : ",{\"traceId\":\"";
    append_trace_id(trace, text_);
    text_ += "\",\"spanId\":\"";
    append_hex(span, text_);
    if (parent != 0) {
        text_ += "\",\"parentSpanId\":\"";
        append_hex(parent, text_);
    }
    text_ += "\",\"flags\":";
    append_number(flags, text_);
}

void SpanBatch::common(const Settled& settled, int kind, std::string_view name, const Times& times) {
    text_ += ",\"name\":\"";
    text_ += to_string(settled.note.operation);
    if (!name.empty()) {
        text_ += ' ';
        text_ += name;
    }
    text_ += "\",\"kind\":";
    append_number(kind, text_);
    text_ += ",\"startTimeUnixNano\":";
    append_nanos(times.begin, text_);
    text_ += ",\"endTimeUnixNano\":";
    append_nanos(times.end, text_);
    text_ += ",\"attributes\":[";
}

void SpanBatch::request_span(const Settled& settled) {
    const store::LedgerRow& row = settled.row;
    const RequestTrace& trace = settled.note.trace;
    Used used;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        if (row.attempts[i].outcome == store::Outcome::served) used.add(row.attempts[i]);
    }
    begin_span(trace.trace, trace.span, trace.parent, trace.parent == 0 ? kSampled : kSampled | kRemote);
    const NameTexts::Text& asked = names_.of(row.reference);
    common(settled, server, asked.model, {row.started_unix_micros, row.started_unix_micros + row.latency_micros});
    Attributes to(text_);
    to.text("gen_ai.operation.name", to_string(settled.note.operation));
    if (row.reference != store::kNoName) {
        to.text("gen_ai.provider.name", asked.provider);
        to.text("gen_ai.request.model", asked.model);
    }
    if (row.served_model != store::kNoName) to.text("gen_ai.response.model", names_.of(row.served_model).model);
    add_usage(used, to);
    to.whole("http.response.status_code", row.status);
    if (row.status >= 500) to.text("error.type", std::to_string(row.status));
    to.text("weir.request.id", hex(static_cast<std::uint64_t>(row.id)));
    if (row.tier) to.text("weir.tier", store::to_string(*row.tier));
    if (row.cascade != store::kNoName) to.text("weir.cascade", names_.of(row.cascade).whole);
    if (row.tenant != store::kNoName) to.text("weir.tenant", names_.of(row.tenant).whole);
    if (row.task != 0) to.text("weir.task", hex(row.task));
    to.text("weir.mode", store::to_string(row.mode));
    to.flag("weir.stream", row.streamed);
    if (row.cost_complete) to.usd("weir.cost_usd", row.cost);
    if (row.cost_complete && row.counterfactual_how != store::Counterfactual::unknown) {
        to.usd("weir.saved_usd", row.saved());
    }
    to.whole("weir.overhead_us", row.overhead_micros);
    if (settled.note.first_token_micros >= 0) to.whole("weir.first_token_us", settled.note.first_token_micros);
    text_ += ']';
    if (row.status >= 500) text_ += kError;
    text_ += '}';
}

void SpanBatch::attempt_span_of(const Settled& settled, std::size_t index, const Times& times) {
    const store::Attempt& attempt = settled.row.attempts[index];
    const RequestTrace& trace = settled.note.trace;
    begin_span(trace.trace, attempt_span(trace, index), trace.span, kSampled | kLocal);
    const bool call = is_call(attempt);
    const NameTexts::Text& model = names_.of(attempt.model);
    common(settled, call ? client : internal, call ? std::string_view(model.model) : store::to_string(attempt.tier),
           times);
    Attributes to(text_);
    to.text("weir.tier", store::to_string(attempt.tier));
    to.text("weir.outcome", store::to_string(attempt.outcome));
    if (call) {
        to.text("gen_ai.operation.name", to_string(settled.note.operation));
        to.text("gen_ai.provider.name", model.provider);
        to.text("gen_ai.request.model", model.model);
        if (attempt.status != 0) to.whole("http.response.status_code", attempt.status);
        Used used;
        used.add(attempt);
        add_usage(used, to);
        if (attempt.priced) to.usd("weir.cost_usd", attempt.cost);
    }
    if (attempt.evidence) to.real("weir.mean_logprob", static_cast<double>(*attempt.evidence));
    if (has_failed(attempt)) {
        to.text("error.type", attempt.status >= 400 ? std::to_string(attempt.status)
                                                    : std::string(store::to_string(attempt.outcome)));
    }
    text_ += ']';
    if (has_failed(attempt)) text_ += kError;
    text_ += '}';
}

void SpanBatch::add(const Settled& settled) {
    const store::LedgerRow& row = settled.row;
    request_span(settled);
    Micros end = row.started_unix_micros;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        const std::int32_t begun = settled.note.attempt_begun[i];
        const Micros begin = begun >= 0 ? row.started_unix_micros + begun : end;
        end = begin + row.attempts[i].latency_micros;
        attempt_span_of(settled, i, {begin, end});
    }
}

}  // namespace weir::telemetry
