#include "tiers/semantic_cache/semantic_record.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace weir::tiers::semantic {
namespace {

constexpr std::uint8_t kVersion = 2, kVersionWithoutAnswer = 1;

static_assert(std::endian::native == std::endian::little, "records are little-endian");

template <class T>
void put(std::string& out, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <class T>
    bool get(T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        if (rest_.size() < sizeof value) return false;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return true;
    }
    bool get(std::string_view& bytes, std::size_t count) {
        if (rest_.size() < count) return false;
        bytes = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return true;
    }
    bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

// 1 / the length of the codes, as embed::quantize() says.
bool scale_fits(std::span<const std::int8_t> codes, float scale) {
    double squares = 0;
    for (const std::int8_t code : codes) {
        if (code == -128) return false;
        squares += double{static_cast<double>(code)} * static_cast<double>(code);
    }
    return std::isfinite(scale) && scale > 0 && std::abs(double{scale} * std::sqrt(squares) - 1) < 1e-3;
}

bool get_vector(Reader& reader, SemanticRecord& record, const std::array<SpaceName, kSpacesMost>& spaces) {
    std::uint64_t digest = 0;
    std::uint16_t dimensions = 0;
    float scale = 0;
    std::string_view bytes;
    if (!reader.get(digest) || !reader.get(dimensions) || !reader.get(scale)) return false;
    if (dimensions == 0 || dimensions > embed::kDimensionsMost || !reader.get(bytes, dimensions)) return false;
    const std::span codes(reinterpret_cast<const std::int8_t*>(bytes.data()), bytes.size());
    if (!scale_fits(codes, scale)) return false;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (spaces[space].digest != digest || spaces[space].dimensions != dimensions) continue;
        record.vectors[space] = embed::Int8Vector(codes, scale);
        return true;
    }
    return true;
}

bool get_record(Reader& reader, SemanticRecord& record, const std::array<SpaceName, kSpacesMost>& spaces) {
    std::uint8_t version = 0;
    std::uint32_t question_bytes = 0;
    std::uint8_t vectors = 0;
    std::string_view question;
    if (!reader.get(version) || (version != kVersion && version != kVersionWithoutAnswer)) return false;
    if (!reader.get(record.partition) || !reader.get(record.key) || !reader.get(record.task)) return false;
    if (!reader.get(record.created_unix_micros) || !reader.get(record.bag)) return false;
    if (version == kVersion && !reader.get(record.answer)) return false;
    if (!reader.get(question_bytes)) return false;
    if (question_bytes > kQuestionBytesMost || !reader.get(question, question_bytes)) return false;
    record.question = question;
    if (!reader.get(vectors) || vectors > kSpacesMost) return false;
    for (std::uint8_t i = 0; i < vectors; ++i) {
        if (!get_vector(reader, record, spaces)) return false;
    }
    return reader.at_end();
}

}  // namespace

std::uint64_t stem_bag(std::span<const std::uint64_t> sorted_ids) {
    if (sorted_ids.empty()) return 0;
    std::uint64_t hash = 0x9e3779b97f4a7c15u;
    for (const std::uint64_t id : sorted_ids) {
        hash = (hash ^ id) * 0xbf58476d1ce4e5b9u;
        hash ^= hash >> 29U;
    }
    return hash == 0 ? 1 : hash;
}

Result<std::string> encode(const SemanticRecord& record, const std::array<SpaceName, kSpacesMost>& spaces) {
    if (record.question.size() > kQuestionBytesMost) {
        return fail(ErrorCode::too_large, "a question of more than " + std::to_string(kQuestionBytesMost) + " bytes");
    }
    std::string out;
    out.reserve(128 + record.question.size());
    put(out, kVersion);
    put(out, record.partition);
    put(out, record.key);
    put(out, record.task);
    put(out, record.created_unix_micros);
    put(out, record.bag);
    put(out, record.answer);
    put(out, static_cast<std::uint32_t>(record.question.size()));
    out += record.question;
    const std::size_t count_at = out.size();
    put(out, std::uint8_t{0});
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        const embed::Int8Vector& vector = record.vectors[space];
        if (vector.empty()) continue;
        if (vector.dimensions() != spaces[space].dimensions) {
            return fail(ErrorCode::too_large, "a vector of " + std::to_string(vector.dimensions()) +
                                                  " dimensions, not " + std::to_string(spaces[space].dimensions));
        }
        ++out[count_at];
        put(out, spaces[space].digest);
        put(out, static_cast<std::uint16_t>(vector.dimensions()));
        put(out, vector.scale());
        out.append(reinterpret_cast<const char*>(vector.codes().data()), vector.dimensions());
    }
    return out;
}

Result<SemanticRecord> decode(std::string_view bytes, const std::array<SpaceName, kSpacesMost>& spaces) {
    SemanticRecord record;
    Reader reader(bytes);
    if (!get_record(reader, record, spaces))
        return fail(ErrorCode::invalid, "not a semantic record of version 1 or 2, or a damaged one");
    return record;
}

}  // namespace weir::tiers::semantic
