#include "cascade/answer_at.h"

#include <algorithm>
#include <functional>

#include "cascade/answer_words.h"
#include "json/scan.h"

namespace weir::cascade {
namespace {

// Every value that is no array, of nested arrays. False: `each` did not like one, or one is an object.
bool all_of(std::string_view raw, const std::function<bool(std::string_view)>& each) {
    if (json::is_object(raw)) return false;
    if (!json::is_array(raw)) return each(raw);
    for (json::Walk element(raw, {0, raw.size()}); element.next();) {
        if (!all_of(element.raw(), each)) return false;
    }
    return true;
}

// The values at the path as one JSON array; nothing where there are none of the kind that is compared.
std::optional<std::string> values_at(std::string_view body, const AnswerRules& rules) {
    std::vector<json::Member> members;
    if (!json::members(body, members)) return std::nullopt;
    std::vector<json::Span> found;
    if (!rules.at.find(body, found) || found.empty()) return std::nullopt;
    std::string values = "[";
    const auto add_number = [&values](std::string_view raw) {
        if (!json::as_double(raw)) return false;
        values += raw;
        values += ',';
        return true;
    };
    const auto add_label = [&values](std::string_view raw) {
        const std::optional<std::string> text = json::as_string(raw);
        if (text) {
            json::write_string(*text, values);
        } else {
            values += raw;
        }
        values += ',';
        return true;
    };
    for (const json::Span value : found) {
        const std::string_view raw = value.of(body);
        if (rules.by == AgreementForm::json) {
            values += raw;
            values += ',';
            continue;
        }
        values += '[';
        const bool all = rules.by == AgreementForm::number ? all_of(raw, add_number) : all_of(raw, add_label);
        if (!all) return std::nullopt;
        if (values.back() == ',') values.pop_back();
        values += "],";
    }
    values.pop_back();
    return values + "]";
}

}  // namespace

Agreement agreement_at(std::string_view a, std::string_view b, const AnswerRules& rules) {
    const std::string_view how = rules.by == AgreementForm::number ? "number"
                                 : rules.by == AgreementForm::text ? "label"
                                                                   : "JSON";
    if (std::max(a.size(), b.size()) > kMaxComparedBytes) {
        return {a == b ? Agreed::agree : Agreed::undecided, "too long"};
    }
    const std::optional<std::string> first = values_at(a, rules);
    const std::optional<std::string> second = values_at(b, rules);
    if (!first || !second) return {!first && !second ? Agreed::undecided : Agreed::differ, how};
    if (*first == *second) return {Agreed::agree, how};
    if (rules.by == AgreementForm::text) return {Agreed::differ, how};
    const AgreementRules numbers{AgreementForm::json, rules.tolerance};
    const std::optional<Agreement> by = agreement_of_json(*first, *second, numbers);
    return {by ? by->result : Agreed::undecided, how};
}

bool has_answer_at(std::string_view body, const AnswerRules& rules) {
    return values_at(body, rules).has_value();
}

std::optional<double> confidence_at(std::string_view body, const json::Path& path) {
    std::vector<json::Member> members;
    std::vector<json::Span> found;
    if (!json::members(body, members) || !path.find(body, found)) return std::nullopt;
    std::optional<double> most;
    const auto take = [&most](std::string_view raw) {
        const std::optional<double> value = json::as_double(raw);
        if (!value || *value < 0 || *value > 1) return false;
        most = std::max(most.value_or(0), *value);
        return true;
    };
    for (const json::Span value : found) {
        if (!all_of(value.of(body), take)) return std::nullopt;
    }
    return most;
}

}  // namespace weir::cascade
