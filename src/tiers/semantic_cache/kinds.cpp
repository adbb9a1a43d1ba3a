#include "tiers/semantic_cache/kinds.h"

#include <algorithm>
#include <array>

#include "text/word_table.h"
#include "tiers/semantic_cache/kind_tables.h"

namespace weir::tiers::semantic {

namespace {

// Calls use(word, thing) for each word of a line; things are counted from 0.
template <class Use>
constexpr void for_each_member(std::string_view line, Use&& use) {
    std::uint16_t thing = 0;
    text::for_each_word(line, [&](std::string_view names) {
        while (!names.empty()) {
            const std::size_t cut = names.find('/');
            use(names.substr(0, cut), thing);
            names = cut == std::string_view::npos ? std::string_view() : names.substr(cut + 1);
        }
        ++thing;
    });
}

constexpr std::size_t member_count = [] {
    std::size_t count = 0;
    for (const auto& line : tables::kinds)
        for_each_member(line.members, [&](std::string_view, std::uint16_t) { ++count; });
    return count;
}();

constexpr auto members = [] {
    std::array<KindMember, member_count> all{};
    std::size_t used = 0;
    for (std::size_t kind = 0; kind < std::size(tables::kinds); ++kind) {
        for_each_member(tables::kinds[kind].members, [&](std::string_view word, std::uint16_t thing) {
            all[used++] = {text::word_id(word), static_cast<std::uint16_t>(kind), thing};
        });
    }
    std::sort(all.begin(), all.end());
    return all;
}();
static_assert(std::adjacent_find(members.begin(), members.end()) == members.end(), "a thing's name stands twice");

std::span<const KindMember> members_named(std::uint64_t id) {
    const auto before = [](const KindMember& member, std::uint64_t word) { return member.word < word; };
    const auto first = std::lower_bound(members.begin(), members.end(), id, before);
    auto last = first;
    while (last != members.end() && last->word == id) ++last;
    return {first, last};
}

}  // namespace

std::span<const KindMember> kinds_of(const text::Word& word) {
    const std::span<const KindMember> found = members_named(word.id);
    const bool noun = word.inflection == text::Inflection::none || word.inflection == text::Inflection::plural_or_third;
    if (!found.empty() || !noun || word.stem == word.lower) return found;
    return members_named(text::word_id(word.stem));
}

std::string_view kind_of_two(const text::Word& one, const text::Word& two) {
    const std::span<const KindMember> a = kinds_of(one);
    const std::span<const KindMember> b = kinds_of(two);
    for (const KindMember& x : a) {
        bool other = false;
        bool same = false;
        for (const KindMember& y : b) {
            if (y.kind != x.kind) continue;
            const auto is_thing = [&](std::uint16_t thing) {
                return std::any_of(a.begin(), a.end(),
                                   [&](const KindMember& z) { return z.kind == x.kind && z.thing == thing; });
            };
            other = true;
            same = same || is_thing(y.thing);
        }
        if (other && !same) return tables::kinds[x.kind].kind;
    }
    return {};
}

}  // namespace weir::tiers::semantic
