#include "text/words.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace weir::text {

namespace {

constexpr std::size_t quote_window_bytes = 400;  // how far a closing quotation mark is looked for
constexpr std::size_t longest_code_bytes = 512;  // of a word of code without back quotes

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_ascii_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_ascii_space(char c) {
    return c == ' ' || (c >= 9 && c <= 13);
}

// Endings of file names and hosts: "main.py" is one word, "end.Next" is two.
constexpr std::string_view name_endings =
    "com org net io js ts py cpp cc h hpp c java txt pdf json yaml yml xml csv tsv html htm css exe dll md sh bat go "
    "rs rb "
    "php sql zip tar gz png jpg jpeg gif mp3 mp4 doc docx xls xlsx ppt pptx ini cfg conf log toml lock edu gov co in "
    "uk ai "
    "dev app us de eu";
constexpr auto ending_table = [] {
    std::array<WordTable<bool, count_words(name_endings)>::Entry, count_words(name_endings)> entries{};
    std::size_t at = 0;
    for_each_word(name_endings, [&](std::string_view word) { entries[at++] = {word_id(word), true}; });
    return WordTable<bool, count_words(name_endings)>(entries);
}();

// What follows an apostrophe, or stands where one was left out.
struct Contraction {
    std::string_view first;
    std::string_view second;
};
constexpr std::pair<std::string_view, Contraction> contractions[] = {
    {"can't", {"can", "not"}},     {"won't", {"will", "not"}},    {"shan't", {"shall", "not"}},
    {"ain't", {"is", "not"}},      {"cannot", {"can", "not"}},    {"dont", {"do", "not"}},
    {"doesnt", {"does", "not"}},   {"didnt", {"did", "not"}},     {"cant", {"can", "not"}},
    {"isnt", {"is", "not"}},       {"arent", {"are", "not"}},     {"wasnt", {"was", "not"}},
    {"werent", {"were", "not"}},   {"hasnt", {"has", "not"}},     {"havent", {"have", "not"}},
    {"couldnt", {"could", "not"}}, {"wouldnt", {"would", "not"}}, {"shouldnt", {"should", "not"}},
    {"whats", {"what", "is"}},     {"hows", {"how", "is"}},       {"wheres", {"where", "is"}},
    {"whos", {"who", "is"}},       {"thats", {"that", "is"}},     {"im", {"i", "am"}},
    {"ive", {"i", "have"}},        {"youre", {"you", "are"}},     {"theyre", {"they", "are"}},
    {"let's", {"let", "us"}},      {"gonna", {"going", "to"}},    {"wanna", {"want", "to"}},
    {"gotta", {"got", "to"}},      {"hadnt", {"had", "not"}},
};
constexpr auto contraction_table = [] {
    constexpr std::size_t count = std::size(contractions);
    std::array<WordTable<Contraction, count>::Entry, count> entries{};
    for (std::size_t i = 0; i < count; ++i) entries[i] = {word_id(contractions[i].first), contractions[i].second};
    return WordTable<Contraction, count>(entries);
}();
static_assert(contraction_table.unique());

class Splitter {
  public:
    Splitter(std::string_view text, char* letters, std::vector<Word>& words)
        : text_(text), letters_(letters), words_(words) {}

    // False: more words than are kept.
    bool run() {
        while (at_ < text_.size()) {
            if (words_.size() + 3 > Words::max_words) return false;
            step();
        }
        return true;
    }

  private:
    void step() {
        const char c = text_[at_];
        if (is_ascii_space(c)) {
            if (c == '\n') sentence_start_ = true;
            ++at_;
            after_space_ = true;
            return;
        }
        if (at_ >= quote_end_) quote_end_ = 0;
        if (c == '`' && back_quoted()) return;
        if ((after_space_ || opened_) && looks_like_code()) return;
        if (is_digit(c) || starts_signed_number()) return number();
        const CodePoint point = decode(text_, at_);
        if (is_space(point.value)) {
            at_ += point.size;
            after_space_ = true;
            return;
        }
        if (is_cjk(point.value)) return one_character(point);
        if (is_letter(point.value)) return letters();
        mark(point);
    }

    Word& add(std::size_t begin, std::size_t end, WordKind kind, std::string_view lower) {
        Word word;
        word.lower = word.stem = lower;
        word.id = word_id(lower);
        word.begin = static_cast<std::uint32_t>(begin);
        word.end = static_cast<std::uint32_t>(end);
        word.kind = kind;
        word.starts_sentence = sentence_start_;
        word.attached = !after_space_ && begin > 0;
        word.quoted = begin < quote_end_;
        words_.push_back(word);
        after_space_ = opened_ = false;
        if (kind != WordKind::punctuation) sentence_start_ = false;
        return words_.back();
    }

    std::string_view copy(std::string_view bytes) {
        char* const from = letters_;
        letters_ = std::copy(bytes.begin(), bytes.end(), letters_);
        return {from, bytes.size()};
    }

    // `code` or ```code```: one word, as it is written.
    bool back_quoted() {
        std::size_t run = 1;
        while (run < 3 && at_ + run < text_.size() && text_[at_ + run] == '`') ++run;
        if (unclosed_[run]) return false;
        const std::size_t from = at_ + run;
        const std::size_t close = text_.find(std::string_view("```").substr(0, run), from);
        if (close == std::string_view::npos) {
            unclosed_[run] = true;
            return false;
        }
        std::string_view inside = text_.substr(from, close - from);
        while (!inside.empty() && is_ascii_space(inside.front())) inside.remove_prefix(1);
        while (!inside.empty() && is_ascii_space(inside.back())) inside.remove_suffix(1);
        add(at_, close + run, WordKind::code, copy(inside));
        at_ = close + run;
        return true;
    }

    // A run without white space that no prose has.
    bool looks_like_code() {
        const char first = text_[at_];
        if (!is_ascii_letter(first) && first != '-' && first != '/' && first != '.' && first != '_' && first != '~' &&
            first != '#' && first != '\\' && first != '$' && first != '<' && first != '=' && first != '!' &&
            first != '>' && first != '&' && first != '|' && first != '+' && first != '*') {
            return false;
        }
        std::size_t end = at_;
        bool evidence = false;
        bool letter = false;
        const std::size_t limit = std::min(text_.size(), at_ + longest_code_bytes);
        while (end < limit && !is_ascii_space(text_[end]) && static_cast<unsigned char>(text_[end]) < 0x80) {
            const char c = text_[end];
            const char next = end + 1 < text_.size() ? text_[end + 1] : ' ';
            const bool inside = end > at_;
            letter = letter || is_ascii_letter(c);
            evidence = evidence || (c == '_' && (is_ascii_letter(next) || is_digit(next)) && (inside || next != ' ')) ||
                       (c == ':' && next == ':') || (c == ':' && next == '/' && inside) || (c == '-' && next == '>') ||
                       (c == '(' && next == ')' && inside) || (c == '[' && next == ']') || c == '\\' ||
                       (c == '@' && inside && is_ascii_letter(next)) || (c == '=' && next == '=') ||
                       (c == '+' && next == '+' && inside) || (c == '!' && next == '=') || (c == '=' && next == '>') ||
                       (c == '#' && inside && !is_digit(next) && !is_ascii_letter(next) && end - at_ <= 2) ||
                       (c == '<' && next == '=') || (c == '&' && next == '&') || (c == '|' && next == '|');
            ++end;
        }
        const std::string_view run = text_.substr(at_, end - at_);
        evidence = evidence || starts_like_code(run) || run.starts_with("www.");
        if (!evidence) return dotted_name();
        while (end > at_ + 1 &&
               (text_[end - 1] == '.' || text_[end - 1] == ',' || text_[end - 1] == '?' || text_[end - 1] == '!' ||
                text_[end - 1] == ';' || text_[end - 1] == ':' || text_[end - 1] == '"' || text_[end - 1] == '\'')) {
            --end;
        }
        if (text_[end - 1] == ')' && run.find('(') == std::string_view::npos) --end;
        const std::string_view written = copy(text_.substr(at_, end - at_));
        // The names of languages are written either way; "-X" is another flag than "-x".
        if (written.size() <= 3 && letter && written[0] != '-') {
            for (char* c = letters_ - written.size(); c != letters_; ++c)
                *c = static_cast<char>(to_lower(static_cast<unsigned char>(*c)));
        }
        add(at_, end, WordKind::code, written);
        at_ = end;
        return true;
    }

    static bool starts_like_code(std::string_view run) {
        if (run.size() < 2) return false;
        if (run.starts_with("--")) return run.size() > 2 && is_ascii_letter(run[2]);
        if (run[0] == '-') return is_ascii_letter(run[1]) && run.size() <= 4;
        if (run[0] == '/') return is_ascii_letter(run[1]);
        if (run.starts_with("~/") || run.starts_with("./") || run.starts_with("../")) return true;
        if (run[0] == '.') return is_ascii_letter(run[1]);
        if (run[0] == '<') return (is_ascii_letter(run[1]) || run[1] == '/') && run.find('>') != std::string_view::npos;
        return run[0] == '$' && is_ascii_letter(run[1]);
    }

    // "U.S.A." is usa; "main.py" and "quora.com" are one word each.
    bool dotted_name() {
        std::size_t end = at_;
        std::size_t last = at_;
        std::size_t dots = 0;
        bool single_letters = true;
        while (end < text_.size() &&
               (is_ascii_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '-' ||
                (text_[end] == '.' && end + 1 < text_.size() && end > last && (is_ascii_letter(text_[end + 1]))))) {
            if (text_[end] == '.') {
                single_letters = single_letters && end - last == 1;
                ++dots;
                last = end + 1;
            }
            ++end;
        }
        if (dots == 0 || end - at_ > 100) return false;
        const std::size_t tail = end - last;
        if (single_letters && tail == 1) {
            char* const from = letters_;
            bool capitals = true;
            for (std::size_t i = at_; i < end; ++i) {
                if (text_[i] == '.') continue;
                capitals = capitals && is_capital(static_cast<unsigned char>(text_[i]));
                *letters_++ = static_cast<char>(to_lower(static_cast<unsigned char>(text_[i])));
            }
            const std::size_t begin = at_;
            if (end < text_.size() && text_[end] == '.' && end + 1 < text_.size()) ++end;
            at_ = end;
            finish_word(add(begin, end, WordKind::word, {from, static_cast<std::size_t>(letters_ - from)}));
            words_.back().capitalised = words_.back().all_capitals = capitals;
            return true;
        }
        std::array<char, 8> small{};
        if (tail > 5) return false;
        for (std::size_t i = 0; i < tail; ++i)
            small[i] = static_cast<char>(to_lower(static_cast<unsigned char>(text_[last + i])));
        if (is_capital(static_cast<unsigned char>(text_[last])) || !ending_table.has(word_id({small.data(), tail})))
            return false;
        char* const from = letters_;
        for (std::size_t i = at_; i < end; ++i)
            *letters_++ = static_cast<char>(to_lower(static_cast<unsigned char>(text_[i])));
        add(at_, end, WordKind::code, {from, static_cast<std::size_t>(letters_ - from)});
        at_ = end;
        return true;
    }

    bool starts_signed_number() const {
        const char c = text_[at_];
        const bool digit_next = at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
        if (!digit_next) return false;
        const char before = at_ > 0 ? text_[at_ - 1] : ' ';
        if (c == '.') return !is_digit(before) && !is_ascii_letter(before) && before != '.';
        return c == '-' && (is_ascii_space(before) || before == '(' || before == '=' || before == '$') &&
               number_before() == 0;
    }

    // "5 - 3" and "5 -3" are no negative numbers.
    std::size_t number_before() const { return !words_.empty() && words_.back().kind == WordKind::number ? 1 : 0; }

    void number() {
        const std::size_t begin = at_;
        if (text_[at_] == '-' || text_[at_] == '.') ++at_;
        const auto digit_at = [&](std::size_t i) { return i < text_.size() && is_digit(text_[i]); };
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const bool thousands =
                c == ',' && digit_at(at_ + 1) && digit_at(at_ + 2) && digit_at(at_ + 3) && !digit_at(at_ + 4);
            const bool inside = (c == '.' || c == '/' || c == ':') && digit_at(at_ + 1);
            if (!is_digit(c) && !thousands && !inside) break;
            ++at_;
        }
        char* const from = letters_;
        for (std::size_t i = begin; i < at_; ++i) {
            if (text_[i] != ',') *letters_++ = text_[i];
        }
        const auto letter_at = [&](std::size_t i) -> char {
            return i < text_.size() ? static_cast<char>(to_lower(static_cast<unsigned char>(text_[i]))) : ' ';
        };
        const char a = letter_at(at_);
        const char b = letter_at(at_ + 1);
        const bool ordinal =
            ((a == 's' && b == 't') || (a == 'n' && b == 'd') || (a == 'r' && b == 'd') || (a == 't' && b == 'h')) &&
            !is_ascii_letter(letter_at(at_ + 2));
        if (ordinal) at_ += 2;
        add(begin, at_, WordKind::number, {from, static_cast<std::size_t>(letters_ - from)}).ordinal = ordinal;
    }

    void one_character(CodePoint point) {
        add(at_, at_ + point.size, WordKind::word, copy(text_.substr(at_, point.size)));
        at_ += point.size;
    }

    void letters() {
        const std::size_t begin = at_;
        char* const from = letters_;
        bool capital = false;
        bool capitals = true;
        std::size_t count = 0;
        std::size_t apostrophe = 0;  // bytes of the small form before it
        bool has_apostrophe = false;
        while (at_ < text_.size()) {
            const CodePoint point = decode(text_, at_);
            const bool quote = point.value == '\'' || point.value == 0x2019;
            if (quote && !has_apostrophe && at_ + point.size < text_.size() &&
                is_letter(decode(text_, at_ + point.size).value) && count > 0) {
                has_apostrophe = true;
                apostrophe = static_cast<std::size_t>(letters_ - from);
                *letters_++ = '\'';
                at_ += point.size;
                continue;
            }
            const bool digit = point.value < 0x80 && is_digit(static_cast<char>(point.value));
            const bool version_dot = point.value == '.' && at_ > begin && is_digit(text_[at_ - 1]) &&
                                     at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
            if (!digit && !version_dot && (!is_letter(point.value) || is_cjk(point.value))) break;
            const char32_t small = to_lower(point.value);
            if (is_letter(point.value)) {
                if (count == 0) capital = small != point.value;
                capitals = capitals && small != point.value;
            }
            ++count;
            letters_ += encode(small, letters_);
            at_ += point.size;
        }
        const std::string_view lower{from, static_cast<std::size_t>(letters_ - from)};
        split_contraction(begin, lower, has_apostrophe ? apostrophe : lower.size(), capital, capitals && count > 1);
    }

    void split_contraction(std::size_t begin, std::string_view lower, std::size_t apostrophe, bool capital,
                           bool capitals) {
        const std::size_t end = at_;
        const auto both = [&](std::string_view first, std::string_view second) {
            const std::size_t middle = begin + std::min(first.size(), end - begin);
            Word& one = add(begin, middle, WordKind::word, first);
            one.capitalised = capital;
            one.all_capitals = capitals && first.size() > 1;
            finish_word(one);
            if (second.empty()) return;
            Word& two = add(middle, end, WordKind::word, second);
            two.attached = true;
            finish_word(two);
        };
        const bool may_contract = apostrophe < lower.size() || (lower.size() >= 2 && lower.size() <= 8);
        if (may_contract) {
            if (const Contraction* found = contraction_table.find(word_id(lower)))
                return both(found->first, found->second);
        }
        if (apostrophe == lower.size()) return both(lower, "");
        const std::string_view head = lower.substr(0, apostrophe);
        const std::string_view tail = lower.substr(apostrophe + 1);
        if (tail == "t" && head.size() > 2 && head.back() == 'n') return both(head.substr(0, head.size() - 1), "not");
        if (tail == "re") return both(head, "are");
        if (tail == "ve") return both(head, "have");
        if (tail == "ll") return both(head, "will");
        if (tail == "m") return both(head, "am");
        if (tail == "d") return both(head, "'d");
        if (tail == "s") return both(head, is_clause_word(head) ? "is" : "'s");
        return both(lower, "");
    }

    // "what's" and "he's" are clauses, "Anna's" is a possessive.
    static bool is_clause_word(std::string_view head) {
        const WordClass kind = class_of(head);
        return kind == WordClass::question || kind == WordClass::demonstrative || head == "it" || head == "he" ||
               head == "she" || head == "there" || head == "here";
    }

    void finish_word(Word& word) {
        word.word_class = class_of(word.id);
        word.function_word = word.word_class != WordClass::content;
        if (word.function_word) return;
        const Stem stem = stem_word(word.lower);
        word.inflection = stem.inflection;
        if (stem.restore.empty()) {
            word.stem = stem.base;
            return;
        }
        char* const from = letters_;
        letters_ = std::copy(stem.base.begin(), stem.base.end(), letters_);
        letters_ = std::copy(stem.restore.begin(), stem.restore.end(), letters_);
        word.stem = {from, static_cast<std::size_t>(letters_ - from)};
    }

    void mark(CodePoint point) {
        const char32_t value = point.value;
        if (quote_end_ == 0 && opens_quote(value, point.size)) return;
        if (quote_end_ == at_ + point.size) {  // the closing mark
            at_ += point.size;
            quote_end_ = 0;
            return;
        }
        const bool dash = value == '-' || value == 0x2010 || value == 0x2011;
        if (dash && !after_space_ && at_ + 1 < text_.size() && !is_ascii_space(text_[at_ + 1]) && !words_.empty()) {
            at_ += point.size;  // a hyphen inside a compound
            return;
        }
        if (value == '.' && behind_title()) {
            ++at_;
            return;
        }
        add(at_, at_ + point.size, WordKind::punctuation, copy(text_.substr(at_, point.size)));
        at_ += point.size;
        opened_ = value == '(' || value == '[' || value == '{' || value == '"';
        if (value == '.' || value == '?' || value == '!' || value == 0x3002 || value == 0xFF1F || value == 0xFF01 ||
            value == 0x61F || value == ':') {
            sentence_start_ = true;
        }
    }

    // "Mr." does not end a sentence.
    bool behind_title() const {
        if (words_.empty() || words_.back().end != at_) return false;
        const std::string_view word = words_.back().lower;
        return word == "mr" || word == "mrs" || word == "ms" || word == "dr" || word == "prof" || word == "st" ||
               word == "jr" || word == "sr" || word == "vs" || word == "etc" || word == "approx";
    }

    bool opens_quote(char32_t value, std::uint32_t size) {
        std::string_view close;
        switch (value) {
            case '"':
                close = "\"";
                break;
            case 0x201C:
                close = "\xE2\x80\x9D";
                break;
            case 0x201E:
                close = "\xE2\x80\x9C";
                break;
            case 0xAB:
                close = "\xC2\xBB";
                break;
            case 0x300C:
                close = "\xE3\x80\x8D";
                break;
            case '\'':
            case 0x2018:
                return opens_single_quote(size);
            default:
                return false;
        }
        const std::size_t from = at_ + size;
        const std::size_t found = text_.substr(from, quote_window_bytes).find(close);
        if (found == std::string_view::npos || found == 0) return false;
        quote_end_ = from + found + close.size();
        at_ = from;
        opened_ = true;
        return true;
    }

    bool opens_single_quote(std::uint32_t size) {
        if (!after_space_ && !opened_) return false;
        const std::size_t from = at_ + size;
        const std::string_view window = text_.substr(from, 120);
        for (std::size_t i = 1; i < window.size(); ++i) {
            const bool right = window.substr(i).starts_with("\xE2\x80\x99");
            if (window[i] != '\'' && !right) continue;
            const std::size_t next = from + i + (right ? 3 : 1);
            if (next < text_.size() && (is_ascii_letter(text_[next]) || is_digit(text_[next]))) continue;
            quote_end_ = next;
            at_ = from;
            opened_ = true;
            return true;
        }
        return false;
    }

    std::string_view text_;
    char* letters_;
    std::vector<Word>& words_;
    std::size_t at_ = 0;
    std::size_t quote_end_ = 0;  // behind the closing mark of the quotation we are in; 0: in none
    bool sentence_start_ = true;
    bool after_space_ = true;
    bool opened_ = false;  // just behind an opening bracket or quotation mark
    std::array<bool, 4> unclosed_{};
};

}  // namespace

Words split_words(std::string_view text, std::size_t max_bytes) {
    Words words;
    if (text.size() > max_bytes) {
        text = text.substr(0, max_bytes);
        words.cut_ = true;
    }
    // Every byte gives at most two: one for the small form, one for the stem; a stem may be one longer than its word.
    words.letters_ = std::make_unique_for_overwrite<char[]>(text.size() * 3 + 16);
    words.words_.reserve(std::min(text.size() / 5 + 8, Words::max_words));
    if (!Splitter(text, words.letters_.get(), words.words_).run()) words.cut_ = true;
    return words;
}

}  // namespace weir::text
