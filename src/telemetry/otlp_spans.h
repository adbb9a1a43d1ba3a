// Spans of settled requests, as OTLP's messages. What many of them have in common (names, kinds, most attributes) is
// kept ready-made.
// Thread rule: one owner. Limits: kReadyMade kinds of spans are kept, each about 400 bytes; what holds a batch says
// when it is to be sent.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "telemetry/byte_buffer.h"
#include "telemetry/name_texts.h"
#include "telemetry/settled.h"

namespace weir::telemetry {

constexpr std::size_t kReadyMade = 256;

// What spans have in common: each has one block of bytes.
struct SpanKind {
    bool of_request = false;  // else of an attempt
    bool streamed = false;
    Operation operation = Operation::chat;
    store::Mode mode = store::Mode::off;
    store::Purpose purpose = store::Purpose::request;
    std::uint8_t tier = 0;  // store::TierKind and one; 0: nobody
    store::Outcome outcome = store::Outcome::served;
    std::uint16_t status = 0;
    store::NameId tenant = store::kNoName, cascade = store::kNoName;
    store::NameId model = store::kNoName;         // asked for
    store::NameId served_model = store::kNoName;  // whose answer it was

    // All of it, for a compare.
    using Packed = std::array<std::uint64_t, 3>;
    Packed packed() const;
};

// A SERVER span for each request, a CLIENT span for each call, INTERNAL ones for what Weir's own tiers did. What Weir
// asked on its own account is a CLIENT span in a trace of its own, with a link to the request that it was asked for.
class SpanBatch {
  public:
    explicit SpanBatch(NameTexts& names) : names_(names) {}

    void add(const Settled& settled);
    std::size_t spans() const { return spans_; }
    std::size_t bytes() const { return out_.size(); }
    // Takes memory for that many at once: what is not used of it is only promised by the system.
    void reserve(std::size_t bytes) { out_.reserve(bytes); }
    // The spans, each a field kItem; it begins anew in `next`, which is empty.
    ByteBuffer take(ByteBuffer next = {});

  private:
    struct Times {
        Micros begin = 0, end = 0;  // unix
    };
    struct Ids {
        TraceId trace;
        SpanId span = 0, parent = 0;
        std::uint32_t flags = 0;
    };
    struct Ready {
        SpanKind::Packed kind;
        std::string bytes;
    };
    std::string_view ready_made(const SpanKind& kind);
    void make(const SpanKind& kind, ByteBuffer& to);
    char* begin_span(const Ids& ids, const Times& times, const SpanKind& kind);
    void end_span(char* end);
    void request_span(const Settled& settled);
    void attempt_span_of(const Settled& settled, std::size_t index, const Times& times);
    void background_span(const Settled& settled);

    NameTexts& names_;
    ByteBuffer out_;
    std::size_t spans_ = 0;
    std::size_t span_begin_ = 0;  // of the one under way
    std::array<Ready, kReadyMade> ready_;
};

}  // namespace weir::telemetry
