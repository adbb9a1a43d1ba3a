#include "local/gguf_header.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

namespace weir::local {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t first_bytes = 4U << 20U;  // read at first; four times as many for as long as they don't suffice
constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t most_alignment = 1U << 16U;
constexpr std::uint64_t most_items = std::uint64_t{1} << 48U;  // of a tensor
constexpr std::size_t shown_bytes = 60;                        // of a name, in messages

// GGUF's numbers for the kinds of metadata.
enum Kind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, flag, text, list, u64, i64, f64, kinds };

// ggml's tensor types: items in a block, and its bytes.
struct TensorType {
    std::uint32_t number;
    const char* name;
    std::uint32_t items, bytes;
};
constexpr TensorType tensor_types[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
};

const TensorType* tensor_type(std::uint32_t number) {
    const auto* const found = std::find_if(std::begin(tensor_types), std::end(tensor_types),
                                           [&](const TensorType& type) { return type.number == number; });
    return found == std::end(tensor_types) ? nullptr : found;
}

std::string shown(std::string_view name) {
    std::string out = "'" + std::string(name.substr(0, shown_bytes)) + (name.size() > shown_bytes ? "...'" : "'");
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return out;
}

// Bytes from the front. After the first failure `error` says why, and everything read is 0 or empty.
class Cursor {
  public:
    Cursor(std::string_view bytes, std::uint64_t file_bytes) : bytes_(bytes), whole_(bytes.size() >= file_bytes) {}

    std::string_view take(std::uint64_t size) {
        if (!failed_ && size > bytes_.size() - at_) {
            whole_ ? refuse(ErrorCode::invalid, "it ends within its header, at byte " + std::to_string(bytes_.size()))
                   : refuse(ErrorCode::too_large, "its header goes beyond byte " + std::to_string(bytes_.size()));
        }
        if (failed_) return {};
        at_ += size;
        return bytes_.substr(at_ - size, size);
    }
    template <class T>
    T number() {
        T value{};
        const std::string_view bytes = take(sizeof value);
        if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    // A length and so many bytes. `what`: for the message.
    std::string_view counted(std::uint64_t most, const std::string& what) {
        const auto size = number<std::uint64_t>();
        if (size > most) {
            refuse(ErrorCode::too_large,
                   what + " has " + std::to_string(size) + " bytes, more than " + std::to_string(most));
        }
        return take(size);
    }
    void refuse(ErrorCode code, std::string why) {
        if (!failed_) error_ = {code, std::move(why)};
        failed_ = true;
    }
    void invalid(std::string why) { refuse(ErrorCode::invalid, std::move(why)); }
    bool failed() const { return failed_; }
    const Error& error() const { return error_; }
    std::size_t at() const { return at_; }

  private:
    std::string_view bytes_;
    bool whole_;
    std::size_t at_ = 0;
    bool failed_ = false;
    Error error_;
};

// The bytes of a value whose kind has a fixed size; 0: it has none.
std::uint64_t size_of(std::uint32_t kind) {
    switch (kind) {
        case u8:
        case i8:
        case flag:
            return 1;
        case u16:
        case i16:
            return 2;
        case u32:
        case i32:
        case f32:
            return 4;
        case u64:
        case i64:
        case f64:
            return 8;
        default:
            return 0;
    }
}

GgufList read_list(Cursor& cursor, const std::string& key) {
    GgufList out;
    out.type = cursor.number<std::uint32_t>();
    out.count = cursor.number<std::uint64_t>();
    if (out.type >= kinds || out.type == list) {
        cursor.invalid(key + " is a list of type " + std::to_string(out.type));
    }
    if (out.count > most_gguf_list_items) {
        cursor.refuse(ErrorCode::too_large, key + " has " + std::to_string(out.count) + " items, more than " +
                                                std::to_string(most_gguf_list_items));
    }
    Sha256 hash;
    hash.update({reinterpret_cast<const char*>(&out.type), sizeof out.type});
    hash.update({reinterpret_cast<const char*>(&out.count), sizeof out.count});
    if (out.type == text) {
        for (std::uint64_t i = 0; i < out.count && !cursor.failed(); ++i) {
            hash.update_part(cursor.counted(most_gguf_text_bytes, key));
        }
    } else if (!cursor.failed()) {
        hash.update(cursor.take(out.count * size_of(out.type)));
    }
    if (cursor.failed()) return {};
    out.digest = hash.finish();
    return out;
}

GgufValue read_value(Cursor& cursor, std::uint32_t kind, const std::string& key) {
    switch (kind) {
        case u8:
            return std::uint64_t{cursor.number<std::uint8_t>()};
        case u16:
            return std::uint64_t{cursor.number<std::uint16_t>()};
        case u32:
            return std::uint64_t{cursor.number<std::uint32_t>()};
        case u64:
            return cursor.number<std::uint64_t>();
        case i8:
            return std::int64_t{cursor.number<std::int8_t>()};
        case i16:
            return std::int64_t{cursor.number<std::int16_t>()};
        case i32:
            return std::int64_t{cursor.number<std::int32_t>()};
        case i64:
            return cursor.number<std::int64_t>();
        case f32:
            return double{cursor.number<float>()};
        case f64:
            return cursor.number<double>();
        case flag: {
            const auto byte = cursor.number<std::uint8_t>();
            if (byte > 1) cursor.invalid(key + " is neither true nor false");
            return byte == 1;
        }
        case text:
            return std::string(cursor.counted(most_gguf_text_bytes, key));
        case list:
            return read_list(cursor, key);
        default:
            cursor.invalid(key + " is of type " + std::to_string(kind) + ", which there is not");
            return false;
    }
}

void read_values(Cursor& cursor, std::uint64_t count, GgufHeader& to) {
    for (std::uint64_t i = 0; i < count && !cursor.failed(); ++i) {
        const std::string key(cursor.counted(most_gguf_name_bytes, "a key of the metadata"));
        if (key.empty()) cursor.invalid("a key of the metadata is empty");
        const auto kind = cursor.number<std::uint32_t>();
        GgufValue value = read_value(cursor, kind, shown(key));
        if (!to.values.emplace(key, std::move(value)).second) cursor.invalid(shown(key) + " is there twice");
    }
}

GgufTensor read_tensor(Cursor& cursor, const std::string& name) {
    GgufTensor out;
    const auto dimensions = cursor.number<std::uint32_t>();
    if (dimensions == 0 || dimensions > most_gguf_dimensions) {
        cursor.invalid("tensor " + name + " has " + std::to_string(dimensions) + " dimensions");
    }
    std::uint64_t items = 1;
    for (std::uint32_t i = 0; i < dimensions && !cursor.failed(); ++i) {
        const auto size = cursor.number<std::uint64_t>();
        if (size == 0 || size > most_items / items) {
            cursor.invalid("tensor " + name + " has an impossible size");
            break;
        }
        items *= size;
        out.size.push_back(size);
    }
    out.type = cursor.number<std::uint32_t>();
    out.offset = cursor.number<std::uint64_t>();
    if (cursor.failed()) return out;
    if (const TensorType* const type = tensor_type(out.type)) {
        if (out.size[0] % type->items != 0) {
            cursor.invalid("tensor " + name + " has rows of " + std::to_string(out.size[0]) + ", no multiple of the " +
                           std::to_string(type->items) + " of a block of " + type->name);
        }
        out.bytes = items / type->items * type->bytes;
    }
    return out;
}

void read_tensors(Cursor& cursor, std::uint64_t count, GgufHeader& to) {
    for (std::uint64_t i = 0; i < count && !cursor.failed(); ++i) {
        const std::string name(cursor.counted(most_gguf_name_bytes, "a tensor's name"));
        if (name.empty()) cursor.invalid("a tensor has no name");
        GgufTensor tensor = read_tensor(cursor, shown(name));
        if (!to.tensors.emplace(name, std::move(tensor)).second) {
            cursor.invalid("tensor " + shown(name) + " is there twice");
        }
    }
}

std::uint64_t alignment_of(Cursor& cursor, const GgufHeader& header) {
    if (!header.values.contains("general.alignment")) return default_alignment;
    const std::uint64_t alignment = header.whole("general.alignment").value_or(0);
    if (!std::has_single_bit(alignment) || alignment > most_alignment) {
        cursor.invalid("general.alignment is no power of two up to " + std::to_string(most_alignment));
        return default_alignment;
    }
    return alignment;
}

// The data: each tensor aligned, within the file, beside the others.
void check_data(Cursor& cursor, GgufHeader& header) {
    const std::uint64_t alignment = alignment_of(cursor, header);
    header.data_begin = (cursor.at() + alignment - 1) / alignment * alignment;
    const std::uint64_t data_bytes = header.file_bytes - std::min(header.data_begin, header.file_bytes);
    std::set<std::pair<std::uint64_t, std::uint64_t>> places;
    for (const auto& [name, tensor] : header.tensors) {
        if (tensor.offset % alignment != 0) cursor.invalid("tensor " + shown(name) + " is not aligned");
        if (tensor.offset > data_bytes || tensor.bytes > data_bytes - tensor.offset) {
            cursor.invalid("tensor " + shown(name) + " goes beyond the file's end (cut off?)");
        }
        if (!places.emplace(tensor.offset, tensor.bytes).second) {
            cursor.invalid("tensor " + shown(name) + " lies where another one does");
        }
    }
    if (cursor.failed()) return;
    std::uint64_t end = 0;
    for (const auto& [offset, bytes] : places) {
        if (offset < end) cursor.invalid("tensors overlap at byte " + std::to_string(header.data_begin + offset));
        end = std::max(end, offset + bytes);
    }
}

// A view of the value of this type; nullptr: absent, or of another one.
template <class T>
const T* value_of(const GgufHeader& header, std::string_view key) {
    const auto found = header.values.find(key);
    return found == header.values.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

const std::string* GgufHeader::text(std::string_view key) const {
    return value_of<std::string>(*this, key);
}

const GgufList* GgufHeader::list(std::string_view key) const {
    return value_of<GgufList>(*this, key);
}

std::optional<std::uint64_t> GgufHeader::whole(std::string_view key) const {
    if (const auto* const value = value_of<std::uint64_t>(*this, key)) return *value;
    const auto* const value = value_of<std::int64_t>(*this, key);
    if (value == nullptr || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

std::optional<double> GgufHeader::real(std::string_view key) const {
    if (const auto* const value = value_of<double>(*this, key)) return *value;
    if (const auto* const value = value_of<std::int64_t>(*this, key)) return static_cast<double>(*value);
    const std::optional<std::uint64_t> value = whole(key);
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
}

std::string gguf_type_name(std::uint32_t type) {
    const TensorType* const known = tensor_type(type);
    return known == nullptr ? "type " + std::to_string(type) : known->name;
}

Result<GgufHeader> parse_gguf_header(std::string_view bytes, std::uint64_t file_bytes) {
    Cursor cursor(bytes, file_bytes);
    GgufHeader header;
    header.file_bytes = file_bytes;
    if (bytes.substr(0, 4) != std::string_view("GGUF").substr(0, std::min<std::size_t>(4, bytes.size()))) {
        return fail(ErrorCode::invalid, "it does not begin with GGUF");
    }
    cursor.take(4);
    header.version = cursor.number<std::uint32_t>();
    if (header.version != 0 && (header.version & 0xFFFFU) == 0) cursor.invalid("it is big-endian");
    if (header.version != 2 && header.version != 3) {
        cursor.invalid("it is of version " + std::to_string(header.version) + "; those of 2 and 3 can be read");
    }
    const auto tensors = cursor.number<std::uint64_t>();
    const auto values = cursor.number<std::uint64_t>();
    if (tensors > most_gguf_tensors || values > most_gguf_keys) {
        cursor.refuse(ErrorCode::too_large, "it has more than " + std::to_string(most_gguf_tensors) + " tensors or " +
                                                std::to_string(most_gguf_keys) + " keys");
    }
    if (!cursor.failed()) read_values(cursor, values, header);
    if (!cursor.failed()) read_tensors(cursor, tensors, header);
    if (!cursor.failed()) check_data(cursor, header);
    if (cursor.failed()) return tl::unexpected(cursor.error());
    return header;
}

Result<GgufHeader> read_gguf_header(const std::string& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) {
        return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, file + ": " + std::strerror(errno));
    }
    std::ifstream in(file, std::ios::binary);
    if (!S_ISREG(info.st_mode) || !in) return fail(ErrorCode::io, file + ": can't be read");
    const auto file_bytes = static_cast<std::uint64_t>(info.st_size);
    std::string bytes;
    for (std::size_t wanted = first_bytes;; wanted *= 4) {
        const std::size_t had = bytes.size();
        bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, file_bytes)));
        if (!in.read(bytes.data() + had, static_cast<std::streamsize>(bytes.size() - had))) {
            return fail(ErrorCode::io, file + ": can't be read to its end");
        }
        Result<GgufHeader> header = parse_gguf_header(bytes, file_bytes);
        if (header) return header;
        const bool more = bytes.size() < file_bytes && wanted < most_gguf_header_bytes;
        if (header.error().code != ErrorCode::too_large || !more) {
            return fail(header.error().code, file + ": not a sound GGUF file: " + header.error().message);
        }
    }
}

}  // namespace weir::local
