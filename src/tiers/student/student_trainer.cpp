#include "tiers/student/student_trainer.h"

#include <algorithm>
#include <cmath>

#include "learn/calibration.h"
#include "learn/certificates.h"
#include "learn/softmax_regression.h"

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

struct Text {
    std::vector<Gram> grams;
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

// How the model's own word has to be read, from models that had not seen the texts they are asked about.
Result<learn::PlattCalibration> calibrate(const SoftmaxRegression::Examples& rows, std::span<const Text> texts,
                                          const Vocabulary& vocabulary, const AnswerForm& form,
                                          const SoftmaxRegression::Options& fitting, const std::stop_token& stop) {
    std::vector<learn::ScoredLabel> scored;
    std::vector<float> probabilities;
    std::vector<std::int32_t> said;
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
        SoftmaxRegression::Examples others;
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            if (row >= texts.size() || row % kFolds != fold) append_row(rows, row, form.heads().size(), others);
        }
        const auto model = SoftmaxRegression::fit(others, vocabulary.size(), form.heads(), fitting, stop);
        if (!model) return tl::unexpected(model.error());
        for (std::size_t row = fold; row < texts.size(); row += kFolds) {
            model->probabilities(rows.row(row), probabilities);
            const AnswerForm::Choice choice = form.choose(probabilities);
            form.targets(choice.text, said);
            const bool right = texts[row].sayable && said == texts[row].targets;
            scored.push_back(
                {learn::logit(std::min(kMostRight, std::exp(choice.log_probability))), right ? 1.0 : 0.0, 1});
        }
    }
    return learn::PlattCalibration::fit(scored);
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
    const auto rows = rows_of(texts, vocabulary);
    SoftmaxRegression::Options fitting;
    fitting.seed = options.seed;
    const auto calibration = calibrate(rows, std::span(texts).first(taught), vocabulary, parts.form, fitting, stop);
    if (!calibration) return tl::unexpected(calibration.error());
    parts.slope = static_cast<float>(std::clamp(calibration->slope, 0.0, kMostSlope));
    parts.offset = static_cast<float>(std::clamp(calibration->offset, -kMostOffset, kMostOffset));
    const auto model = SoftmaxRegression::fit(rows, vocabulary.size(), parts.form.heads(), fitting, stop);
    if (!model) return tl::unexpected(model.error());
    parts.bias.assign(model->bias().begin(), model->bias().end());
    parts.weights.reserve(vocabulary.size() * columns);
    for (std::size_t feature = 0; feature < vocabulary.size(); ++feature) {
        const auto own = model->weights(feature);
        parts.weights.insert(parts.weights.end(), own.begin(), own.end());
    }
    std::string bytes = student_bytes(parts);
    if (bytes.size() > kMostLabelsBytes) return fail(ErrorCode::too_large, "the student is larger than 16 MiB");
    return bytes;
}

}  // namespace weir::tiers::student
