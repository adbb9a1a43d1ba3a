#include "text/stem.h"

#include "text/word_table.h"

namespace weir::text {

namespace {

struct Irregular {
    std::string_view base;
    Inflection inflection;
};

// Lines "base past participle", more spellings of a form joined by '/'.
constexpr std::string_view verbs[] = {
    "arise arose arisen",
    "awake awoke awoken",
    "bear bore born/borne",
    "beat beat beaten",
    "become became become",
    "begin began begun",
    "bend bent bent",
    "bet bet bet",
    "bind bound bound",
    "bite bit bitten",
    "bleed bled bled",
    "blow blew blown",
    "break broke broken",
    "breed bred bred",
    "bring brought brought",
    "build built built",
    "burn burnt burnt",
    "buy bought bought",
    "catch caught caught",
    "choose chose chosen",
    "cling clung clung",
    "come came come",
    "creep crept crept",
    "deal dealt dealt",
    "dig dug dug",
    "draw drew drawn",
    "dream dreamt dreamt",
    "drink drank drunk",
    "drive drove driven",
    "eat ate eaten",
    "fall fell fallen",
    "feed fed fed",
    "feel felt felt",
    "fight fought fought",
    "find found found",
    "flee fled fled",
    "fly flew flown",
    "forbid forbade forbidden",
    "forget forgot forgotten",
    "forgive forgave forgiven",
    "freeze froze frozen",
    "get got gotten",
    "give gave given",
    "go went gone",
    "grind ground ground",
    "grow grew grown",
    "hang hung hung",
    "hear heard heard",
    "hide hid hidden",
    "hold held held",
    "keep kept kept",
    "kneel knelt knelt",
    "know knew known",
    "lay laid laid",
    "lead led led",
    "learn learnt learnt",
    "leave left left",
    "lend lent lent",
    "light lit lit",
    "lose lost lost",
    "make made made",
    "mean meant meant",
    "meet met met",
    "mistake mistook mistaken",
    "overcome overcame overcome",
    "pay paid paid",
    "prove proved proven",
    "ride rode ridden",
    "ring rang rung",
    "rise rose risen",
    "run ran run",
    "say said said",
    "see saw seen",
    "seek sought sought",
    "sell sold sold",
    "send sent sent",
    "sew sewed sewn",
    "shake shook shaken",
    "shine shone shone",
    "shoot shot shot",
    "show showed shown",
    "shrink shrank shrunk",
    "sing sang sung",
    "sink sank sunk",
    "sit sat sat",
    "sleep slept slept",
    "slide slid slid",
    "smell smelt smelt",
    "sow sowed sown",
    "speak spoke spoken",
    "spell spelt spelt",
    "spend spent spent",
    "spill spilt spilt",
    "spin spun spun",
    "spoil spoilt spoilt",
    "stand stood stood",
    "steal stole stolen",
    "stick stuck stuck",
    "sting stung stung",
    "strike struck stricken",
    "swear swore sworn",
    "sweep swept swept",
    "swell swelled swollen",
    "swim swam swum",
    "swing swung swung",
    "take took taken",
    "teach taught taught",
    "tear tore torn",
    "tell told told",
    "think thought thought",
    "throw threw thrown",
    "understand understood understood",
    "undergo underwent undergone",
    "wake woke woken",
    "wear wore worn",
    "weep wept wept",
    "win won won",
    "withdraw withdrew withdrawn",
    "write wrote written",
    "rewrite rewrote rewritten",
};
constexpr std::string_view nouns[] = {
    "man men",        "woman women",        "child children",     "foot feet",
    "tooth teeth",    "goose geese",        "mouse mice",         "person people",
    "life lives",     "wife wives",         "knife knives",       "leaf leaves",
    "wolf wolves",    "shelf shelves",      "half halves",        "thief thieves",
    "loaf loaves",    "calf calves",        "elf elves",          "analysis analyses",
    "crisis crises",  "thesis theses",      "criterion criteria", "phenomenon phenomena",
    "index indices",  "matrix matrices",    "vertex vertices",    "hypothesis hypotheses",
    "ox oxen",        "potato potatoes",    "tomato tomatoes",    "hero heroes",
    "echo echoes",    "movie movies",       "cookie cookies",     "zombie zombies",
    "selfie selfies", "calorie calories",   "rookie rookies",     "pie pies",
    "tie ties",       "lie lies",           "newbie newbies",     "hoodie hoodies",
    "genie genies",   "smoothie smoothies", "eerie eeries",
};
// Forms of which the rules below would take an ending that is none.
constexpr std::string_view whole =
    "this is was has does his its us yes bus gas plus news series species always perhaps lens physics mathematics "
    "maths "
    "economics politics ethics statistics electronics athletics gymnastics diabetes mars texas paris christmas jesus "
    "james thomas charles chris jones texas kansas dallas angeles vegas wales athens brussels cyprus honduras "
    "philippines "
    "thing something anything nothing everything during spring string bring king ring sing wing swing sting ping bing "
    "ceiling morning evening wedding pudding building beijing boeing viking sterling sibling darling ring cling fling "
    "sling "
    "need feed speed seed weed bleed breed greed indeed bed red fed led shed sled ted ned med hundred sacred naked "
    "wicked "
    "rugged embed reed deed heed exceed proceed succeed agreed united states us perhaps afterwards towards besides "
    "whereas "
    "https clothes glasses pants jeans trousers scissors thanks congratulations las los alas atlas canvas bias virus "
    "campus "
    "focus bonus status census corpus genius nexus versus minus walrus octopus abs apps ios aws windows sometimes "
    "overseas "
    "upstairs downstairs nowadays data media";

constexpr std::size_t count_forms() {
    std::size_t count = 0;
    for (const auto line : verbs) {
        std::size_t column = 0;
        for_each_word(line, [&](std::string_view word) {
            if (column++ == 0) return;
            count += 1;
            for (const char c : word) count += c == '/';
        });
    }
    for (std::size_t i = 0; i < std::size(nouns); ++i) ++count;
    return count + count_words(whole);
}
constexpr std::size_t most = count_forms();

struct Forms {
    std::array<WordTable<Irregular, most>::Entry, most> entries{};
    std::size_t used = 0;

    constexpr void add(std::string_view form, std::string_view base, Inflection inflection) {
        const std::uint64_t id = word_id(form);
        for (std::size_t i = 0; i < used; ++i) {
            if (entries[i].id == id) return;
        }
        entries[used++] = {id, {base, inflection}};
    }
};

constexpr Forms forms = [] {
    Forms all;
    for (const auto line : verbs) {
        std::size_t column = 0;
        std::string_view base;
        for_each_word(line, [&](std::string_view word) {
            if (column == 0) base = word;
            const Inflection inflection = column == 1 ? Inflection::past : Inflection::participle;
            while (column > 0 && !word.empty()) {
                const std::size_t cut = word.find('/');
                const std::string_view form = word.substr(0, cut);
                if (form != base) all.add(form, base, inflection);
                word = cut == std::string_view::npos ? std::string_view() : word.substr(cut + 1);
            }
            ++column;
        });
    }
    for (const auto line : nouns) {
        const std::size_t cut = line.find(' ');
        all.add(line.substr(cut + 1), line.substr(0, cut), Inflection::plural_or_third);
    }
    for_each_word(whole, [&](std::string_view word) { all.add(word, word, Inflection::none); });
    // What is left over gets ids that no word has.
    while (all.used < most) {
        all.entries[all.used] = {all.used, {}};
        ++all.used;
    }
    return all;
}();
constexpr WordTable<Irregular, most> irregular(forms.entries);

bool is_vowel(char c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

bool vowel_at(std::string_view word, std::size_t i) {
    return is_vowel(word[i]) || (word[i] == 'y' && i > 0 && !is_vowel(word[i - 1]));
}

bool has_vowel(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (vowel_at(word, i)) return true;
    }
    return false;
}

int vowel_groups(std::string_view word) {
    int groups = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (vowel_at(word, i) && (i == 0 || !vowel_at(word, i - 1))) ++groups;
    }
    return groups;
}

// Of verbs with more syllables than one: "decid" was "decide", "visit" is "visit".
bool loses_e(std::string_view left) {
    static constexpr std::string_view endings[] = {
        "ik", "ak", "ok", "am", "um",   "ap",   "ir",   "ur",  "id",  "od",   "ud",   "ad",   "ed",   "in",   "il",
        "ul", "ut", "ot", "ib", "plor", "gnor", "stor", "vit", "nit", "xcit", "ecit", "writ", "plet", "elet", "mpet"};
    for (const auto ending : endings) {
        if (left.ends_with(ending)) return true;
    }
    return false;
}

// What is left of a verb without -ed or -ing: "runn" -> "run", "mak" -> "make", "help" -> "help".
Stem verb_base(std::string_view left, Inflection inflection) {
    const std::size_t size = left.size();
    const char last = left[size - 1];
    if (size >= 3 && last == left[size - 2] && !is_vowel(last)) {
        const bool keeps = last == 'l' || last == 's' || last == 'z' || last == 'f';
        if (!keeps || (last == 'l' && vowel_groups(left) > 1)) return {left.substr(0, size - 1), "", inflection};
        return {left, "", inflection};
    }
    const char before = size >= 2 ? left[size - 2] : ' ';
    if (last == 'v' || last == 'c' || last == 'u' || (last == 'z' && before != 'z')) return {left, "e", inflection};
    if (last == 'g' && before != 'n') return {left, "e", inflection};
    if (last == 'g' && size >= 5 && (left.ends_with("hang") || left.ends_with("leng"))) return {left, "e", inflection};
    if (last == 's' && (is_vowel(before) || before == 'r' || before == 'n' || before == 'p'))
        return {left, "e", inflection};
    if (last == 'l' && size >= 3 && !is_vowel(before) && before != 'l' && before != 'r' && before != 'w')
        return {left, "e", inflection};
    if (size >= 4 && left.ends_with("at") && (!is_vowel(left[size - 3]) || left[size - 3] == 'i' || left == "creat") &&
        vowel_groups(left) > 1) {
        return {left, "e", inflection};
    }
    const bool short_end = size >= 2 && !vowel_at(left, size - 1) && vowel_at(left, size - 2) &&
                           (size == 2 || !vowel_at(left, size - 3)) && last != 'w' && last != 'x' && last != 'y';
    if (short_end && (vowel_groups(left) == 1 || loses_e(left))) return {left, "e", inflection};
    return {left, "", inflection};
}

Stem plural_base(std::string_view word) {
    const std::size_t size = word.size();
    const auto cut = [&](std::size_t bytes, std::string_view restore = "") {
        return Stem{word.substr(0, size - bytes), restore, Inflection::plural_or_third};
    };
    if (word.ends_with("ies")) return size > 4 ? cut(3, "y") : cut(1);
    if (word.ends_with("sses") || word.ends_with("shes") || word.ends_with("ches") || word.ends_with("xes") ||
        word.ends_with("zzes")) {
        return cut(2);
    }
    return cut(1);
}

}  // namespace

Stem stem_word(std::string_view lower) {
    const std::size_t size = lower.size();
    if (size < 3 || size > 40) return {lower, "", Inflection::none};
    for (const char c : lower) {
        if (c < 'a' || c > 'z') return {lower, "", Inflection::none};
    }
    if (const Irregular* found = irregular.find(word_id(lower))) return {found->base, "", found->inflection};
    const char last = lower[size - 1];
    if (last == 's' && size > 3 && lower[size - 2] != 's' && lower[size - 2] != 'u' && lower[size - 2] != 'i') {
        return plural_base(lower);
    }
    if (last == 'g' && size > 4 && lower.ends_with("ing") && has_vowel(lower.substr(0, size - 3))) {
        return verb_base(lower.substr(0, size - 3), Inflection::gerund);
    }
    if (last == 'd' && size > 3 && lower.ends_with("ed") && has_vowel(lower.substr(0, size - 2))) {
        if (lower.ends_with("ied") && size > 4) return {lower.substr(0, size - 3), "y", Inflection::past};
        if (lower.ends_with("eed")) return {lower, "", Inflection::none};
        return verb_base(lower.substr(0, size - 2), Inflection::past);
    }
    return {lower, "", Inflection::none};
}

}  // namespace weir::text
