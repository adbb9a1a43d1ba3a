#include "wire/neutral.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::wire {
namespace {

// What a byte may be in prose. Anything that is not listed makes a text one that may be code, markup or data.
enum Class : std::uint8_t {
    kLetter = 1,
    kDigit = 2,
    kBlank = 4,
    kPause = 8,      // , . : - '   prose in certain places only
    kTerminal = 16,  // ? !
    kOutside = 32,   // bytes of Latin letters outside ASCII (U+00C0 to U+024F)
    kForeign = 64,   // everything else, other scripts and typographic quotes included
};

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (std::size_t i = 0; i < 256; ++i) {
        const bool lower = i >= 'a' && i <= 'z';
        const bool upper = i >= 'A' && i <= 'Z';
        const bool latin = (i >= 0x80 && i < 0xC0) || (i >= 0xC3 && i <= 0xC9);  // after, or at, a lead byte
        classes[i] = lower || upper ? kLetter : i >= '0' && i <= '9' ? kDigit : latin ? kOutside : kForeign;
    }
    classes[' '] = kBlank;
    for (const char c : {',', '.', ':', '-', '\''}) classes[static_cast<unsigned char>(c)] = kPause;
    for (const char c : {'?', '!'}) classes[static_cast<unsigned char>(c)] = kTerminal;
    return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

std::uint8_t class_of(char c) {
    return kClasses[static_cast<unsigned char>(c)];
}
bool is_letter(char c) {
    return class_of(c) == kLetter;
}
bool is_word(char c) {
    return (class_of(c) & (kLetter | kDigit | kOutside)) != 0;
}
bool is_white(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

template <std::size_t n>
bool one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::size_t kMaxWordBytes = 16;
constexpr std::size_t kFilterBits = 8192;

constexpr std::uint32_t step(std::uint32_t hash, char c) {
    return (hash ^ static_cast<unsigned char>(c)) * 0x0100'0193U;  // FNV-1a
}

// A set of words behind a filter that turns away nearly every other word by its hash alone.
template <std::size_t n>
class WordSet {
  public:
    constexpr explicit WordSet(std::array<std::string_view, n> words) : words_(words) {
        for (const std::string_view word : words_) {
            std::uint32_t hash = 0;
            for (const char c : word) hash = step(hash, c);
            filter_[hash % kFilterBits / 64] |= std::uint64_t{1} << hash % 64;
        }
    }
    bool may_have(std::uint32_t hash) const { return (filter_[hash % kFilterBits / 64] >> hash % 64 & 1) != 0; }
    bool has(std::string_view word) const { return one_of(word, words_); }

  private:
    std::array<std::string_view, n> words_;
    std::array<std::uint64_t, kFilterBits / 64> filter_{};
};

// The words of a question that may be about its own letters, blanks and marks.
constexpr WordSet kSpellingWords(std::to_array<std::string_view>(
    {"punctuation",    "punctuate",     "punctuated",  "grammar",    "grammatical", "grammatically", "spelling",
     "spell",          "spelled",       "spelt",       "misspelled", "misspelling", "typo",          "typos",
     "proofread",      "proofreading",  "proofreader", "whitespace", "whitespaces", "verbatim",      "capitalization",
     "capitalisation", "capitalize",    "capitalized", "uppercase",  "lowercase",   "echo",          "echoes",
     "transcribe",     "transcription", "repeat",      "repeats",    "repeating",   "regex",         "unicode",
     "ascii",          "palindrome",    "palindromes", "anagram",    "cipher",      "encrypt",       "decrypt",
     "encode",         "decode",        "checksum",    "hash",       "typed",       "typing",        "keystroke",
     "keystrokes"}));
constexpr WordSet kTextWords(std::to_array<std::string_view>(
    {"space",       "spaces",      "spaced",   "spacing",     "blank",       "blanks",        "indent",      "indented",
     "indentation", "tab",         "tabs",     "column",      "columns",     "character",     "characters",  "char",
     "chars",       "letter",      "letters",  "length",      "string",      "strings",       "byte",        "bytes",
     "period",      "periods",     "dot",      "dots",        "comma",       "commas",        "exclamation", "symbol",
     "symbols",     "exact",       "exactly",  "literal",     "literally",   "quote",         "quotes",      "quoted",
     "mark",        "marks",       "reverse",  "reversed",    "format",      "formatted",     "formatting",  "token",
     "tokens",      "concatenate", "append",   "trim",        "md",          "sha",           "syntax",      "hyphen",
     "apostrophe",  "colon",       "sentence", "sentences",   "declarative", "interrogative", "rewrite",     "rephrase",
     "continue",    "complete",    "finish",   "autocomplete"}));

// Whether a run of ASCII letters in the text is, in lower case, one of the words of a set.
template <class... Sets>
bool has_word(std::string_view text, const Sets&... sets) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_letter(text[i])) continue;
        const std::size_t begin = i;
        std::uint32_t hash = 0;
        for (; i < text.size() && is_letter(text[i]); ++i) hash = step(hash, lower(text[i]));
        if (!(sets.may_have(hash) || ...) || i - begin > kMaxWordBytes) continue;
        std::array<char, kMaxWordBytes> word;
        std::transform(text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(i),
                       word.begin(), lower);
        if ((sets.has({word.data(), i - begin}) || ...)) return true;
    }
    return false;
}

// Whether all of the text is plain English-like prose in one line: nothing that looks like code, markup, a path, an
// address, an expression or quoted matter.
bool is_plain(std::string_view text) {
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::uint8_t what = class_of(text[i]);
        seen |= what;
        if ((what & (kPause | kTerminal | kForeign)) == 0) continue;
        if (what == kForeign) return false;
        const char before = i == 0 ? ' ' : text[i - 1];
        const char after = i + 1 < text.size() ? text[i + 1] : ' ';
        const bool in_number = class_of(before) == kDigit && class_of(after) == kDigit;
        switch (text[i]) {
            case '\'':  // within a word
                if (!is_letter(before) || !is_letter(after)) return false;
                break;
            case '-':  // within a word
                if (!is_word(before) || !is_word(after)) return false;
                break;
            case '?':
            case '!':  // nothing but blanks or the same again after it
                if (after != ' ' && after != text[i]) return false;
                break;
            default:  // . , : after a word and before a blank, or within a number
                if (!is_word(before) || (after != ' ' && !in_number)) return false;
                break;
        }
    }
    // The signs of multiplication and division stand among the letters.
    return (seen & kOutside) == 0 ||
           (text.find("\xC3\x97") == std::string_view::npos && text.find("\xC3\xB7") == std::string_view::npos);
}

std::string_view first_word(std::string_view text) {
    std::size_t size = 0;
    while (size < text.size() && is_letter(text[size])) ++size;
    return text.substr(0, size);
}

// A word with a small letter at most for its first one: "what", "What", not "WHAT".
bool in_lower(std::string_view word, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (i > 0 && word[i] != lower(word[i])) return false;
        out += lower(word[i]);
    }
    return !out.empty();
}

constexpr auto kAsking = std::to_array<std::string_view>({"what", "how", "why", "where", "which", "whose"});
constexpr auto kAskingBeforeVerb = std::to_array<std::string_view>({"when", "who", "whom"});
constexpr auto kVerbs = std::to_array<std::string_view>(
    {"is", "are", "was", "were", "do", "does", "did", "can", "could", "should", "would", "will", "has", "have", "had"});
// No statement and no order begins with one of these.
constexpr auto kVerbsThatAsk =
    std::to_array<std::string_view>({"is", "are", "was", "does", "did", "could", "am", "has"});
// These only before a subject.
constexpr auto kVerbsBeforeSubject = std::to_array<std::string_view>({"do", "have", "can", "will", "would", "should"});
constexpr auto kSubjects = std::to_array<std::string_view>({"i", "you", "we", "they", "he", "she"});

// Whether the sentence asks by its words alone, so that its question mark says nothing more.
bool asks(std::string_view sentence) {
    const std::string_view first = first_word(sentence);
    std::string one;
    if (first.size() == sentence.size() || sentence[first.size()] != ' ' || !in_lower(first, one)) return false;
    std::string_view rest = sentence.substr(first.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    std::string two;
    for (const char c : first_word(rest)) two += lower(c);
    if (two.empty()) return false;
    if (one_of(one, kAsking) || one_of(one, kVerbsThatAsk)) return true;
    if (one_of(one, kAskingBeforeVerb)) return one_of(two, kVerbs);
    // "Should you need help, call" and "Had I known" are no questions.
    if (one == "should" || one == "would")
        return one_of(two, kSubjects) && sentence.find(',') == std::string_view::npos;
    return one_of(one, kVerbsBeforeSubject) && one_of(two, kSubjects);
}

// What follows the last end of a sentence within the text.
std::string_view last_sentence(std::string_view text) {
    constexpr std::string_view kEnds = ".?!:";
    for (std::size_t blank = text.rfind(' '); blank != std::string_view::npos && blank != 0;
         blank = text.rfind(' ', blank - 1)) {
        if (kEnds.find(text[blank - 1]) != std::string_view::npos) return text.substr(blank + 1);
    }
    return text;
}

constexpr std::size_t kMaxMarks = 3;

// Without the marks at its end, where they say nothing.
std::string_view without_end_marks(std::string_view text) {
    std::size_t end = text.size();
    const char mark = text.empty() ? ' ' : text.back();
    if (mark != '?' && mark != '!' && mark != '.') return text;
    while (end > 0 && text[end - 1] == mark) --end;
    const std::size_t marks = text.size() - end;
    std::size_t word_end = end;
    while (word_end > 0 && text[word_end - 1] == ' ') --word_end;
    const std::string_view said = text.substr(0, word_end);
    if (said.empty() || marks > kMaxMarks) return text;
    const char last = said.back();
    switch (mark) {
        case '.':  // not an ellipsis, not set apart
            return marks == 1 && word_end == end && is_word(last) ? said : text;
        case '!':  // not a factorial
            return said.size() > 1 && is_letter(last) && is_letter(said[said.size() - 2]) ? said : text;
        default:
            return (class_of(last) & (kLetter | kDigit)) != 0 && asks(last_sentence(said)) ? said : text;
    }
}

// The white space around a text, and the text.
struct Trimmed {
    std::string_view before, text;
};

Trimmed trim(std::string_view text) {
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (begin < end && is_white(text[begin])) ++begin;
    while (end > begin && is_white(text[end - 1])) --end;
    return {text.substr(0, begin), text.substr(begin, end - begin)};
}

// As Markdown has it: four blanks or a tab before it make a line code.
bool is_indented(std::string_view white) {
    const std::size_t line = white.find_last_of('\n');
    const std::string_view last = line == std::string_view::npos ? white : white.substr(line + 1);
    return last.size() >= 4 || last.find('\t') != std::string_view::npos;
}

// A text that is not plain may still end in white space that nobody means: where no fence, span or quotation is open
// and its last line is not indented.
bool ends_outside_code(std::string_view text) {
    if (text.find_first_of("`~\"\\") != std::string_view::npos) return false;
    for (const std::string_view quote : {"\xE2\x80\x98", "\xE2\x80\x9C", "\xC2\xAB", "\xE3\x80\x8C", "\xE3\x80\x8E"}) {
        if (text.find(quote) != std::string_view::npos) return false;  // opening: single, double, «, corner brackets
    }
    for (std::size_t i = text.find('\''); i != std::string_view::npos; i = text.find('\'', i + 1)) {
        if (i == 0 || i + 1 == text.size() || !is_letter(text[i - 1]) || !is_letter(text[i + 1])) return false;
    }
    const std::size_t line = text.find_last_of('\n');
    const char first = line == std::string_view::npos ? text.front() : text[line + 1];
    return first != ' ' && first != '\t';
}

}  // namespace

bool is_about_spelling(std::string_view context) {
    return has_word(context, kSpellingWords);
}

bool append_neutral(std::string_view text, std::string& out) {
    const std::size_t begin = out.size();
    const auto as_it_is = [&] {
        out.resize(begin);
        out += text;
        return false;
    };
    if (text.size() > kMaxNeutralBytes) return as_it_is();
    const Trimmed parts = trim(text);
    if (parts.text.empty()) return as_it_is();
    if (is_indented(parts.before) || !is_plain(parts.text)) {
        if (!ends_outside_code(parts.text)) return as_it_is();
        out += text.substr(0, parts.before.size() + parts.text.size());
    } else {
        const std::string_view said = without_end_marks(parts.text);
        for (std::size_t i = 0; i < said.size();) {
            const std::size_t run = std::min(said.find("  ", i), said.size());
            out += said.substr(i, run - i);
            i = std::min(said.find_first_not_of(' ', run), said.size());
            if (run < said.size()) out += ' ';
        }
        // "What is" begins like "what is": a question's first word is never a name.
        if (asks(said) && last_sentence(said).size() == said.size()) out[begin] = lower(out[begin]);
    }
    if (std::string_view(out).substr(begin) == text) return false;
    // Asked last, since most texts are neutral already.
    if (has_word(parts.text, kSpellingWords, kTextWords)) return as_it_is();
    return true;
}

std::string neutral_spelling(std::string_view text) {
    std::string out;
    append_neutral(text, out);
    return out;
}

}  // namespace weir::wire
