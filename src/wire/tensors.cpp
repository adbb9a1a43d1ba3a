#include "wire/tensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/hash.h"
#include "json/scan.h"
#include "json/utf8.h"

namespace weir::wire {
namespace {

constexpr char kMark = 'T';
constexpr std::size_t kDigits = 8, kPrefix = 1 + kDigits;

template <typename T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The value's bytes, which are little-endian as on every machine that Weir is built for.
template <typename T>
T read(std::string_view bytes, std::size_t at) {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <typename T>
void write_number(T value, std::string& out) {
    if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(value)) {
            out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
            return;
        }
    }
    std::array<char, 32> text;
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

// IEEE 754 binary16.
float half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    float value = exponent == 31  ? (fraction != 0 ? NAN : INFINITY)
                  : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                  : std::ldexp(static_cast<float>(fraction | 0x400), exponent - 25);
    return (bits & 0x8000) != 0 ? -value : value;
}

// The upper half of a binary32.
float brain(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

void write_text(std::string_view bytes, std::string& out) {
    if (json::valid_utf8(bytes)) return json::write_string(bytes, out);
    std::string hex("\0hex:", 5);
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char byte : bytes) {
        hex += kHex[static_cast<unsigned char>(byte) >> 4];
        hex += kHex[static_cast<unsigned char>(byte) & 15];
    }
    json::write_string(hex, out);
}

template <typename T, typename Write>
bool write_each(std::string_view bytes, std::size_t most_bytes, std::string& out, Write write) {
    if (bytes.size() % sizeof(T) != 0) return false;
    for (std::size_t at = 0; at < bytes.size() && out.size() <= most_bytes; at += sizeof(T)) {
        if (at > 0) out += ',';
        write(read<T>(bytes, at), out);
    }
    return out.size() <= most_bytes;
}

template <typename T>
bool write_numbers(std::string_view bytes, std::size_t most_bytes, std::string& out) {
    return write_each<T>(bytes, most_bytes, out, write_number<T>);
}

// Each with its length before it, in 4 bytes.
bool write_texts(std::string_view bytes, std::size_t most_bytes, std::string& out) {
    for (std::size_t at = 0; at < bytes.size();) {
        if (bytes.size() - at < 4) return false;
        const std::size_t length = read<std::uint32_t>(bytes, at);
        if (length > bytes.size() - at - 4 || out.size() > most_bytes) return false;
        if (at > 0) out += ',';
        write_text(bytes.substr(at + 4, length), out);
        at += 4 + length;
    }
    return out.size() <= most_bytes;
}

bool write_values(const Tensor& tensor, std::size_t most, std::string& out) {
    const std::string_view type = tensor.datatype, bytes = tensor.bytes;
    if (type == "FP32") return write_numbers<float>(bytes, most, out);
    if (type == "FP64") return write_numbers<double>(bytes, most, out);
    if (type == "INT64") return write_numbers<std::int64_t>(bytes, most, out);
    if (type == "INT32") return write_numbers<std::int32_t>(bytes, most, out);
    if (type == "INT16") return write_numbers<std::int16_t>(bytes, most, out);
    if (type == "INT8") return write_numbers<std::int8_t>(bytes, most, out);
    if (type == "UINT64") return write_numbers<std::uint64_t>(bytes, most, out);
    if (type == "UINT32") return write_numbers<std::uint32_t>(bytes, most, out);
    if (type == "UINT16") return write_numbers<std::uint16_t>(bytes, most, out);
    if (type == "UINT8") return write_numbers<std::uint8_t>(bytes, most, out);
    if (type == "BYTES") return write_texts(bytes, most, out);
    if (type == "BOOL") {
        return write_each<std::uint8_t>(
            bytes, most, out, [](std::uint8_t value, std::string& to) { to += value != 0 ? "true" : "false"; });
    }
    const bool is_half = type == "FP16";
    if (!is_half && type != "BF16") return false;
    return write_each<std::uint16_t>(bytes, most, out, [is_half](std::uint16_t bits, std::string& to) {
        write_number(is_half ? half(bits) : brain(bits), to);
    });
}

// The head with `value(tensor)` as `data` of each; an object with parameters is never empty.
template <typename Value>
std::optional<std::string> with_data(const TensorBody& body, const std::vector<Tensor>& tensors, Value value) {
    std::string out;
    std::size_t copied = 0;
    for (const Tensor& tensor : tensors) {
        const std::size_t end = tensor.object.end - 1;
        out += body.head.substr(copied, end - copied);
        copied = end;
        out += ",\"data\":";
        if (!value(tensor, out)) return std::nullopt;
    }
    out += body.head.substr(copied);
    return out;
}

}  // namespace

std::optional<TensorBody> split_tensors(std::string_view body, std::optional<std::string_view> header) {
    if (!header) return TensorBody{body, {}, false};
    const auto length = whole_number<std::size_t>(*header);
    if (!length || *length > body.size()) return std::nullopt;
    return TensorBody{body.substr(0, *length), body.substr(*length), true};
}

json::Span whole_of(std::string_view head) {
    const std::size_t begin = std::min(head.find('{'), head.size());
    return {begin, std::max(begin, head.rfind('}') + 1)};
}

std::optional<std::vector<Tensor>> binary_tensors(const TensorBody& body, std::string_view list) {
    std::vector<Tensor> tensors;
    std::string_view left = body.tensors;
    const std::string_view head = body.head;
    const auto array = json::find_member(head, whole_of(head), list);
    if (!array || !json::is_array(array->of(head))) {
        return left.empty() ? std::optional(std::move(tensors)) : std::nullopt;
    }
    for (json::Walk each(head, *array); each.next();) {
        if (!each.at_object()) return std::nullopt;
        const json::Span object = each.value();
        const auto parameters = json::find_member(head, object, "parameters");
        if (!parameters || !json::is_object(parameters->of(head))) continue;
        const auto size = json::find_member(head, *parameters, "binary_data_size");
        if (!size) continue;
        const auto bytes = json::as_int64(size->of(head));
        const auto type = json::find_member(head, object, "datatype");
        const std::string_view datatype = type ? type->of(head) : std::string_view();
        if (!bytes || *bytes < 0 || static_cast<std::uint64_t>(*bytes) > left.size() || !json::is_string(datatype) ||
            tensors.size() == kMaxTensors) {
            return std::nullopt;
        }
        const auto length = static_cast<std::size_t>(*bytes);
        tensors.push_back({object, datatype.substr(1, datatype.size() - 2), left.substr(0, length)});
        left.remove_prefix(length);
    }
    if (!left.empty()) return std::nullopt;
    return tensors;
}

std::string kept_form(std::string body, std::size_t head_bytes) {
    if (head_bytes == 0) return body;
    std::array<char, kDigits> digits;
    digits.fill('0');
    std::array<char, 2 * kDigits> text;
    const auto written = std::to_chars(text.data(), text.data() + text.size(), head_bytes, 16).ptr - text.data();
    const auto length = std::min<std::size_t>(static_cast<std::size_t>(written), kDigits);
    std::memcpy(digits.data() + kDigits - length, text.data(), length);
    body.insert(0, digits.data(), kDigits);
    body.insert(0, 1, kMark);
    return body;
}

TensorBody read_kept(std::string_view kept) {
    if (kept.size() < kPrefix || kept.front() != kMark) return {kept, {}, false};
    const auto length = whole_number<std::size_t>(kept.substr(1, kDigits), 16);
    const std::string_view body = kept.substr(kPrefix);
    if (!length || *length > body.size()) return {kept, {}, false};
    return {body.substr(0, *length), body.substr(*length), true};
}

std::optional<std::string> answer_as_json(std::string_view kept, std::size_t most_bytes) {
    const TensorBody body = read_kept(kept);
    std::vector<json::Member> members;
    if (body.head.size() > most_bytes || !json::members(body.head, members)) return std::nullopt;
    if (!body.binary) return std::string(body.head);
    const auto tensors = binary_tensors(body, "outputs");
    if (!tensors) return std::nullopt;
    std::optional<std::string> out = with_data(body, *tensors, [most_bytes](const Tensor& tensor, std::string& to) {
        to += '[';
        const bool written = write_values(tensor, most_bytes, to);
        to += ']';
        return written;
    });
    if (out && out->size() > most_bytes) out.reset();
    return out;
}

std::optional<std::string> with_tensor_digests(const TensorBody& body) {
    const auto tensors = binary_tensors(body, "inputs");
    if (!tensors) return std::nullopt;
    return with_data(body, *tensors, [](const Tensor& tensor, std::string& to) {
        json::write_string(to_hex(sha256(tensor.bytes)), to);
        return true;
    });
}

}  // namespace weir::wire
