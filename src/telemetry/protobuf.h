// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/), as far as OTLP has it: written into bytes
// that have room for it, and the fields of a message one by one.
// Thread rule: pure functions. Limits: a message below 4 GiB; numbers of fields below 16 where a tag is one byte.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace weir::telemetry::protobuf {

enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr char tag(unsigned number, Type type) {
    return static_cast<char>(number << 3 | static_cast<unsigned>(type));
}

constexpr std::size_t kMostVarint = 10;  // bytes
constexpr std::size_t varint_size(std::uint64_t value) {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Each writes to `to`, which has room, and returns where it has ended.
constexpr char* put_varint(std::uint64_t value, char* to) {
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to++ = static_cast<char>(value);
    return to;
}
// x86-64 and arm64: little endian, as the format has it.
template <class T>
char* put_fixed(T value, char* to) {
    static_assert(sizeof(T) == 8 || sizeof(T) == 4);
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
}
inline char* put_raw(std::string_view bytes, char* to) {
    std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}
inline char* put_bytes(char tag, std::string_view bytes, char* to) {
    *to++ = tag;
    return put_raw(bytes, put_varint(bytes.size(), to));
}
constexpr std::size_t bytes_size(std::size_t size) {  // of put_bytes()
    return 1 + varint_size(size) + size;
}

struct Field {
    std::uint64_t number = 0;
    Type type = Type::varint;
    std::uint64_t value = 0;  // but for bytes
    std::string_view bytes;
};
// Takes the first field off the message, which is not empty. Nothing: it is malformed, or of a type that is no more.
std::optional<Field> take_field(std::string_view& message);

}  // namespace weir::telemetry::protobuf
