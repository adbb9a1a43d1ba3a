#include "text/redaction.h"

#include <algorithm>
#include <array>

namespace weir::text {
namespace {

constexpr std::array<std::string_view, 5> kMarks = {"[redacted]", "[email]", "[iban]", "[card]", "[phone]"};

struct Found {
    std::size_t begin = 0, end = 0;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alnum(char c) {
    return is_digit(c) || is_letter(c);
}
bool beyond_ascii(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

// ---- e-mail ----
bool is_local(char c) {
    return is_alnum(c) || beyond_ascii(c) || std::string_view("._%+-'").find(c) != std::string_view::npos;
}

// Where the domain that begins at `at` ends; `at` where there is none. The last label has at least two letters.
std::size_t domain_end(std::string_view text, std::size_t at) {
    std::size_t end = at, good = at;
    while (true) {
        const std::size_t label = end;
        bool digits = false;
        while (end < text.size() && (is_alnum(text[end]) || beyond_ascii(text[end]) || text[end] == '-')) {
            digits = digits || is_digit(text[end]);
            ++end;
        }
        if (end == label) return good;
        if (label > at && end - label >= 2 && !digits) good = end;
        if (end >= text.size() || text[end] != '.') return good;
        ++end;
    }
}

std::vector<Found> emails(std::string_view text) {
    std::vector<Found> found;
    std::size_t from = 0;
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        std::size_t begin = at;
        while (begin > from && is_local(text[begin - 1])) --begin;
        const std::size_t end = domain_end(text, at + 1);
        if (begin == at || end == at + 1) continue;
        found.push_back({begin, end});
        from = end;
        at = end - 1;
    }
    return found;
}

// ---- digits in groups ----
bool luhn(std::string_view digits) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        auto digit = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
        if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

// Whether a number may begin at `at`: not in the middle of a word or a number, nor behind a decimal point.
bool may_begin(std::string_view text, std::size_t at) {
    if (at == 0) return true;
    const char before = text[at - 1];
    if (is_alnum(before) || before == '_') return false;
    return !((before == '.' || before == ',') && at > 1 && is_digit(text[at - 2]));
}
bool may_end(std::string_view text, std::size_t at) {
    return at >= text.size() || (!is_alnum(text[at]) && text[at] != '_');
}

std::vector<Found> cards(std::string_view text) {
    constexpr std::size_t kLeast = 13, kMost = 19;
    std::vector<Found> found;
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
        if (!is_digit(text[begin]) || !may_begin(text, begin)) continue;
        std::string digits;
        std::size_t good = 0;
        for (std::size_t at = begin; at < text.size() && digits.size() <= kMost; ++at) {
            const bool between = (text[at] == ' ' || text[at] == '-') && is_digit(text[at - 1]);
            if (between) continue;
            if (!is_digit(text[at])) break;
            digits += text[at];
            const bool whole = digits.size() >= kLeast && digits.size() <= kMost && may_end(text, at + 1);
            if (whole && luhn(digits)) good = at + 1;
        }
        if (good == 0) continue;
        found.push_back({begin, good});
        begin = good - 1;
    }
    return found;
}

// The remainder modulo 97 of an account number, its first four characters moved behind the others, letters as 10 to 35.
unsigned remainder(std::string_view characters) {
    unsigned value = 0;
    for (std::size_t i = 0; i < characters.size(); ++i) {
        const char c = characters[(i + 4) % characters.size()];
        value = is_digit(c) ? value * 10 + static_cast<unsigned>(c - '0')
                            : value * 100 + static_cast<unsigned>((c | 0x20) - 'a' + 10);
        value %= 97;
    }
    return value;
}

std::vector<Found> ibans(std::string_view text) {
    constexpr std::size_t kLeast = 15, kMost = 34;
    std::vector<Found> found;
    for (std::size_t begin = 0; begin + kLeast <= text.size(); ++begin) {
        const bool head = is_letter(text[begin]) && is_letter(text[begin + 1]) && is_digit(text[begin + 2]) &&
                          is_digit(text[begin + 3]);
        if (!head || !may_begin(text, begin)) continue;
        std::string characters;
        std::size_t good = 0;
        for (std::size_t at = begin; at < text.size() && characters.size() <= kMost; ++at) {
            if (text[at] == ' ' && is_alnum(text[at - 1])) continue;
            if (!is_alnum(text[at])) break;
            characters += text[at];
            const bool whole = characters.size() >= kLeast && characters.size() <= kMost && may_end(text, at + 1);
            if (whole && remainder(characters) == 1) good = at + 1;
        }
        if (good == 0) continue;
        found.push_back({begin, good});
        begin = good - 1;
    }
    return found;
}

// A run of digit groups: "+49 (0)170 123-4567".
struct Groups {
    std::size_t end = 0;
    std::size_t digits = 0;
    std::vector<std::size_t> sizes;
};

Groups groups_at(std::string_view text, std::size_t begin) {
    constexpr std::size_t kMostDigits = 16;
    Groups groups;
    std::size_t between = 0;
    for (std::size_t at = begin; at < text.size(); ++at) {
        const char c = text[at];
        if (is_digit(c)) {
            if (groups.digits >= kMostDigits) break;
            if (groups.sizes.empty() || between > 0) groups.sizes.push_back(0);
            ++groups.sizes.back();
            ++groups.digits;
            groups.end = at + 1;
            between = 0;
        } else if (std::string_view(" -./()").find(c) != std::string_view::npos) {
            if (++between > 3) break;
        } else {
            break;
        }
    }
    return groups;
}

bool is_phone(const Groups& groups, bool plus) {
    const auto& sizes = groups.sizes;
    if (groups.digits < 8 || groups.digits > 15) return false;
    if (plus) return true;
    const auto ends_american = [&](std::size_t before) {
        return sizes.size() == before + 3 && sizes[before] == 3 && sizes[before + 1] == 3 && sizes[before + 2] == 4;
    };
    return ends_american(0) || (ends_american(1) && sizes[0] == 1);
}

// "030 1234567", "06 12 34 56 78": not a date, whose first group has two digits.
bool is_national(const Groups& groups) {
    const auto& sizes = groups.sizes;
    if (groups.digits < 9 || groups.digits > 15 || sizes.size() < 2) return false;
    if (sizes.front() >= 3 && sizes.front() <= 6) return true;
    return sizes.size() == 5 && std::all_of(sizes.begin(), sizes.end(), [](std::size_t size) { return size == 2; });
}

std::vector<Found> phones(std::string_view text) {
    std::vector<Found> found;
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
        const bool plus = text[begin] == '+', bracket = text[begin] == '(';
        if (!plus && !bracket && !is_digit(text[begin])) continue;
        if (!may_begin(text, begin)) continue;
        std::size_t digit = begin + (plus || bracket ? 1 : 0);
        if (digit >= text.size() || (!is_digit(text[digit]) && !(plus && text[digit] == '('))) continue;
        const Groups groups = groups_at(text, digit);
        const bool zero = text[digit] == '0';
        if (groups.digits == 0 || !may_end(text, groups.end)) continue;
        if (!is_phone(groups, plus) && !(zero && is_national(groups))) {
            if (!plus && !bracket) {  // not from the middle of it either
                while (begin + 1 < text.size() && is_digit(text[begin + 1])) ++begin;
            }
            continue;
        }
        found.push_back({begin, groups.end});
        begin = groups.end - 1;
    }
    return found;
}

std::vector<Found> matches(const Pattern& pattern, std::string_view text) {
    std::vector<Found> found;
    std::size_t from = 0;
    while (const auto match = pattern.find(text, from)) {
        found.push_back({match->begin, match->end});
        from = match->end;
    }
    return found;
}

// What stands in `text`, each part of `found` as `instead`.
void replace(std::string& text, const std::vector<Found>& found, std::string_view instead) {
    if (found.empty()) return;
    std::string out;
    std::size_t at = 0;
    for (const Found& part : found) {
        out.append(text, at, part.begin - at);
        out += instead;
        at = part.end;
    }
    out.append(text, at, std::string::npos);
    text = std::move(out);
}

}  // namespace

Result<Redaction> Redaction::make(std::span<const std::string> rules) {
    if (rules.size() > kMostRules)
        return fail(ErrorCode::invalid, "more than " + std::to_string(kMostRules) + " rules");
    Redaction made;
    for (const std::string& rule : rules) {
        if (rule == "email") {
            made.email_ = true;
        } else if (rule == "phone") {
            made.phone_ = true;
        } else if (rule == "card") {
            made.card_ = true;
        } else if (rule == "iban") {
            made.iban_ = true;
        } else if (rule.size() >= 2 && rule.front() == '/' && rule.back() == '/') {
            auto pattern = Pattern::compile(std::string_view(rule).substr(1, rule.size() - 2));
            if (!pattern) return fail(ErrorCode::invalid, rule + ": " + pattern.error().message);
            made.patterns_.push_back(std::move(*pattern));
        } else {
            return fail(ErrorCode::invalid,
                        "\"" + rule + "\" is none of email, phone, card, iban, nor a pattern between slashes");
        }
    }
    return made;
}

Redaction Redaction::usual() {
    Redaction all;
    all.email_ = all.phone_ = all.card_ = all.iban_ = true;
    return all;
}

std::string Redaction::apply(std::string_view text) const {
    std::string out(text);
    for (const Pattern& pattern : patterns_) replace(out, matches(pattern, out), kMarks[0]);
    if (email_) replace(out, emails(out), kMarks[1]);
    // Longer numbers first: a part of a card's would do for a telephone's.
    if (iban_) replace(out, ibans(out), kMarks[2]);
    if (card_) replace(out, cards(out), kMarks[3]);
    if (phone_) replace(out, phones(out), kMarks[4]);
    return out;
}

bool Redaction::marked(std::string_view text) {
    return std::any_of(kMarks.begin(), kMarks.end(),
                       [text](std::string_view mark) { return text.find(mark) != std::string_view::npos; });
}

}  // namespace weir::text
