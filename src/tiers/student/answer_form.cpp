#include "tiers/student/answer_form.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "learn/softmax_regression.h"
#include "tiers/student/answer_parts.h"

namespace weir::tiers::student {
namespace {

using learn::SoftmaxRegression;

constexpr double kAlike = 0.9;        // of the answers: they have the form
constexpr double kMostAlone = 0.6;    // of a field's values: labels that stand there once
constexpr double kLeastListed = 0.1;  // of the answers between commas: they hold a comma
constexpr double kLeastLog = -30;     // of a probability
constexpr std::size_t kLeastSeen = 2;

// Whatever is there most often; of equally many the first in order of the alphabet.
template <class Key>
const Key& most_often(const std::map<Key, std::size_t>& counts) {
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

// The values that a field has had.
struct Seen {
    struct Label {
        std::size_t count = 0;
        double place = 0;  // sum, from 0 to 1 in each list
        std::map<std::string, std::size_t> texts;
    };
    std::map<std::string, Label> labels;
    std::size_t values = 0, alone = 0;

    void add(const std::string& text, double place = 0) {
        Label& label = labels[label_key(text)];
        ++label.count;
        label.place += place;
        ++label.texts[text];
        ++values;
    }
    // The labels seen twice; none where the values are not from a closed set.
    std::vector<AnswerLabel> closed() {
        struct Placed {
            AnswerLabel label;
            double place;
        };
        std::vector<Placed> kept;
        bool numbers = true;
        for (const auto& [key, label] : labels) {
            alone += label.count == 1 ? 1 : 0;
            if (label.count < kLeastSeen || key.size() > kMostLabelBytes) continue;
            const std::string& text = most_often(label.texts);
            if (text.size() > kMostLabelBytes) continue;
            numbers = numbers && label_number(key).has_value();
            kept.push_back({{key, text}, label.place / static_cast<double>(label.count)});
        }
        if (kept.size() > kMostLabels || static_cast<double>(alone) > kMostAlone * static_cast<double>(values))
            return {};
        std::stable_sort(kept.begin(), kept.end(), [numbers](const Placed& a, const Placed& b) {
            return numbers ? *label_number(a.label.key) < *label_number(b.label.key) : a.place < b.place;
        });
        std::vector<AnswerLabel> result;
        for (Placed& each : kept) result.push_back(std::move(each.label));
        return result;
    }
};

std::optional<AnswerParts> parts_of(AnswerKind kind, std::string_view answer) {
    if (answer.size() > kMostAnswerBytes) return std::nullopt;
    if (kind == AnswerKind::object) return parts_of_object(answer);
    if (kind == AnswerKind::labels) return parts_of_list(answer);
    return parts_of_text(answer);
}

bool is_array(std::string_view text) {
    return text.starts_with('[');
}

// As a list, if all values are lists and their elements say more with less.
bool as_list(std::span<const AnswerValue* const> values, AnswerField& field) {
    Seen elements, wholes;
    std::map<std::string, std::size_t> open, separator, close, none;
    std::size_t longer = 0;
    const bool array = !values.empty() && is_array(values.front()->text);
    for (const AnswerValue* value : values) {
        if (!value->list || is_array(value->text) != array) return false;
        wholes.add(value->text);
        const auto size = static_cast<double>(value->elements.size());
        for (std::size_t i = 0; i < value->elements.size(); ++i) {
            elements.add(value->elements[i], (static_cast<double>(i) + 0.5) / size);
        }
        if (value->elements.empty()) {
            ++none[value->text];
            continue;
        }
        ++open[value->open];
        ++close[value->close];
        if (value->elements.size() > 1) ++separator[value->separator], ++longer;
    }
    if (!array && static_cast<double>(longer) < kLeastListed * static_cast<double>(values.size())) return false;
    if (elements.labels.size() >= wholes.labels.size()) return false;
    field.labels = elements.closed();
    if (field.labels.empty()) return false;
    field.several = true;
    if (!open.empty()) field.open = most_often(open), field.close = most_often(close);
    field.separator = separator.empty() ? ", " : most_often(separator);
    if (!none.empty()) field.none = most_often(none);
    if (field.none.empty() && array) field.none = "[]";
    return true;
}

bool describe(std::span<const AnswerValue* const> values, AnswerField& field) {
    if (as_list(values, field)) return true;
    Seen seen;
    for (const AnswerValue* value : values) seen.add(value->text);
    field.several = false;
    field.labels = seen.closed();
    return !field.labels.empty();
}

std::string names_of(const AnswerParts& parts) {
    std::string names;
    for (const AnswerValue& value : parts.values) names += value.path + '\n';
    return names;
}

double log_of(double probability) {
    return std::max(kLeastLog, std::log(std::max(probability, 1e-30)));
}

const AnswerLabel* label_of(const AnswerField& field, std::string_view text) {
    const std::string key = label_key(text);
    const auto found = std::find_if(field.labels.begin(), field.labels.end(),
                                    [&key](const AnswerLabel& label) { return label.key == key; });
    return found == field.labels.end() ? nullptr : &*found;
}

}  // namespace

std::optional<AnswerForm> AnswerForm::find(std::span<const std::string_view> answers) {
    if (answers.size() < kLeastAnswers) return std::nullopt;
    const auto enough = static_cast<std::size_t>(std::ceil(kAlike * static_cast<double>(answers.size())));
    for (const AnswerKind kind : {AnswerKind::object, AnswerKind::labels, AnswerKind::label}) {
        std::vector<AnswerParts> all;
        std::map<std::string, std::size_t> names, frames;
        for (const std::string_view answer : answers) {
            std::optional<AnswerParts> parts = parts_of(kind, answer);
            if (!parts) continue;
            ++names[names_of(*parts)];
            all.push_back(std::move(*parts));
        }
        if (all.size() < enough) continue;
        const std::string& usual = most_often(names);
        if (names.at(usual) < enough) continue;
        std::erase_if(all, [&usual](const AnswerParts& parts) { return names_of(parts) != usual; });
        for (const AnswerParts& parts : all) {
            std::string frame;
            for (const std::string& piece : parts.frame) frame += piece + '\x1e';
            ++frames[frame];
        }
        AnswerForm form;
        form.kind_ = kind;
        std::string_view frame = most_often(frames);
        for (; !frame.empty(); frame.remove_prefix(frame.find('\x1e') + 1)) {
            form.frame_.emplace_back(frame.substr(0, frame.find('\x1e')));
        }
        bool closed = form.frame_.size() == all.front().values.size() + 1;
        for (std::size_t i = 0; closed && i < all.front().values.size(); ++i) {
            std::vector<const AnswerValue*> values;
            for (const AnswerParts& parts : all) values.push_back(&parts.values[i]);
            AnswerField field;
            field.path = all.front().values[i].path;
            closed = describe(values, field);
            form.fields_.push_back(std::move(field));
        }
        if (!closed) {
            if (kind == AnswerKind::object) return std::nullopt;
            continue;
        }
        if (kind == AnswerKind::labels && !form.fields_.front().several) continue;
        const std::vector<AnswerLabel>& first = form.fields_.front().labels;
        if (kind == AnswerKind::label &&
            std::all_of(first.begin(), first.end(), [](const auto& label) { return label_number(label.key); })) {
            form.kind_ = AnswerKind::number;
        }
        if (!form.finish()) return std::nullopt;
        return form;
    }
    return std::nullopt;
}

bool AnswerForm::finish() {
    heads_.clear();
    columns_ = 0;
    for (const AnswerField& field : fields_) {
        const std::size_t labels = field.labels.size();
        if (field.several) {
            heads_.insert(heads_.end(), labels, 1U);
        } else if (labels > 1) {
            heads_.push_back(static_cast<std::uint32_t>(labels));
        }
        columns_ += field.several || labels > 1 ? labels : 0;
    }
    return columns_ > 0 && columns_ <= kMostColumns;
}

bool AnswerForm::targets(std::string_view answer, std::vector<std::int32_t>& out) const {
    out.assign(heads_.size(), SoftmaxRegression::kUnknown);
    const std::optional<AnswerParts> parts = parts_of(kind_, answer);
    if (!parts || parts->values.size() != fields_.size()) return false;
    bool known = true;
    std::size_t head = 0;
    for (const AnswerField& field : fields_) {
        const auto value = std::find_if(parts->values.begin(), parts->values.end(),
                                        [&field](const AnswerValue& each) { return each.path == field.path; });
        const bool there = value != parts->values.end();
        if (field.several) {
            const std::span<std::int32_t> own = std::span(out).subspan(head, field.labels.size());
            head += own.size();
            if (!there || !value->list || is_array(value->text) != is_array(field.none)) {
                known = false;
                continue;
            }
            std::fill(own.begin(), own.end(), 0);
            for (const std::string& element : value->elements) {
                const AnswerLabel* const label = label_of(field, element);
                if (label == nullptr) known = false;
                if (label != nullptr) own[static_cast<std::size_t>(label - field.labels.data())] = 1;
            }
            continue;
        }
        const AnswerLabel* const label = there ? label_of(field, value->text) : nullptr;
        known = known && label != nullptr;
        if (field.labels.size() == 1) continue;
        if (label != nullptr) out[head] = static_cast<std::int32_t>(label - field.labels.data());
        ++head;
    }
    return known;
}

AnswerForm::Choice AnswerForm::choose(std::span<const float> probabilities) const {
    Choice choice;
    choice.margin = std::numeric_limits<double>::infinity();
    std::size_t column = 0;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const AnswerField& field = fields_[i];
        choice.text += frame_[i];
        if (!field.several && field.labels.size() == 1) {
            choice.text += field.labels.front().text;
            continue;
        }
        const std::span<const float> own = probabilities.subspan(column, field.labels.size());
        column += own.size();
        if (!field.several) {
            const auto best = static_cast<std::size_t>(std::max_element(own.begin(), own.end()) - own.begin());
            float second = 0;
            for (std::size_t label = 0; label < own.size(); ++label) {
                if (label != best) second = std::max(second, own[label]);
            }
            choice.text += field.labels[best].text;
            choice.log_probability += log_of(own[best]);
            choice.margin = std::min(choice.margin, log_of(own[best]) - log_of(second));
            continue;
        }
        bool first = true;
        for (std::size_t label = 0; label < own.size(); ++label) {
            const bool chosen = own[label] >= 0.5F;
            const double yes = log_of(own[label]), no = log_of(1 - static_cast<double>(own[label]));
            choice.log_probability += std::max(yes, no);
            choice.margin = std::min(choice.margin, std::abs(yes - no));
            if (!chosen) continue;
            choice.text += (first ? field.open : field.separator) + field.labels[label].text;
            first = false;
        }
        choice.text += first ? field.none : field.close;
    }
    choice.text += frame_.back();
    return choice;
}

void AnswerForm::write(learn::ModelWriter& to) const {
    to.put(static_cast<std::uint8_t>(kind_));
    to.put(static_cast<std::uint32_t>(fields_.size()));
    for (const std::string& piece : frame_) to.put_text(piece);
    for (const AnswerField& field : fields_) {
        to.put_text(field.path);
        to.put(static_cast<std::uint8_t>(field.several ? 1 : 0));
        for (const std::string* text : {&field.open, &field.separator, &field.close, &field.none}) to.put_text(*text);
        to.put(static_cast<std::uint32_t>(field.labels.size()));
        for (const AnswerLabel& label : field.labels) {
            to.put_text(label.key);
            to.put_text(label.text);
        }
    }
}

Result<AnswerForm> AnswerForm::read(learn::ModelReader& from) {
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged form of answers"); };
    AnswerForm form;
    const auto kind = from.get<std::uint8_t>();
    const std::size_t fields = from.get<std::uint32_t>();
    if (!from.ok() || kind > static_cast<std::uint8_t>(AnswerKind::object) || fields == 0 || fields > kMostFields ||
        (fields > 1 && kind != static_cast<std::uint8_t>(AnswerKind::object))) {
        return damaged();
    }
    form.kind_ = static_cast<AnswerKind>(kind);
    for (std::size_t i = 0; i <= fields; ++i) form.frame_.emplace_back(from.get_text(kMostAnswerBytes));
    for (std::size_t i = 0; i < fields; ++i) {
        AnswerField field;
        field.path = from.get_text(kMostAnswerBytes);
        const auto several = from.get<std::uint8_t>();
        field.several = several == 1;
        for (std::string* text : {&field.open, &field.separator, &field.close, &field.none}) {
            *text = from.get_text(kMostAnswerBytes);
        }
        const std::size_t labels = from.get<std::uint32_t>();
        if (!from.ok() || several > 1 || labels == 0 || labels > kMostLabels) return damaged();
        for (std::size_t label = 0; label < labels; ++label) {
            AnswerLabel read;
            read.key = from.get_text(kMostLabelBytes);
            read.text = from.get_text(kMostLabelBytes);
            field.labels.push_back(std::move(read));
        }
        form.fields_.push_back(std::move(field));
    }
    if (!from.ok() || !form.finish()) return damaged();
    return form;
}

}  // namespace weir::tiers::student
