#include "tiers/semantic_cache/answer_agreement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "json/scan.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kMostJsonBytes = 1u << 20;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Lower case (ASCII), runs of white space as one space, none at the ends, no . ! ? at the end.
std::string normalised(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_space(c)) {
            if (!out.empty() && out.back() != ' ') out += ' ';
        } else {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        }
    }
    while (!out.empty() && (out.back() == ' ' || out.back() == '.' || out.back() == '!' || out.back() == '?')) {
        out.pop_back();
    }
    return out;
}

// A whole text that is one number, as digits without what does not count: "$1,000.50" -> "1000.5". % stays.
std::optional<std::string> number_of(std::string_view text) {
    std::string digits, sign, percent;
    bool point = false, any = false;
    std::size_t i = 0;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) {
        if (text[i] == '-') sign = "-";
        ++i;
    }
    if (i < text.size() && text[i] == '$') ++i;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            digits += c;
            any = true;
        } else if (c == '.' && !point) {
            point = true;
            digits += c;
        } else if (c == '%' && i + 1 == text.size()) {
            percent = "%";
        } else if (c != ',' || !any || point) {
            return std::nullopt;
        }
    }
    if (!any) return std::nullopt;
    if (point) {
        while (digits.back() == '0') digits.pop_back();
        if (digits.back() == '.') digits.pop_back();
    }
    const std::size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, leading);
    if (digits.empty() || digits[0] == '.') digits.insert(digits.begin(), '0');
    return (digits == "0" ? "" : sign) + digits + percent;
}

// A checked value with its members sorted; strings unescaped and escaped again, so that their spelling does not count.
void append_canonical(std::string_view document, json::Span value, std::string& out) {
    const std::string_view raw = value.of(document);
    if (json::is_object(raw)) {
        std::vector<json::Member> members;
        json::members_within(document, value, members);
        std::stable_sort(members.begin(), members.end(),
                         [](const json::Member& a, const json::Member& b) { return a.key < b.key; });
        out += '{';
        for (const json::Member& member : members) {
            json::write_string(member.key, out);
            out += ':';
            append_canonical(document, member.value, out);
            out += ',';
        }
        out += '}';
    } else if (json::is_array(raw)) {
        std::vector<json::Span> elements;
        json::elements_within(document, value, elements);
        out += '[';
        for (const json::Span element : elements) {
            append_canonical(document, element, out);
            out += ',';
        }
        out += ']';
    } else if (std::string text; json::append_string(raw, text)) {
        json::write_string(text, out);
    } else {
        out += raw;
    }
}

// Nothing where the text is no object or array.
std::optional<std::string> canonical_json(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    if (text.empty() || text.size() > kMostJsonBytes || (text[0] != '{' && text[0] != '[')) return std::nullopt;
    const std::string document = "{\"a\":" + std::string(text) + "}";  // members() checks objects only
    std::vector<json::Member> members;
    if (!json::members(document, members) || members.size() != 1) return std::nullopt;
    std::string out;
    append_canonical(document, members[0].value, out);
    return out;
}

}  // namespace

bool answers_agree(std::string_view first, std::string_view second) {
    if (first == second) return true;
    const std::string a = normalised(first), b = normalised(second);
    if (a == b) return !a.empty() || first.empty() == second.empty();
    if (const auto x = number_of(a)) {
        const auto y = number_of(b);
        return y && *x == *y;
    }
    const auto x = canonical_json(first);
    if (!x) return false;
    const auto y = canonical_json(second);
    return y && *x == *y;
}

}  // namespace weir::tiers::semantic
