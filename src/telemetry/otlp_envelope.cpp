#include "telemetry/otlp_envelope.h"

#include <algorithm>

#include "base/hash.h"
#include "base/version.h"
#include "telemetry/otlp_writer.h"

namespace weir::telemetry {
namespace {

using protobuf::tag;
using protobuf::Type;

// Of the request, of ResourceSpans and ScopeSpans; those of metrics have the same numbers.
constexpr char kResourceItems = tag(1, Type::bytes), kResource = tag(1, Type::bytes), kScopeItems = tag(2, Type::bytes),
               kScope = tag(1, Type::bytes), kSchema = tag(3, Type::bytes);
constexpr char kAttributes = tag(1, Type::bytes), kName = tag(1, Type::bytes), kScopeVersion = tag(2, Type::bytes);
constexpr std::string_view kSchemaAddress = "https://opentelemetry.io/schemas/1.37.0";
static_assert(kItem == tag(2, Type::bytes));

void append(ByteBuffer& out, char tag, std::string_view text) {
    out.ended(protobuf::put_bytes(tag, text, out.room(protobuf::bytes_size(text.size()))));
}

// RFC 9562: version and variant have six of its bits.
std::string uuid_of(std::array<std::uint64_t, 2> bits) {
    bits[0] = (bits[0] & ~std::uint64_t{0xf000}) | 0x4000;
    bits[1] = bits[1] >> 2 | std::uint64_t{1} << 63;
    std::string text = to_hex(bits[0]) + to_hex(bits[1]);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
    return text;
}

}  // namespace

OtlpEnvelope::OtlpEnvelope(std::array<std::uint64_t, 2> instance) {
    ByteBuffer out;
    {
        const Nested resource(out, kResource);
        Attributes to(out, kAttributes);
        to.text("service.name", "weir");
        to.text("service.version", kVersion);
        to.text("service.instance.id", uuid_of(instance));
    }
    resource_ = out.view();
    out.clear();
    {
        const Nested scope(out, kScope);
        append(out, kName, "weir");
        append(out, kScopeVersion, kVersion);
    }
    append(out, kSchema, kSchemaAddress);
    scope_ = out.view();
}

void OtlpEnvelope::put_around(ByteBuffer& items) const {
    const std::size_t scoped = scope_.size() + items.size();
    const std::size_t all = resource_.size() + protobuf::bytes_size(scoped);
    char* to = items.before(protobuf::bytes_size(all) - items.size());
    *to++ = kResourceItems;
    to = protobuf::put_raw(resource_, protobuf::put_varint(all, to));
    *to++ = kScopeItems;
    protobuf::put_raw(scope_, protobuf::put_varint(scoped, to));
}

std::size_t rejected_items(std::string_view answer) {
    std::uint64_t rejected = 0;
    while (!answer.empty()) {
        const auto field = protobuf::take_field(answer);
        if (!field) return 0;
        if (field->number != 1 || field->type != Type::bytes) continue;
        for (std::string_view partial = field->bytes; !partial.empty();) {
            const auto inner = protobuf::take_field(partial);
            if (!inner) return 0;
            if (inner->number == 1 && inner->type == Type::varint) rejected = inner->value;
        }
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(rejected)));
}

}  // namespace weir::telemetry
