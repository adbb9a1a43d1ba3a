// What a GGUF file says about itself: its metadata, and the names, shapes, types and places of its tensors; never their
// weights. Written anew for files that come from outside: a model or an adapter that somebody trained. Version 2 and 3,
// little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Whatever is not exactly that is refused:
// keys or tensors twice, overlapping or cut off, lengths that lie.
// Thread rule: parse: pure; read: blocks on disk. Plain values.
// Limits: the constants below; a header of 64 MiB. Of a list only its type, length and digest are kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace weir::local {

constexpr std::size_t most_gguf_header_bytes = 64U << 20U;
constexpr std::uint64_t most_gguf_keys = 4'096;
constexpr std::uint64_t most_gguf_tensors = 65'536;
constexpr std::uint64_t most_gguf_name_bytes = 255;        // of a key or a tensor
constexpr std::uint64_t most_gguf_text_bytes = 1U << 20U;  // a chat template has some 10 KB
constexpr std::uint64_t most_gguf_list_items = 4U << 20U;  // vocabularies have up to 300,000 tokens
constexpr std::size_t most_gguf_dimensions = 4;

struct GgufList {
    std::uint32_t type = 0;  // GGUF's number for that of its items
    std::uint64_t count = 0;
    Digest256 digest{};  // of type, count and items
    friend bool operator==(const GgufList&, const GgufList&) = default;
};
// Whole numbers of either sign, real ones, flags, texts, lists.
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufList>;

struct GgufTensor {
    std::uint32_t type = 0;           // ggml's number
    std::vector<std::uint64_t> size;  // 1 to 4 dimensions, none of them 0, the one that is contiguous first
    std::uint64_t offset = 0;         // in the data
    std::uint64_t bytes = 0;          // 0: of a type that is not known here
    std::uint64_t dimension(std::size_t i) const { return i < size.size() ? size[i] : 1; }
};

struct GgufHeader {
    std::uint32_t version = 0;
    std::map<std::string, GgufValue, std::less<>> values;
    std::map<std::string, GgufTensor, std::less<>> tensors;
    std::uint64_t data_begin = 0, file_bytes = 0;

    // Nothing where the key is absent or something else.
    const std::string* text(std::string_view key) const;
    std::optional<std::uint64_t> whole(std::string_view key) const;
    std::optional<double> real(std::string_view key) const;  // whole ones too
    const GgufList* list(std::string_view key) const;
};

// A tensor type's name ("F16", "Q4_K"), "type 77" for those that are not known here.
std::string gguf_type_name(std::uint32_t type);

// `bytes`: the file's beginning, or all of it. Errors: invalid, too_large (a limit, or more of the file is needed:
// only where `bytes` are not all).
Result<GgufHeader> parse_gguf_header(std::string_view bytes, std::uint64_t file_bytes);
// Errors (with the file's name): not_found, io, invalid, too_large.
Result<GgufHeader> read_gguf_header(const std::string& file);

}  // namespace weir::local
