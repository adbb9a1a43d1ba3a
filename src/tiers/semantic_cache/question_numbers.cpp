#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <string_view>

#include "text/word_table.h"
#include "tiers/semantic_cache/question_terms.h"

namespace weir::tiers::semantic {

namespace {

using text::word_id;
using text::WordKind;

enum class Form : std::uint8_t { unit, tens, scale, ordinal, fraction, times };

struct NumberWord {
    double value = 0;
    Form form = Form::unit;
};

constexpr std::pair<std::string_view, NumberWord> number_words[] = {
    {"zero", {0, Form::unit}},
    {"two", {2, Form::unit}},
    {"three", {3, Form::unit}},
    {"four", {4, Form::unit}},
    {"five", {5, Form::unit}},
    {"six", {6, Form::unit}},
    {"seven", {7, Form::unit}},
    {"eight", {8, Form::unit}},
    {"nine", {9, Form::unit}},
    {"ten", {10, Form::unit}},
    {"eleven", {11, Form::unit}},
    {"twelve", {12, Form::unit}},
    {"thirteen", {13, Form::unit}},
    {"fourteen", {14, Form::unit}},
    {"fifteen", {15, Form::unit}},
    {"sixteen", {16, Form::unit}},
    {"seventeen", {17, Form::unit}},
    {"eighteen", {18, Form::unit}},
    {"nineteen", {19, Form::unit}},
    {"twenty", {20, Form::tens}},
    {"thirty", {30, Form::tens}},
    {"forty", {40, Form::tens}},
    {"fifty", {50, Form::tens}},
    {"sixty", {60, Form::tens}},
    {"seventy", {70, Form::tens}},
    {"eighty", {80, Form::tens}},
    {"ninety", {90, Form::tens}},
    {"hundred", {1e2, Form::scale}},
    {"thousand", {1e3, Form::scale}},
    {"million", {1e6, Form::scale}},
    {"billion", {1e9, Form::scale}},
    {"trillion", {1e12, Form::scale}},
    {"lakh", {1e5, Form::scale}},
    {"lakhs", {1e5, Form::scale}},
    {"lac", {1e5, Form::scale}},
    {"lacs", {1e5, Form::scale}},
    {"crore", {1e7, Form::scale}},
    {"crores", {1e7, Form::scale}},
    {"k", {1e3, Form::scale}},
    {"first", {1, Form::ordinal}},
    {"second", {2, Form::ordinal}},
    {"third", {3, Form::ordinal}},
    {"fourth", {4, Form::ordinal}},
    {"fifth", {5, Form::ordinal}},
    {"sixth", {6, Form::ordinal}},
    {"seventh", {7, Form::ordinal}},
    {"eighth", {8, Form::ordinal}},
    {"ninth", {9, Form::ordinal}},
    {"tenth", {10, Form::ordinal}},
    {"eleventh", {11, Form::ordinal}},
    {"twelfth", {12, Form::ordinal}},
    {"twentieth", {20, Form::ordinal}},
    {"half", {0.5, Form::fraction}},
    {"halves", {0.5, Form::fraction}},
    {"quarter", {0.25, Form::fraction}},
    {"quarters", {0.25, Form::fraction}},
    {"thirds", {1.0 / 3, Form::fraction}},
    {"fourths", {0.25, Form::fraction}},
    {"fifths", {0.2, Form::fraction}},
    {"sixths", {1.0 / 6, Form::fraction}},
    {"eighths", {0.125, Form::fraction}},
    {"tenths", {0.1, Form::fraction}},
    {"twice", {2, Form::times}},
    {"thrice", {3, Form::times}},
    {"double", {2, Form::times}},
    {"triple", {3, Form::times}},
    {"quadruple", {4, Form::times}},
};
constexpr auto number_table = [] {
    constexpr std::size_t count = std::size(number_words);
    std::array<text::WordTable<NumberWord, count>::Entry, count> entries{};
    for (std::size_t i = 0; i < count; ++i) entries[i] = {word_id(number_words[i].first), number_words[i].second};
    return text::WordTable<NumberWord, count>(entries);
}();
static_assert(number_table.unique());

constexpr std::uint64_t id_one = word_id("one"), id_and = word_id("and"), id_a = word_id("a"), id_of = word_id("of"),
                        id_k = word_id("k");

// Digits as they stand, also "3/4". False: a version, a time, a date, too many digits.
bool plain_value(std::string_view digits, double& value) {
    const auto parse = [](std::string_view part, double& to) {
        if (part.size() > 17) return false;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), to);
        return error == std::errc() && end == part.data() + part.size();
    };
    const std::size_t slash = digits.find('/');
    if (slash == std::string_view::npos) return parse(digits, value);
    double below = 0;
    if (!parse(digits.substr(0, slash), value) || !parse(digits.substr(slash + 1), below) || below == 0) return false;
    value /= below;
    return true;
}

bool is_whole(double value) {
    return value == std::floor(value);
}

class NumberReader {
  public:
    NumberReader(const text::Words& words, const std::vector<Piece>& pieces, std::size_t at, ReadNumber& number)
        : words_(words), pieces_(pieces), at_(at), number_(number) {}

    std::size_t run() {
        number_ = {};
        const bool more = word().kind == WordKind::number ? digits() : spelled();
        if (!more) return used_;
        if (!parts()) scales();
        if (!number_.fraction) number_.value = total_ + part_;
        return used_;
    }

  private:
    const text::Word& word() const { return words_[pieces_[at_].word]; }
    bool joined(std::size_t i) const { return i < pieces_.size() && (i == at_ || !pieces_[i].after_break); }
    const NumberWord* word_at(std::size_t i) const { return joined(i) ? number_table.find(pieces_[i].id) : nullptr; }

    bool finish(double value) {
        number_.value = value;
        used_ = 1;
        return false;
    }

    // Each of these says whether more may follow.
    bool digits() {
        const std::string_view written = word().lower;
        used_ = 1;
        const std::size_t dot = written.find('.');
        const bool trailing_zero = dot != std::string_view::npos && written.back() == '0' &&
                                   written.find_first_not_of('0', dot + 1) != std::string_view::npos;
        // "2.10" may be a version and is no 2.1
        if (!plain_value(written, part_) || trailing_zero) {
            number_.spelling = word_id(written) | 1;
            return false;
        }
        if (word().ordinal) {
            number_.ordinal = true;
            return finish(part_);
        }
        number_.fraction = written.find('/') != std::string_view::npos;
        number_.value = part_;
        return !number_.fraction && !mixed();
    }

    // "1 1/2"
    bool mixed() {
        if (!joined(at_ + 1) || !is_whole(part_)) return false;
        const text::Word& next = words_[pieces_[at_ + 1].word];
        double below = 0;
        if (next.kind != WordKind::number || next.lower.find('/') == std::string_view::npos ||
            !plain_value(next.lower, below) || below >= 1) {
            return false;
        }
        number_.value = part_ + below;
        number_.fraction = true;
        used_ = 2;
        return true;
    }

    bool spelled() {
        const NumberWord* found = number_table.find(pieces_[at_].id);
        if (pieces_[at_].id == id_one) return one();
        if (found == nullptr || pieces_[at_].id == id_k) return false;
        switch (found->form) {
            case Form::scale:
                part_ = 1;
                return true;  // "hundred men": read below
            case Form::ordinal:
                return ordinal(*found);
            case Form::times:
                number_.times = true;
                return finish(found->value);
            case Form::fraction:
                number_.fraction = true;
                return finish(found->value);
            case Form::unit:
                break;
            case Form::tens:
                return tens(*found);
        }
        part_ = found->value;
        used_ = 1;
        return true;
    }

    // "one" counts before a scale or a fraction; else it is mostly a pronoun.
    bool one() {
        const NumberWord* next = word_at(at_ + 1);
        const bool counts = next != nullptr && (next->form == Form::scale || next->form == Form::fraction ||
                                                (next->form == Form::ordinal && next->value > 2));
        part_ = 1;
        used_ = counts ? 1 : 0;
        return counts;
    }

    // "a third of it" is a part, "the third man" a place.
    bool ordinal(const NumberWord& found) {
        const bool part = at_ > 0 && (pieces_[at_ - 1].id == id_a || pieces_[at_ - 1].id == id_one) &&
                          joined(at_ + 1) && pieces_[at_ + 1].id == id_of && found.value > 2;
        number_.fraction = part;
        number_.ordinal = !part;
        return finish(part ? 1 / found.value : found.value);
    }

    // "twenty", "twenty five", "twenty fifth"
    bool tens(const NumberWord& found) {
        part_ = found.value;
        used_ = 1;
        const NumberWord* next = word_at(at_ + 1);
        if (next != nullptr && next->form == Form::ordinal && next->value < 10) {
            number_.ordinal = true;
            finish(part_ + next->value);
            used_ = 2;
            return false;
        }
        part_ += ones(at_ + 1);
        return true;
    }

    // The ones behind tens; counts the word it uses.
    double ones(std::size_t i) {
        const NumberWord* next = word_at(i);
        const bool counts = next != nullptr && next->form == Form::unit && next->value > 0 && next->value < 10;
        const bool single = joined(i) && i != at_ && pieces_[i].id == id_one;
        if (!counts && !single) return 0;
        ++used_;
        return counts ? next->value : 1;
    }

    // "three fourths", "one fifth"
    bool parts() {
        const NumberWord* next = used_ > 0 ? word_at(at_ + used_) : nullptr;
        if (next == nullptr || word().kind == WordKind::number) return false;
        const bool below = next->form == Form::fraction || (next->form == Form::ordinal && next->value > 2);
        if (!below) return false;
        number_.fraction = true;
        number_.value = next->form == Form::fraction ? part_ * next->value : part_ / next->value;
        ++used_;
        return true;
    }

    // "two hundred and five thousand": scales, and what is added behind them.
    void scales() {
        while (const NumberWord* next = word_at(at_ + used_)) {
            if (next->form != Form::scale) return;
            const bool letter_apart = pieces_[at_ + used_].id == id_k && !words_[pieces_[at_ + used_].word].attached;
            if (letter_apart || (next->value <= 100 && !is_whole(part_))) return;  // "13.60 hundred"
            part_ *= next->value;
            if (next->value > 100) {
                total_ += part_;
                part_ = 0;
            }
            ++used_;
            if (!added() && part_ == 0) return;
        }
    }

    bool added() {
        if (word().kind == WordKind::number) return false;
        std::size_t at = at_ + used_;
        if (joined(at) && pieces_[at].id == id_and) ++at;
        const NumberWord* next = word_at(at);
        if (next == nullptr || (next->form != Form::unit && next->form != Form::tens)) return false;
        part_ += next->value;
        used_ = at + 1 - at_;
        if (next->form == Form::tens) part_ += ones(at + 1);
        return true;
    }

    const text::Words& words_;
    const std::vector<Piece>& pieces_;
    std::size_t at_;
    ReadNumber& number_;
    std::size_t used_ = 0;
    double total_ = 0;
    double part_ = 0;
};

}  // namespace

std::uint64_t number_meaning(const ReadNumber& number) {
    if (number.spelling != 0) return number.spelling;
    const double value = number.value == 0 ? 0 : number.value;  // no negative zero
    const std::uint64_t form = (number.ordinal ? 77u : 0u) + (number.fraction ? 1311u : 0u);
    return (std::bit_cast<std::uint64_t>(value) + form) * 0x9e3779b97f4a7c15u | 1;
}

std::size_t read_number(const text::Words& words, const std::vector<Piece>& pieces, std::size_t at,
                        ReadNumber& number) {
    return NumberReader(words, pieces, at, number).run();
}

}  // namespace weir::tiers::semantic
