#include "tiers/student/student_trainer.h"

#include <algorithm>
#include <cmath>

#include "learn/calibration.h"
#include "learn/certificates.h"
#include "learn/score_pool.h"
#include "learn/softmax_regression.h"
#include "tiers/student/answer_parts.h"

namespace weir::tiers::student {
namespace {

using learn::SoftmaxRegression;

constexpr std::uint32_t kLeastTexts = 2;  // that a gram stands in
constexpr std::size_t kFolds = 3;         // to calibrate on examples held out
constexpr std::size_t kOfLate = 200;      // examples that tell how often labels are new
// A label's own words are an example of it, and count like so many: what it is called mostly tells what it is about.
constexpr std::size_t kNamedTimes = 2;
constexpr double kMostRight = 0.9999, kMostSlope = 5, kMostOffset = 10;
constexpr double kNoveltyQuantile = 0.99, kLeastNoveltyLimit = 0.5;

// Of the softmax over embeddings. Chosen together with the pool by cross-validation on three other sets
// (docs/students-figures.md).
SoftmaxRegression::Options options_of_dense(std::uint64_t seed) {
    SoftmaxRegression::Options options;
    options.step = 0.5;
    options.start = 20;
    options.passes = 5;
    options.seed = seed;
    return options;
}

// Heads of numbers: what is learned of a grade is learned of its neighbours too. Two have no order to speak of.
std::vector<std::uint8_t> ordered_heads(const AnswerForm& form) {
    std::vector<std::uint8_t> ordered;
    for (const AnswerField& field : form.fields()) {
        const std::size_t count = field.labels.size();
        if (field.several) {
            ordered.insert(ordered.end(), count, 0);
        } else if (count > 1) {
            const bool numbers = std::all_of(field.labels.begin(), field.labels.end(), [](const AnswerLabel& label) {
                return label_number(label.key).has_value();
            });
            ordered.push_back(numbers && count > 2 ? 1 : 0);
        }
    }
    return ordered;
}

struct Text {
    std::vector<Gram> grams;
    TextEmbedding embedding;
    std::vector<std::int32_t> targets;
    bool sayable = false;  // its answer is one that the form can give
};

// Which grams, and how rare they are.
struct Lexicon {
    std::vector<std::uint32_t> hashes;
    std::vector<float> rarity;
    float rarity_of_unknown = 1;
    std::vector<std::uint32_t> seldom;  // ascending: in so few texts that one less would have left them out
};

float rarity_of(std::size_t texts, std::size_t with_it) {
    return static_cast<float>(std::log((1 + static_cast<double>(texts)) / (1 + static_cast<double>(with_it))) + 1);
}

Lexicon lexicon_of(std::span<const Text> texts, std::size_t most) {
    std::vector<std::uint32_t> all;
    for (const Text& text : texts) {
        for (const Gram& gram : text.grams) all.push_back(gram.hash);
    }
    std::sort(all.begin(), all.end());
    struct Counted {
        std::uint32_t hash, texts;
    };
    std::vector<Counted> counted;
    Lexicon lexicon;
    for (std::size_t at = 0; at < all.size();) {
        const auto end = static_cast<std::size_t>(
            std::upper_bound(all.begin() + static_cast<std::ptrdiff_t>(at), all.end(), all[at]) - all.begin());
        const auto count = static_cast<std::uint32_t>(end - at);
        if (count >= kLeastTexts) counted.push_back({all[at], count});
        if (count <= kLeastTexts) lexicon.seldom.push_back(all[at]);
        at = end;
    }
    if (counted.size() > most) {
        std::stable_sort(counted.begin(), counted.end(),
                         [](const Counted& a, const Counted& b) { return a.texts > b.texts; });
        counted.resize(most);
        std::sort(counted.begin(), counted.end(), [](const Counted& a, const Counted& b) { return a.hash < b.hash; });
    }
    for (const Counted& each : counted) {
        lexicon.hashes.push_back(each.hash);
        lexicon.rarity.push_back(rarity_of(texts.size(), each.texts));
    }
    lexicon.rarity_of_unknown = rarity_of(texts.size(), 1);
    return lexicon;
}

// Above it a text is further from the examples than all but one in a hundred of these are from each other.
float novelty_limit(std::span<const Text> texts, const Lexicon& lexicon) {
    std::vector<double> novelty;
    for (const Text& text : texts) {
        if (text.grams.empty()) continue;
        const auto unseen = std::count_if(text.grams.begin(), text.grams.end(), [&lexicon](const Gram& gram) {
            return std::binary_search(lexicon.seldom.begin(), lexicon.seldom.end(), gram.hash);
        });
        novelty.push_back(static_cast<double>(unseen) / static_cast<double>(text.grams.size()));
    }
    if (novelty.empty()) return 1;
    const auto at = static_cast<std::size_t>(kNoveltyQuantile * static_cast<double>(novelty.size() - 1));
    std::nth_element(novelty.begin(), novelty.begin() + static_cast<std::ptrdiff_t>(at), novelty.end());
    return static_cast<float>(std::clamp(novelty[at], kLeastNoveltyLimit, 1.0));
}

// How often, of late, an answer would have been outside the labels of a student that had not been trained on it: its
// label was seen once, or twice with it. An upper bound of 95 %.
float outside_share(std::span<const Text> texts, const AnswerForm& form) {
    std::vector<std::size_t> counts(form.columns(), 0);
    const auto each_label = [&form](const Text& text, const auto& visit) {
        std::size_t begin = 0;
        for (std::size_t head = 0; head < text.targets.size(); begin += form.heads()[head++]) {
            const std::int32_t target = text.targets[head];
            const bool single = form.heads()[head] == 1;
            if (target == SoftmaxRegression::kUnknown || (single && target == 0)) continue;
            visit(begin + (single ? 0 : static_cast<std::size_t>(target)));
        }
    };
    for (const Text& text : texts) each_label(text, [&](std::size_t column) { ++counts[column]; });
    const std::span<const Text> late = texts.last(std::min(texts.size(), kOfLate));
    std::size_t outside = 0;
    for (const Text& text : late) {
        bool said = text.sayable;
        each_label(text, [&](std::size_t column) { said = said && counts[column] > kLeastTexts; });
        outside += said ? 0 : 1;
    }
    return late.empty() ? 1 : static_cast<float>(learn::share_upper_bound(outside, late.size(), 0.05));
}

SoftmaxRegression::Examples rows_of(std::span<const Text> texts, const Vocabulary& vocabulary) {
    SoftmaxRegression::Examples rows;
    std::vector<learn::SparseValue> row;
    for (const Text& text : texts) {
        vocabulary.weigh(text.grams, row);
        rows.values.insert(rows.values.end(), row.begin(), row.end());
        rows.ends.push_back(rows.values.size());
        rows.targets.insert(rows.targets.end(), text.targets.begin(), text.targets.end());
    }
    return rows;
}

// "card_arrival" -> "card arrival", "cardArrival" -> "card Arrival".
std::string words_of_label(std::string_view label) {
    std::string words;
    for (std::size_t i = 0; i < label.size(); ++i) {
        const auto is = [&](std::size_t at, char first, char last) { return label[at] >= first && label[at] <= last; };
        if (i > 0 && is(i, 'A', 'Z') && is(i - 1, 'a', 'z')) words += ' ';
        const bool plain = is(i, 'a', 'z') || is(i, 'A', 'Z') || is(i, '0', '9') || (label[i] & 0x80) != 0;
        words += plain ? label[i] : ' ';
    }
    return words;
}

std::vector<Text> names_of(const AnswerForm& form) {
    std::vector<Text> names;
    std::size_t head = 0;
    for (const AnswerField& field : form.fields()) {
        const std::size_t count = field.labels.size();
        for (std::size_t label = 0; label < count && (field.several || count > 1); ++label) {
            Text text;
            if (!text_grams(words_of_label(field.labels[label].text), text.grams) || text.grams.empty()) continue;
            text.targets.assign(form.heads().size(), SoftmaxRegression::kUnknown);
            text.targets[field.several ? head + label : head] = field.several ? 1 : static_cast<std::int32_t>(label);
            names.insert(names.end(), kNamedTimes, text);
        }
        head += field.several ? count : count > 1 ? 1 : 0;
    }
    return names;
}

void append_row(const SoftmaxRegression::Examples& from, std::size_t row, std::size_t heads,
                SoftmaxRegression::Examples& to) {
    const auto values = from.row(row);
    to.values.insert(to.values.end(), values.begin(), values.end());
    to.ends.push_back(to.values.size());
    const auto begin = from.targets.begin() + static_cast<std::ptrdiff_t>(row * heads);
    to.targets.insert(to.targets.end(), begin, begin + static_cast<std::ptrdiff_t>(heads));
}

// Only embeddings of the model that the latest one is of count, where there are enough. Returns their mean; empty:
// there are none.
std::vector<float> settle_embeddings(std::span<Text> texts) {
    std::uint64_t model = 0;
    std::size_t dimensions = 0, count = 0;
    for (auto text = texts.rbegin(); text != texts.rend(); ++text) {
        TextEmbedding& own = text->embedding;
        if (model == 0 && own.is_there()) model = own.model, dimensions = own.codes.size();
        const bool fits = own.is_there() && own.model == model && own.codes.size() == dimensions;
        if (fits && count < kMostEmbedded) {
            ++count;
        } else {
            own = {};
        }
    }
    const auto wanted = static_cast<std::size_t>(kLeastShareEmbedded * static_cast<double>(texts.size()));
    if (count < kLeastEmbedded || (count < wanted && count < kMostEmbedded)) {
        for (Text& text : texts) text.embedding = {};
        return {};
    }
    std::vector<float> mean(dimensions, 0.0F);
    for (const Text& text : texts) {
        if (!text.embedding.is_there()) continue;
        const float factor = text.embedding.scale / static_cast<float>(count);
        for (std::size_t i = 0; i < dimensions; ++i) mean[i] += factor * static_cast<float>(text.embedding.codes[i]);
    }
    return mean;
}

// The embeddings as rows, beyond the mean; an empty one where there is none.
SoftmaxRegression::Examples dense_rows_of(std::span<const Text> texts, std::span<const float> mean) {
    SoftmaxRegression::Examples rows;
    for (const Text& text : texts) {
        const TextEmbedding& own = text.embedding;
        for (std::uint32_t i = 0; i < own.codes.size(); ++i) {
            rows.values.push_back({i, own.scale * static_cast<float>(own.codes[i]) - mean[i]});
        }
        rows.ends.push_back(rows.values.size());
        rows.targets.insert(rows.targets.end(), text.targets.begin(), text.targets.end());
    }
    return rows;
}

// What is learned from: grams of all texts and then of the labels' names, embeddings of the texts that have one.
struct Lesson {
    std::span<const Text> texts;
    SoftmaxRegression::Examples grams, dense;
    std::size_t features = 0, dimensions = 0;
    SoftmaxRegression::Options options, dense_options;

    // Without the texts of a fold (kFolds: with all).
    Result<SoftmaxRegression> fit_grams(const AnswerForm& form, std::size_t fold, const std::stop_token& stop) const {
        if (fold == kFolds) return SoftmaxRegression::fit(grams, features, form.heads(), options, stop);
        SoftmaxRegression::Examples others;
        for (std::size_t row = 0; row < grams.rows(); ++row) {
            if (row >= texts.size() || row % kFolds != fold) append_row(grams, row, form.heads().size(), others);
        }
        return SoftmaxRegression::fit(others, features, form.heads(), options, stop);
    }
    Result<SoftmaxRegression> fit_dense(const AnswerForm& form, std::size_t fold, const std::stop_token& stop) const {
        SoftmaxRegression::Examples others;
        for (std::size_t row = 0; row < dense.rows(); ++row) {
            if (texts[row].embedding.is_there() && row % kFolds != fold) {
                append_row(dense, row, form.heads().size(), others);
            }
        }
        return SoftmaxRegression::fit(others, dimensions, form.heads(), dense_options, stop);
    }
};

// What models that had not seen them say of the texts: scores of all columns, text after text.
struct HeldOut {
    std::vector<float> grams, dense;
    std::vector<std::size_t> texts, dense_texts;  // which
};

Result<HeldOut> held_out(const Lesson& lesson, const AnswerForm& form, const std::stop_token& stop) {
    HeldOut held;
    std::vector<float> scores;
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
        const auto grams = lesson.fit_grams(form, fold, stop);
        if (!grams) return tl::unexpected(grams.error());
        std::optional<SoftmaxRegression> dense;
        if (lesson.dimensions > 0) {
            auto fitted = lesson.fit_dense(form, fold, stop);
            if (!fitted) return tl::unexpected(fitted.error());
            dense = std::move(*fitted);
        }
        for (std::size_t row = fold; row < lesson.texts.size(); row += kFolds) {
            grams->scores(lesson.grams.row(row), scores);
            held.grams.insert(held.grams.end(), scores.begin(), scores.end());
            held.texts.push_back(row);
            if (!dense || !lesson.texts[row].embedding.is_there()) continue;
            dense->scores(lesson.dense.row(row), scores);
            held.dense.insert(held.dense.end(), scores.begin(), scores.end());
            held.dense_texts.push_back(row);
        }
    }
    return held;
}

struct Calibration {
    float slope = 1, offset = 0;
};

// How the model's own word has to be read: `scores` are those of texts that it had not seen, text after text.
Calibration calibrate(std::vector<float> scores, std::span<const std::size_t> which, std::span<const Text> texts,
                      const AnswerForm& form) {
    std::vector<learn::ScoredLabel> scored;
    std::vector<std::int32_t> said;
    for (std::size_t i = 0; i < which.size(); ++i) {
        const auto own = std::span(scores).subspan(i * form.columns(), form.columns());
        learn::to_probabilities(form.heads(), own);
        const AnswerForm::Choice choice = form.choose(own);
        form.targets(choice.text, said);
        const Text& text = texts[which[i]];
        const bool right = text.sayable && said == text.targets;
        scored.push_back({learn::logit(std::min(kMostRight, std::exp(choice.log_probability))), right ? 1.0 : 0.0, 1});
    }
    const auto fitted = learn::PlattCalibration::fit(scored);
    return {static_cast<float>(std::clamp(fitted.slope, 0.0, kMostSlope)),
            static_cast<float>(std::clamp(fitted.offset, -kMostOffset, kMostOffset))};
}

void take_weights(const SoftmaxRegression& model, std::size_t features, float factor, std::vector<float>& bias,
                  std::vector<float>& weights) {
    for (const float each : model.bias()) bias.push_back(factor * each);
    weights.reserve(features * model.columns());
    for (std::size_t feature = 0; feature < features; ++feature) {
        for (const float each : model.weights(feature)) weights.push_back(factor * each);
    }
}

// The part for embeddings, pooled with the grams and calibrated together with them.
Result<DenseParts> learn_dense(const Lesson& lesson, const HeldOut& held, const AnswerForm& form,
                               std::vector<float> mean, const std::stop_token& stop) {
    DenseParts dense;
    // The grams' scores of the texts with embeddings, in the same order.
    std::vector<float> mixed;
    std::vector<std::int32_t> targets;
    for (std::size_t i = 0; i < held.texts.size(); ++i) {
        const Text& text = lesson.texts[held.texts[i]];
        if (!text.embedding.is_there()) continue;
        dense.model = text.embedding.model;
        const auto own = std::span(held.grams).subspan(i * form.columns(), form.columns());
        mixed.insert(mixed.end(), own.begin(), own.end());
        targets.insert(targets.end(), text.targets.begin(), text.targets.end());
    }
    const auto pool = learn::ScorePool::fit(form.heads(), mixed, held.dense, targets);
    pool.mix(mixed, held.dense);
    const Calibration calibration = calibrate(std::move(mixed), held.dense_texts, lesson.texts, form);
    const auto model = lesson.fit_dense(form, kFolds, stop);
    if (!model) return tl::unexpected(model.error());
    dense.dimensions = static_cast<std::uint32_t>(lesson.dimensions);
    dense.grams = static_cast<float>(pool.first);
    dense.slope = calibration.slope;
    dense.offset = calibration.offset;
    dense.mean = std::move(mean);
    take_weights(*model, lesson.dimensions, static_cast<float>(pool.second), dense.bias, dense.weights);
    return dense;
}

}  // namespace

Digest256 training_set_digest(std::span<const StudentExample> examples) {
    Sha256 digest;
    for (const StudentExample& example : examples) {
        digest.update_part(example.text);
        digest.update_part(example.answer);
    }
    return digest.finish();
}

Result<std::string> train_student(std::span<const StudentExample> examples, const TrainingOptions& options,
                                  const std::stop_token& stop) {
    if (examples.size() > kMostExamples) examples = examples.last(kMostExamples);
    if (examples.size() < kLeastExamples) return fail(ErrorCode::invalid, "too few examples for a student");
    std::vector<std::string_view> answers;
    for (const StudentExample& example : examples) answers.push_back(example.answer);
    auto form = AnswerForm::find(answers);
    if (!form)
        return fail(ErrorCode::invalid, "the answers are not narrow: no closed set of labels, numbers or fields");
    StudentParts parts;
    parts.form = std::move(*form);
    parts.examples = static_cast<std::uint32_t>(examples.size());
    parts.training_set = training_set_digest(examples);

    std::vector<Text> texts;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        Text text;
        const bool short_enough = text_grams(examples[i].text, text.grams);
        text.sayable = parts.form.targets(examples[i].answer, text.targets);
        text.embedding = examples[i].embedding;
        if (short_enough) texts.push_back(std::move(text));
    }
    parts.outside_share = outside_share(texts, parts.form);
    const std::size_t columns = parts.form.columns(), stride = (columns + 15) / 16 * 16;
    const std::size_t most = std::min(kMostFeatures, options.most_weight_bytes / (stride + 3 * sizeof(float)));
    Lexicon lexicon = lexicon_of(texts, most);
    parts.novelty_limit = novelty_limit(texts, lexicon);
    parts.rarity_of_unknown = lexicon.rarity_of_unknown;
    parts.hashes = std::move(lexicon.hashes);
    parts.rarity = std::move(lexicon.rarity);
    const Vocabulary vocabulary(parts.hashes, parts.rarity, parts.rarity_of_unknown);
    const std::size_t taught = texts.size();
    for (Text& name : names_of(parts.form)) texts.push_back(std::move(name));
    std::vector<float> mean = settle_embeddings(std::span(texts).first(taught));
    Lesson lesson;
    lesson.texts = std::span(texts).first(taught);
    lesson.grams = rows_of(texts, vocabulary);
    lesson.dense = dense_rows_of(lesson.texts, mean);
    lesson.features = vocabulary.size();
    lesson.dimensions = mean.size();
    lesson.options.seed = options.seed;
    lesson.dense_options = options_of_dense(options.seed);
    lesson.options.ordered = lesson.dense_options.ordered = ordered_heads(parts.form);
    const auto held = held_out(lesson, parts.form, stop);
    if (!held) return tl::unexpected(held.error());
    const Calibration calibration = calibrate(held->grams, held->texts, lesson.texts, parts.form);
    parts.slope = calibration.slope;
    parts.offset = calibration.offset;
    const auto model = lesson.fit_grams(parts.form, kFolds, stop);
    if (!model) return tl::unexpected(model.error());
    take_weights(*model, lesson.features, 1, parts.bias, parts.weights);
    if (!mean.empty()) {
        auto dense = learn_dense(lesson, *held, parts.form, std::move(mean), stop);
        if (!dense) return tl::unexpected(dense.error());
        parts.dense = std::move(*dense);
    }
    std::string bytes = student_bytes(parts);
    if (bytes.size() > kMostLabelsBytes) return fail(ErrorCode::too_large, "the student is larger than 16 MiB");
    return bytes;
}

}  // namespace weir::tiers::student
