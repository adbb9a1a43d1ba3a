#include "cascade/prompt_neighbours.h"

#include <algorithm>

namespace weir::cascade {

void PromptNeighbours::add(const embed::Int8Vector& vector, const Values& values, float weight) {
    if (vector.empty() || (dimensions_ != 0 && vector.dimensions() != dimensions_)) return;
    dimensions_ = vector.dimensions();
    const std::size_t stride = embed::padded(dimensions_), at = added_++ % kMostNeighbours;
    if (at < size()) {
        for (std::size_t i = 0; i < kValues; ++i) sum_[i] -= weights_[at] * values_[at][i];
        total_ -= weights_[at];
    } else {
        codes_.resize(codes_.size() + stride);
        scales_.emplace_back();
        weights_.emplace_back();
        values_.emplace_back();
    }
    std::copy_n(vector.view().codes, stride, codes_.begin() + static_cast<std::ptrdiff_t>(at * stride));
    scales_[at] = vector.scale();
    weights_[at] = weight;
    values_[at] = values;
    for (std::size_t i = 0; i < kValues; ++i) sum_[i] += weight * values[i];
    total_ += weight;
}

std::optional<PromptNeighbours::Values> PromptNeighbours::estimate(const embed::Int8Vector& vector,
                                                                   std::optional<std::size_t> except) const {
    if (vector.empty() || vector.dimensions() != dimensions_) return std::nullopt;
    std::size_t left_out = size();
    if (except && *except < added_ && added_ - *except <= kMostNeighbours) left_out = *except % kMostNeighbours;
    if (size() <= (left_out < size() ? 1U : 0U)) return std::nullopt;
    thread_local std::vector<std::int32_t> products;
    products.resize(size());
    embed::dot_rows(vector.view().codes, codes_.data(), size(), embed::padded(dimensions_), products.data());

    std::array<Near, kNearest + 1> near;  // the most similar first
    std::size_t found = 0;
    for (std::size_t at = 0; at < size(); ++at) {
        const float similarity = static_cast<float>(products[at]) * scales_[at];
        if (at == left_out || (found == kNearest && similarity <= near[found - 1].similarity)) continue;
        std::size_t place = std::min(found, kNearest - 1);
        while (place > 0 && near[place - 1].similarity < similarity) {
            near[place] = near[place - 1];
            --place;
        }
        near[place] = {similarity, at};
        found = std::min(found + 1, kNearest);
    }

    double total = total_;
    std::array<double, kValues> mean = sum_;
    if (left_out < size()) {
        total -= weights_[left_out];
        for (std::size_t i = 0; i < kValues; ++i) mean[i] -= weights_[left_out] * values_[left_out][i];
    }
    double weight = kPriorRows;
    std::array<double, kValues> sum{};
    for (std::size_t i = 0; i < kValues; ++i) sum[i] = kPriorRows * mean[i] / total;
    for (std::size_t i = 0; i < found; ++i) {
        const double cosine = std::max(0.0F, near[i].similarity * vector.scale());
        const double counts = cosine * cosine * weights_[near[i].at];
        weight += counts;
        for (std::size_t k = 0; k < kValues; ++k) sum[k] += counts * values_[near[i].at][k];
    }
    Values to{};
    for (std::size_t i = 0; i < kValues; ++i) to[i] = static_cast<float>(sum[i] / weight);
    return to;
}

}  // namespace weir::cascade
