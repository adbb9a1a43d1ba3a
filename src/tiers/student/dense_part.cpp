#include "tiers/student/dense_part.h"

#include <algorithm>
#include <cmath>

#include "learn/model_bytes.h"

namespace weir::tiers::student {
namespace {

constexpr std::size_t kHead = 8 + 4 + 3 * 4;
constexpr std::size_t kLanes = 16;  // the stride is a multiple of it
constexpr float kLargest = 1e6F;

bool is_within(float value, float least) {
    return value >= least && value <= kLargest;
}

template <class T>
void put_all(std::string& to, const std::vector<T>& values) {
    to.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
std::span<const T> take(std::string_view& rest, std::size_t count) {
    const std::span<const T> values(reinterpret_cast<const T*>(rest.data()), count);
    rest.remove_prefix(count * sizeof(T));
    return values;
}

}  // namespace

TextEmbedding view_of(const embed::Int8Vector& vector, std::uint64_t model) {
    if (vector.empty()) return {};
    return {model, vector.codes(), vector.scale()};
}

void DensePart::write(const DenseParts& parts, std::size_t columns, std::size_t stride, std::string& to) {
    if (parts.dimensions == 0) return;
    std::vector<float> scales(parts.dimensions, 0.0F), bias(stride, 0.0F);
    std::vector<std::int8_t> weights(parts.dimensions * stride, 0);
    std::copy(parts.bias.begin(), parts.bias.end(), bias.begin());
    for (std::size_t dimension = 0; dimension < parts.dimensions; ++dimension) {
        const float* const own = &parts.weights[dimension * columns];
        float largest = 0;
        for (std::size_t column = 0; column < columns; ++column) largest = std::max(largest, std::abs(own[column]));
        const float scale = scales[dimension] = largest / 127;
        for (std::size_t column = 0; column < columns && scale > 0; ++column) {
            const auto code = static_cast<std::int8_t>(std::lround(own[column] / scale));
            weights[dimension * stride + column] = code;
            bias[column] -= parts.mean[dimension] * scale * static_cast<float>(code);
        }
    }
    learn::ModelWriter head;
    head.put(parts.model);
    head.put(parts.dimensions);
    for (const float value : {parts.grams, parts.slope, parts.offset}) head.put(value);
    to += head.bytes();
    put_all(to, bias);
    put_all(to, scales);
    put_all(to, weights);
}

Result<DensePart> DensePart::read(std::string_view bytes, std::size_t stride) {
    DensePart part;
    if (bytes.empty()) return part;
    learn::ModelReader from(bytes);
    part.model_ = from.get<std::uint64_t>();
    const std::size_t dimensions = from.get<std::uint32_t>();
    part.grams_ = from.get<float>();
    part.slope_ = from.get<float>();
    part.offset_ = from.get<float>();
    if (!from.ok() || part.model_ == 0 || dimensions == 0 || dimensions > embed::kDimensionsMost || stride == 0 ||
        from.left() != 4 * stride + dimensions * (4 + stride)) {
        return fail(ErrorCode::invalid, "its part for embeddings is too short or too long");
    }
    std::string_view rest = bytes.substr(kHead);
    part.bias_ = take<float>(rest, stride);
    part.scales_ = take<float>(rest, dimensions);
    part.weights_ = take<std::int8_t>(rest, dimensions * stride);
    const auto all_within = [](std::span<const float> values, float least) {
        return std::all_of(values.begin(), values.end(), [least](float value) { return is_within(value, least); });
    };
    if (!is_within(part.grams_, 0) || !is_within(part.slope_, 0) || !is_within(part.offset_, -kLargest) ||
        !all_within(part.bias_, -kLargest) || !all_within(part.scales_, 0)) {
        return fail(ErrorCode::invalid, "a number out of range in its part for embeddings");
    }
    return part;
}

void DensePart::add_to(std::span<float> scores, const TextEmbedding& embedding) const {
    const std::size_t stride = scores.size();
    for (std::size_t i = 0; i < stride; ++i) scores[i] = grams_ * scores[i] + bias_[i];
    for (std::size_t dimension = 0; dimension < scales_.size(); ++dimension) {
        if (embedding.codes[dimension] == 0) continue;
        const float factor = static_cast<float>(embedding.codes[dimension]) * embedding.scale * scales_[dimension];
        const std::int8_t* const own = &weights_[dimension * stride];
        for (std::size_t block = 0; block < stride; block += kLanes) {
            for (std::size_t i = 0; i < kLanes; ++i) scores[block + i] += factor * static_cast<float>(own[block + i]);
        }
    }
}

}  // namespace weir::tiers::student
