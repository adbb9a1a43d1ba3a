#include "tiers/semantic_cache/question_terms.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "tiers/semantic_cache/meanings.h"

namespace weir::tiers::semantic {

namespace {

using text::Inflection;
using text::Word;
using text::word_id;
using text::WordClass;
using text::WordKind;

bool is_question_word(const Word& word) {
    return word.word_class == WordClass::question && word.lower != "whatever" && word.lower != "whichever";
}

class TermReader {
  public:
    TermReader(const text::Words& words, const std::vector<Piece>& pieces, Outline& outline, Terms& terms)
        : words_(words), pieces_(pieces), outline_(outline), terms_(terms) {}

    void run() {
        while (at_ < pieces_.size() && terms_.size() + 4 < max_terms) {
            if (pieces_[at_].sentence_start) sentence_from_ = terms_.size();
            if (outline_.english && phrase()) continue;
            if (number()) continue;
            word();
        }
    }

  private:
    const Word& word_of(std::size_t piece) const { return words_[pieces_[piece].word]; }
    bool ends_sentence(std::size_t piece) const { return piece >= pieces_.size() || pieces_[piece].sentence_start; }

    bool at_start() const { return sentence_from_ == terms_.size(); }

    bool phrase() {
        for (const Phrase& candidate : phrases_from(pieces_[at_].id)) {
            if (!matches(candidate) || is_request(candidate)) continue;
            if (candidate.at == PhraseAt::before_question) outline_.asked_politely = true;
            for (std::size_t i = 0; i < candidate.stands_for_count; ++i) push_phrase(candidate.stands_for[i]);
            at_ += candidate.count;
            return true;
        }
        return false;
    }

    // "can you write ..." asks for it to be written, not whether one can.
    bool is_request(const Phrase& candidate) const {
        static constexpr std::string_view verbs[] = {
            "write",    "give",      "tell",      "help",      "explain", "show",  "make",      "create",  "list",
            "provide",  "translate", "summarize", "summarise", "fix",     "send",  "recommend", "suggest", "describe",
            "generate", "solve",     "find",      "check",     "compare", "share", "please",    "draft",   "calculate",
            "convert",  "analyze",   "review",    "rewrite",   "add",     "name",  "answer",    "teach",   "define"};
        if (candidate.stands_for[0] != mean::canone || candidate.words[1] == word_id("i")) return false;
        const std::size_t next = at_ + candidate.count;
        if (next >= pieces_.size() || candidate.count != 2) return next >= pieces_.size();
        return std::find(std::begin(verbs), std::end(verbs), word_of(next).lower) != std::end(verbs);
    }

    bool matches(const Phrase& candidate) const {
        const std::size_t end = at_ + candidate.count;
        if (end > pieces_.size()) return false;
        const bool opens = candidate.at != PhraseAt::anywhere && candidate.at != PhraseAt::end;
        const bool clause = pieces_[at_].after_break && candidate.stands_for[0] != mean::ifwant;
        if (opens && !at_start() && !clause) return false;
        if (candidate.at == PhraseAt::end && !ends_sentence(end)) return false;
        for (std::size_t i = 1; i < candidate.count; ++i) {
            const Piece& piece = pieces_[at_ + i];
            if (piece.id != candidate.words[i] || piece.after_break) return false;
        }
        if (candidate.at == PhraseAt::before_question) return end < pieces_.size() && is_question_word(word_of(end));
        if (candidate.at == PhraseAt::start && ends_sentence(end)) return false;
        return true;
    }

    void push_phrase(std::uint64_t meaning) {
        Term term;
        term.meaning = meaning;
        term.word = pieces_[at_].word;
        term.kind = TermKind::function;
        if (const Meaning* known = meaning_of(meaning)) {
            term.meaning = known->id;
            if (known->opposite) term.flags |= term_opposite;
            if (known->sort == WordSort::place)
                term.kind = TermKind::name;
            else if (text::class_of(meaning) == WordClass::content)
                term.kind = TermKind::content;
        } else if (text::class_of(meaning) == WordClass::question) {
            term.kind = TermKind::wh;
        } else if (text::class_of(meaning) == WordClass::negation) {
            term.kind = TermKind::negation;
        }
        push(term);
    }

    void push(Term term) {
        if (pieces_[at_].after_break) term.flags |= term_after_break;
        if (at_start()) term.flags |= term_first;
        if (after_article_) term.flags |= term_after_article;
        if (word_of(at_).quoted) term.flags |= term_quoted;
        after_article_ = false;
        terms_.push_back(term);
    }

    // "World War II", "Rocky IV": a number behind a name.
    bool roman() {
        static constexpr std::pair<std::string_view, int> numerals[] = {{"ii", 2},  {"iii", 3},  {"iv", 4}, {"vi", 6},
                                                                        {"vii", 7}, {"viii", 8}, {"ix", 9}, {"xi", 11}};
        const Word& word = word_of(at_);
        if (!word.all_capitals || at_ == 0 || !word_of(at_ - 1).capitalised || word.lower.size() > 4) return false;
        for (const auto& [letters, value] : numerals) {
            if (word.lower != letters) continue;
            Term term;
            term.word = pieces_[at_].word;
            term.kind = TermKind::number;
            term.meaning = number_meaning({.value = static_cast<double>(value)});
            push(term);
            ++at_;
            return true;
        }
        return false;
    }

    bool number() {
        if (roman()) return true;
        ReadNumber number;
        std::size_t used = read_number(words_, pieces_, at_, number);
        if (used == 0) return unit_one();
        const Word& word = word_of(at_);
        // "seconds" after a number is a unit; "second" before nothing is a place in an order.
        if (word.kind == WordKind::word && number.ordinal && word.lower == "second" && !terms_.empty() &&
            terms_.back().kind == TermKind::number) {
            return false;
        }
        if (!number.ordinal) bound_before();
        Term term;
        term.word = pieces_[at_].word;
        term.kind = number.ordinal ? TermKind::ordinal : TermKind::number;
        term.meaning = number_meaning(number);
        push(term);
        if (number.times) push_plain(mean::times);
        const std::size_t start = at_;
        at_ += used;
        currency_before(start);
        return true;
    }

    // "up to" before a number is a bound.
    void bound_before() {
        const std::size_t size = terms_.size();
        if (size < 2 || pieces_[at_].after_break || terms_[size - 1].word + 1 != pieces_[at_].word) return;
        const Word& first = words_[terms_[size - 2].word];
        const Word& second = words_[terms_[size - 1].word];
        if (first.lower != "up" || second.lower != "to" || terms_[size - 2].word + 1 != terms_[size - 1].word) return;
        terms_.pop_back();
        terms_.back().meaning = word_id("#atmost");
        terms_.back().kind = TermKind::function;
    }

    // "one hour": a number where a unit follows.
    bool unit_one() {
        if (pieces_[at_].id != word_id("one") || at_ + 1 >= pieces_.size() || pieces_[at_ + 1].after_break)
            return false;
        const Word& next = word_of(at_ + 1);
        const Meaning* known = meaning_of(word_id(next.stem));
        if (known == nullptr || known->sort != WordSort::unit) return false;
        Term term;
        term.word = pieces_[at_].word;
        term.kind = TermKind::number;
        term.meaning = number_meaning({.value = 1});
        push(term);
        ++at_;
        return true;
    }

    void push_plain(std::uint64_t meaning) {
        Term term;
        term.meaning = meaning;
        term.word = pieces_[at_].word;
        term.flags = term_unit;
        terms_.push_back(term);
    }

    // "$5" is 5 dollars.
    void currency_before(std::size_t piece) {
        const std::uint32_t index = pieces_[piece].word;
        if (index == 0) return;
        const std::string_view mark = words_[index - 1].lower;
        const std::string_view unit = mark == "$"              ? "dollar"
                                      : mark == "\xE2\x82\xAC" ? "euro"
                                      : mark == "\xC2\xA3"     ? "sterling"
                                      : mark == "\xE2\x82\xB9" ? "rupee"
                                      : mark == "\xC2\xA5"     ? "yen"
                                                               : "";
        if (unit.empty()) return;
        Term term;
        term.meaning = word_id(unit);
        term.word = index;
        term.flags = term_unit;
        terms_.push_back(term);
    }

    void word() {
        const Word& word = word_of(at_);
        if (word.kind == WordKind::code) {
            push_as(TermKind::code, word.id);
        } else if (word.kind == WordKind::punctuation) {
            symbol(word);
        } else if (!outline_.english) {
            push_as(
                word.capitalised && !word.starts_sentence && !outline_.shouting ? TermKind::name : TermKind::content,
                word.id);
        } else if (word.function_word) {
            function_word(word);
        } else {
            content_word(word);
        }
        ++at_;
    }

    void push_as(TermKind kind, std::uint64_t meaning, std::uint16_t flags = 0) {
        Term term;
        term.kind = kind;
        term.meaning = meaning;
        term.word = pieces_[at_].word;
        term.flags = flags;
        push(term);
    }

    void symbol(const Word& word) {
        if (word.lower == "%") return push_as(TermKind::content, mean::percent, term_unit);
        const bool before_word = at_ + 1 < pieces_.size() && word_of(at_ + 1).attached;
        if (word.lower == "&" && !before_word) return push_as(TermKind::function, mean::and_);
        // "and/or"; but "1 / 2", "1 // 2"
        if (word.lower == "/" && before_word && word.attached && at_ > 0 && word_of(at_ - 1).kind == WordKind::word)
            return;
        push_as(TermKind::symbol, word.id);
    }

    // "US", "IT" and "WHO" among small letters are names, and so is what stands behind "the".
    bool spelled_name(const Word& word) {
        const bool country = word.lower == "us";
        if (!country && word.lower != "it" && word.lower != "who") return false;
        const bool told = word.all_capitals && !outline_.shouting && !word.starts_sentence && capitals_tell();
        if (!told && !(country && after_article_)) return false;
        push_as(TermKind::name, word_id(country ? "usa" : word.lower == "it" ? "#it" : "#who"));
        return true;
    }

    // No other small word is written in capitals, for emphasis.
    bool capitals_tell() const {
        return std::none_of(words_.begin(), words_.end(), [](const Word& word) {
            const bool candidate = word.lower == "us" || word.lower == "it" || word.lower == "who";
            return word.function_word && word.all_capitals && !candidate;
        });
    }

    void function_word(const Word& word) {
        if (spelled_name(word)) return;
        // "6a" is another one than "6": no article.
        if (word.attached && at_ > 0 && word_of(at_ - 1).kind == WordKind::number &&
            pieces_[at_ - 1].word + 1 == pieces_[at_].word) {
            return push_as(TermKind::code, word.id);
        }
        switch (word.word_class) {
            case WordClass::article: {
                const bool a_name =
                    word.lower == "a" && word.capitalised && !word.starts_sentence && !outline_.shouting;
                if (a_name) return push_as(TermKind::name, word.id);
                after_article_ = true;
                return;
            }
            case WordClass::auxiliary:
                return auxiliary(word);
            case WordClass::negation:
                return push_as(TermKind::negation, word.lower == "cannot" ? mean::not_ : word.id);
            case WordClass::pronoun:
                return push_as(TermKind::pronoun, word.id);
            case WordClass::modal:
                return push_as(TermKind::function, modal_of(word));
            case WordClass::question:
                return push_as(TermKind::wh, word.lower == "whom" ? mean::who : word.id);
            default:
                break;
        }
        if (word.lower == "some" || word.lower == "any" || word.lower == "ever") return;
        std::uint16_t flags = 0;
        std::uint64_t meaning = word.id;
        if (const Meaning* known = meaning_of(word.id)) {
            meaning = known->id;
            if (known->opposite) flags |= term_opposite;
            if (known->sort == WordSort::scope) flags |= term_scope;
        }
        push_as(TermKind::function, meaning, flags);
    }

    // "could" asks as "can" does.
    static std::uint64_t modal_of(const Word& word) {
        if (word.lower == "could") return word_id("can");
        if (word.lower == "would" || word.lower == "shall") return word_id("will");
        if (word.lower == "might") return word_id("may");
        if (word.lower == "ought") return word_id("should");
        return word.id;
    }

    // Forms of be, do and have by their verb; the time they tell is kept beside. "do" that only helps is dropped.
    void auxiliary(const Word& word) {
        const std::string_view form = word.lower;
        if (form == "was" || form == "were" || form == "did" || form == "had") outline_.past = true;
        if (form == "am" && !terms_.empty() && terms_.back().kind == TermKind::number)
            return push_phrase(word.id);  // 7 am
        const char first = form[0];
        if (first == 'd') return push_as(TermKind::function, mean::do_);
        if (first == 'h') return push_as(TermKind::function, mean::have);
        push_as(TermKind::function, mean::be, form == "being" ? term_gerund : form == "been" ? term_participle : 0);
    }

    bool dropped_one(const Word& word) const {
        if (word.lower != "one" || terms_.empty()) return false;
        const std::uint64_t before = terms_.back().meaning;
        return before == mean::which || before == word_id("this") || before == word_id("that");
    }

    void content_word(const Word& word) {
        if (word.lower == "'s" || dropped_one(word)) return;
        std::uint16_t flags = inflection_flags(word);
        Meaning meaning;
        // "was needed by": a verb, whatever the adjective means
        const bool passive = (word.inflection == Inflection::past || word.inflection == Inflection::participle) &&
                             at_ + 1 < pieces_.size() && pieces_[at_ + 1].id == mean::by;
        const Meaning* known = passive ? nullptr : meaning_of(word.id);
        if (known == nullptr && word.stem != word.lower) known = meaning_of(word_id(word.stem));
        if (known == nullptr) {
            // "larger" = more large
            if (const int degree = comparison_of(word.lower, meaning); degree != 0) {
                push_as(TermKind::function, degree == 1 ? mean::more : mean::most);
                flags |= meaning.polar ? term_gradable | term_polar : term_gradable;
                return push_as(TermKind::content, meaning.id,
                               static_cast<std::uint16_t>(flags | (meaning.opposite ? term_opposite : 0)));
            }
            const std::uint64_t spelled = spelling_id(word.stem);
            known = meaning_of(spelled);
            if (known == nullptr && strip_affix(word.stem, meaning)) known = &meaning;
            if (known == nullptr) meaning.id = spelled;
        }
        if (known != nullptr) meaning = *known;
        if (meaning.sort == WordSort::filler && !(word.quoted)) return;
        if (meaning.opposite) flags |= term_opposite;
        if (meaning.gradable) flags |= term_gradable;
        if (meaning.polar) flags |= term_polar;
        if (meaning.sort == WordSort::nationality) flags |= term_nationality;
        if (meaning.sort == WordSort::symmetric) flags |= term_symmetric;
        if (meaning.sort == WordSort::scope) flags |= term_scope;
        if (meaning.sort == WordSort::unit) flags |= term_unit;
        const TermKind kind = kind_of(word, meaning);
        // A name is itself: "Rose" is no synonym, and what looks like an ending belongs to it.
        if (kind == TermKind::name && meaning.sort == WordSort::common) meaning.id = word_id(word.stem);
        push_as(kind, meaning.id, flags);
    }

    static std::uint16_t inflection_flags(const Word& word) {
        switch (word.inflection) {
            case Inflection::plural_or_third:
                return term_plural;
            case Inflection::past:
                return term_past;
            case Inflection::participle:
                return term_participle;
            case Inflection::gerund:
                return term_gerund;
            case Inflection::none:
                break;
        }
        return 0;
    }

    TermKind kind_of(const Word& word, const Meaning& meaning) const {
        for (const char c : word.lower) {
            if (c >= '0' && c <= '9') return TermKind::code;
        }
        if (meaning.sort == WordSort::month) {
            // "march" and "may" are dates where they look like it
            const bool looks = word.lower != "march" || (word.capitalised && !outline_.shouting);
            if (looks) return TermKind::date;
        }
        if (meaning.sort == WordSort::weekday) return TermKind::date;
        if (meaning.sort == WordSort::place || meaning.sort == WordSort::product) return TermKind::name;
        const bool telling = word.capitalised && !outline_.shouting;
        if (meaning.sort == WordSort::person && (telling || (outline_.shouting && word.capitalised)))
            return TermKind::name;
        if (telling && !word.starts_sentence && meaning.sort != WordSort::nationality) return TermKind::name;
        // A sentence that begins with two capitals begins with a name.
        if (telling && word.starts_sentence && at_ + 1 < pieces_.size() && !pieces_[at_ + 1].after_break) {
            const Word& next = word_of(at_ + 1);
            const bool particle = next.lower == "da" || next.lower == "de" || next.lower == "van" ||
                                  next.lower == "von" || next.lower == "bin" || next.lower == "al" ||
                                  next.lower == "di";
            if ((next.capitalised && !next.function_word) || particle) return TermKind::name;
        }
        return TermKind::content;
    }

    const text::Words& words_;
    const std::vector<Piece>& pieces_;
    Outline& outline_;
    Terms& terms_;
    std::size_t at_ = 0;
    std::size_t sentence_from_ = 0;
    bool after_article_ = false;
};

}  // namespace

void read_terms(const text::Words& words, const std::vector<Piece>& pieces, Outline& outline, Terms& terms) {
    TermReader(words, pieces, outline, terms).run();
}

}  // namespace weir::tiers::semantic
