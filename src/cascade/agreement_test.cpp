#include "cascade/agreement.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cascade/quantity.h"

using namespace weir::cascade;

namespace {

struct Pair {
    const char* question;
    const char* a;
    const char* b;
};

void expect(Agreed wanted, std::initializer_list<Pair> pairs) {
    for (const Pair& pair : pairs) {
        const Agreement forth = agreement(pair.question, pair.a, pair.b);
        const Agreement back = agreement(pair.question, pair.b, pair.a);
        const std::string shown =
            std::string(pair.question) + " | " + pair.a + " | " + pair.b + " -> " + std::string(forth.how);
        INFO(shown);
        CHECK(to_string(forth.result) == to_string(wanted));
        CHECK(back.result == forth.result);
        CHECK(back.how == forth.how);
    }
}

}  // namespace

TEST_CASE("white space, case and a full stop make no difference, but in code and where they mean something") {
    expect(Agreed::agree, {{"", "Paris", "Paris"},
                           {"", "Paris.", " paris\n"},
                           {"", "**Paris**", "Paris."},
                           {"", "It is\n  red.", "it is red"},
                           {"", "\"billing\"", "Billing"},
                           {"", "Great!", "great"}});
    expect(Agreed::differ, {{"", "C", "C++"}, {"", "C", "C#"}, {"", "", "Paris"}});
    expect(Agreed::undecided, {{"", "", " "}, {"", "```\nint A;\n```", "```\nint a;\n```"}});
    CHECK(agreement("", "5!", "5").result != Agreed::agree);
}

TEST_CASE("choices") {
    const char* const listed = "Which is the capital of France?\nA) Lyon\nB) Paris\nC. Nice\n";
    expect(Agreed::agree, {{"", "B", "(b)"},
                           {"", "B", "B) Paris"},
                           {"", "The answer is B.", "B"},
                           {"", "Answer: **B**", "(B) Paris is the capital."},
                           {"", "The answer is B because it is large", "b."},
                           {listed, "Paris", "B"},
                           {listed, "C. Nice", "Nice."},
                           {listed, "C: Nice", "c"}});
    expect(Agreed::differ, {{"", "A", "B"},
                            {"", "The answer is (A).", "B) Paris"},
                            {listed, "Paris", "A"},
                            {listed, "Paris", "Lyon"},
                            {"Who was it?", "A. Lincoln", "A. Hamilton"},
                            {"", "option C", "option D"}});
    expect(Agreed::undecided, {{"Who wrote it?", "J. K. Rowling", "J. R. R. Tolkien"},
                               {"", "The answer is A cat", "The answer is A dog of mine"},
                               {"", "I think that it could be done", "It can be done with some effort"}});
}

TEST_CASE("numbers") {
    expect(Agreed::agree, {{"", "42", "42.0"},
                           {"", "1,234", "1234"},
                           {"", "#### 42", "She has 6 * 7 eggs.\n#### 42"},
                           {"", "#### 42", "\\boxed{42}"},
                           {"", "The answer is 42.", "42 apples"},
                           {"", "$3.50", "3.5 dollars"},
                           {"", "60 minutes", "1 hour"},
                           {"", "1.5 km", "1500 meters"},
                           {"", "3/4", "0.75"},
                           {"", "forty-two", "42"},
                           {"", "twelve", "12"},
                           {"", "3.33", "3.3333"},
                           {"", "2 million", "2,000,000"},
                           {"", "-5", "-5.00"},
                           {"", "12%", "12 percent"},
                           {"", "50 cents", "$0.50"},
                           {"", "5 apples", "5 apples."}});
    expect(Agreed::differ, {{"", "42", "43"},
                            {"", "#### 42", "So 6 + 7.\n#### 13"},
                            {"", "5 km", "5 miles"},
                            {"", "5 hours", "5 minutes"},
                            {"", "-5", "5"},
                            {"", "3.14", "3.15"},
                            {"", "5 kg", "5 km"},
                            {"", "twelve", "13"},
                            {"", "1/2", "1/3"}});
    expect(Agreed::undecided, {{"", "50%", "50"},
                               {"", "5 apples", "5 pears"},
                               {"", "3", "3.33"},
                               {"", "1 hour", "60"},
                               {"", "\\boxed{\\frac{3}{4}}", "3"},
                               {"", "The first of the 3 is the better", "The third of the 3 may be the better"}});
    // A heading is no result.
    CHECK(agreement("", "#### 2. Conclusion\nIt is red", "#### 2. Conclusion\nIt is blue").result != Agreed::agree);
}

TEST_CASE("longer answers to a question for a quantity end in their result") {
    const char* const question = "How many clips did she sell?";
    expect(Agreed::agree, {{question, "In May she sold 48 / 2 = 24. Together 48 + 24 = 72 clips.",
                            "She sold 48 first and then half of it, which makes 72."}});
    expect(Agreed::differ, {{question, "In May she sold 48 / 2 = 24. Together 48 + 24 = 72 clips.",
                             "She sold 48 first and then a third, which makes 64."}});
    // The other's end stands in it: perhaps said in another order.
    expect(Agreed::undecided, {{question, "She sold 72 clips: 48 first, and then 24.",
                                "First 48, then 24, so all in all there were 72 of them."},
                               {"Tell me of her.", "She was born in 1990 in Rome and came here.",
                                "She grew up with seven brothers, and left in 1990."}});
}

TEST_CASE("yes and no") {
    expect(Agreed::agree,
           {{"Is Paris in France?", "Yes", "Yes, Paris is in France."}, {"Is it?", "No.", "No, it is not at all so."}});
    expect(Agreed::differ,
           {{"Is Paris in France?", "Yes", "No"}, {"Is it?", "Yes, it is.", "No, it is not."}, {"", "True", "False"}});
    expect(Agreed::undecided,
           {{"Can I return it?", "Yes, within 30 days of delivery", "Yes, but only unopened goods"}});
}

TEST_CASE("JSON member by member") {
    expect(Agreed::agree, {{"", R"({"a":1,"b":"X y"})", R"({"b":"x  Y.","a":1.0})"},
                           {"", "```json\n{\"a\":[1,2]}\n```", R"({ "a" : [1, 2] })"},
                           {"", R"([1,{"k":null}])", R"([1.0,{"k":null}])"},
                           {"", R"({"a":true})", R"({"a": true})"}});
    expect(Agreed::differ, {{"", R"({"a":1})", R"({"a":2})"},
                            {"", R"({"a":1})", R"({"b":1})"},
                            {"", R"({"a":1})", R"({"a":1,"b":2})"},
                            {"", R"([1,2])", R"([1,2,3])"},
                            {"", R"({"label":"billing"})", R"({"label":"shipping"})"},
                            {"", R"({"a":true})", R"({"a":false})"},
                            {"", R"({"a":{}})", R"({"a":[]})"},
                            {"", R"({"x":{"y":[{"z":1}]}})", R"({"x":{"y":[{"z":2}]}})"}});
    expect(Agreed::undecided,
           {{"", R"({"a":"42"})", R"({"a":42})"},
            {"", R"({"a":1})", "a is 1"},
            {"", R"(["a","b"])", R"(["b","a"])"},
            {"", R"({"why":"it was sent to a wrong place"})", R"({"why":"the address was not right"})"}});
    // One member differs, another can't be told: they differ.
    expect(Agreed::differ,
           {{"", R"({"n":1,"why":"it was sent to a wrong place"})", R"({"n":2,"why":"the address was not right"})"}});
}

TEST_CASE("a short answer, and the same in a sentence") {
    const char* const question = "What is the capital of France?";
    expect(Agreed::agree, {{question, "Paris", "The capital of France is Paris."},
                           {question, "It's Paris.", "Paris"},
                           {"Who wrote Hamlet?", "William Shakespeare", "William Shakespeare wrote Hamlet."}});
    expect(Agreed::differ, {{question, "Paris", "Lyon"}, {"", "billing", "shipping"}, {"", "positive", "negative"}});
    expect(Agreed::undecided,
           {{question, "Paris", "The capital of France is not Paris."},
            {question, "Paris", "The capital of France is Lyon."},
            {"Is red or blue better?", "Red, surely", "Blue, surely"},
            {"Red or blue?", "Red", "Red is not as good as blue"},
            {"", "NYC", "New York City"},
            {"", "info", "information"},
            {"", "colour", "color"},
            {"", "not positive", "negative"},
            {"", "\u5df4\u9ece\u662f\u6cd5\u56fd\u7684\u9996\u90fd\u548c\u6700\u5927\u7684\u57ce\u5e02",
             "\u6cd5\u56fd\u7684\u9996\u90fd\u662f\u5df4\u9ece\u8fd9\u5ea7\u57ce\u5e02"}});
}

TEST_CASE("the same sentence but for what matters") {
    expect(Agreed::agree,
           {{"", "The meeting is on Monday in the large room", "Well, the meeting was on Monday, in the large room."}});
    expect(
        Agreed::differ,
        {{"", "Send the parcel back within 30 days of delivery", "Send the parcel back within 14 days of delivery"},
         {"", "You can return opened goods after the sale", "You can not return opened goods after the sale"},
         {"", "You should open the left valve before starting", "You shouldn't open the left valve before starting"}});
    expect(Agreed::undecided,
           {{"", "Go from Paris to Rome by the night train", "Go from Rome to Paris by the night train"},
            {"", "Turn the main switch on first", "Turn the main switch off first"},
            {"", "Water boils at sea level when it is hot enough", "It needs a hundred degrees to boil"}});
}

TEST_CASE("one that refuses does not say what the other says") {
    expect(Agreed::differ, {{"How?", "I'm sorry, but I can't help with that.", "Mix the two and wait for a while."}});
}

TEST_CASE("any two texts: symmetric, and each agrees with itself") {
    const auto pieces = rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "42", " ", "B", "(", ")", ".", "no", "n't", "yes", "$", "/", "{", "}", "\"a\"", ":", ",", "[", "]", "```", "\n",
        "answer is ", "#### ", "km", "'", "\xff", "\u2019", "-", "1,2", "can't", "\\boxed{", "not ", "Paris"));
    CHECK(rc::check([&] {
        std::array<std::string, 3> texts;
        for (std::string& text : texts) {
            for (const std::string& piece : *pieces) text += piece;
        }
        const auto& [question, a, b] = texts;
        const Agreement forth = agreement(question, a, b);
        const Agreement back = agreement(question, b, a);
        RC_ASSERT(forth.result == back.result);
        RC_ASSERT(forth.how == back.how);
        const Agreed self = agreement(question, a, a).result;
        RC_ASSERT(self == (a.find_first_not_of(" \n") == std::string::npos ? Agreed::undecided : Agreed::agree));
    }));
    const std::string large(40'000, 'x');
    CHECK(agreement("", large, large + "y").result == Agreed::undecided);
    CHECK(agreement("", large, large + " ").result == Agreed::agree);
    CHECK(agreement("", std::string(30'000, '{'), "[]").result == Agreed::undecided);
}

namespace {

struct SetByHand {
    AgreementRules rules;
    const char* question;
    const char* a;
    const char* b;
    Agreed wanted;
};

void expect(std::initializer_list<SetByHand> cases) {
    for (const SetByHand& each : cases) {
        const std::string shown =
            std::string(to_string(each.rules.form)) + ": " + each.question + " | " + each.a + " | " + each.b;
        INFO(shown);
        CHECK(to_string(agreement(each.question, each.a, each.b, each.rules).result) == to_string(each.wanted));
        CHECK(to_string(agreement(each.question, each.b, each.a, each.rules).result) == to_string(each.wanted));
    }
}

AgreementRules by(AgreementForm form, double tolerance = 1e-6, double overlap = 1) {
    return {form, tolerance, overlap};
}

}  // namespace

TEST_CASE("a form that was set: text, choice and JSON decide what would be open") {
    const AgreementRules text = by(AgreementForm::text);
    const AgreementRules choice = by(AgreementForm::choice);
    const AgreementRules json = by(AgreementForm::json, 0.01);
    expect({{text, "", "It is red.", " it is red", Agreed::agree},
            {text, "", "It is a fine red car", "The car is red and fine", Agreed::differ},
            {text, "", "B", "B) Paris", Agreed::differ},
            {choice, "", "B", "The answer is B, since it is old.", Agreed::agree},
            {choice, "", "B", "The answer is C.", Agreed::differ},
            {choice, "", "B", "It depends on the year.", Agreed::differ},
            {choice, "", "It depends.", "Who knows?", Agreed::undecided},
            {choice, "Which?\nA) Lyon\nB) Paris", "Paris", "B", Agreed::agree},
            {json, "", R"({"a":100,"b":"x"})", R"({"b":"X","a":100.5})", Agreed::agree},
            {json, "", R"({"a":100})", R"({"a":102})", Agreed::differ},
            {json, "", R"({"a":100})", "a is 100", Agreed::differ},
            {json, "", "a is 100", "100 it is", Agreed::undecided},
            {by(AgreementForm::similarity), "", "red", "blue", Agreed::undecided},
            {by(AgreementForm::judge), "", "red", "blue", Agreed::undecided},
            {by(AgreementForm::judge), "", "red", "Red.", Agreed::agree}});
}

TEST_CASE("a form that was set: numbers within a tolerance") {
    const AgreementRules close = by(AgreementForm::number, 0.01);
    expect({{close, "", "It costs 100 dollars", "about $100.5 in all", Agreed::agree},
            {close, "", "It costs 100 dollars", "102 dollars", Agreed::differ},
            {by(AgreementForm::number), "", "First 5, then 7, so 12.", "#### 12", Agreed::agree},
            {by(AgreementForm::number), "", "First 5, then 7, so 12.", "#### 13", Agreed::differ},
            {close, "", "It can't be told.", "42", Agreed::differ},
            {close, "", "It can't be told.", "Nobody knows.", Agreed::undecided},
            {close, "", "60 minutes", "1 hour", Agreed::agree}});
}

TEST_CASE("a form that was set: sets of labels in any order, enough of them in both") {
    const AgreementRules all = by(AgreementForm::set);
    const AgreementRules half = by(AgreementForm::set, 1e-6, 0.5);
    expect({{all, "", "red, Green,blue", "blue; red; green", Agreed::agree},
            {all, "", R"(["red","green"])", "- green\n- Red.", Agreed::agree},
            {all, "", "Labels: red, green", "The labels are:\n1. green\n2) red\n", Agreed::agree},
            {all, "", "[1, 2]", "2, 1", Agreed::agree},
            {all, "", "red, red, green", "green, red", Agreed::agree},
            {all, "", "red, green", "red", Agreed::differ},
            {half, "", "red, green", "red", Agreed::agree},
            {half, "", "red, green", "red, blue", Agreed::differ},
            {half, "", "a, b, c, d", "a, b, c, d, e, f, g, h, i", Agreed::differ},
            {all, "", ",;", ";", Agreed::undecided},
            {all, "", "red", ",", Agreed::differ}});
}

TEST_CASE("a form that was set: a short answer stands in the longer one") {
    const AgreementRules contains = by(AgreementForm::contains);
    expect({{contains, "", "Paris", "The capital of France is Paris, of course.", Agreed::agree},
            {contains, "", "Paris", "The capital of France is Lyon.", Agreed::differ},
            {contains, "", "New York", "It is York, the new one.", Agreed::differ},
            {contains, "", "42", "It is 420.", Agreed::differ},
            {contains, "", "Paris", "It is not Paris.", Agreed::differ},
            {contains, "", "the", "It is the one.", Agreed::undecided},
            {contains, "", "a", "B", Agreed::undecided},
            {contains, "", "one two three four five six seven eight nine ten eleven twelve thirteen",
             "It is one two three four five six seven eight nine ten eleven twelve thirteen", Agreed::undecided}});
}

TEST_CASE("a form that was set: any two texts, both ways round, and with itself") {
    CHECK(rc::check([] {
        const auto a = *rc::gen::string<std::string>();
        const auto b = *rc::gen::string<std::string>();
        for (const AgreementForm form :
             {AgreementForm::text, AgreementForm::choice, AgreementForm::number, AgreementForm::json,
              AgreementForm::set, AgreementForm::contains, AgreementForm::similarity, AgreementForm::judge}) {
            const AgreementRules rules = by(form, 0.1, 0.5);
            RC_ASSERT(agreement("", a, b, rules).result == agreement("", b, a, rules).result);
            RC_ASSERT(agreement("", a, a, rules).result != Agreed::differ);
        }
    }));
}

TEST_CASE("quantities in a text") {
    const auto found =
        find_quantities("B12 has $1,234.50, -3 km/h and 5 miles per hour; 12,34 7/8 of 1,000,000 v2.0 is 9%");
    std::vector<double> values;
    std::vector<std::string> units;
    for (const Quantity& one : found) {
        values.push_back(one.value);
        units.push_back(one.unit);
    }
    CHECK(values == std::vector<double>{1234.5, -3, 5, 12, 34, 0.875, 1'000'000, 0, 9});
    CHECK(units == std::vector<std::string>{"$", "km/h", "mile/h", "", "", "", "v", "", "%"});
    CHECK(find_quantities(std::string(100'000, '9')).size() == 1);
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "1 ";
    CHECK(find_quantities(many).size() == 1000);
    CHECK(number_in_words("ninety nine bottles")->value == 99);
    CHECK(number_in_words("ninety nine bottles")->unit == "bottle");
    CHECK_FALSE(number_in_words("one of them is red").has_value());
    CHECK_FALSE(number_in_words("").has_value());
}
