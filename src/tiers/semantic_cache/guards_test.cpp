#include "tiers/semantic_cache/guards.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "tiers/semantic_cache/guards_align.h"
#include "tiers/semantic_cache/guards_constructions_testing.h"
#include "tiers/semantic_cache/guards_problem.h"

using namespace weir::tiers::semantic;

namespace {

GuardReport judge(std::string_view cached, std::string_view asked) {
    return check_guards(read_question(cached), read_question(asked));
}

}  // namespace

TEST_CASE("guards: constructions that must not share an answer are refused, either way round") {
    for (const auto& pair : testing::pairs_of(testing::must_not_match())) {
        const std::string shown = pair.kind + ": " + pair.cached + " | " + pair.asked;
        CHECK_MESSAGE(judge(pair.cached, pair.asked).refused(), shown);
        CHECK_MESSAGE(judge(pair.asked, pair.cached).refused(), shown);
    }
}

TEST_CASE("guards: rewordings are explained, either way round") {
    for (const auto& pair : testing::pairs_of(testing::must_match())) {
        const std::string shown = pair.kind + ": " + pair.cached + " | " + pair.asked;
        CHECK_MESSAGE(judge(pair.cached, pair.asked).explained, shown);
        CHECK_MESSAGE(judge(pair.asked, pair.cached).explained, shown);
    }
}

TEST_CASE("guards: a refusal says why") {
    const GuardReport report = judge("Is 15 enough for lunch?", "Is 50 enough for lunch?");
    CHECK(report.refusal == Refusal::numbers);
    CHECK(report.detail() == "number 15 vs 50");
    CHECK(to_string(report.refusal) == "numbers");
    CHECK(judge("Can I go to Peru?", "Can I go to Chad?").refusal == Refusal::name);
    CHECK(judge("Should I go?", "Should I not go?").refusal == Refusal::negation);
    CHECK(judge("What does `a` do?", "What does `b` do?").refusal == Refusal::code);
}

TEST_CASE("guards: a mark that stands where a word has to come is no white space") {
    CHECK(judge("How can I be a . person?", "How can I be a - person?").refusal == Refusal::code);
    CHECK(judge("Who is not - here?", "Who is not kind here?").refusal == Refusal::code);
    CHECK(judge("Who is not .?", "Who is not -?").refusal == Refusal::code);
    CHECK(judge("What is a (small) weir?", "What is a small weir?").explained);
    CHECK(judge("What is the - weir?", "What is the - weir ?").explained);
    CHECK(judge("Weir - what is it for?", "Weir: what is it for?").explained);
}

TEST_CASE("guards: equal texts are explained, whatever they are") {
    const std::string bytes(100'000, '\xFF');
    for (const std::string_view text : {std::string_view(""), std::string_view("and it?"), std::string_view(bytes)}) {
        CHECK(judge(text, text).explained);
    }
    CHECK(judge(bytes, bytes + "a").refusal == Refusal::too_long);
    CHECK(judge("?", "!!").explained);
    CHECK_FALSE(judge("", "why").explained);
}

TEST_CASE("guards: languages") {
    CHECK(judge("Где находится Москва", "Where is Moscow located").refusal == Refusal::language);
    CHECK(judge("東京はどこですか", "東京はどこですか?").explained);
    CHECK_FALSE(judge("東京はどこですか", "京都はどこですか").explained);
    CHECK(judge("Wo ist der Bahnhof und wie weit ist das?", "wo ist der bahnhof und wie weit ist das").explained);
    CHECK_FALSE(judge("Wo ist der Bahnhof und wie weit ist das?", "Wo ist die Bank und wie weit ist das?").explained);
}

TEST_CASE("guards: what is in between is left to the verifier") {
    const GuardReport report =
        judge("How do I make my old laptop quieter?", "How can I reduce the noise of a notebook fan?");
    CHECK_FALSE(report.explained);
    CHECK_FALSE(report.refused());
    CHECK(report.unexplained_cached > 0);
}

TEST_CASE("guards: the same, told in either order, is decided the same") {
    rc::check([](const std::string& a, const std::string& b) {
        const GuardReport one = judge(a, b);
        const GuardReport two = judge(b, a);
        RC_ASSERT(one.explained == two.explained);
    });
}

TEST_CASE("guards: typing slips are one slip, and no other words") {
    CHECK(is_typing_slip("recieve", "receive"));
    CHECK(is_typing_slip("begining", "beginning"));
    CHECK(is_typing_slip("definately", "definitely"));
    for (const auto& [a, b] :
         {std::pair("desert", "dessert"), std::pair("message", "massage"), std::pair("cat", "car"),
          std::pair("angel", "angle"), std::pair("report", "reports"), std::pair("native", "active")}) {
        CHECK_FALSE(is_typing_slip(a, b));
    }
}

TEST_CASE("problems: numbers in a text that asks for no amount make it none") {
    const auto choice = [](const std::string& one, const std::string& two) {
        return "Choose an answer. Question: in which of these two cases does the speaker do something wrong, by the "
               "usual "
               "standards of 2020? Case 1: " +
               one + " Case 2: " + two + "\nChoices:\nA: wrong, wrong\nB: wrong, fine\nC: fine, wrong\nD: fine, fine";
    };
    const std::string first = choice("I sold my sister's bike for a ticket.", "I watered the plants of a neighbour.");
    const std::string second = choice("I told a friend about the party.", "I broke a window of the school and left.");
    CHECK_FALSE(judge(first, second).explained_problem);
    CHECK_FALSE(judge(first, second).explained);
}

TEST_CASE("problems: told anew they are the same, changed they are not") {
    const std::string seed =
        "Maya grows 24 tulips and 36 roses in her garden. She sells each tulip for $2 and each rose for $3. She then "
        "gives half "
        "of the money to her sister. How much money does Maya have left?";
    const std::string anew =
        "In Maya's garden there are 24 tulips as well as 36 roses. Every tulip brings her $2 when sold, while a rose "
        "brings $3. "
        "Afterwards half of what she earned goes to her sister. What amount of money remains with Maya?";
    CHECK(judge(seed, anew).explained_problem);
    CHECK_FALSE(judge(seed, anew).refused());
    const auto with = [](std::string text, std::string_view from, std::string_view to) {
        return text.replace(text.find(from), from.size(), to);
    };
    const std::string changed[] = {
        with(anew, "36", "63"),
        with(anew, "$3", "3 euros"),
        with(anew, "24 tulips as well as 36 roses", "36 tulips as well as 24 roses"),
        with(anew, "What amount of money remains with Maya?", "How many roses are in the garden?"),
        with(anew, "What amount of money remains with Maya?",
             "What amount of money did Maya get on average for each flower?"),
        with(anew, "Maya?", "Maya if nobody did not pay?"),
        with(anew, "Maya?", "Nora?"),
        with(seed, "She then", "She buys another rose. She then"),
        with(seed, "How much money does Maya have left?", "How much more money does Maya need?"),
    };
    for (const std::string& text : changed) {
        CHECK_MESSAGE(!judge(seed, text).explained_problem, text);
        CHECK_MESSAGE(!judge(seed, text).explained, text);
        CHECK_MESSAGE(judge(seed, text).refused(), text);
    }
}
