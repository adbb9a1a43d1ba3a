#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tiers/semantic_cache/guards.h"

using namespace weir::tiers::semantic;

namespace {

struct Refused {
    std::string_view cached;
    std::string_view asked;
    Refusal why;
};

struct Kept {
    std::string_view cached;
    std::string_view asked;
};

Refusal refusal_of(std::string_view cached, std::string_view asked) {
    return check_guards(read_question(cached), read_question(asked)).refusal;
}

template <std::size_t N>
void check_refused(const Refused (&pairs)[N]) {
    for (const Refused& pair : pairs) {
        const std::string shown = std::string(pair.cached) + " | " + std::string(pair.asked);
        CHECK_MESSAGE(to_string(refusal_of(pair.cached, pair.asked)) == to_string(pair.why), shown);
        CHECK_MESSAGE(to_string(refusal_of(pair.asked, pair.cached)) == to_string(pair.why), shown);
    }
}

template <std::size_t N>
void check_kept(const Kept (&pairs)[N]) {
    for (const Kept& pair : pairs) {
        const std::string shown = std::string(pair.cached) + " | " + std::string(pair.asked);
        CHECK_MESSAGE(to_string(refusal_of(pair.cached, pair.asked)) == "none", shown);
        CHECK_MESSAGE(to_string(refusal_of(pair.asked, pair.cached)) == "none", shown);
    }
}

}  // namespace

TEST_CASE("frame: identifiers and subscripts are read as they are written") {
    check_refused({{"Why does loadTileById fail?", "Why does loadTilesById fail?", Refusal::code},
                   {"What is GetRowByKey for?", "What is GetRowsByKey for?", Refusal::code},
                   {"What is s[2:] in Python?", "What is s[:2] in Python?", Refusal::code},
                   {"What does m[i][j] mean?", "What does m[j][i] mean?", Refusal::code}});
    check_kept({{"Is YouTube down?", "Is Youtube down?"},
                {"How do I sell an eBook online?", "How do I sell eBooks online?"},
                {"What is loadTileById for?", "What's loadTileById for?"},
                {"Which trains [if any] run today?", "Which trains run today, if any?"}});
}

TEST_CASE("frame: the same number under another bound") {
    check_refused({{"Can I bring up to 4 guests?", "Can I bring more than 4 guests?", Refusal::degree},
                   {"Is entry free for people over 65?", "Is entry free for people under 65?", Refusal::direction},
                   {"Which flats cost less than 900 euros?", "Which flats cost more than 900 euros?", Refusal::degree},
                   {"Which laptops are under USD 800?", "Which laptops are USD 800?", Refusal::degree},
                   {"Can people over 18 join?", "Can people of 18 join?", Refusal::degree}});
    check_kept({{"What is the best tent under EUR 300?", "What is the best tent under 300 EUR?"},
                {"Which bikes are over $500?", "Which bikes are above $500?"},
                {"What is he up to in 2 of his films?", "What is he up to in two of his films?"}});
}

TEST_CASE("frame: conditions and exceptions") {
    check_refused({{"Am I insured if I drive abroad?", "Am I insured even if I drive abroad?", Refusal::condition},
                   {"Does it rain when it is cold?", "Does it rain although it is cold?", Refusal::condition},
                   {"Remove all but the oldest backup", "Remove all and the oldest backup", Refusal::logic},
                   {"Print all pages apart from the cover", "Print all pages including the cover", Refusal::logic}});
    CHECK(refusal_of("Fill every cell but the first", "Fill every cell and the first") == Refusal::logic);
    check_kept({{"What happens if the fuse blows?", "What happens when the fuse blows?"},
                {"Delete everything except the index", "Delete everything but the index"},
                {"Which gods other than Thor had hammers?", "Which gods except Thor had hammers?"}});
}

TEST_CASE("frame: duty and leave, what can be and what has been") {
    check_refused({{"What needs to be on the label?", "What may be on the label?", Refusal::modality},
                   {"Where do I have to park?", "Where can I park?", Refusal::modality},
                   {"How many vouchers can we use?", "How many vouchers have we used?", Refusal::time_order},
                   {"When can the roof be fixed?", "When was the roof fixed?", Refusal::time_order}});
    check_kept({{"What has to be on the label?", "What must be on the label?"}});
}

TEST_CASE("frame: prevention is a negation") {
    check_refused({{"Ways to keep paint from drying", "Ways to make paint dry", Refusal::negation},
                   {"How do I keep the soil from cracking?", "How do I keep the soil cracking?", Refusal::negation}});
    check_kept({{"How do I prevent the soil from cracking?", "How do I prevent the soil cracking?"}});
}

TEST_CASE("frame: who is asked for, in either voice") {
    check_refused({{"Who was hired by the mayor?", "Who hired the mayor?", Refusal::roles},
                   {"Which birds are hunted by foxes?", "Which birds hunt foxes?", Refusal::roles},
                   {"Who has been cheated by the broker?", "Who has cheated the broker?", Refusal::roles}});
    check_kept({{"Who was hired by the mayor?", "Who did the mayor hire?"},
                {"Who was the mayor hired by?", "Who hired the mayor?"}});
}

TEST_CASE("frame: one more, or another name for somebody") {
    check_refused({{"Can I rent another bike?", "Can I rent a bike?", Refusal::condition},
                   {"How do I order more towels?", "How do I order a towel?", Refusal::condition},
                   {"Please call me Anna", "Call Anna", Refusal::coreference}});
    check_kept({{"How do I become more patient?", "How do I become patient?"}});
}

TEST_CASE("frame: another word is told") {
    check_refused({{"What is the definition of fluid mechanics?", "What is the definition of pride?", Refusal::quoted},
                   {"Define a leap year", "Define tidal energy", Refusal::quoted}});
    check_kept({{"What is the definition of pride in English?", "In English, what is the definition of pride?"},
                {"What is the definition of pride?", "Please define pride"}});
}

TEST_CASE("frame: small words in capitals are names") {
    check_refused({{"How long does a parcel from the US take?", "How long does a parcel take?", Refusal::name},
                   {"How long does a US visa take?", "How long does a visa take?", Refusal::condition}});
    CHECK(check_guards(read_question("Is it cold in the US?"), read_question("Is it cold in the United States?"))
              .explained);
    CHECK(check_guards(read_question("WHAT IS IT GOOD FOR"), read_question("what is it good for")).explained);
    CHECK(check_guards(read_question("What does he want from us?"), read_question("what does he want from us"))
              .explained);
}

TEST_CASE("frame: what the answer has to be") {
    check_refused({{"I want to pay my rent", "When do I have to pay my rent?", Refusal::question_kind},
                   {"Pack my order", "Where is my order packed?", Refusal::question_kind},
                   {"What do I get paid?", "When do I get paid?", Refusal::question_kind},
                   {"What is the most I can deposit?", "What do I deposit?", Refusal::question_kind},
                   {"What do I need to change?", "Do I need to change?", Refusal::question_kind},
                   {"How do you do repairs?", "Which repairs do you do?", Refusal::question_kind}});
    check_kept({{"Best time to prune roses", "When is the best time to prune roses?"},
                {"How much is my phone bill?", "What is my phone bill?"},
                {"What is the reason for hiccups?", "Why do we get hiccups?"},
                {"Are there good books on bees?", "What are good books on bees?"},
                {"I don't know why my screen flickers", "Why does my screen flicker?"}});
}
