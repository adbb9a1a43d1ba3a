#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tiers/semantic_cache/guards.h"

using namespace weir::tiers::semantic;

namespace {

std::string decided(std::string_view cached, std::string_view asked) {
    const GuardReport report = check_guards(read_question(cached), read_question(asked));
    const GuardReport turned = check_guards(read_question(asked), read_question(cached));
    CHECK(report.refusal == turned.refusal);
    return std::string(to_string(report.refusal));
}

}  // namespace

TEST_CASE("particles: what only, even, also and just are about") {
    CHECK(decided("Do even pilots fear fog?", "Do pilots fear fog?") == "logic");
    CHECK(decided("Does the ferry also take bikes?", "Does the ferry take bikes?") == "logic");
    CHECK(decided("Did even Holm deny it?", "Did Holm even deny it?") == "order");
    CHECK(decided("Is only the porter paid?", "Is the porter only paid?") == "order");
    CHECK(decided("Is only the porter paid?", "Is only a porter paid?") == "none");
}

TEST_CASE("particles: another preposition of place is another place") {
    CHECK(decided("Which town is between Lund and Ystad?", "Which town is beyond Lund and Ystad?") == "direction");
    CHECK(decided("What lies on top of the shelf?", "What lies underneath the shelf?") == "direction");
    CHECK(decided("Is the shed behind the mill open?", "Is the shed the mill open?") == "direction");
    CHECK(decided("Can I learn to sail on my own?", "Can I learn to sail?") == "direction");
    // These stand for one another all the time.
    CHECK(decided("What is a good book on knots?", "What is a good book about knots?") == "none");
    CHECK(decided("Can I pay by card?", "Can I pay with a card?") == "none");
    CHECK(decided("What is inside the box?", "What is in the box?") == "none");
}

TEST_CASE("particles: what is pointed at is not in the text") {
    CHECK(decided("Are these berries ripe?", "Are those berries ripe?") == "coreference");
    CHECK(decided("Are these berries ripe?", "Are berries ripe?") == "coreference");
}

TEST_CASE("particles: neighbours that changed places") {
    CHECK(decided("Is the boat's house dry?", "Is the house's boat dry?") == "roles");
    CHECK(decided("What is a race horse?", "What is a horse race?") == "roles");
    CHECK(decided("Is 5 EUR enough for lunch?", "Is EUR 5 enough for lunch?") == "none");
}

TEST_CASE("particles: who is named first decides who is meant") {
    CHECK(decided("If Ana and Bo met, would she greet him?", "If Bo and Ana met, would she greet him?") ==
          "coreference");
    CHECK(decided("Did Ana and Bo meet?", "Did Bo and Ana meet?") == "none");
}

TEST_CASE("particles: signs, letters and versions") {
    CHECK(decided("What does !p print if p is 0?", "What does p print if p is 0?") == "code");
    CHECK(decided("Is the Nokia 8 waterproof?", "Is the Nokia 8a waterproof?") == "code");
    CHECK(decided("What is 9 / 4 in Ruby?", "What is 9 // 4 in Ruby?") == "code");
    CHECK(decided("What does tool -V print?", "What does tool -v print?") == "code");
    CHECK(decided("What does tool -v print?", "What does tool -v  print") == "none");
    CHECK(decided("Is it in the cafe - a pub?", "Is it in the cafe, a pub?") == "none");
    CHECK(decided("Who was robbed in that house?", "Who was robbing in that house?") == "roles");
    CHECK(decided("Is \"mayn't\" a word?", "Is \"mightn't\" a word?") == "code");
    CHECK(decided("Is \"mayn't\" a word?", "is \"mayn't\" a word") == "none");
    CHECK(decided("Isn't it raining?", "Is it not raining?") != "code");
    CHECK(decided("Is '7' a key of it?", "Is 7 a key of it?") == "quoted");
    CHECK(decided("How is flavour spelt? Spell flavour.", "How is flavor spelt? Spell flavor.") == "quoted");
    CHECK(decided("Does it open whether or not both agree?", "Does it open if both agree?") == "condition");
    CHECK(decided("How do I know whether or not it is gold?", "How do I know if it is gold?") == "none");
}
