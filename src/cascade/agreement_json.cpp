// Answers that are JSON, member by member.
#include <algorithm>
#include <cmath>

#include "cascade/answer_words.h"
#include "json/scan.h"

namespace weir::cascade {
namespace {

using namespace answer_words;

// Without a fence around it.
std::string_view unfenced(std::string_view text) {
    text = trimmed(text);
    if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 6) return text;
    const std::size_t line = text.find('\n');
    if (line == std::string_view::npos || line + 3 > text.size()) return text;
    const std::string_view inside = text.substr(line + 1, text.size() - 3 - line - 1);
    return inside.find("```") == std::string_view::npos ? trimmed(inside) : text;
}

// The document {"v": text} where the text is a JSON object or array.
std::optional<std::string> json_document(std::string_view text) {
    text = unfenced(text);
    if (text.empty() || (text[0] != '{' && text[0] != '[')) return std::nullopt;
    std::string document = "{\"v\":" + std::string(text) + "}";
    std::vector<json::Member> members;
    if (!json::members(document, members) || members.size() != 1) return std::nullopt;
    return document;
}

// The worse of two.
Agreed both(Agreed a, Agreed b) {
    if (a == Agreed::differ || b == Agreed::differ) return Agreed::differ;
    return a == Agreed::agree ? b : a;
}

struct JsonSide {
    std::string_view document;
    json::Span value;
    std::string_view raw() const { return value.of(document); }
};

Agreed compare_values(JsonSide a, JsonSide b, const AgreementRules& rules);

Agreed compare_objects(JsonSide a, JsonSide b, const AgreementRules& rules) {
    std::vector<json::Member> first;
    std::vector<json::Member> second;
    json::members_within(a.document, a.value, first);
    json::members_within(b.document, b.value, second);
    if (first.size() != second.size()) return Agreed::differ;
    const auto by_key = [](const json::Member& x, const json::Member& y) { return x.key < y.key; };
    std::stable_sort(first.begin(), first.end(), by_key);
    std::stable_sort(second.begin(), second.end(), by_key);
    Agreed result = Agreed::agree;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i].key != second[i].key) return Agreed::differ;
        result = both(result, compare_values({a.document, first[i].value}, {b.document, second[i].value}, rules));
    }
    return result;
}

Agreed compare_arrays(JsonSide a, JsonSide b, const AgreementRules& rules) {
    std::vector<json::Span> first;
    std::vector<json::Span> second;
    json::elements_within(a.document, a.value, first);
    json::elements_within(b.document, b.value, second);
    if (first.size() != second.size()) return Agreed::differ;
    Agreed result = Agreed::agree;
    for (std::size_t i = 0; i < first.size(); ++i) {
        result = both(result, compare_values({a.document, first[i]}, {b.document, second[i]}, rules));
    }
    if (result != Agreed::differ) return result;
    const auto sorted = [](std::string_view document, const std::vector<json::Span>& elements) {
        std::vector<std::string> texts;
        for (const json::Span& element : elements) json::minify(element.of(document), texts.emplace_back());
        std::sort(texts.begin(), texts.end());
        return texts;
    };
    // The same in another order: only who asked knows whether that matters.
    return sorted(a.document, first) == sorted(b.document, second) ? Agreed::undecided : Agreed::differ;
}

Agreed compare_values(JsonSide a, JsonSide b, const AgreementRules& rules) {
    if (json::is_object(a.raw()) && json::is_object(b.raw())) return compare_objects(a, b, rules);
    if (json::is_array(a.raw()) && json::is_array(b.raw())) return compare_arrays(a, b, rules);
    const auto text_a = json::as_string(a.raw());
    const auto text_b = json::as_string(b.raw());
    if (text_a && text_b) {
        if (normalised(*text_a, false) == normalised(*text_b, false)) return Agreed::agree;
        const std::vector<std::string> words_a = words_of(*text_a);
        const std::vector<std::string> words_b = words_of(*text_b);
        if (const auto by = by_words({}, words_a, words_b)) return by->result;
        // A value of few words is a label.
        return std::max(words_a.size(), words_b.size()) <= kShortWords ? Agreed::differ : Agreed::undecided;
    }
    const auto number_a = json::as_double(a.raw());
    const auto number_b = json::as_double(b.raw());
    if (number_a && number_b) {
        const double size = std::max(std::abs(*number_a), std::abs(*number_b));
        return std::abs(*number_a - *number_b) <= rules.number_tolerance * size ? Agreed::agree : Agreed::differ;
    }
    if (a.raw() == b.raw()) return Agreed::agree;  // true, false, null
    // "42" and 42, null and "": other forms of perhaps the same.
    return text_a || text_b ? Agreed::undecided : Agreed::differ;
}

}  // namespace

bool is_json(std::string_view text) {
    return json_document(text).has_value();
}

std::optional<std::vector<std::string>> json_labels(std::string_view text) {
    const std::optional<std::string> document = json_document(text);
    if (!document) return std::nullopt;
    const json::Span array = *json::find_member(*document, {0, document->size()}, "v");
    if (!json::is_array(array.of(*document))) return std::nullopt;
    std::vector<std::string> labels;
    for (json::Walk element(*document, array); element.next();) {
        const std::string_view raw = element.raw();
        if (json::is_object(raw) || json::is_array(raw)) return std::nullopt;
        labels.push_back(json::as_string(raw).value_or(std::string(raw)));
    }
    return labels;
}

std::optional<Agreement> agreement_of_json(std::string_view a, std::string_view b, const AgreementRules& rules) {
    const std::optional<std::string> first = json_document(a);
    const std::optional<std::string> second = json_document(b);
    if (!first && !second) return std::nullopt;
    if (!first || !second) return Agreement{Agreed::undecided, "JSON"};
    const auto value = [](const std::string& document) {
        return JsonSide{document, *json::find_member(document, {0, document.size()}, "v")};
    };
    return Agreement{compare_values(value(*first), value(*second), rules), "JSON"};
}

}  // namespace weir::cascade
