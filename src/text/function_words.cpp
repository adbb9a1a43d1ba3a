#include "text/function_words.h"

#include "text/word_table.h"

namespace weir::text {

namespace {

struct Class {
    WordClass kind;
    std::string_view words;
};

constexpr Class classes[] = {
    {WordClass::article, "a an the"},
    {WordClass::pronoun,
     "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers "
     "herself it its itself they them their theirs themselves one's someone somebody anyone anybody everyone everybody "
     "something anything everything there"},
    {WordClass::demonstrative, "this that these those"},
    {WordClass::question, "what which who whom whose when where why how whatever whichever whoever"},
    {WordClass::auxiliary, "be am is are was were been being do does did done doing have has had having"},
    {WordClass::modal, "can could will would shall should may might must ought"},
    {WordClass::negation, "not never no none nobody nothing nowhere neither nor without cannot hardly barely scarcely"},
    {WordClass::preposition,
     "of in on at by for with from to into onto over under above below between among amongst through throughout during "
     "before after about against within across along behind beyond beside besides near off out up down since until "
     "till "
     "upon via per toward towards around like than as inside outside underneath beneath despite except versus"},
    {WordClass::conjunction,
     "and or but if because so while whilst though although unless whether then else both either"},
    {WordClass::quantifier,
     "all any some every each many much more most less least few fewer fewest several enough other another such same "
     "own "
     "half"},
    {WordClass::adverb, "too very also even still already yet again ever only just here now rather quite else's"},
};

constexpr std::size_t total = [] {
    std::size_t count = 0;
    for (const auto& group : classes) count += count_words(group.words);
    return count;
}();

using Table = WordTable<WordClass, total>;

constexpr Table table = [] {
    std::array<Table::Entry, total> entries{};
    std::size_t at = 0;
    for (const auto& group : classes) {
        for_each_word(group.words, [&](std::string_view word) { entries[at++] = {word_id(word), group.kind}; });
    }
    return Table(entries);
}();
static_assert(table.unique());

}  // namespace

WordClass class_of(std::uint64_t id) {
    const WordClass* found = table.find(id);
    return found != nullptr ? *found : WordClass::content;
}

WordClass class_of(std::string_view lower) {
    return class_of(word_id(lower));
}

}  // namespace weir::text
