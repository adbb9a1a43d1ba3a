#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

#include "tiers/semantic_cache/guards.h"
#include "tiers/semantic_cache/kinds.h"

using namespace weir::tiers::semantic;

namespace {

GuardReport judge(std::string_view cached, std::string_view asked) {
    return check_guards(read_question(cached), read_question(asked));
}

struct TwoTexts {
    std::string_view cached, asked;
};

std::string shown(const TwoTexts& pair) {
    return std::string(pair.cached) + " | " + std::string(pair.asked);
}

std::string_view kind_of(std::string_view one, std::string_view two) {
    const weir::text::Words a = weir::text::split_words(one);
    const weir::text::Words b = weir::text::split_words(two);
    return kind_of_two(a[0], b[0]);
}

// Two things of one kind, in sentences that differ elsewhere too.
constexpr TwoTexts other_things[] = {
    {"I hurt my neck last time I played tennis, should I see someone?",
     "I hurt my back last time I played football, should I see someone?"},
    {"My left knee clicks whenever I climb the stairs at work. Is that serious?",
     "My left elbow clicks whenever I lift boxes at work. Is that serious?"},
    {"Our beagle keeps chewing the legs of the table, what can we spray on it?",
     "Our dachshund keeps chewing the legs of the table, what can we spray on them?"},
    {"We want to teach our daughter the violin, at what age do we begin?",
     "We want our son to learn the piano, at what age do we start?"},
    {"What goes well with a maroon jacket at a wedding?", "What goes well with a beige skirt at a funeral?"},
    {"I spilled coffee on my keyboard yesterday, how do I dry it?",
     "I spilled beer on the keyboard yesterday, how should it be dried?"},
    {"Is it fine to give my hamster raw carrots every day?",
     "Is it fine to feed raw broccoli to my hamster every day?"},
    {"How long should salmon be marinated before grilling?", "How long should one marinate pork before it is grilled?"},
    {"Which university is best for a bachelor in physics?",
     "For a bachelor in chemistry, which university is the best?"},
    {"My uncle passed away and left debts, do I have to pay them?",
     "My husband passed away and left debts, do I have to pay them?"},
    {"How do I convert a docx to epub without losing footnotes?",
     "Without losing footnotes, how do I convert an xlsx to epub?"},
    {"what does a plumber charge per visit in winter", "what would an electrician charge per visit in winter"},
    {"Can a toddler sleep on a thick pillow?", "Can an adult sleep on a very thick pillow?"},
    {"Which vitamins help against migraine?", "Which vitamins would help me against acne?"},
    {"How do I remove scratches from marble?", "How can I remove small scratches out of granite?"},
    {"Is a copper pipe better for hot water?", "Would a plastic pipe be better for hot water?"},
    {"How do I parse dates in kotlin?", "How would I parse a date using scala?"},
    {"What are typical dishes for breakfast in Korea?",
     "What are the typical dishes that they eat for dinner in Korea?"},
    {"How many moons does saturn have?", "How many moons did they find around jupiter?"},
    {"What should a woman wear to a job interview?", "What should a man put on for a job interview?"},
    {"How do you say thank you in japanese?", "How would you say thank you in vietnamese?"},
    {"What are the fasting rules of hinduism?", "What are the fasting rules in judaism?"},
    {"I have a headache after the flight, what helps?", "I have a cough after the flight, what would help?"},
    {"How do I fold a square into a box?", "How can a triangle be folded into a box?"},
    {"How do I keep my sneakers from smelling?", "How do I keep my socks from smelling bad?"},
    {"My oven beeps all night, what is wrong?", "My freezer beeps all night, what could be wrong?"},
    {"How do I get over the fear of spiders?", "How can I get over my fear of dogs?"},
    {"What does it mean if a crow follows me?", "What does it mean when an owl follows me home?"},
    {"Is it cheaper to take the bus to the airport?", "Is it cheaper if I take a taxi to the airport?"},
    {"How long does dengue last?", "How many days does malaria last?"},
    {"how to hide photos on my phone", "how to hide videos on the phone"},
    {"Do I need a permit to fly a drone over a lake?", "Do I need some permit to fly a drone over a forest?"},
    {"Is the army recruiting older doctors this spring?", "Is the navy recruiting older doctors this autumn?"},
    {"My cousin's turtle won't eat lettuce anymore", "My cousin's iguana won't eat lettuce anymore"},
    {"what tempo suits techno in a small club", "what tempo suits reggae in a small club"},
    {"How hard is it to switch from nursing to law after thirty?",
     "How hard is it to switch from teaching to law after thirty?"},
    {"Does brandy keep after it is opened?", "After it was opened, does wine keep?"},
    {"When do the tulips bloom where it rains a lot?", "When will orchids bloom where it rains a lot?"},
    {"Is the mayor allowed to fire the librarian?", "Is the governor allowed to dismiss a librarian?"},
    {"How to treat wood against moisture cheaply?", "How to treat leather against moisture cheaply?"},
    {"What should I eat the evening before a marathon?", "What should I eat the morning of a marathon?"},
    {"Explain recursion to a ten year old", "Explain recursion to a graduate"},
    {"How do I thaw bread fast?", "How do I toast bread fast?"},
};

// Words that look like synonyms and are none here.
constexpr TwoTexts near_words[] = {
    {"Which planets are hot?", "Which planets are not cold?"},
    {"How do I live simply?", "How do I live?"},
    {"How should I treat people kindly?", "How should I treat people?"},
    {"How can I answer honestly in an interview?", "How can I answer in an interview?"},
    {"How do I sort a list?", "How do I type a list?"},
    {"Which are the most popular sites in Rome?", "Which are the most popular websites in Rome?"},
    {"How do I pick a lock?", "How do I choose a lock?"},
    {"How do I live a simple life?", "How do I live an easy life?"},
    {"How do I learn swift?", "How do I learn fast?"},
    {"Who was the first lady of Ghana?", "Who was the first woman of Ghana?"},
    {"What are bank holidays?", "What are bank vacations?"},
    {"Which bike is best for a beginner?", "Which bicycle is best for a beginner?"},
    {"How much is 5 pounds?", "How much is 5 lbs?"},
    {"How much is a ton of steel?", "How much is a tonne of steel?"},
    {"Is a diamond hard?", "Is a diamond tough?"},
    {"Why is the crowd silent?", "Why is the crowd quiet?"},
    {"What is a positive attitude?", "What is an optimistic attitude?"},
    {"How do I become proud?", "How do I become arrogant?"},
    {"Is a shy child normal?", "Is an introverted child normal?"},
    {"Can you speak French?", "Can I speak French?"},
    {"What is an odd function?", "What is a strange function?"},
    {"What is significant in statistics?", "What is important in statistics?"},
    {"How can I raise my children?", "How can I increase my children?"},
    {"Is he free tonight?", "Is he not busy tonight?"},
};

// What no rule here sees, and none explains: the verifier's to judge.
constexpr TwoTexts undecided[] = {
    {"What is the meaning of life?", "What is the definition of life?"},
    {"Why does my lower back hurt?", "Why does my reduced back hurt?"},
    {"What time is it in Lima?", "When is it in Lima?"},
    {"How do you feel today?", "How do I feel today?"},
    {"Why is my internet slow when it rains?", "Why is my internet slow when I microwave food?"},
    {"Which instruments can my kid learn?", "What instruments can my child learn?"},
    {"Are bats blind? I wonder", "Are bats blind?"},
    {"Who is the most famous poet of Chile?", "Who is the most renowned poet of Chile?"},
};

constexpr TwoTexts same[] = {
    {"How do I fix a tv that keeps turning off?", "How do I repair a television that keeps turning off?"},
    {"Is it dangerous to swim in the Nile?", "Is it hazardous to swim in the Nile?"},
    {"Why are snakes scary?", "Why are snakes frightening?"},
    {"Is the door unlocked?", "Is the door unlocked ?"},
    {"Is a cello more expensive than a violin?", "Is a violin cheaper than a cello?"},
    {"Is tin softer than zinc?", "Is tin more soft than zinc?"},
    {"Where can I purchase goat cheese in Leeds?", "Where can I buy goat cheese in Leeds?"},
    {"Tell me how the pancreas works", "How does the pancreas work?"},
    {"what are the pros and cons of a heat pump", "What are the advantages and disadvantages of a heat pump?"},
    {"How many lbs are in 3 kg?", "How many lb are in three kilograms?"},
    {"Which is warmer, wool or cotton?", "Which is warmer, cotton or wool?"},
    {"Does my dad need a visa for Norway?", "Does my father need a visa for Norway?"},
    {"How do I become a person who is not impatient?", "How do I become a patient person?"},
    {"How can I be less careless?", "How can I be more careful?"},
    {"Is this mushroom unsafe?", "Is this mushroom not safe?"},
    {"How do I become less lazy?", "How do I become more hardworking?"},
    {"Should I wash my hands prior to cooking?", "Should I wash my hands before cooking?"},
    {"Is a smart parrot rare?", "Is an intelligent parrot rare?"},
    {"In winter, how often should I water a cactus?", "How often should I water a cactus in winter?"},
    {"Can I travel to Fiji if my passport is about to expire?",
     "If my passport is about to expire, can I travel to Fiji?"},
    {"How do I choose a guitar?", "How can I choose a guitar?"},
    {"How come onions make us cry?", "Why do onions make us cry?"},
};

}  // namespace

TEST_CASE("kinds: two things of one kind, names of one thing, and words of no kind") {
    CHECK(kind_of("neck", "back") == "body part");
    CHECK(kind_of("teeth", "eyes") == "body part");
    CHECK(kind_of("children", "adults") == "age");
    CHECK(kind_of("orange", "red") == "colour");
    CHECK(kind_of("orange", "apple") == "food");
    CHECK(kind_of("dog", "puppy").empty());
    CHECK(kind_of("poodle", "beagle") == "dog");
    CHECK(kind_of("parrot", "bird").empty());
    CHECK(kind_of("parrot", "owl") == "bird");
    CHECK(kind_of("bike", "bicycle").empty());
    CHECK(kind_of("bike", "motorcycle").empty());
    CHECK(kind_of("bicycle", "motorcycle") == "vehicle");
    CHECK(kind_of("therapist", "psychiatrist").empty());
    CHECK(kind_of("psychologist", "psychiatrist") == "profession");
    CHECK(kind_of("python", "java") == "programming language");
    CHECK(kind_of("neck", "violin").empty());
    CHECK(kind_of("neck", "neck").empty());
    CHECK(kind_of("heading", "facing").empty());
    CHECK(kind_of("weir", "spillway").empty());
}

TEST_CASE("guards: two things of one kind are refused, either way round") {
    for (const TwoTexts& pair : other_things) {
        CHECK_MESSAGE(judge(pair.cached, pair.asked).refused(), shown(pair));
        CHECK_MESSAGE(judge(pair.asked, pair.cached).refused(), shown(pair));
    }
    const GuardReport report = judge(other_things[0].cached, other_things[0].asked);
    CHECK(report.refusal == Refusal::kind);
    CHECK(report.detail() == "body part neck vs back");
    CHECK(to_string(report.refusal) == "kind");
}

TEST_CASE("guards: a thing that one side alone has, or that the other side has too, is no other thing") {
    CHECK(judge("What should I feed my old cat in winter?", "In winter, what should one feed an old pet?").refusal !=
          Refusal::kind);
    CHECK(judge("Is tennis harder to learn than golf?", "Learning tennis: harder, or is golf?").refusal !=
          Refusal::kind);
    CHECK(judge("Which fruit is best with oats, apple or pear?", "Best fruit with oats: would it be pear or an apple?")
              .refusal != Refusal::kind);
    CHECK(judge("How do I groom my dog at home?", "At home, how do I groom my little puppy?").refusal != Refusal::kind);
    CHECK(judge("Is the train heading north?", "Is that train facing north?").refusal != Refusal::kind);
}

TEST_CASE("guards: near words are refused, either way round") {
    for (const TwoTexts& pair : near_words) {
        CHECK_MESSAGE(judge(pair.cached, pair.asked).refused(), shown(pair));
        CHECK_MESSAGE(judge(pair.asked, pair.cached).refused(), shown(pair));
    }
}

TEST_CASE("guards: what no rule knows is neither refused nor explained") {
    for (const TwoTexts& pair : undecided) {
        CHECK_MESSAGE(!judge(pair.cached, pair.asked).explained, shown(pair));
        CHECK_MESSAGE(!judge(pair.cached, pair.asked).refused(), shown(pair));
    }
}

TEST_CASE("guards: plain rewordings about things are explained, either way round") {
    for (const TwoTexts& pair : same) {
        CHECK_MESSAGE(judge(pair.cached, pair.asked).explained, shown(pair));
        CHECK_MESSAGE(judge(pair.asked, pair.cached).explained, shown(pair));
    }
}

TEST_CASE("guards: what is not hot need not be cold, what is less hot is colder") {
    CHECK_FALSE(judge("Which stars are not hot?", "Which stars are cold?").explained);
    CHECK(judge("Is this star less hot than that star?", "Is this star more cold than that star?").explained);
    CHECK(judge("Which bridges are not safe?", "Which bridges are unsafe?").explained);
}
