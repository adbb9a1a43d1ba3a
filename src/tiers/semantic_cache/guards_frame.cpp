#include <array>

#include "tiers/semantic_cache/guards_judge.h"

namespace weir::tiers::semantic {

using text::class_of;
using text::word_id;
using text::WordClass;

namespace {

template <std::size_t N>
constexpr bool contains(const std::array<std::uint64_t, N>& list, std::uint64_t id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

enum class Bound : std::uint8_t { none, below, at_most, at_least, above };

// "under INR 30,000", "under a budget of 30,000": what may stand between a bound and its number.
bool stands_before_number(const Question& question, const Term& term) {
    static constexpr std::array frame = {word_id("range"), word_id("budget"), word_id("price"),
                                         word_id("cost"),  word_id("limit"),  word_id("of")};
    return term.is(term_unit) || contains(frame, term.meaning) ||
           contains(frame, word_id(question.words[term.word].stem));
}

// How the number is bounded by the words before it: "more than 3", "over 3", "at most 3".
Bound bound_of(const Question& question, const Quantity& quantity) {
    if (quantity.term == 0 || quantity.ordinal) return Bound::none;
    std::size_t at = quantity.term - 1;
    while (at > 0 && quantity.term - at < 5 && stands_before_number(question, question.terms[at])) --at;
    const Term& before = question.terms[at];
    if (before.meaning == word_id("#atleast")) return Bound::at_least;
    if (before.meaning == word_id("#atmost") || before.meaning == word_id("within")) return Bound::at_most;
    if (before.meaning == word_id("over") || before.meaning == word_id("above"))
        return before.is(term_opposite) ? Bound::below : Bound::above;
    if (before.meaning != mean::than || at == 0) return Bound::none;
    // "more than 3", "fewer than 3", "older than 3"
    const Term& last = question.terms[at - 1];
    const bool adjective = last.is(term_gradable) && at >= 2;
    const Term& degree = adjective ? question.terms[at - 2] : last;
    if (degree.meaning == mean::less) return Bound::below;
    if (degree.meaning != mean::more) return Bound::none;
    const bool down = degree.is(term_opposite) != (adjective && last.is(term_opposite));
    return down ? Bound::below : Bound::above;
}

// Words that carry what is asked for, where no question word does: "the best time to visit" asks when. By stem.
constexpr std::array when_carriers = {word_id("time"),   word_id("date"),     word_id("day"),    word_id("year"),
                                      word_id("month"),  word_id("hour"),     word_id("season"), word_id("age"),
                                      word_id("week"),   word_id("deadline"), word_id("moment"), word_id("century"),
                                      word_id("period"), word_id("schedule"), word_id("due")};
constexpr std::array where_carriers = {
    word_id("place"),   word_id("location"), word_id("address"), word_id("site"),   word_id("website"), word_id("city"),
    word_id("country"), word_id("spot"),     word_id("source"),  word_id("store"),  word_id("shop"),    word_id("area"),
    word_id("region"),  word_id("part"),     word_id("page"),    word_id("locate"), word_id("find")};
constexpr std::array why_carriers = {
    word_id("reason"), word_id("cause"),      word_id("make"),         word_id("lead"),        word_id("purpose"),
    word_id("point"),  word_id("motive"),     word_id("explain"),      word_id("explanation"), word_id("logic"),
    word_id("keep"),   word_id("importance"), word_id("significance"), word_id("way"),         word_id("mean")};
constexpr std::array who_carriers = {word_id("person"), word_id("people"),  word_id("name"),   word_id("man"),
                                     word_id("woman"),  word_id("player"),  word_id("author"), word_id("actor"),
                                     word_id("writer"), word_id("founder"), word_id("leader"), word_id("inventor")};
constexpr std::array amount_carriers = {
    word_id("number"),     word_id("amount"), word_id("count"),    word_id("price"),    word_id("cost"),
    word_id("fee"),        word_id("rate"),   word_id("limit"),    word_id("maximum"),  word_id("minimum"),
    word_id("percentage"), word_id("share"),  word_id("age"),      word_id("height"),   word_id("length"),
    word_id("distance"),   word_id("size"),   word_id("weight"),   word_id("salary"),   word_id("duration"),
    word_id("time"),       word_id("total"),  word_id("quantity"), word_id("charge"),   word_id("population"),
    word_id("value"),      word_id("worth"),  word_id("speed"),    word_id("interval"), word_id("frequency"),
    word_id("balance"),    word_id("score"),  word_id("extent"),   word_id("period"),   word_id("max"),
    word_id("most"),       word_id("year"),   word_id("month"),    word_id("day"),      word_id("temperature")};

bool carries(QuestionKind kind, std::uint64_t stem) {
    switch (kind) {
        case QuestionKind::when:
            return contains(when_carriers, stem);
        case QuestionKind::where:
            return contains(where_carriers, stem);
        case QuestionKind::why:
            return contains(why_carriers, stem);
        case QuestionKind::who:
            return contains(who_carriers, stem);
        default:
            return contains(amount_carriers, stem);
    }
}

bool is_amount_word(std::uint64_t meaning) {
    static constexpr std::array measures = {mean::howmany,      mean::howmuch,        word_id("#howlong"),
                                            word_id("#howfar"), word_id("#howoften"), word_id("#howold"),
                                            word_id("#howtall")};
    return contains(measures, meaning);
}

bool asks_so(QuestionKind kind, std::uint64_t meaning) {
    switch (kind) {
        case QuestionKind::when:
            return meaning == word_id("when");
        case QuestionKind::where:
            return meaning == word_id("where");
        case QuestionKind::why:
            return meaning == word_id("why");
        case QuestionKind::who:
            return meaning == mean::who || meaning == word_id("whose");
        default:
            return is_amount_word(meaning);
    }
}

// The question gives, in whatever words, what a question of this kind gives.
bool gives(const Question& question, QuestionKind kind) {
    const auto asked = [&](const Term& term) { return asks_so(kind, term.meaning); };
    const auto carried = [&](const text::Word& word) { return carries(kind, word_id(word.stem)); };
    return std::any_of(question.terms.begin(), question.terms.end(), asked) ||
           std::any_of(question.words.begin(), question.words.end(), carried);
}

// "How much is X" asks what X is.
bool amount_of_be(const Question& question) {
    for (std::size_t i = 0; i + 1 < question.terms.size(); ++i) {
        if (question.terms[i].meaning == mean::howmuch) return question.terms[i + 1].meaning == mean::be;
    }
    return false;
}

bool is_definite(QuestionKind kind) {
    return kind == QuestionKind::who || kind == QuestionKind::when || kind == QuestionKind::where ||
           kind == QuestionKind::why || kind == QuestionKind::how_many;
}

bool is_indefinite(QuestionKind kind) {
    return kind == QuestionKind::what || kind == QuestionKind::which || kind == QuestionKind::other;
}

constexpr std::array preventing = {word_id("stop"),    word_id("keep"),       word_id("prevent"), word_id("prohibit"),
                                   word_id("protect"), word_id("discourage"), word_id("refrain"), word_id("deter"),
                                   word_id("hinder"),  word_id("ban"),        word_id("block"),   word_id("save"),
                                   word_id("avoid"),   word_id("forbid"),     word_id("hold")};

// "keep" prevents only with "from".
bool has_preventing_word(const Question& question, bool with_from) {
    static constexpr std::array preserving = {word_id("keep"), word_id("hold"), word_id("save")};
    return std::any_of(question.terms.begin(), question.terms.end(), [&](const Term& term) {
        const std::uint64_t stem = word_id(question.words[term.word].stem);
        return contains(preventing, stem) && (with_from || !contains(preserving, stem));
    });
}

// "keep ... from rising"
bool prevents(const Question& question) {
    if (!has_preventing_word(question, true)) return false;
    for (std::size_t i = 1; i + 1 < question.terms.size(); ++i) {
        const bool from = question.terms[i].meaning == mean::to && question.terms[i].is(term_opposite);
        if (from && question.terms[i + 1].is(term_gerund)) return true;
    }
    return false;
}

bool says_no(const Question& question) {
    return question.negations > 0 || prevents(question) || has_preventing_word(question, false);
}

// "the word X", "the term X": what a word is called.
bool is_label(const Term& term) {
    static constexpr std::array labels = {word_id("word"), word_id("term"), word_id("phrase"), word_id("expression")};
    return contains(labels, term.meaning);
}

}  // namespace

bool Judge::bounds() {
    for (std::size_t k = 0; k < std::min(a_.quantities.size(), b_.quantities.size()); ++k) {
        const Quantity& x = a_.quantities[k];
        const Quantity& y = b_.quantities[k];
        if (x.id == y.id && bound_of(a_, x) != bound_of(b_, y))
            return refuse(Refusal::degree, "bound of", word_a(x.term), word_b(y.term));
    }
    return false;
}

bool Judge::connectives() {
    // "if" and "when" often say the same
    const auto hangs = [](const Term& term) {
        static constexpr std::array words = {word_id("if"),     word_id("when"),       word_id("#evenif"),
                                             word_id("unless"), word_id("until"),      word_id("because"),
                                             word_id("though"), word_id("despite"),    word_id("#sothat"),
                                             word_id("#ifnot"), word_id("#regardless")};
        return contains(words, term.meaning);
    };
    const auto condition = [](std::uint64_t meaning) { return meaning == word_id("if") || meaning == word_id("when"); };
    if (spread() > 3) return false;
    const std::uint32_t* one = first_left(left_a_, a_, hangs);
    const std::uint32_t* two = first_left(left_b_, b_, hangs);
    if (one == nullptr || two == nullptr) return false;
    if (condition(a_.terms[*one].meaning) && condition(b_.terms[*two].meaning)) return false;
    return refuse(Refusal::condition, "condition", word_a(*one), word_b(*two));
}

bool Judge::obligations() {
    const auto found = [](const Left& left, const Question& question, bool duty) -> const std::uint32_t* {
        for (const std::uint32_t& i : left) {
            const Term& term = question.terms[i];
            const bool to = i + 1 < question.terms.size() && question.terms[i + 1].meaning == mean::to;
            const bool must = term.meaning == word_id("must") || term.meaning == mean::mustone ||
                              (to && (term.meaning == word_id("require") || term.meaning == mean::have));
            const bool may = term.meaning == word_id("can") || term.meaning == word_id("may") ||
                             term.meaning == mean::canone || term.meaning == mean::okto;
            if (duty ? must : may) return &i;
        }
        return nullptr;
    };
    if (spread() > 3) return false;
    const auto exchanged = [&](bool duty_here) {
        const std::uint32_t* one = found(left_a_, a_, duty_here);
        const std::uint32_t* two = found(left_b_, b_, !duty_here);
        return one != nullptr && two != nullptr && refuse(Refusal::modality, "modal", word_a(*one), word_b(*two));
    };
    if (exchanged(true) || exchanged(false)) return true;
    // "how many days can I use", "how many days have I used"
    const auto able = [](const Left& left, const Question& question) {
        return std::any_of(left.begin(), left.end(), [&](std::uint32_t i) {
            return question.terms[i].meaning == word_id("can") || question.terms[i].meaning == mean::canone;
        });
    };
    const auto happened = [](const Left& left, const Question& question) {
        const bool perfect = std::any_of(left.begin(), left.end(),
                                         [&](std::uint32_t i) { return question.terms[i].meaning == mean::have; });
        const auto done = [](const Term& term) { return term.is(term_past) || term.is(term_participle); };
        return question.past || (perfect && std::any_of(question.terms.begin(), question.terms.end(), done));
    };
    const bool apart = (able(left_a_, a_) && happened(left_b_, b_) && !happened(left_a_, a_)) ||
                       (able(left_b_, b_) && happened(left_a_, a_) && !happened(left_b_, b_));
    return spread() <= 1 && apart && refuse(Refusal::time_order, "time", "can be", "has been");
}

bool Judge::preventions() {
    if (spread() > 3) return false;
    const bool only_a = prevents(a_) && !says_no(b_);
    const bool only_b = prevents(b_) && !says_no(a_);
    return (only_a || only_b) &&
           refuse(Refusal::negation, "prevented", only_a ? "from" : "none", only_b ? "from" : "none");
}

bool Judge::voices() {
    // Here "by" stands between the two, there the one to whom it was done follows the verb.
    const auto turned = [](const Left& left, const Question& question, const std::vector<Linked>& links) {
        return std::any_of(left.begin(), left.end(), [&](std::uint32_t i) {
            if (question.terms[i].meaning != mean::by || i == 0 || i + 1 >= question.terms.size()) return false;
            const std::int32_t verb = links[i - 1].other;
            const std::int32_t agent = links[i + 1].other;
            const bool done = question.terms[i - 1].is(term_past) || question.terms[i - 1].is(term_participle);
            return done && verb >= 0 && agent > verb;
        });
    };
    // "who was sued", "who was suing"
    constexpr std::uint16_t done = term_past | term_participle;
    for (std::uint32_t i = 1; spread() == 0 && i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || a_.terms[i - 1].meaning != mean::be) continue;
        const auto j = static_cast<std::uint32_t>(links_.a[i].other);
        if (j == 0 || b_.terms[j - 1].meaning != mean::be) continue;
        const Term& x = a_.terms[i];
        const Term& y = b_.terms[j];
        const bool apart = ((x.flags & done) != 0 && y.is(term_gerund)) || ((y.flags & done) != 0 && x.is(term_gerund));
        if (apart) return refuse(Refusal::roles, "done or doing", word_a(i), word_b(j));
    }
    const bool one = turned(left_a_, a_, links_.a);
    const bool two = turned(left_b_, b_, links_.b);
    if (one == two || spread() > 1) return false;
    return refuse(Refusal::roles, "done by", one ? "by" : "none", two ? "by" : "none");
}

bool Judge::additions() {
    if (spread() > 1) return false;
    const auto added = [](const Left& left, const Question& question, const std::vector<Linked>& links,
                          const Question& other) -> const std::uint32_t* {
        for (const std::uint32_t& i : left) {
            const Term& term = question.terms[i];
            if (term.meaning == word_id("another") || term.meaning == word_id("additional") ||
                term.meaning == word_id("extra")) {
                return &i;
            }
            // "more cards", "a card"; not "more careful" or "more than"
            if (term.meaning != mean::more || term.is(term_opposite)) continue;
            for (std::size_t k = i + 1; k < question.terms.size() && k <= i + 3; ++k) {
                const Term& thing = question.terms[k];
                if (thing.kind != TermKind::content) break;
                const std::int32_t to = links[k].other;
                if (thing.is(term_plural) && to >= 0 && !other.terms[static_cast<std::size_t>(to)].is(term_plural))
                    return &i;
            }
        }
        return nullptr;
    };
    const std::uint32_t* one = added(left_a_, a_, links_.a, b_);
    const std::uint32_t* two = added(left_b_, b_, links_.b, a_);
    if ((one == nullptr) == (two == nullptr)) return false;
    return refuse(Refusal::condition, "one more", one != nullptr ? word_a(*one) : "none",
                  two != nullptr ? word_b(*two) : "none");
}

bool Judge::words_told() {
    const auto head = [](const Term& term) {
        static constexpr std::array heads = {mean::meaning,          word_id("#definition"), word_id("define"),
                                             word_id("definition"),  word_id("spell"),       word_id("pronounce"),
                                             word_id("synonym"),     word_id("antonym"),     word_id("translate"),
                                             word_id("translation"), word_id("etymology")};
        return contains(heads, term.meaning);
    };
    const bool both =
        std::any_of(a_.terms.begin(), a_.terms.end(), head) && std::any_of(b_.terms.begin(), b_.terms.end(), head);
    const auto other = [&](const Term& term) { return is_content(term) && !head(term) && !is_label(term); };
    // "spell colour", "spell color"
    const auto letters = [](const Term& term) {
        static constexpr std::array heads = {
            word_id("spell"), word_id("pronounce"), word_id("letter"),     word_id("rhyme"),   word_id("syllable"),
            word_id("vowel"), word_id("anagram"),   word_id("palindrome"), word_id("acronym"), word_id("plural")};
        return contains(heads, term.meaning);
    };
    if (std::any_of(a_.terms.begin(), a_.terms.end(), letters)) {
        for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
            if (links_.a[i].link == Link::none || letters(a_.terms[i]) || !is_content(a_.terms[i])) continue;
            const auto j = static_cast<std::uint32_t>(links_.a[i].other);
            if (word_a(i) != word_b(j)) return refuse(Refusal::quoted, "word told", word_a(i), word_b(j));
        }
    }
    const std::uint32_t* one = first_left(left_a_, a_, other);
    const std::uint32_t* two = first_left(left_b_, b_, other);
    return both && one != nullptr && two != nullptr && refuse(Refusal::quoted, "word told", word_a(*one), word_b(*two));
}

bool Judge::addressed() {
    if (spread() > 1) return false;
    const auto named = [](const Left& left, const Question& question, const std::vector<Linked>& links) {
        return std::any_of(left.begin(), left.end(), [&](std::uint32_t i) {
            if (question.terms[i].kind != TermKind::pronoun || i == 0 || i + 1 >= question.terms.size()) return false;
            const std::int32_t verb = links[i - 1].other;
            return question.terms[i - 1].kind == TermKind::content && verb >= 0 &&
                   question.terms[i + 1].kind == TermKind::name && links[i + 1].other == verb + 1;
        });
    };
    const bool one = named(left_a_, a_, links_.a);
    return one != named(left_b_, b_, links_.b) &&
           refuse(Refusal::coreference, "called by name", one ? "pronoun" : "none", one ? "none" : "pronoun");
}

bool Judge::wanted() {
    if (report_.explained || a_.kind == b_.kind || spread() > 3) return false;
    const auto apart = [](const Question& definite, const Question& other) {
        return is_definite(definite.kind) && is_indefinite(other.kind) && !gives(other, definite.kind) &&
               !(definite.kind == QuestionKind::how_many && amount_of_be(definite));
    };
    // "what do I need", "do I need"; but "are there any good books" asks what they are
    const auto existing = [](const Question& question) {
        return std::any_of(question.words.begin(), question.words.end(),
                           [](const text::Word& word) { return word.lower == "there"; });
    };
    const auto thing = [](QuestionKind kind) { return kind == QuestionKind::what || kind == QuestionKind::which; };
    const auto whether = [&](const Question& one, const Question& other) {
        if (one.kind != QuestionKind::yes_no) return false;
        const bool asks_way = std::any_of(other.terms.begin(), other.terms.end(),
                                          [](const Term& term) { return term.meaning == mean::whatdo; });
        return spread() == 0 && (asks_way || (thing(other.kind) && !existing(one)));
    };
    const auto manner = [&](const Question& one, const Question& other) {
        return one.kind == QuestionKind::how_to && other.kind == QuestionKind::which && spread() == 0;
    };
    // "hello AI", "are you an AI": one word in common is no statement of what is asked
    const auto states = [](const Question& question) {
        return question.kind == QuestionKind::other &&
               std::none_of(question.words.begin(), question.words.end(),
                            [](const text::Word& word) { return word.word_class == WordClass::question; });
    };
    const bool little =
        report_.matched < 2 && report_.moved == 0 && report_.spelling == 0 && (states(a_) || states(b_));
    const bool differ = apart(a_, b_) || apart(b_, a_) || whether(a_, b_) || whether(b_, a_) || manner(a_, b_) ||
                        manner(b_, a_) || little;
    return differ && refuse(Refusal::question_kind, "question", name_of(a_.kind), name_of(b_.kind));
}

}  // namespace weir::tiers::semantic
