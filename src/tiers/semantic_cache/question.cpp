#include "tiers/semantic_cache/question.h"

#include <algorithm>
#include <array>
#include <bit>

#include "text/utf8.h"
#include "tiers/semantic_cache/meanings.h"
#include "tiers/semantic_cache/question_terms.h"

namespace weir::tiers::semantic {

namespace {

using text::Word;
using text::word_id;
using text::WordClass;
using text::WordKind;

constexpr std::string_view kept_marks = "%&+*/=<>^#@~|";  // marks that mean something between words

constexpr std::string_view foreign_words =
    "der die das und ist nicht ein eine wie was wo wer warum mit von zu im den dem auf el los las un una que es en y "
    "por para "
    "como donde cuando con del al le les une des est et dans pour qui que quoi quand comment avec sur il lo gli che di "
    "per non "
    "sono come quando dove perche os um uma em nao como para het een van wat hoe waar";
constexpr auto foreign_table = [] {
    std::array<std::uint64_t, text::count_words(foreign_words)> ids{};
    std::size_t at = 0;
    text::for_each_word(foreign_words, [&](std::string_view word) { ids[at++] = word_id(word); });
    std::sort(ids.begin(), ids.end());
    return ids;
}();

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 31);
}

// A fast hash of bytes (8 at a time), for texts beyond what is analysed too.
std::uint64_t hash_bytes(std::string_view bytes) {
    std::uint64_t hash = mix(0x243f6a8885a308d3u, bytes.size());
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t block = 0;
        for (std::size_t i = 0; i < 8; ++i)
            block |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
        hash = mix(hash, block);
    }
    for (; at < bytes.size(); ++at) hash = mix(hash, static_cast<unsigned char>(bytes[at]));
    return hash;
}

Language script_of(char32_t c) {
    if (c >= 0x400 && c < 0x530) return Language::cyrillic;
    if (c >= 0x370 && c < 0x400) return Language::greek;
    if (c >= 0x600 && c < 0x780) return Language::arabic;
    if (c >= 0x590 && c < 0x600) return Language::hebrew;
    if (c >= 0x900 && c < 0xE00) return Language::indic;
    if (text::is_cjk(c)) return Language::cjk;
    if (c < 0x250) return Language::other_latin;
    return Language::other;
}

// By script; Latin text is English unless the small words of other languages outnumber the English ones.
Language language_of(const text::Words& words) {
    std::array<std::size_t, 10> scripts{};
    std::size_t english = 0;
    std::size_t foreign = 0;
    for (const Word& word : words) {
        if (word.kind != WordKind::word || word.quoted) continue;
        const Language script = script_of(text::decode(word.lower, 0).value);
        scripts[static_cast<std::size_t>(script)] += script == Language::cjk ? 1 : 2;
        english += word.function_word ? 1 : 0;
        foreign += std::binary_search(foreign_table.begin(), foreign_table.end(), word.id) ? 1 : 0;
    }
    const auto most = std::max_element(scripts.begin(), scripts.end());
    if (*most == 0) return Language::unknown;
    const auto script = static_cast<Language>(most - scripts.begin());
    if (script != Language::other_latin) return script;
    return foreign > english || (foreign >= 2 && foreign == english) ? Language::other_latin : Language::english;
}

bool marks_break(const Word& word) {
    const char c = word.lower[0];
    return word.lower.size() > 1 || c == ',' || c == ';' || c == ':' || c == '.' || c == '?' || c == '!' || c == '(' ||
           c == ')' || c == '-' || c == '[' || c == ']' || c == '"';
}

// Marks that stand between words are none of the message, unless they calculate or are pictures.
bool means_something(const Word& word) {
    const char32_t c = text::decode(word.lower, 0).value;
    if (c < 0x80) return kept_marks.find(static_cast<char>(c)) != std::string_view::npos;
    const bool mark = c < 0xC0 || (c >= 0x2000 && c < 0x2070) || (c >= 0x3000 && c < 0x3040) ||
                      (c >= 0xFE00 && c < 0xFF66) || c == 0x20AC || c == 0x20B9 || c >= text::invalid_byte ||
                      c == 0x60C || c == 0x61F || c == 0x964;
    return !mark;
}

// "a - person", "is not .": a mark that stands apart where a word has to come takes that word's place.
bool takes_a_words_place(const text::Words& words, std::uint32_t i) {
    // "a ... person": three marks in a word's place are another word than one.
    while (i > 0 && words[i].attached && words[i - 1].lower == words[i].lower && words[i].lower == ".") --i;
    if (i == 0 || words[i].attached) return false;
    const text::WordClass before = words[i - 1].word_class;
    if (before != text::WordClass::article && before != text::WordClass::negation) return false;
    const bool opens = i + 1 < words.size() && words[i + 1].attached && words[i + 1].kind != WordKind::punctuation;
    return !opens;
}

// "!x": before a word, and not behind one, it is an operator.
bool is_operator(const text::Words& words, std::uint32_t i) {
    return words[i].lower == "!" && i > 0 && !words[i].attached && i + 1 < words.size() && words[i + 1].attached &&
           words[i + 1].kind != WordKind::punctuation;
}

std::vector<Piece> pieces_of(const text::Words& words) {
    std::vector<Piece> pieces;
    pieces.reserve(words.size());
    bool after_break = false;
    bool sentence = true;
    for (std::uint32_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        sentence = sentence || (word.starts_sentence && i > 0 && words[i - 1].lower != ":");
        if (word.kind == WordKind::punctuation && !means_something(word) && !takes_a_words_place(words, i) &&
            !is_operator(words, i)) {
            after_break = after_break || marks_break(word);
            continue;
        }
        pieces.push_back({i, word.id, after_break || sentence, sentence});
        after_break = sentence = false;
    }
    return pieces;
}

// A title or a shout: small words have capitals too, or many words and all of them have.
bool mostly_capitals(const text::Words& words) {
    std::size_t capitals = 0;
    std::size_t all = 0;
    std::size_t small_words = 0;
    for (const Word& word : words) {
        if (word.kind != WordKind::word || word.starts_sentence) continue;
        if (word.function_word) {
            small_words += word.capitalised && word.lower != "i" ? 1 : 0;
            continue;
        }
        ++all;
        capitals += word.capitalised ? 1 : 0;
    }
    return capitals * 4 >= all * 3 && (small_words > 0 || (all >= 5 && capitals == all)) && capitals > 0;
}

// "and the second one?", "why?", "what about him": too little to stand alone, or about something not in it.
bool leans(const text::Words& words, const Terms& terms) {
    std::size_t content = 0;
    bool refers = false;
    bool named = false;
    for (const Term& term : terms) {
        content += term.kind == TermKind::content || term.kind == TermKind::name || term.kind == TermKind::code ? 1 : 0;
        named = named || term.kind == TermKind::name;
        if (term.kind != TermKind::pronoun) continue;
        const std::string_view word = words[term.word].lower;
        refers = refers || word == "it" || word == "its" || word == "he" || word == "him" || word == "his" ||
                 word == "she" || word == "her" || word == "hers" || word == "they" || word == "them" ||
                 word == "their" || word == "theirs";
    }
    bool points = false;
    for (const Word& word : words) points = points || word.word_class == WordClass::demonstrative;
    const std::string_view first = words.size() > 0 ? words[0].lower : "";
    if (first == "and" || first == "but" || first == "or" || first == "also") return true;
    if (content == 0) return true;
    if (refers && !named && content <= 2) return true;
    return points && content <= 1;
}

// In questions of the kind "how do I", whose thing it is does not matter where only one owner is named.
void drop_own(const text::Words& words, Terms& terms, QuestionKind kind) {
    if (kind != QuestionKind::how_to) return;
    std::size_t owners = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (terms[i].kind != TermKind::pronoun) continue;
        const std::string_view word = words[terms[i].word].lower;
        const bool owner = word == "my" || word == "your" || word == "our";
        if (!owner) return;
        ++owners;
        at = i;
    }
    if (owners == 1) terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(at));
}

// "now" says nothing in a question about the present.
void drop_now(Terms& terms, const Outline& outline) {
    if (outline.past) return;
    for (const Term& term : terms) {
        if (term.kind == TermKind::function && text::class_of(term.meaning) == WordClass::modal) return;
    }
    std::erase_if(terms, [&](const Term& term) { return term.meaning == mean::now && terms.size() > 2; });
}

// "getUserById", "GetUserById": capitals within a word, as only identifiers have them. "eBook" and "YouTube" are none.
bool is_identifier(std::string_view written) {
    const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    std::size_t humps = 0;
    for (std::size_t i = 1; i < written.size(); ++i) humps += small(written[i - 1]) && capital(written[i]) ? 1 : 0;
    if (humps == 0) return false;
    return small(written[0]) ? small(written[1]) : humps >= 2;
}

// An identifier is what is written: no ending is an ending, no slip a slip.
void mark_identifiers(std::string_view text, const text::Words& words, Terms& terms) {
    for (Term& term : terms) {
        if (term.kind != TermKind::content && term.kind != TermKind::name) continue;
        const Word& word = words[term.word];
        if (word.kind != WordKind::word || word.end > text.size() ||
            !is_identifier(text.substr(word.begin, word.end - word.begin)))
            continue;
        if (meaning_of(word.id) != nullptr || meaning_of(word_id(word.stem)) != nullptr) continue;
        constexpr std::uint16_t kept = term_after_article | term_after_break | term_quoted | term_first;
        term.kind = TermKind::code;
        term.meaning = word.id;
        term.flags &= kept;
    }
}

// "a[1:]", "x[i]{2}": marks that prose does not have within a word. The run is code as it is written, besides its
// parts.
void mark_subscripts(std::string_view text, const text::Words& words, Terms& terms) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    std::size_t seen = 0;
    for (std::uint32_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        if (word.kind != WordKind::punctuation || word.begin < seen || (word.lower != "[" && word.lower != "{"))
            continue;
        std::size_t from = word.begin;
        std::size_t end = word.end;
        while (from > 0 && !blank(text[from - 1])) --from;
        while (end < text.size() && !blank(text[end])) ++end;
        seen = end;
        while (end > from && std::string_view("?.,!;").find(text[end - 1]) != std::string_view::npos) --end;
        const std::string_view run = text.substr(from, end - from);
        const bool slice = run.find("[:") != std::string_view::npos || run.find(":]") != std::string_view::npos;
        if ((from == word.begin && !slice) || terms.size() + 4 >= max_terms) continue;
        Term term;
        term.kind = TermKind::code;
        term.meaning = word_id(run);
        term.word = i;
        const auto behind = std::find_if(terms.begin(), terms.end(), [&](const Term& other) { return other.word > i; });
        if (behind != terms.end() && behind->is(term_first)) continue;
        terms.insert(behind, term);
    }
}

// A contraction within quotation marks is the word that is asked about, besides the words that it stands for.
void mark_contractions(std::string_view text, const text::Words& words, Terms& terms) {
    for (std::uint32_t i = 0; i + 1 < words.size() && terms.size() + 4 < max_terms; ++i) {
        const Word& next = words[i + 1];
        if (!words[i].quoted || !next.quoted || !next.attached || next.end > text.size()) continue;
        if (words[i].kind != WordKind::word || next.kind != WordKind::word) continue;
        Term term;
        term.kind = TermKind::code;
        term.meaning = word_id(text.substr(words[i].begin, next.end - words[i].begin));
        term.word = i + 1;
        term.flags = term_quoted;
        const auto behind =
            std::find_if(terms.begin(), terms.end(), [&](const Term& other) { return other.word > i + 1; });
        terms.insert(behind, term);
    }
}

void settle(Question& question, Terms& terms, Outline& outline) {
    std::size_t from = 0;
    Terms sentence;
    QuestionKind kind = QuestionKind::other;
    while (from < terms.size()) {
        std::size_t end = from + 1;
        while (end < terms.size() && !terms[end].is(term_first)) ++end;
        sentence.assign(terms.begin() + static_cast<std::ptrdiff_t>(from),
                        terms.begin() + static_cast<std::ptrdiff_t>(end));
        const QuestionKind one = settle_sentence(sentence, outline);
        if (one != QuestionKind::other && (kind == QuestionKind::other || sentence.size() >= 3)) {
            kind = one;
            question.comparison = from == 0 && end == terms.size() ? read_comparison(sentence, one) : Comparison();
        }
        for (Term& term : sentence) term.flags &= static_cast<std::uint16_t>(~term_first);
        if (!sentence.empty()) sentence.front().flags |= term_first;
        question.terms.insert(question.terms.end(), sentence.begin(), sentence.end());
        from = end;
    }
    question.kind = kind;
}

void read_quantities(Question& question) {
    for (std::size_t i = 0; i < question.terms.size(); ++i) {
        const Term& term = question.terms[i];
        if (term.kind != TermKind::number && term.kind != TermKind::ordinal) continue;
        Quantity quantity;
        quantity.id = term.meaning;
        quantity.single = term.meaning == number_meaning({.value = 1});
        quantity.term = static_cast<std::uint32_t>(i);
        quantity.ordinal = term.kind == TermKind::ordinal;
        if (i + 1 < question.terms.size() && !question.terms[i + 1].is(term_after_break))
            quantity.unit = question.terms[i + 1].meaning;
        question.quantities.push_back(quantity);
    }
}

void name_all(Question& question) {
    std::uint64_t ordered = mix(0x13198a2e03707344u, question.past ? 2 : 1);
    std::uint64_t bag = 0;
    for (const Term& term : question.terms) {
        const std::uint64_t one = mix(term.meaning, term.is(term_opposite) ? 3 : 1);
        ordered = mix(ordered, one);
        bag += one;
        const bool content = term.kind != TermKind::function && term.kind != TermKind::pronoun &&
                             term.kind != TermKind::wh && term.kind != TermKind::negation;
        if (content) question.content.push_back(term.meaning);
        question.negations += term.kind == TermKind::negation ? 1 : 0;
    }
    question.canonical_id = ordered;
    question.bag_id = mix(bag, question.past ? 2 : 1);
    std::sort(question.content.begin(), question.content.end());
    question.content.erase(std::unique(question.content.begin(), question.content.end()), question.content.end());
}

}  // namespace

Question read_question(std::string_view text) {
    Question question;
    question.exact_id = hash_bytes(text);
    question.words = text::split_words(text, max_analysed_bytes);
    question.too_long = question.words.cut();
    question.language = language_of(question.words);
    const std::vector<Piece> pieces = pieces_of(question.words);
    question.folded_id = 0x5be0cd19137e2179u;
    for (const Piece& piece : pieces) question.folded_id = mix(question.folded_id, piece.id);

    Outline outline;
    outline.shouting = mostly_capitals(question.words);
    outline.english = question.language == Language::english || question.language == Language::unknown;
    question.plain_capitals = !outline.shouting;
    Terms terms;
    terms.reserve(pieces.size() + 8);
    read_terms(question.words, pieces, outline, terms);
    mark_identifiers(text, question.words, terms);
    mark_subscripts(text, question.words, terms);
    mark_contractions(text, question.words, terms);
    question.too_long = question.too_long || terms.size() + 4 >= max_terms;
    question.terms.reserve(terms.size() + 2);
    settle(question, terms, outline);
    drop_own(question.words, question.terms, question.kind);
    drop_now(question.terms, outline);
    question.past = outline.past;
    question.leans_on_context = leans(question.words, question.terms);
    read_quantities(question);
    name_all(question);
    return question;
}

}  // namespace weir::tiers::semantic
