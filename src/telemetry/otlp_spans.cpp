#include "telemetry/otlp_spans.h"

#include <bit>

#include "base/hex.h"
#include "telemetry/otlp_envelope.h"
#include "telemetry/otlp_writer.h"

namespace weir::telemetry {
namespace {

using protobuf::put_fixed;
using protobuf::tag;
using protobuf::Type;

enum Kind : char { internal = 1, server = 2, client = 3 };              // SpanKind
constexpr std::uint32_t kSampled = 1, kLocal = 0x100, kRemote = 0x300;  // SpanFlags: whether the parent is of elsewhere

// Span, and Link, whose first two are the same.
constexpr char kTraceId = tag(1, Type::bytes), kSpanId = tag(2, Type::bytes), kParent = tag(4, Type::bytes),
               kName = tag(5, Type::bytes), kKind = tag(6, Type::varint), kStart = tag(7, Type::fixed64),
               kEnd = tag(8, Type::fixed64), kAttribute = tag(9, Type::bytes), kLink = tag(13, Type::bytes);
constexpr std::string_view kError("\x7a\x02\x18\x02", 4);                          // Status: field 15, code 2
constexpr std::string_view kFlags("\x85\x01", 2), kLinkFlags("\x35", 1);           // fields 16 and 6, fixed32
constexpr std::size_t kLengthBytes = 2;                                            // most spans have so many
constexpr std::size_t kMostNumbers = 1'000;                                        // what is put behind a block
constexpr std::size_t kIdBytes = 2 + 16 + 2 * (2 + 8) + 6 + 2 * 9 + kLengthBytes;  // before it

// What no two spans have in common.
constexpr Key kInput(kAttribute, "gen_ai.usage.input_tokens", kWholeValue);
constexpr Key kOutput(kAttribute, "gen_ai.usage.output_tokens", kWholeValue);
constexpr Key kCached(kAttribute, "gen_ai.usage.cache_read.input_tokens", kWholeValue);
constexpr Key kWritten(kAttribute, "gen_ai.usage.cache_creation.input_tokens", kWholeValue);
constexpr Key kReasoning(kAttribute, "weir.usage.reasoning_tokens", kWholeValue);
constexpr Key kOverhead(kAttribute, "weir.overhead_us", kWholeValue);
constexpr Key kFirstToken(kAttribute, "weir.first_token_us", kWholeValue);
constexpr Key kCost(kAttribute, "weir.cost_usd", kRealValue, 8);
constexpr Key kSaved(kAttribute, "weir.saved_usd", kRealValue, 8);
constexpr Key kEvidence(kAttribute, "weir.mean_logprob", kRealValue, 8);
constexpr Key kRequestId(kAttribute, "weir.request.id", kTextValue, 17);  // 16 digits and their number
constexpr Key kTask(kAttribute, "weir.task", kTextValue, 17);             // 16 digits and their number

char* put_real(const auto& key, double value, char* to) {
    return put_fixed(value, key.put(to));
}
char* put_hex(const auto& key, std::uint64_t value, char* to) {
    to = key.put(to);
    *to++ = 16;
    write_hex(value, to);
    return to + 16;
}

// Ids are bytes, the first one the highest.
char* put_id(std::uint64_t id, char* to) {
    return put_fixed(__builtin_bswap64(id), to);
}
char* put_trace_id(const TraceId& trace, char* to) {
    *to++ = kTraceId;
    *to++ = 16;
    return put_id(trace.low, put_id(trace.high, to));
}
char* put_span_id(char tag, SpanId span, char* to) {
    *to++ = tag;
    *to++ = 8;
    return put_id(span, to);
}

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

char* put_usage(const Used& used, char* to) {
    if (used.input > 0 || used.output > 0) {
        to = kInput.put_whole(used.input, to);
        to = kOutput.put_whole(used.output, to);
    }
    if (used.cached > 0) to = kCached.put_whole(used.cached, to);
    if (used.written > 0) to = kWritten.put_whole(used.written, to);
    if (used.reasoning > 0) to = kReasoning.put_whole(used.reasoning, to);
    return to;
}

bool is_call(const SpanKind& kind) {
    return kind.tier > static_cast<std::uint8_t>(store::TierKind::model);  // or the reference's
}

bool has_failed(const SpanKind& kind) {
    if (kind.of_request) return kind.status >= 500;
    return kind.outcome == store::Outcome::failed || kind.outcome == store::Outcome::timed_out;
}

SpanKind kind_of(const store::Attempt& attempt, Operation operation) {
    SpanKind kind;
    kind.operation = operation;
    kind.tier = static_cast<std::uint8_t>(static_cast<unsigned>(attempt.tier) + 1);
    kind.outcome = attempt.outcome;
    kind.status = attempt.status;
    kind.model = attempt.model;
    return kind;
}

std::size_t place_of(const SpanKind::Packed& kind) {
    const std::uint64_t mixed = (kind[0] ^ std::rotl(kind[1], 21) ^ std::rotl(kind[2], 42)) * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed >> 56);
}
static_assert(kReadyMade == 256);

}  // namespace

SpanKind::Packed SpanKind::packed() const {
    const std::uint64_t small = std::uint64_t{of_request} | std::uint64_t{streamed} << 1 |
                                static_cast<std::uint64_t>(operation) << 8 | static_cast<std::uint64_t>(mode) << 16 |
                                static_cast<std::uint64_t>(purpose) << 24 | std::uint64_t{tier} << 32 |
                                static_cast<std::uint64_t>(outcome) << 40 | std::uint64_t{status} << 48;
    return {small, std::uint64_t{tenant} << 32 | cascade, std::uint64_t{model} << 32 | served_model};
}

ByteBuffer SpanBatch::take(ByteBuffer next) {
    spans_ = 0;
    std::swap(out_, next);
    return next;
}

std::string_view SpanBatch::ready_made(const SpanKind& kind) {
    const SpanKind::Packed packed = kind.packed();
    Ready& ready = ready_[place_of(packed)];
    if (ready.bytes.empty() || ready.kind != packed) {
        ByteBuffer made;
        make(kind, made);
        ready = {packed, std::string(made.view())};
    }
    return ready.bytes;
}

// Name, kind, status, and the attributes that the kind says.
void SpanBatch::make(const SpanKind& kind, ByteBuffer& out) {
    const bool call = is_call(kind);
    const auto tier = static_cast<store::TierKind>(kind.tier - 1);  // where there is one
    const NameTexts::Text& model = names_.of(kind.model);
    const std::string_view operation = to_string(kind.operation);
    std::string name(operation);
    const std::string_view what = kind.of_request || call ? model.model() : store::to_string(tier);
    if (!what.empty()) name.append(" ").append(what);
    out.ended(protobuf::put_bytes(kName, name, out.room(protobuf::bytes_size(name.size()))));
    char* to = out.room(2 + kError.size());
    *to++ = kKind;
    *to++ = kind.of_request ? server : call ? client : internal;
    out.ended(has_failed(kind) ? protobuf::put_raw(kError, to) : to);
    Attributes attributes(out, kAttribute);
    if (kind.of_request || call) {
        attributes.text("gen_ai.operation.name", operation);
        if (kind.model != store::kNoName) {
            attributes.text("gen_ai.provider.name", model.provider());
            attributes.text("gen_ai.request.model", model.model());
        }
        if (kind.status != 0) attributes.whole("http.response.status_code", kind.status);
    }
    if (kind.tier != 0) attributes.text("weir.tier", store::to_string(tier));
    if (kind.of_request) {
        attributes.text("weir.mode", store::to_string(kind.mode));
        attributes.flag("weir.stream", kind.streamed);
    } else {
        attributes.text("weir.outcome", store::to_string(kind.outcome));
    }
    if (kind.purpose != store::Purpose::request) attributes.text("weir.purpose", store::to_string(kind.purpose));
    if (has_failed(kind)) {
        attributes.text("error.type",
                        kind.status >= 400 ? std::to_string(kind.status) : std::string(store::to_string(kind.outcome)));
    }
    // A name's text is valid until the next one is asked for.
    if (kind.served_model != store::kNoName) {
        attributes.text("gen_ai.response.model", names_.of(kind.served_model).model());
    }
    if (kind.cascade != store::kNoName) attributes.text("weir.cascade", names_.of(kind.cascade).plain);
    if (kind.tenant != store::kNoName) attributes.text("weir.tenant", names_.of(kind.tenant).plain);
}

char* SpanBatch::begin_span(const Ids& ids, const Times& times, const SpanKind& kind) {
    const std::string_view block = ready_made(kind);
    ++spans_;
    char* to = out_.room(kIdBytes + block.size() + kMostNumbers);
    *to++ = kItem;
    span_begin_ = out_.size() + 1;
    to = put_trace_id(ids.trace, to + kLengthBytes);
    to = put_span_id(kSpanId, ids.span, to);
    if (ids.parent != 0) to = put_span_id(kParent, ids.parent, to);
    to = put_fixed(ids.flags, protobuf::put_raw(kFlags, to));
    *to++ = kStart;
    to = put_fixed(in_nanos(times.begin), to);
    *to++ = kEnd;
    to = put_fixed(in_nanos(times.end), to);
    return protobuf::put_raw(block, to);
}

void SpanBatch::end_span(char* end) {
    char* const length = out_.at(span_begin_);
    char* const body = length + kLengthBytes;
    const auto size = static_cast<std::size_t>(end - body);
    const std::size_t bytes = protobuf::varint_size(size);
    if (bytes != kLengthBytes) std::memmove(length + bytes, body, size);  // a longer one: within kMostNumbers
    protobuf::put_varint(size, length);
    out_.ended(length + bytes + size);
}

void SpanBatch::request_span(const Settled& settled) {
    const store::LedgerRow& row = settled.row;
    const RequestTrace& trace = settled.note.trace;
    SpanKind kind;
    kind.of_request = true;
    kind.streamed = row.streamed;
    kind.operation = settled.note.operation;
    kind.mode = row.mode;
    kind.tier = row.tier ? static_cast<std::uint8_t>(static_cast<unsigned>(*row.tier) + 1) : std::uint8_t{0};
    kind.status = row.status;
    kind.tenant = row.tenant;
    kind.cascade = row.cascade;
    kind.model = row.reference;
    kind.served_model = row.served_model;
    Used used;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        if (row.attempts[i].outcome == store::Outcome::served) used.add(row.attempts[i]);
    }
    const std::uint32_t flags = trace.parent == 0 ? kSampled : kSampled | kRemote;
    char* to = begin_span({trace.trace, trace.span, trace.parent, flags},
                          {row.started_unix_micros, row.started_unix_micros + row.latency_micros}, kind);
    to = put_usage(used, to);
    to = put_hex(kRequestId, static_cast<std::uint64_t>(row.id), to);
    if (row.task != 0) to = put_hex(kTask, row.task, to);
    if (row.cost_complete) to = put_real(kCost, in_usd(row.cost), to);
    if (row.cost_complete && row.counterfactual_how != store::Counterfactual::unknown) {
        to = put_real(kSaved, in_usd(row.saved()), to);
    }
    to = kOverhead.put_whole(row.overhead_micros, to);
    if (settled.note.first_token_micros >= 0) to = kFirstToken.put_whole(settled.note.first_token_micros, to);
    end_span(to);
}

void SpanBatch::attempt_span_of(const Settled& settled, std::size_t index, const Times& times) {
    const store::Attempt& attempt = settled.row.attempts[index];
    const RequestTrace& trace = settled.note.trace;
    const SpanKind kind = kind_of(attempt, settled.note.operation);
    char* to = begin_span({trace.trace, attempt_span(trace, index), trace.span, kSampled | kLocal}, times, kind);
    if (is_call(kind)) {
        Used used;
        used.add(attempt);
        to = put_usage(used, to);
        if (attempt.priced) to = put_real(kCost, in_usd(attempt.cost), to);
    }
    if (attempt.evidence) to = put_real(kEvidence, static_cast<double>(*attempt.evidence), to);
    end_span(to);
}

void SpanBatch::background_span(const Settled& settled) {
    const store::LedgerRow& row = settled.row;
    const RequestTrace& trace = settled.note.trace;
    const store::Attempt& attempt = row.attempts[0];
    SpanKind kind = kind_of(attempt, settled.note.operation);
    kind.purpose = row.purpose;
    kind.tenant = row.tenant;
    kind.cascade = row.cascade;
    char* to = begin_span({trace.trace, trace.span, 0, kSampled},
                          {row.started_unix_micros, row.started_unix_micros + row.latency_micros}, kind);
    Used used;
    used.add(attempt);
    to = put_usage(used, to);
    to = put_hex(kRequestId, static_cast<std::uint64_t>(row.id), to);
    if (row.task != 0) to = put_hex(kTask, row.task, to);
    if (attempt.priced) to = put_real(kCost, in_usd(attempt.cost), to);
    const TraceOrigin& origin = settled.note.origin;
    *to++ = kLink;
    char* const link = to + 1;
    char* const end =
        put_fixed(kSampled | kLocal,
                  protobuf::put_raw(kLinkFlags, put_span_id(kSpanId, origin.span, put_trace_id(origin.trace, link))));
    *to = static_cast<char>(end - link);
    end_span(end);
}

void SpanBatch::add(const Settled& settled) {
    const store::LedgerRow& row = settled.row;
    if (row.purpose != store::Purpose::request) return background_span(settled);
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
