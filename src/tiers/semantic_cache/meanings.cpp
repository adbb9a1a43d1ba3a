#include "tiers/semantic_cache/meanings.h"

#include <algorithm>

#include "text/word_table.h"
#include "tiers/semantic_cache/adjective_tables.h"
#include "tiers/semantic_cache/name_tables.h"
#include "tiers/semantic_cache/phrase_tables.h"
#include "tiers/semantic_cache/word_tables.h"

namespace weir::tiers::semantic {

namespace {

using text::count_words;
using text::for_each_word;
using text::word_id;
using text::WordTable;

struct List {
    WordSort sort;
    std::string_view words;
};
constexpr List lists[] = {
    {WordSort::place, tables::places},        {WordSort::nationality, tables::nationalities},
    {WordSort::month, tables::months},        {WordSort::weekday, tables::weekdays},
    {WordSort::product, tables::products},    {WordSort::person, tables::persons},
    {WordSort::filler, tables::fillers},      {WordSort::scope, tables::scopes},
    {WordSort::symmetric, tables::symmetric},
};

template <std::size_t N>
constexpr std::size_t count_lines(const std::string_view (&lines)[N]) {
    std::size_t count = 0;
    for (const auto line : lines) count += count_words(line);
    return count;
}

constexpr std::size_t most = [] {
    std::size_t count = count_lines(tables::gradable) + count_lines(tables::polar) + count_words(tables::lone) +
                        count_lines(tables::others) + count_lines(tables::units);
    for (const auto& list : lists) count += count_words(list.words);
    return count;
}();

using Entry = WordTable<Meaning, most>::Entry;

struct Draft {
    struct Line {
        Entry entry;
        std::size_t order = 0;
        bool grouped = false;
    };
    std::array<Line, most> lines{};
    std::size_t used = 0;
    bool twice = false;  // a word stands in two groups

    constexpr void add_group(std::string_view line, Meaning meaning) {
        for_each_word(line, [&](std::string_view word) {
            if (word == "|") {
                meaning.opposite = true;
                return;
            }
            if (meaning.id == 0) meaning.id = word_id(word);
            lines[used] = {{word_id(word), meaning}, used, true};
            ++used;
        });
    }

    // One entry a word: its group's meaning, with the sort of the first list that has it.
    constexpr std::array<Entry, most> merged() {
        const auto end = lines.begin() + static_cast<std::ptrdiff_t>(used);
        std::sort(lines.begin(), end, [](const Line& a, const Line& b) {
            return a.entry.id != b.entry.id ? a.entry.id < b.entry.id : a.order < b.order;
        });
        std::array<Entry, most> all{};
        std::size_t size = 0;
        for (std::size_t i = 0; i < used; ++i) {
            const Line& line = lines[i];
            if (size == 0 || all[size - 1].id != line.entry.id) {
                all[size++] = line.entry;
                continue;
            }
            twice = twice || line.grouped;
            Meaning& first = all[size - 1].value;
            if (first.sort == WordSort::common) first.sort = line.entry.value.sort;
        }
        for (; size < most; ++size) all[size] = {size, {}};  // ids that no word has
        return all;
    }
};

struct Merged {
    std::array<Entry, most> entries;
    bool twice;
};

constexpr Merged draft = [] {
    Draft all;
    for (const auto line : tables::gradable) all.add_group(line, {.gradable = true});
    for (const auto line : tables::polar) all.add_group(line, {.gradable = true, .polar = true});
    for_each_word(tables::lone, [&](std::string_view word) { all.add_group(word, {.gradable = true, .polar = true}); });
    for (const auto line : tables::others) all.add_group(line, {});
    for (const auto line : tables::units) all.add_group(line, {.sort = WordSort::unit});
    for (const auto& list : lists) {
        for_each_word(list.words, [&](std::string_view word) {
            all.lines[all.used] = {{word_id(word), {.id = word_id(word), .sort = list.sort}}, all.used, false};
            ++all.used;
        });
    }
    Merged merged{all.merged(), false};
    merged.twice = all.twice;
    return merged;
}();
static_assert(!draft.twice, "a word stands in two groups");
constexpr WordTable<Meaning, most> meanings(draft.entries);
static_assert(meanings.unique());

constexpr auto affix_table = [] {
    constexpr std::size_t count = count_words(tables::affix_bases);
    std::array<WordTable<bool, count>::Entry, count> entries{};
    std::size_t at = 0;
    for_each_word(tables::affix_bases, [&](std::string_view word) { entries[at++] = {word_id(word), true}; });
    return WordTable<bool, count>(entries);
}();
static_assert(affix_table.unique());

constexpr std::uint64_t pair_id(std::string_view a, std::string_view b) {
    return word_id(a) ^ word_id(b);  // either way round
}

constexpr auto confusable_pairs = [] {
    std::array<std::uint64_t, std::size(tables::confusable)> ids{};
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::string_view line = tables::confusable[i];
        const std::size_t space = line.find(' ');
        ids[i] = pair_id(line.substr(0, space), line.substr(space + 1));
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}();

constexpr std::size_t phrase_count = std::size(tables::phrases_anywhere) + std::size(tables::phrases_start) +
                                     std::size(tables::phrases_end) + std::size(tables::phrases_before_question);

constexpr Phrase read_phrase(std::string_view line, PhraseAt at) {
    Phrase phrase;
    phrase.at = at;
    bool right = false;
    for_each_word(line, [&](std::string_view word) {
        if (word == "=") {
            right = true;
        } else if (right) {
            phrase.stands_for.at(phrase.stands_for_count++) = word_id(word);
        } else {
            phrase.words.at(phrase.count++) = word_id(word);
        }
    });
    return phrase;
}

constexpr std::array<Phrase, phrase_count> phrases = [] {
    std::array<Phrase, phrase_count> all{};
    std::size_t used = 0;
    for (const auto line : tables::phrases_anywhere) all[used++] = read_phrase(line, PhraseAt::anywhere);
    for (const auto line : tables::phrases_start) all[used++] = read_phrase(line, PhraseAt::start);
    for (const auto line : tables::phrases_end) all[used++] = read_phrase(line, PhraseAt::end);
    for (const auto line : tables::phrases_before_question) all[used++] = read_phrase(line, PhraseAt::before_question);
    std::sort(all.begin(), all.end(), [](const Phrase& a, const Phrase& b) {
        if (a.words[0] != b.words[0]) return a.words[0] < b.words[0];
        if (a.count != b.count) return a.count > b.count;
        if (a.at != b.at) return a.at > b.at;
        return a.words < b.words;
    });
    return all;
}();

constexpr std::string_view prefixes[] = {"un", "in", "im", "ir", "il", "dis", "non"};

bool add_letter(std::string_view stem, char letter, Meaning& meaning) {
    std::array<char, longest_affix_base + 2> word{};
    std::copy(stem.begin(), stem.end(), word.begin());
    word[stem.size()] = letter;
    const Meaning* found = meaning_of(word_id({word.data(), stem.size() + 1}));
    if (found == nullptr || !found->gradable) return false;
    meaning = *found;
    return true;
}

bool gradable(std::string_view stem, Meaning& meaning) {
    const Meaning* found = meaning_of(word_id(stem));
    if (found == nullptr || !found->gradable) return false;
    meaning = *found;
    return true;
}

}  // namespace

const Meaning* meaning_of(std::uint64_t id) {
    return meanings.find(id);
}

bool strip_affix(std::string_view word, Meaning& meaning) {
    for (const auto prefix : prefixes) {
        if (!word.starts_with(prefix)) continue;
        const std::string_view base = word.substr(prefix.size());
        const std::uint64_t id = word_id(base);
        if (base.size() < 3 || base.size() > longest_affix_base || !affix_table.has(id)) continue;
        const Meaning* known = meaning_of(id);
        meaning = known != nullptr ? *known : Meaning{.id = id};
        meaning.opposite = !meaning.opposite;
        return true;
    }
    return false;
}

int comparison_of(std::string_view word, Meaning& meaning) {
    struct Irregular {
        std::string_view word, base;
        int degree;
    };
    static constexpr Irregular irregular[] = {{"better", "good", 1}, {"best", "good", 2},    {"worse", "bad", 1},
                                              {"worst", "bad", 2},   {"elder", "old", 1},    {"eldest", "old", 2},
                                              {"farther", "far", 1}, {"farthest", "far", 2}, {"further", "far", 1},
                                              {"furthest", "far", 2}};
    for (const auto& form : irregular) {
        if (form.word != word) continue;
        if (!gradable(form.base, meaning)) meaning = {.id = word_id(form.base), .gradable = true};
        return form.degree;
    }
    int degree = 0;
    std::string_view stem;
    if (word.size() > 4 && word.ends_with("er")) {
        degree = 1;
        stem = word.substr(0, word.size() - 2);
    } else if (word.size() > 5 && word.ends_with("est")) {
        degree = 2;
        stem = word.substr(0, word.size() - 3);
    }
    if (degree == 0 || stem.size() > longest_affix_base) return 0;
    if (gradable(stem, meaning) || add_letter(stem, 'e', meaning)) return degree;
    if (stem.back() == 'i' && add_letter(stem.substr(0, stem.size() - 1), 'y', meaning)) return degree;
    if (stem.size() > 3 && stem.back() == stem[stem.size() - 2] && gradable(stem.substr(0, stem.size() - 1), meaning)) {
        return degree;
    }
    return 0;
}

std::uint64_t spelling_id(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> whole[] = {
        {"centre", "center"},
        {"theatre", "theater"},
        {"metre", "meter"},
        {"litre", "liter"},
        {"fibre", "fiber"},
        {"defence", "defense"},
        {"offence", "offense"},
        {"licence", "license"},
        {"grey", "gray"},
        {"programme", "program"},
        {"catalogue", "catalog"},
        {"dialogue", "dialog"},
        {"traveller", "traveler"},
        {"jewellery", "jewelry"},
        {"aluminium", "aluminum"},
        {"cosy", "cozy"},
        {"sceptical", "skeptical"},
        {"enrol", "enroll"},
        {"fulfil", "fulfill"},
        {"skilful", "skillful"},
        {"judgement", "judgment"},
        {"ageing", "aging"},
        {"tyre", "tire"},
        {"pyjamas", "pajamas"},
        {"yoghurt", "yogurt"},
        {"whisky", "whiskey"},
        {"artefact", "artifact"},
        {"cancelled", "cancel"},
        {"encyclopaedia", "encyclopedia"},
    };
    if (word.size() < 4 || word.size() > 40) return word_id(word);
    for (const auto& [from, to] : whole) {
        if (word == from) return word_id(to);
    }
    std::array<char, 40> letters{};
    std::copy(word.begin(), word.end(), letters.begin());
    std::size_t size = word.size();
    const auto view = [&] { return std::string_view(letters.data(), size); };
    if (size > 5) {
        for (const std::string_view ending : {"ise", "ises", "ised", "iser", "ising", "isation", "yse", "ysed"}) {
            if (view().ends_with(ending)) letters[size - ending.size() + 1] = 'z';
        }
    }
    if (const std::size_t our = view().find("our"); our != std::string_view::npos && our >= 2 && size > 4) {
        const std::string_view tail = view().substr(our + 3);
        if (tail.empty() || tail == "s" || tail == "ed" || tail == "ing" || tail == "ite" || tail == "ites" ||
            tail == "able" || tail == "al" || tail == "ful" || tail == "less") {
            std::copy(letters.begin() + static_cast<std::ptrdiff_t>(our) + 2,
                      letters.begin() + static_cast<std::ptrdiff_t>(size),
                      letters.begin() + static_cast<std::ptrdiff_t>(our) + 1);
            --size;
        }
    }
    return word_id(view());
}

bool is_real_word_pair(std::string_view a, std::string_view b) {
    return std::binary_search(confusable_pairs.begin(), confusable_pairs.end(), pair_id(a, b));
}

std::span<const Phrase> phrases_from(std::uint64_t first_word) {
    const auto first = std::lower_bound(phrases.begin(), phrases.end(), first_word,
                                        [](const Phrase& phrase, std::uint64_t id) { return phrase.words[0] < id; });
    auto last = first;
    while (last != phrases.end() && last->words[0] == first_word) ++last;
    return {first, last};
}

}  // namespace weir::tiers::semantic
