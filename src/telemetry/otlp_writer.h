// The small pieces that OTLP's messages are made of. For this room alone.
// Thread rule: one owner; `out` outlives what writes to it. Limits: none. Texts are UTF-8 before they come here.
#pragma once

#include <array>
#include <string_view>

#include "base/units.h"
#include "telemetry/byte_buffer.h"
#include "telemetry/protobuf.h"

namespace weir::telemetry {

// KeyValue and AnyValue.
constexpr char kKey = protobuf::tag(1, protobuf::Type::bytes), kValue = protobuf::tag(2, protobuf::Type::bytes);
constexpr char kTextValue = protobuf::tag(1, protobuf::Type::bytes),
               kFlagValue = protobuf::tag(2, protobuf::Type::varint),
               kWholeValue = protobuf::tag(3, protobuf::Type::varint),
               kRealValue = protobuf::tag(4, protobuf::Type::fixed64);

inline double in_usd(Usd value) {
    return static_cast<double>(value.nanos) / 1e9;  // the nearest to the decimal number
}
inline std::uint64_t in_nanos(Micros unix_micros) {
    return static_cast<std::uint64_t>(unix_micros) * 1'000;
}

// A message within another whose length is known once it is over: most have one byte of length.
class Nested {
  public:
    Nested(ByteBuffer& out, char tag) : out_(out) {
        char* const to = out.room(2);
        to[0] = tag;
        out.ended(to + 2);
        begin_ = out.size();
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() {
        const std::size_t size = out_.size() - begin_, more = protobuf::varint_size(size) - 1;
        char* const end = out_.room(more) + more;
        char* const begin = out_.at(begin_);
        if (more > 0) std::memmove(begin + more, begin, size);
        out_.ended(end);
        protobuf::put_varint(size, begin - 1);
    }

  private:
    ByteBuffer& out_;
    std::size_t begin_ = 0;
};

// The KeyValues of a message, in its field `tag`, whatever their keys.
class Attributes {
  public:
    Attributes(ByteBuffer& out, char tag) : out_(out), tag_(tag) {}

    void text(std::string_view key, std::string_view value) {
        out_.ended(protobuf::put_bytes(kTextValue, value, begin(key, protobuf::bytes_size(value.size()))));
    }
    void whole(std::string_view key, std::uint64_t value) { number(key, kWholeValue, value); }
    void flag(std::string_view key, bool value) { number(key, kFlagValue, value ? 1 : 0); }

  private:
    void number(std::string_view key, char tag, std::uint64_t value) {
        char* to = begin(key, 1 + protobuf::varint_size(value));
        *to++ = tag;
        out_.ended(protobuf::put_varint(value, to));
    }
    // `size`: of the AnyValue, for which there is room then.
    char* begin(std::string_view key, std::size_t size) {
        const std::size_t all = protobuf::bytes_size(key.size()) + protobuf::bytes_size(size);
        char* to = out_.room(protobuf::bytes_size(all));
        *to++ = tag_;
        to = protobuf::put_bytes(kKey, key, protobuf::put_varint(all, to));
        *to++ = kValue;
        return protobuf::put_varint(size, to);
    }

    ByteBuffer& out_;
    const char tag_;
};

// What stands before the value of an attribute whose key never changes, ready-made but for the two lengths.
template <std::size_t size>
struct Key {
    static constexpr std::size_t kLetters = size - 1;                   // without the end of the literal
    static constexpr std::size_t kBytes = 2 + 2 + kLetters + 2 + 1;     // with the value's tag
    static constexpr std::size_t kOwnLength = 1, kLength = kBytes - 2;  // where the lengths are

    constexpr Key(char tag, const char (&key)[size], char value_tag, std::size_t value_size = 0) {
        static_assert(kBytes + kMostValue < 128, "one byte of length");
        std::size_t at = 0;
        bytes[at++] = tag;
        bytes[at++] = static_cast<char>(kBytes - 2 + value_size);
        bytes[at++] = kKey;
        bytes[at++] = static_cast<char>(kLetters);
        for (std::size_t i = 0; i < kLetters; ++i) bytes[at++] = key[i];
        bytes[at++] = kValue;
        bytes[at++] = static_cast<char>(1 + value_size);
        bytes[at] = value_tag;
    }
    static constexpr std::size_t kMostValue = 20;
    std::array<char, kBytes> bytes{};

    char* put(char* to) const {
        std::memcpy(to, bytes.data(), kBytes);
        return to + kBytes;
    }
    char* put_whole(std::int64_t value, char* to) const {
        char* const begin = put(to);
        char* const end = protobuf::put_varint(static_cast<std::uint64_t>(value), begin);
        to[kOwnLength] = static_cast<char>(to[kOwnLength] + (end - begin));
        to[kLength] = static_cast<char>(to[kLength] + (end - begin));
        return end;
    }
};

}  // namespace weir::telemetry
