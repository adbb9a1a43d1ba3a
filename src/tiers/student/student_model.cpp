#include "tiers/student/student_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "learn/softmax_regression.h"

namespace weir::tiers::student {
namespace {

constexpr std::size_t kLanes = 16;  // columns are rounded up to it
constexpr std::size_t kMostFormBytes = 4u << 20;
constexpr std::size_t kDigest = sizeof(Digest256);
constexpr float kLargest = 1e6F;  // scales, weights, rarities
constexpr double kMostRight = 0.9999;

std::size_t stride_of(std::size_t columns) {
    return (columns + kLanes - 1) / kLanes * kLanes;
}

// So that floats may follow.
std::size_t padding_of(std::size_t bytes) {
    return (sizeof(float) - bytes % sizeof(float)) % sizeof(float);
}

Error damaged(std::string_view what) {
    return {ErrorCode::invalid, "damaged student: " + std::string(what)};
}

template <class T>
std::span<const T> take(std::string_view& rest, std::size_t count) {
    const std::span<const T> values(reinterpret_cast<const T*>(rest.data()), count);
    rest.remove_prefix(count * sizeof(T));
    return values;
}

bool all_within(std::span<const float> values, float least, float most) {
    return std::all_of(values.begin(), values.end(), [&](float value) { return value >= least && value <= most; });
}

template <class T>
void put_all(learn::ModelWriter& to, std::span<const T> values) {
    to.bytes().append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

std::string student_bytes(const StudentParts& parts) {
    const std::size_t features = parts.hashes.size(), columns = parts.form.columns(), stride = stride_of(columns);
    learn::ModelWriter to, form;
    parts.form.write(form);
    to.put(kGramsVersion);
    to.put(static_cast<std::uint32_t>(features));
    to.put(static_cast<std::uint32_t>(columns));
    to.put(static_cast<std::uint32_t>(form.bytes().size()));
    to.put(parts.examples);
    for (const float value :
         {parts.novelty_limit, parts.outside_share, parts.slope, parts.offset, parts.rarity_of_unknown}) {
        to.put(value);
    }
    to.bytes().append(reinterpret_cast<const char*>(parts.training_set.data()), kDigest);
    put_all<std::uint32_t>(to, parts.hashes);
    put_all<float>(to, parts.rarity);
    std::vector<float> scales(features, 0.0F), bias(stride, 0.0F);
    std::vector<std::int8_t> weights(features * stride, 0);
    std::copy(parts.bias.begin(), parts.bias.end(), bias.begin());
    for (std::size_t feature = 0; feature < features; ++feature) {
        const float* const own = &parts.weights[feature * columns];
        float largest = 0;
        for (std::size_t column = 0; column < columns; ++column) largest = std::max(largest, std::abs(own[column]));
        const float scale = scales[feature] = largest / 127;
        for (std::size_t column = 0; column < columns && scale > 0; ++column) {
            weights[feature * stride + column] = static_cast<std::int8_t>(std::lround(own[column] / scale));
        }
    }
    put_all<float>(to, scales);
    put_all<float>(to, bias);
    put_all<std::int8_t>(to, weights);
    to.bytes() += form.bytes();
    if (parts.dense.dimensions > 0) to.bytes().append(padding_of(to.bytes().size()), char{0});
    DensePart::write(parts.dense, columns, stride, to.bytes());
    return std::move(to.bytes());
}

Result<std::shared_ptr<const StudentModel>> StudentModel::view(std::string_view bytes) {
    const std::shared_ptr<StudentModel> model(new StudentModel);
    model->bytes_ = bytes;
    if (const auto read = model->read(); !read) return tl::unexpected(read.error());
    return model;
}

Result<std::shared_ptr<const StudentModel>> StudentModel::load(std::string bytes) {
    const std::shared_ptr<StudentModel> model(new StudentModel);
    model->owned_ = std::move(bytes);
    model->bytes_ = model->owned_;
    if (const auto read = model->read(); !read) return tl::unexpected(read.error());
    return model;
}

Result<void> StudentModel::read() {
    if (bytes_.size() > kMostLabelsBytes) return fail(ErrorCode::too_large, "a student of labels has at most 16 MiB");
    constexpr std::size_t kHead = 5 * 4 + 5 * 4 + kDigest;
    if (bytes_.size() < kHead) return tl::unexpected(damaged("it is too short"));
    learn::ModelReader from(bytes_);
    if (from.get<std::uint32_t>() != kGramsVersion) {
        return tl::unexpected(damaged("it was trained on other features; train it again"));
    }
    const std::size_t features = from.get<std::uint32_t>(), columns = from.get<std::uint32_t>(),
                      form_bytes = from.get<std::uint32_t>();
    examples_ = from.get<std::uint32_t>();
    novelty_limit_ = from.get<float>();
    outside_share_ = from.get<float>();
    slope_ = from.get<float>();
    offset_ = from.get<float>();
    const auto rarity_of_unknown = from.get<float>();
    for (std::uint8_t& each : training_set_) each = from.get<std::uint8_t>();
    if (!all_within({&novelty_limit_, 1}, 0, 1) || !all_within({&outside_share_, 1}, 0, 1) ||
        !all_within({&slope_, 1}, 0, kLargest) || !all_within({&offset_, 1}, -kLargest, kLargest) ||
        !all_within({&rarity_of_unknown, 1}, 0, kLargest)) {
        return tl::unexpected(damaged("a number out of range"));
    }
    stride_ = stride_of(columns);
    if (features > kMostFeatures || columns > kMostColumns || form_bytes > kMostFormBytes ||
        from.left() < features * (3 * 4 + stride_) + stride_ * 4 + form_bytes) {
        return tl::unexpected(damaged("it is too short or too long"));
    }
    std::string_view rest = bytes_.substr(kHead);
    const auto hashes = take<std::uint32_t>(rest, features);
    const auto rarity = take<float>(rest, features);
    scales_ = take<float>(rest, features);
    bias_ = take<float>(rest, stride_);
    weights_ = take<std::int8_t>(rest, features * stride_);
    if (std::adjacent_find(hashes.begin(), hashes.end(), std::greater_equal<>()) != hashes.end() ||
        !all_within(rarity, 0, kLargest) || !all_within(scales_, 0, kLargest) ||
        !all_within(bias_, -kLargest, kLargest)) {
        return tl::unexpected(damaged("a number out of range"));
    }
    learn::ModelReader form_reader(rest.substr(0, form_bytes));
    auto form = AnswerForm::read(form_reader);
    if (!form) return tl::unexpected(damaged(form.error().message));
    if (form_reader.left() > 0 || form->columns() != columns) return tl::unexpected(damaged("its form does not fit"));
    rest.remove_prefix(form_bytes);
    if (!rest.empty()) {
        const std::size_t padding = padding_of(bytes_.size() - rest.size());
        if (rest.size() <= padding || rest.substr(0, padding).find_first_not_of(char{0}) != std::string_view::npos) {
            return tl::unexpected(damaged("it is too long"));
        }
        auto dense = DensePart::read(rest.substr(padding), stride_);
        if (!dense) return tl::unexpected(damaged(dense.error().message));
        dense_ = *dense;
    }
    form_ = std::move(*form);
    vocabulary_ = Vocabulary(hashes, rarity, rarity_of_unknown);
    return {};
}

StudentAnswer StudentModel::answer(std::string_view text, const TextEmbedding& embedding) const {
    StudentAnswer answer;
    std::vector<Gram> grams;
    if (!text_grams(text, grams)) {
        answer.declined = Declined::too_long;
        return answer;
    }
    std::vector<learn::SparseValue> row;
    answer.grams = grams.size();
    answer.novelty = vocabulary_.weigh(grams, row);
    if (row.empty()) {
        answer.declined = Declined::nothing;
        return answer;
    }
    std::vector<float> scores(bias_.begin(), bias_.end());
    for (const learn::SparseValue& each : row) {
        const float factor = each.value * scales_[each.feature];
        const std::int8_t* const own = &weights_[each.feature * stride_];
        for (std::size_t block = 0; block < stride_; block += kLanes) {
            for (std::size_t i = 0; i < kLanes; ++i) scores[block + i] += factor * static_cast<float>(own[block + i]);
        }
    }
    const bool both = dense_.knows(embedding);
    if (both) dense_.add_to(scores, embedding);
    scores.resize(form_.columns());
    learn::to_probabilities(form_.heads(), scores);
    AnswerForm::Choice choice = form_.choose(scores);
    const double right = std::clamp(std::exp(choice.log_probability), 1e-12, kMostRight);
    const double slope = static_cast<double>(both ? dense_.slope() : slope_);
    const double offset = static_cast<double>(both ? dense_.offset() : offset_);
    const double calibrated = learn::sigmoid(slope * learn::logit(right) + offset);
    answer.novel = answer.novelty > static_cast<double>(novelty_limit_);
    const double probability = answer.novel ? std::min(calibrated, kStrangeProbability) : calibrated;
    answer.log_probability = std::log(std::max(probability, 1e-12));
    answer.margin = choice.margin;
    answer.text = std::move(choice.text);
    return answer;
}

bool StudentModel::could_say(std::string_view answer) const {
    std::vector<std::int32_t> targets;
    return form_.targets(answer, targets);
}

}  // namespace weir::tiers::student
