#include "tiers/semantic_cache/question.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "tiers/semantic_cache/meanings.h"

using namespace weir::tiers::semantic;

namespace {

bool same_form(std::string_view a, std::string_view b) {
    return read_question(a).canonical_id == read_question(b).canonical_id;
}

}  // namespace

TEST_CASE("question: wordings of one meaning have one canonical form") {
    CHECK(same_form("What's the capital of Peru?", "what is the capital of peru"));
    CHECK(same_form("Can you tell me what the capital of Peru is?", "What is the capital of Peru?"));
    CHECK(same_form("How do I bake bread?", "What is the best way to bake bread?"));
    CHECK(same_form("Was the mill built by Tom?", "Did Tom build the mill?"));
    CHECK(same_form("Is Peru bigger than Chad?", "Is Chad smaller than Peru?"));
    CHECK(same_form("Is Tom a cook or a poet?", "Is Tom a poet or a cook?"));
}

TEST_CASE("question: what differs in meaning differs in form") {
    CHECK_FALSE(same_form("Did Tom see Ann?", "Did Ann see Tom?"));
    CHECK_FALSE(same_form("Is Tom a cook or a poet?", "Is Tom a cook and a poet?"));
    CHECK_FALSE(same_form("Is Tom a cook?", "Was Tom a cook?"));
    CHECK_FALSE(same_form("Is it 2.1?", "Is it 2.10?"));
    CHECK_FALSE(same_form("Can you write a poem?", "Can I write a poem?"));
}

TEST_CASE("question: kinds") {
    CHECK(read_question("How do I swim?").kind == QuestionKind::how_to);
    CHECK(read_question("Is it late?").kind == QuestionKind::yes_no);
    CHECK(read_question("In Peru, when is summer?").kind == QuestionKind::when);
    CHECK(read_question("How many cats are there?").kind == QuestionKind::how_many);
    CHECK(read_question("Write a poem").kind == QuestionKind::other);
    CHECK(read_question("My car is red. Why does it rust?").kind == QuestionKind::why);
}

TEST_CASE("question: numbers in words and digits") {
    const auto amounts = [](std::string_view text) {
        std::vector<std::uint64_t> found;
        for (const Quantity& quantity : read_question(text).quantities) found.push_back(quantity.id);
        return found;
    };
    CHECK(amounts("two hundred and five men") == amounts("205 men"));
    CHECK(amounts("twenty-one men") == amounts("21 men"));
    CHECK(amounts("one third of it") == amounts("1/3 of it"));
    CHECK(amounts("10k runs") == amounts("10,000 runs"));
    CHECK(amounts("three thousand men") == amounts("3000 men"));
    CHECK(amounts("one million two hundred thousand men") == amounts("1200000 men"));
    CHECK(amounts("first man") == amounts("1st man"));
    CHECK(amounts("first man") != amounts("1 man"));
    CHECK(amounts("no one came").empty());
    CHECK(amounts("99999999999999999999999").size() == 1);
    CHECK(amounts("1/0 1.2.3 10:30").size() == 3);
}

TEST_CASE("question: leaning on what was said before") {
    for (const std::string_view text :
         {"and the second one?", "Why?", "what about him", "How old is she?", "Is this good?"}) {
        CHECK_MESSAGE(read_question(text).leans_on_context, text);
    }
    for (const std::string_view text :
         {"What is the capital of Peru?", "How do I bake bread?", "Who is Tom and how old is he?"}) {
        CHECK_MESSAGE(!read_question(text).leans_on_context, text);
    }
}

TEST_CASE("question: languages by script and small words") {
    CHECK(read_question("How are you today?").language == Language::english);
    CHECK(read_question("Wie ist das Wetter und was ist der Preis?").language == Language::other_latin);
    CHECK(read_question("¿Cuál es la capital de los Estados Unidos?").language == Language::other_latin);
    CHECK(read_question("Как дела").language == Language::cyrillic);
    CHECK(read_question("東京はどこですか").language == Language::cjk);
    CHECK(read_question("123 !").language == Language::unknown);
}

TEST_CASE("question: limits") {
    CHECK(read_question(std::string(9000, 'a')).too_long);
    CHECK_FALSE(read_question(std::string(8000, 'a')).too_long);
    std::string many;
    for (int i = 0; i < 1500; ++i) many += "ab ";
    CHECK(read_question(many).too_long);
    CHECK(read_question(many).terms.size() <= max_terms);
}

TEST_CASE("question: any bytes are read, and read the same twice") {
    rc::check([](const std::string& text) {
        const Question one = read_question(text);
        const Question two = read_question(text);
        RC_ASSERT(one.canonical_id == two.canonical_id);
        RC_ASSERT(one.exact_id == two.exact_id);
        for (const Term& term : one.terms) RC_ASSERT(term.word < one.words.size());
    });
}

TEST_CASE("meanings: comparisons, prefixes, spelling") {
    Meaning meaning;
    CHECK(comparison_of("larger", meaning) == 1);
    CHECK(comparison_of("happiest", meaning) == 2);
    CHECK(comparison_of("bigger", meaning) == 1);
    CHECK(comparison_of("worst", meaning) == 2);
    CHECK(meaning.opposite);
    CHECK(comparison_of("cooker", meaning) == 0);
    CHECK(strip_affix("unreadable", meaning));
    CHECK_FALSE(strip_affix("understand", meaning));
    CHECK(spelling_id("colour") == spelling_id("color"));
    CHECK(spelling_id("organise") == spelling_id("organize"));
    CHECK(spelling_id("four") != spelling_id("for"));
}
