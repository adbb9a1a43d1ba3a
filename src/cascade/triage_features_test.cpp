#include "cascade/triage_features.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

using namespace weir::cascade;
using N = PromptNumber;

namespace {

PromptFeatures of(std::string_view user, std::string_view system = "") {
    return prompt_features(system, user);
}

float log_of(int count) {
    return std::log1p(static_cast<float>(count));
}

}  // namespace

TEST_CASE("listed choices are found in their usual spellings, and nothing else") {
    for (const char* const text :
         {"Which one?\nA. 12\nB. 7 cats\nC. none\nAnswer:", "Which one?\n(A) 12\n(B) 7 cats\n(C) none\n",
          "Which one?\nA: 12\n  B: 7 cats\nC: none", "Which one?\nA) 12\nB) 7 cats\nC) none"}) {
        CAPTURE(text);
        const PromptFeatures found = of(text);
        CHECK(found[N::choices] == 3);
        CHECK(found[N::log_question_bytes] == doctest::Approx(log_of(11)));
        CHECK(found[N::log_longest_choice_bytes] == doctest::Approx(log_of(6)));
        CHECK(found[N::log_shortest_choice_bytes] == doctest::Approx(log_of(2)));
        CHECK(found[N::log_choices_with_digits] == doctest::Approx(log_of(2)));
        CHECK(found[N::choices_of_digits_only] == 1);
        CHECK(found[N::has_tiny_choice] == 1);
        CHECK(found[N::question_mark] == 1);
    }
    for (const char* const text : {"A. is a name", "B. first\nA. second", "A dog\nB sees", "A.\n\nC. x", "A", "(A"}) {
        CAPTURE(text);
        CHECK(of(text)[N::choices] == 0);
        CHECK(of(text)[N::log_question_bytes] == doctest::Approx(log_of(static_cast<int>(std::string(text).size()))));
    }
    // The last list counts: what stands before are examples.
    CHECK(of("Q\nA. 1\nB. 2\nC. 3\nQ2\nA. long one\nB. x")[N::choices] == 2);
}

TEST_CASE("numbers, signs and words of form") {
    const PromptFeatures found = of("If it costs $1,250.50 (5 % off), how many can Anna NOT buy? 3/4 + x = 2^3");
    CHECK(found[N::log_numbers] == doctest::Approx(log_of(6)));  // 1,250.50 is one
    CHECK(found[N::log_decimals] == doctest::Approx(log_of(1)));
    CHECK(found[N::log_digits] == doctest::Approx(log_of(6 + 1 + 4)));
    CHECK(found[N::percent] == 1);
    CHECK(found[N::currency] == 1);
    CHECK(found[N::slash] == 1);
    CHECK(found[N::log_operators] == doctest::Approx(log_of(4)));
    CHECK(found[N::condition] == 1);
    CHECK(found[N::negation] == 1);
    CHECK(found[N::quantity_asked] == 1);
    CHECK(found[N::person] == 0);

    const PromptFeatures other = of("Which of the following is true? He said \"none of the ___\": statement II");
    CHECK(other[N::which_of_the_following] == 1);
    CHECK(other[N::following] == 1);
    CHECK(other[N::all_of_the] == 1);
    CHECK(other[N::blank] == 1);
    CHECK(other[N::roman_numerals] == 1);
    CHECK(other[N::statement] == 1);
    CHECK(other[N::quotation] == 1);
    CHECK(other[N::person] == 1);
    CHECK(other[N::log_numbers] == 0);
    CHECK(of("What follows, if one of these is which?")[N::which_of_the_following] == 0);
    CHECK(of("snake_case")[N::blank] == 0);
    CHECK(of("Explain it")[N::long_answer_asked] == 1);
    CHECK(of("f(x) { return `x`; }")[N::log_code_marks] == doctest::Approx(log_of(5)));
}

TEST_CASE("grams: words and pairs, each once; case is no difference, order and place are") {
    // a, b, (start)a, ab, ba
    CHECK(of("a b a").grams.size() == 5);
    CHECK(of("a b A  b\na").grams == of("a b a b a").grams);
    CHECK(of("tea coffee").grams != of("coffee tea").grams);
    CHECK(of("\xC3\x84rger").grams == of("\xC3\xA4RGER").grams);
    CHECK(of("", "be brief").grams != of("be brief").grams);
    CHECK(of("", "be brief")[N::log_words] == 0);
    CHECK(of("").grams.empty());
    // Written without spaces: each character is a word.
    CHECK(of("\xE6\x97\xA5\xE6\x9C\xAC")[N::log_words] == doctest::Approx(log_of(2)));
    CHECK(of("caf\xC3\xA9 \xE2\x82\xAC")[N::log_words] == doctest::Approx(log_of(1)));
    CHECK(of("caf\xC3\xA9 \xE2\x82\xAC")[N::currency] == 1);
}

TEST_CASE("of a long text both ends count, and no more") {
    const std::string filler(50'000, 'x');
    const PromptFeatures found = of("If " + filler + " how many?\nA. 1\nB. 2");
    CHECK(found[N::condition] == 1);
    CHECK(found[N::quantity_asked] == 1);
    CHECK(found[N::choices] == 2);
    CHECK(found[N::log_bytes] == doctest::Approx(std::log1p(50'000 + 3 + 21)));
    CHECK(found[N::log_question_bytes] == doctest::Approx(std::log1p(50'000 + 3 + 11)).epsilon(1e-4));
    std::string words;
    for (int i = 0; i < 200'000; ++i) words += std::to_string(i) + " ";
    CHECK(of(words, words).grams.size() <= kMostUserBytes + kMostSystemBytes);
}

TEST_CASE("any bytes give finite numbers and buckets in range, each once; the same again") {
    rc::check([](const std::string& user, const std::string& system) {
        const PromptFeatures found = of(user, system);
        for (const float number : found.numbers) RC_ASSERT(std::isfinite(number));
        const std::set<std::uint32_t> distinct(found.grams.begin(), found.grams.end());
        RC_ASSERT(distinct.size() == found.grams.size());
        for (const std::uint32_t gram : found.grams) RC_ASSERT(gram < kGramBuckets);
        const PromptFeatures again = of(user, system);
        RC_ASSERT(again.grams == found.grams && again.numbers == found.numbers);
    });
    rc::check([](const std::vector<unsigned char>& bytes) {
        const std::string text(bytes.begin(), bytes.end());
        for (const float number : of(text).numbers) RC_ASSERT(std::isfinite(number));
    });
}
