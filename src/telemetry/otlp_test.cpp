// The bytes that a collector gets: against bytes written by hand after OTLP's messages.
// tests/blackbox/test_telemetry.py has the official messages read what the binary sends.
#include <doctest/doctest.h>

#include <string>

#include "telemetry/otlp_envelope.h"
#include "telemetry/otlp_metrics.h"
#include "telemetry/otlp_spans.h"
#include "telemetry/protobuf.h"

using namespace weir;
using namespace weir::telemetry;

namespace {

// Hexadecimal and 'text', with blanks between.
std::string bytes(std::string_view spelled) {
    std::string out;
    for (std::size_t at = 0; at < spelled.size();) {
        if (spelled[at] == ' ' || spelled[at] == '\n') {
            ++at;
        } else if (spelled[at] == '\'') {
            const std::size_t end = spelled.find('\'', at + 1);
            out += spelled.substr(at + 1, end - at - 1);
            at = end + 1;
        } else {
            out += static_cast<char>(std::stoi(std::string(spelled.substr(at, 2)), nullptr, 16));
            at += 2;
        }
    }
    return out;
}

std::string name_of(store::NameId id) {
    constexpr std::array<std::string_view, 5> kNames = {"", "acme", "default", "fake/large", "fake/sm\xff"};
    return std::string(kNames.at(id));
}

// A field of length-prefixed bytes, for tags and lengths of one byte each.
std::string field(char tag, const std::string& inside) {
    REQUIRE(inside.size() < 128);
    return std::string(1, tag) + static_cast<char>(inside.size()) + inside;
}
std::string attribute(std::string_view key, const std::string& value) {
    return field(0x4a, field(0x0a, std::string(key)) + field(0x12, value));
}
std::string text(std::string_view value) {
    return field(0x0a, std::string(value));
}

Settled a_call() {
    Settled settled;
    store::LedgerRow& row = settled.row;
    row.id = 0x123;
    row.purpose = store::Purpose::judge;
    row.started_unix_micros = 1'700'000'000'123'456;
    row.latency_micros = 1'500;
    row.tenant = 1;
    row.attempt_count = 1;
    store::Attempt& attempt = row.attempts[0];
    attempt.tier = store::TierKind::model;
    attempt.outcome = store::Outcome::failed;
    attempt.status = 429;
    attempt.model = 3;
    attempt.input_uncached = 300;
    attempt.output = 9;
    settled.note.trace = {{0x0af7651916cd43ddU, 0x8448eb211c80319cU}, 0, 0x5, true, true};
    settled.note.origin = {{1, 2}, 3};
    return settled;
}

Settled a_request() {
    Settled settled = a_call();
    store::LedgerRow& row = settled.row;
    row.purpose = store::Purpose::request;
    row.status = 200;
    row.reference = row.served_model = 3;
    row.tier = store::TierKind::model;
    row.attempts[0].outcome = store::Outcome::served;
    settled.note.trace.parent = 0xb7ad6b7169203331U;
    return settled;
}

std::string spans_of(const Settled& settled) {
    NameTexts names(name_of);
    SpanBatch batch(names);
    batch.add(settled);
    return std::string(batch.take().view());
}

std::size_t count(std::string_view in, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = in.find(part); at != std::string_view::npos; at = in.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("a span, byte by byte") {
    const std::string inside = bytes("0a 10 0af7651916cd43dd8448eb211c80319c 12 08 0000000000000005 85 01 01 00 00 00");
    const std::string body = spans_of(a_call());
    REQUIRE(body.size() > 130);
    CHECK(body.substr(0, 1) == bytes("12"));
    CHECK(body.substr(3, inside.size()) == inside);
    std::string rest = body.substr(3 + inside.size());
    const auto number = [](std::uint64_t value) {
        char raw[8];
        protobuf::put_fixed(value, raw);
        return std::string(raw, sizeof raw);
    };
    const std::string expected =
        "\x39" + number(1'700'000'000'123'456'000) + "\x41" + number(1'700'000'000'124'956'000) +
        field(0x2a, "chat large") + bytes("30 03 7a 02 18 02") + attribute("gen_ai.operation.name", text("chat")) +
        attribute("gen_ai.provider.name", text("fake")) + attribute("gen_ai.request.model", text("large")) +
        attribute("http.response.status_code", bytes("18 ad 03")) + attribute("weir.tier", text("model")) +
        attribute("weir.outcome", text("failed")) + attribute("weir.purpose", text("judge")) +
        attribute("error.type", text("429")) + attribute("weir.tenant", text("acme")) +
        attribute("gen_ai.usage.input_tokens", bytes("18 ac 02")) +
        attribute("gen_ai.usage.output_tokens", bytes("18 09")) +
        attribute("weir.request.id", text("0000000000000123")) +
        field(0x6a, field(0x0a, number(std::uint64_t{1} << 56) + number(std::uint64_t{2} << 56)) +
                        field(0x12, number(std::uint64_t{3} << 56)) + bytes("35 01 01 00 00"));
    CHECK(rest == expected);
    const std::size_t size = body.size() - 3;
    CHECK(static_cast<unsigned char>(body[1]) == ((size & 0x7f) | 0x80));
    CHECK(static_cast<unsigned char>(body[2]) == size >> 7);
}

TEST_CASE("a request and what was done for it") {
    Settled settled = a_request();
    settled.note.attempt_begun[0] = 50;
    settled.note.first_token_micros = 700;
    settled.row.attempts[0].evidence = -0.5F;
    NameTexts names(name_of);
    SpanBatch batch(names);
    batch.add(settled);
    CHECK(batch.spans() == 2);
    batch.add(settled);  // out of what was kept
    CHECK(batch.spans() == 4);
    const ByteBuffer taken = batch.take();
    const std::string_view body = taken.view();
    CHECK(batch.spans() == 0);
    CHECK(batch.bytes() == 0);
    CHECK(body.substr(0, body.size() / 2) == body.substr(body.size() / 2));
    for (const std::string& part :
         {bytes("22 08 b7ad6b7169203331 85 01 01 03 00 00"), field(0x2a, "chat large") + bytes("30 02"),
          bytes("22 08 0000000000000005 85 01 01 01 00 00"), field(0x2a, "chat large") + bytes("30 03"),
          attribute("gen_ai.response.model", text("large")), attribute("weir.stream", bytes("10 00")),
          attribute("weir.first_token_us", bytes("18 bc 05")),
          attribute("weir.cost_usd", bytes("21 00 00 00 00 00 00 00 00")),
          attribute("weir.mean_logprob", bytes("21 00 00 00 00 00 00 e0 bf"))}) {
        CAPTURE(part);
        CHECK(count(body, part) == 2);
    }
    CHECK(count(body, bytes("18 02")) == 0);  // no error
}

TEST_CASE("kinds of spans are not mixed up, however many there are") {
    NameTexts names(name_of);
    SpanBatch batch(names);
    std::string each;
    for (int turn = 0; turn < 2; ++turn) {
        for (std::uint16_t status = 100; status < 600; ++status) {
            Settled settled = a_request();
            settled.row.status = settled.row.attempts[0].status = status;
            batch.add(settled);
            each += spans_of(settled);
        }
    }
    CHECK(batch.take().view() == each);
}

TEST_CASE("a long name has a longer length, and what is no UTF-8 does not go out") {
    Settled settled = a_request();
    settled.row.reference = 4;
    CHECK(count(spans_of(settled), text("sm?")) == 1);
    std::string long_name = "fake/" + std::string(30'000, 'x');
    NameTexts names([&](store::NameId) { return long_name; });
    SpanBatch batch(names);
    batch.add(settled);
    const ByteBuffer taken = batch.take();
    std::string_view rest = taken.view();
    for (int span = 0; span < 2; ++span) {
        const auto found = protobuf::take_field(rest);
        REQUIRE(found);
        CHECK(found->number == 2);
        CHECK(found->bytes.size() > 60'000);
        for (std::string_view inside = found->bytes; !inside.empty();) REQUIRE(protobuf::take_field(inside));
    }
    CHECK(rest.empty());
}

TEST_CASE("who tells stands around it") {
    ByteBuffer items;
    char* to = items.room(10);
    items.ended(protobuf::put_bytes(kItem, "span", to));
    OtlpEnvelope({0x0011223344556677U, 0x8899aabbccddeeffU}).put_around(items);
    std::string_view rest = items.view();
    const auto all = protobuf::take_field(rest);
    REQUIRE(all);
    CHECK(rest.empty());
    std::string_view inside = all->bytes;
    const auto resource = protobuf::take_field(inside);
    REQUIRE(resource);
    CHECK(count(resource->bytes, "00112233-4455-4677-a226-6aaef3377bbf") == 1);
    const auto scoped = protobuf::take_field(inside);
    REQUIRE(scoped);
    CHECK(scoped->number == 2);
    CHECK(inside.empty());
    CHECK(scoped->bytes.ends_with(bytes("12 04 'span'")));
    CHECK(count(scoped->bytes, "https://opentelemetry.io/schemas/1.37.0") == 1);
}

TEST_CASE("metrics, byte by byte") {
    NameTexts names(name_of);
    Totals totals;
    totals.labels.resize(1);
    totals.labels[0].set = {4, 3, 1, 0xab};
    totals.labels[0].requests = 7;
    std::size_t points = 0;
    const ByteBuffer body = render_otlp_metrics(totals, {1, 2}, names, points);
    CHECK(points == 1);  // what has no points is left out
    const auto kv = [](std::string_view key, std::string_view value) {
        return field(0x3a, field(0x0a, std::string(key)) + field(0x12, text(value)));
    };
    const std::string point = kv("weir.tier", "reference") + kv("gen_ai.response.model", "large") +
                              kv("weir.tenant", "acme") + kv("weir.task", "00000000000000ab") +
                              bytes("11 e8 03 00 00 00 00 00 00 19 d0 07 00 00 00 00 00 00 31 07 00 00 00 00 00 00 00");
    CHECK(point.size() == 143);
    const std::string expected = field(0x0a, "weir.requests") + field(0x12, "Requests settled, by who answered.") +
                                 field(0x1a, "{request}") + bytes("3a 96 01 10 02 18 01 0a 8f 01") + point;
    CHECK(body.view().substr(3) == expected);
}

TEST_CASE("a histogram has all its buckets") {
    NameTexts names(name_of);
    Totals totals;
    Overheads overheads;
    overheads.record(60);
    overheads.add_to(totals.overhead);
    std::size_t points = 0;
    const ByteBuffer body = render_otlp_metrics(totals, {}, names, points);
    CHECK(points == 1);
    CHECK(count(body.view(), bytes("32 78 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00")) == 1);
    CHECK(count(body.view(), bytes("3a 70")) == 1);
}

TEST_CASE("what the collector did not take") {
    CHECK(rejected_items("") == 0);
    CHECK(rejected_items(bytes("0a 00")) == 0);
    CHECK(rejected_items(bytes("0a 02 08 03")) == 3);
    CHECK(rejected_items(bytes("0a 08 12 03 'why' 08 81 02")) == 257);
    CHECK(rejected_items(bytes("0a 0b 08 ff ff ff ff ff ff ff ff ff 01")) == 0);  // minus one
    CHECK(rejected_items(bytes("15 01 02 03 04 19 01 02 03 04 05 06 07 08 10 05 0a 02 08 03")) == 3);
    for (const char* const bad :
         {"0a", "0a 05 08", "08", "08 ff ff ff ff ff ff ff ff ff 02", "0b", "00 01", "0a 02 08"}) {
        CAPTURE(bad);
        CHECK(rejected_items(bytes(bad)) == 0);
    }
    CHECK(rejected_items("{\"partialSuccess\":{\"rejectedSpans\":\"1\"}}") == 0);
}
