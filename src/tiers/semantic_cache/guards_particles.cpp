// The small words that choose what is asked about: particles of focus, prepositions that say where, words that point,
// and which of two neighbours the other belongs to. All else being equal, these are the whole difference.
#include <array>

#include "tiers/semantic_cache/guards_judge.h"

namespace weir::tiers::semantic {

using text::word_id;

namespace {

template <std::size_t N>
bool contains(const std::array<std::uint64_t, N>& list, std::uint64_t id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

constexpr std::array focusing = {
    word_id("only"),      word_id("even"),        word_id("also"),    word_id("just"),   word_id("too"),
    word_id("merely"),    word_id("solely"),      word_id("mainly"),  word_id("mostly"), word_id("chiefly"),
    word_id("primarily"), word_id("exclusively"), word_id("exactly"), word_id("almost"), word_id("nearly"),
    word_id("partly"),    word_id("completely"),  word_id("fully"),   word_id("each"),   word_id("several")};

// Where, and whence: words of one group are taken for one another. Instruments ("through", "via", "with") and topics
// ("of", "about", "for", "on") have no group: they are exchanged all the time.
struct Place {
    std::uint64_t id;
    std::uint8_t group;  // 0: says too little
};
constexpr Place places[] = {
    {word_id("at"), 0},         {word_id("for"), 0},      {word_id("of"), 0},          {word_id("about"), 0},
    {word_id("with"), 0},       {word_id("by"), 0},       {word_id("via"), 0},         {word_id("through"), 0},
    {word_id("than"), 0},       {word_id("as"), 0},       {word_id("like"), 0},        {word_id("per"), 0},
    {word_id("own"), 27},       {word_id("alone"), 27},   {word_id("myself"), 27},     {word_id("yourself"), 27},
    {word_id("in"), 1},         {word_id("inside"), 1},   {word_id("within"), 1},      {word_id("into"), 1},
    {word_id("on"), 2},         {word_id("upon"), 2},     {word_id("onto"), 2},        {word_id("#ontop"), 2},
    {word_id("over"), 3},       {word_id("above"), 3},    {word_id("below"), 4},       {word_id("under"), 4},
    {word_id("underneath"), 4}, {word_id("beneath"), 4},  {word_id("near"), 5},        {word_id("beside"), 5},
    {word_id("to"), 6},         {word_id("toward"), 6},   {word_id("towards"), 6},     {word_id("from"), 7},
    {word_id("#outof"), 7},     {word_id("out"), 7},      {word_id("#awayfrom"), 7},   {word_id("off"), 7},
    {word_id("between"), 8},    {word_id("among"), 9},    {word_id("amongst"), 9},     {word_id("behind"), 10},
    {word_id("beyond"), 11},    {word_id("past"), 11},    {word_id("#infront"), 12},   {word_id("opposite"), 12},
    {word_id("outside"), 13},   {word_id("around"), 14},  {word_id("across"), 15},     {word_id("along"), 16},
    {word_id("against"), 17},   {word_id("despite"), 18}, {word_id("throughout"), 19}, {word_id("without"), 20},
    {word_id("since"), 21},     {word_id("until"), 22},   {word_id("till"), 22},       {word_id("up"), 23},
    {word_id("down"), 24},      {word_id("besides"), 25}, {word_id("except"), 26},     {word_id("during"), 1}};

// Alone on one side these say something that the other does not.
constexpr std::array telling = {word_id("behind"),     word_id("beyond"),  word_id("against"),  word_id("despite"),
                                word_id("outside"),    word_id("without"), word_id("#infront"), word_id("opposite"),
                                word_id("underneath"), word_id("above"),   word_id("below"),    word_id("own"),
                                word_id("alone"),      word_id("myself"),  word_id("yourself")};

constexpr std::array pointing = {word_id("this"), word_id("these"), word_id("those")};

}  // namespace

// What the particle stands before is what it is about: "even Kant doubted", "Kant even doubted".
bool Judge::focus() {
    const auto chooses = [](const Question& question, const Term& term) {
        return contains(focusing, term.meaning) || contains(focusing, question.words[term.word].id);
    };
    const auto left = [&](const Left& open, const Question& question) -> const std::uint32_t* {
        for (const std::uint32_t& i : open) {
            if (chooses(question, question.terms[i])) return &i;
        }
        return nullptr;
    };
    if (spread() > 2) return false;
    const std::uint32_t* one = left(left_a_, a_);
    const std::uint32_t* two = left(left_b_, b_);
    if (one != nullptr || two != nullptr) {
        return refuse(Refusal::logic, "focus", one != nullptr ? word_a(*one) : "none",
                      two != nullptr ? word_b(*two) : "none");
    }
    const auto chosen = [](const Question& question, std::size_t i) {
        while (i < question.terms.size() && !is_content(question.terms[i])) ++i;
        return i;
    };
    for (std::size_t i = 0; i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || !chooses(a_, a_.terms[i])) continue;
        const std::size_t x = chosen(a_, i);
        const std::size_t y = chosen(b_, static_cast<std::size_t>(links_.a[i].other));
        if (x >= a_.terms.size() || y >= b_.terms.size() || links_.a[x].link == Link::none ||
            links_.b[y].link == Link::none || links_.a[x].other == static_cast<std::int32_t>(y)) {
            continue;
        }
        return refuse(Refusal::order, "focus on", word_a(static_cast<std::uint32_t>(x)),
                      word_b(static_cast<std::uint32_t>(y)));
    }
    return false;
}

bool Judge::places() {
    if (spread() > 1) return false;
    const auto find = [](const Left& open, const Question& question, std::uint32_t& at) -> const Place* {
        for (const std::uint32_t i : open) {
            const Term& term = question.terms[i];
            if (is_content(term)) continue;
            const std::uint64_t written = question.words[term.word].id;
            for (const Place& place : semantic::places) {
                if (place.id != term.meaning && place.id != written) continue;
                at = i;
                return &place;
            }
        }
        return nullptr;
    };
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    const Place* one = find(left_a_, a_, x);
    const Place* two = find(left_b_, b_, y);
    if (one != nullptr && two != nullptr) {
        // "in" and "on" are each used for nearly everything.
        const bool loose = one->group <= 2 && two->group <= 2;
        return one->group != two->group && !loose && refuse(Refusal::direction, "where", word_a(x), word_b(y));
    }
    const auto tells = [&](const Term& term) { return !is_content(term) && contains(telling, term.meaning); };
    return spread() == 0 && refuse_left(Refusal::direction, "where", tells);
}

// "these mushrooms", "those mushrooms", "mushrooms": what is pointed at is not in the text.
bool Judge::points() {
    const auto points = [](const Term& term) { return !is_content(term) && contains(pointing, term.meaning); };
    return spread() == 0 && report_.moved == 0 && refuse_left(Refusal::coreference, "pointed at", points);
}

// "a dog's collar", "a collar's dog": neighbours that changed places, all else being equal.
bool Judge::neighbours() {
    if (spread() > 0) return false;
    const auto next_to = [](const Question& question, std::size_t x) {
        const Term& first = question.terms[x];
        const Term& second = question.terms[x + 1];
        const auto thing = [](const Term& term) {
            return term.kind == TermKind::content || term.kind == TermKind::name;
        };
        return thing(first) && thing(second) && !second.is(term_after_break) && second.word > first.word &&
               second.word - first.word <= 2;
    };
    for (std::size_t x = 0; x + 1 < links_.a.size(); ++x) {
        if (!next_to(a_, x)) continue;
        const std::int32_t to = links_.a[x].other;
        if (links_.a[x].link == Link::none || links_.a[x + 1].link == Link::none || links_.a[x + 1].other + 1 != to)
            continue;
        if (!next_to(b_, static_cast<std::size_t>(to - 1))) continue;
        return refuse(Refusal::roles, "neighbours", word_a(static_cast<std::uint32_t>(x)),
                      word_a(static_cast<std::uint32_t>(x + 1)));
    }
    return false;
}

// "if Ann and Bo were alone, would he ...": who is named first decides who a pronoun means, or "the former" is.
bool Judge::antecedents() {
    static constexpr std::array referring = {
        word_id("he"),    word_id("him"),    word_id("his"),    word_id("she"),         word_id("her"),
        word_id("hers"),  word_id("it"),     word_id("its"),    word_id("they"),        word_id("them"),
        word_id("their"), word_id("former"), word_id("latter"), word_id("respectively")};
    if (spread() > 3) return false;
    const auto refers = [](const Question& question) {
        return std::any_of(question.words.begin(), question.words.end(),
                           [](const text::Word& word) { return contains(referring, word.id); });
    };
    if (!refers(a_) || !refers(b_)) return false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> named;  // where each is written, here and there
    for (std::size_t i = 0; i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || a_.terms[i].kind != TermKind::name) continue;
        named.emplace_back(a_.terms[i].word, b_.terms[static_cast<std::size_t>(links_.a[i].other)].word);
    }
    std::sort(named.begin(), named.end());
    for (std::size_t i = 1; i < named.size(); ++i) {
        if (named[i].second < named[i - 1].second)
            return refuse(Refusal::coreference, "named first", a_.words[named[i - 1].first].lower,
                          a_.words[named[i].first].lower);
    }
    return false;
}

}  // namespace weir::tiers::semantic
