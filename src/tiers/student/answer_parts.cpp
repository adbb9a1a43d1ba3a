#include "tiers/student/answer_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "json/scan.h"
#include "text/normalised.h"
#include "tiers/student/answer_form.h"

namespace weir::tiers::student {
namespace {

constexpr char kBetweenNames = '\x1f';
constexpr std::size_t kMostElements = 64;
constexpr std::size_t kMostListedBytes = 80;  // of one element between commas

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// The elements of an array as they are written; false where one of them is an array or object, or there are too many.
bool read_array(std::string_view document, json::Span array, AnswerValue& value) {
    std::vector<json::Span> elements;
    json::elements_within(document, array, elements);
    if (elements.size() > kMostElements) return false;
    for (const json::Span& each : elements) {
        const std::string_view raw = each.of(document);
        if (json::is_object(raw) || json::is_array(raw)) return false;
        value.elements.emplace_back(raw);
    }
    value.list = true;
    if (elements.empty()) return true;
    value.open = document.substr(array.begin, elements.front().begin - array.begin);
    value.close = document.substr(elements.back().end, array.end - elements.back().end);
    if (elements.size() > 1) value.separator = document.substr(elements[0].end, elements[1].begin - elements[0].end);
    return true;
}

class ObjectCutter {
  public:
    explicit ObjectCutter(std::string_view document) : document_(document) {}

    bool cut(json::Span object, const std::string& path, std::size_t depth) {
        if (depth > 8) return false;
        std::vector<json::Member> members;
        json::members_within(document_, object, members);
        for (const json::Member& member : members) {
            std::string inner = path;
            if (!inner.empty()) inner += kBetweenNames;
            inner += member.key;
            const std::string_view raw = member.raw(document_);
            if (json::is_object(raw) && !json::is_empty_container(raw)) {
                if (!cut(member.value, inner, depth + 1)) return false;
                continue;
            }
            AnswerValue value;
            value.path = std::move(inner);
            value.text = raw;
            if (json::is_array(raw)) read_array(document_, member.value, value);
            for (const AnswerValue& other : parts_.values) {
                if (other.path == value.path) return false;
            }
            parts_.values.push_back(std::move(value));
            parts_.frame.emplace_back(document_.substr(done_, member.value.begin - done_));
            done_ = member.value.end;
            if (parts_.values.size() > kMostFields) return false;
        }
        return true;
    }
    AnswerParts finish() {
        parts_.frame.emplace_back(document_.substr(done_));
        return std::move(parts_);
    }

  private:
    std::string_view document_;
    AnswerParts parts_;
    std::size_t done_ = 0;
};

}  // namespace

std::optional<AnswerParts> parts_of_object(std::string_view answer) {
    const std::size_t begin = answer.find('{'), last = answer.rfind('}');
    if (answer.size() > kMostAnswerBytes || begin == std::string_view::npos || last == std::string_view::npos ||
        last < begin) {
        return std::nullopt;
    }
    const std::string_view document = answer.substr(begin, last + 1 - begin);
    std::vector<json::Member> members;
    if (!json::members(document, members)) return std::nullopt;
    ObjectCutter cutter(document);
    if (!cutter.cut({0, document.size()}, {}, 0)) return std::nullopt;
    AnswerParts parts = cutter.finish();
    if (parts.values.empty()) return std::nullopt;
    parts.frame.front().insert(0, answer.substr(0, begin));
    parts.frame.back() += answer.substr(last + 1);
    return parts;
}

std::optional<AnswerParts> parts_of_list(std::string_view answer) {
    if (answer.size() > kMostAnswerBytes) return std::nullopt;
    const std::string_view text = text::trimmed(answer);
    AnswerValue value;
    value.text = text;
    if (!text.empty() && text.front() == '[') {
        const std::string document = "{\"v\":" + value.text + "}";
        std::vector<json::Member> members;
        if (!json::members(document, members) || members.size() != 1) return std::nullopt;
        if (!read_array(document, members[0].value, value)) return std::nullopt;
    } else {
        value.list = true;
        for (std::string_view left = text; !left.empty();) {
            const std::size_t comma = std::min(left.find(','), left.size());
            const std::string_view element = text::trimmed(left.substr(0, comma));
            if (comma + 1 < left.size() && is_digit(left[comma + 1]) && comma > 0 && is_digit(left[comma - 1]))
                return std::nullopt;  // 1,000
            if (element.empty() || element.size() > kMostListedBytes || value.elements.size() == kMostElements)
                return std::nullopt;
            value.elements.emplace_back(element);
            left.remove_prefix(std::min(comma + 1, left.size()));
            if (value.separator.empty() && !left.empty()) value.separator = left.front() == ' ' ? ", " : ",";
        }
        if (value.elements.empty()) return std::nullopt;
    }
    const auto before = static_cast<std::size_t>(text.data() - answer.data());
    AnswerParts parts;
    parts.values.push_back(std::move(value));
    parts.frame = {std::string(answer.substr(0, before)), std::string(answer.substr(before + text.size()))};
    return parts;
}

AnswerParts parts_of_text(std::string_view answer) {
    const std::string_view text = text::trimmed(answer);
    const auto before = text.empty() ? 0 : static_cast<std::size_t>(text.data() - answer.data());
    AnswerParts parts;
    parts.values.push_back({{}, std::string(text), false, {}, {}, {}, {}});
    parts.frame = {std::string(answer.substr(0, before)), std::string(answer.substr(before + text.size()))};
    return parts;
}

std::string label_key(std::string_view text) {
    std::string plain = text::normalised(text);
    const std::optional<double> number = number_of(plain);
    if (!number) return plain;
    char digits[40];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, *number == 0 ? 0 : *number);
    return std::string(digits, end);
}

std::optional<double> label_number(std::string_view key) {
    return number_of(key);
}

}  // namespace weir::tiers::student
