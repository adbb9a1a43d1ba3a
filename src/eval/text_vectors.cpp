#include "eval/text_vectors.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <unordered_set>

namespace weir::eval {

Result<TextVectors> TextVectors::read_folder(const std::string& folder, const std::vector<std::string_view>& wanted,
                                             std::size_t dimensions) {
    const std::unordered_set<std::string_view> set_wanted(wanted.begin(), wanted.end());
    const std::string texts_file = folder + "/texts.txt", vectors_file = folder + "/vectors.f32";
    std::ifstream texts(texts_file, std::ios::binary), rows(vectors_file, std::ios::binary);
    if (!texts) return fail(ErrorCode::io, texts_file + ": " + std::strerror(errno));
    if (!rows) return fail(ErrorCode::io, vectors_file + ": " + std::strerror(errno));
    TextVectors vectors;
    std::vector<float> row(dimensions);
    std::string text;
    for (std::size_t line = 1; std::getline(texts, text); ++line) {
        if (!rows.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(dimensions * sizeof(float)))) {
            return fail(ErrorCode::invalid, texts_file + ":" + std::to_string(line) + ": there is no vector for it");
        }
        if (set_wanted.contains(text)) vectors.set(text, embed::Int8Vector(row));
    }
    return vectors;
}

void TextVectors::set(std::string_view text, embed::Int8Vector vector) {
    dimensions_ = vector.dimensions();
    rows_.insert_or_assign(std::string(text), std::move(vector));
}

const embed::Int8Vector* TextVectors::find(std::string_view text) const {
    const auto found = rows_.find(std::string(text));
    return found == rows_.end() ? nullptr : &found->second;
}

embed::Int8View TextVectors::of(std::string_view text) const {
    const embed::Int8Vector* const found = find(text);
    return found == nullptr ? embed::Int8View{} : found->view();
}

float cosine(embed::Int8View first, embed::Int8View second, std::size_t dimensions) {
    if (first.scale == 0 || second.scale == 0) return std::numeric_limits<float>::quiet_NaN();
    const std::int32_t product = embed::dot(first.codes, second.codes, embed::padded(dimensions));
    return static_cast<float>(product) * first.scale * second.scale;
}

}  // namespace weir::eval
