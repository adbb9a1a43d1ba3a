#include "telemetry/protobuf.h"

namespace weir::telemetry::protobuf {
namespace {

std::optional<std::uint64_t> take_varint(std::string_view& from) {
    std::uint64_t value = 0;
    for (std::size_t at = 0; at < from.size() && at < kMostVarint; ++at) {
        const auto byte = static_cast<unsigned char>(from[at]);
        if (at + 1 == kMostVarint && byte > 1) return std::nullopt;  // of its 70 bits 64 are left
        value |= std::uint64_t{byte & 0x7fU} << (7 * at);
        if (byte < 0x80) {
            from.remove_prefix(at + 1);
            return value;
        }
    }
    return std::nullopt;
}

template <class T>
std::optional<std::uint64_t> take_fixed(std::string_view& from) {
    T value = 0;
    if (from.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
    return value;
}

}  // namespace

std::optional<Field> take_field(std::string_view& message) {
    const std::optional<std::uint64_t> tag = take_varint(message);
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    Field field{*tag >> 3, static_cast<Type>(*tag & 7), 0, {}};
    std::optional<std::uint64_t> value;
    switch (field.type) {
        case Type::varint:
            value = take_varint(message);
            break;
        case Type::fixed64:
            value = take_fixed<std::uint64_t>(message);
            break;
        case Type::fixed32:
            value = take_fixed<std::uint32_t>(message);
            break;
        case Type::bytes: {
            value = take_varint(message);
            if (!value || *value > message.size()) return std::nullopt;
            field.bytes = message.substr(0, *value);
            message.remove_prefix(*value);
            break;
        }
        default:
            return std::nullopt;
    }
    if (!value) return std::nullopt;
    field.value = *value;
    return field;
}

}  // namespace weir::telemetry::protobuf
