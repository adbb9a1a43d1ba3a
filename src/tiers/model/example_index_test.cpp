#include "tiers/model/example_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "learn/random_bits.h"
#include "tiers/student/text_grams.h"

using namespace weir;
using namespace weir::tiers;

namespace {

constexpr Micros kLater = 1'000'000;

struct World {
    std::vector<std::string> prompts, answers;
    void add(std::string prompt, std::string answer) {
        prompts.push_back(std::move(prompt));
        answers.push_back(std::move(answer));
    }
    // The first at 1, the next at 2, ...
    std::shared_ptr<const ExampleIndex> made() const {
        std::vector<ExampleIndex::Example> examples;
        for (std::size_t i = 0; i < prompts.size(); ++i) {
            examples.push_back({prompts[i], answers[i], static_cast<Micros>(i + 1)});
        }
        return ExampleIndex::make(examples);
    }
};

std::vector<std::string> nearest(const ExampleIndex& index, std::string_view text, Micros before = kLater,
                                 double least = 0.01) {
    std::vector<ExampleIndex::Near> near;
    index.nearest(text, before, least, near);
    std::vector<std::string> found;
    for (const auto& each : near) found.push_back(index.entry(each).prompt + "=" + index.entry(each).answer);
    return found;
}

std::string words(std::size_t count, std::size_t different, learn::RandomBits& random) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "w" + std::to_string(random.below(different) * 7919) + " ";
    return text;
}

// What the index should say, without an index.
double similarity(const std::vector<std::string>& texts, const std::string& a, const std::string& b) {
    const auto grams_of = [](const std::string& text) {
        std::vector<student::Gram> grams;
        student::text_grams(text, grams);
        std::set<std::uint32_t> hashes;
        for (const student::Gram& gram : grams) hashes.insert(gram.hash);
        return hashes;
    };
    std::map<std::uint32_t, std::size_t> having;
    for (const std::string& text : texts) {
        for (const std::uint32_t hash : grams_of(text)) ++having[hash];
    }
    const auto weight = [&](std::uint32_t hash) {
        const auto found = having.find(hash);
        const double count = found == having.end() ? 1 : static_cast<double>(found->second);
        return std::pow(std::log1p(static_cast<double>(texts.size()) / count), 2);
    };
    double both = 0, of_a = 0, of_b = 0;
    const auto in_a = grams_of(a), in_b = grams_of(b);
    for (const std::uint32_t hash : in_a) of_a += weight(hash);
    for (const std::uint32_t hash : in_b) of_b += weight(hash);
    for (const std::uint32_t hash : in_a) both += in_b.contains(hash) ? weight(hash) : 0;
    return both / std::sqrt(of_a * of_b);
}

}  // namespace

TEST_CASE("example index: the most similar prompts first, none that shares nothing") {
    World world;
    world.add("where is my parcel", "delivery");
    world.add("the invoice was charged twice", "billing");
    world.add("my parcel has not arrived", "delivery");
    const auto index = world.made();
    REQUIRE(index);
    CHECK(index->size() == 3);
    CHECK(nearest(*index, "my parcel has not arrived yet").front() == "my parcel has not arrived=delivery");
    CHECK(nearest(*index, "the invoices") == std::vector<std::string>{"the invoice was charged twice=billing"});
    CHECK(nearest(*index, "zzzz qqqq").empty());
    CHECK(nearest(*index, "").empty());
    CHECK(nearest(*index, "my parcel has not arrived", kLater, 0.999).size() == 1);
}

TEST_CASE("example index: as similar as a slow count says") {
    learn::RandomBits random(4);
    World world;
    for (int i = 0; i < 60; ++i) world.add(words(3 + random.below(9), 40, random) + std::to_string(i), "a");
    const auto index = world.made();
    for (int i = 0; i < 20; ++i) {
        const std::string asked = words(6, 60, random);
        std::vector<ExampleIndex::Near> near;
        index->nearest(asked, kLater, 0, near);
        REQUIRE(!near.empty());
        for (std::size_t at = 0; at < near.size(); ++at) {
            if (at > 0) CHECK(near[at - 1].similarity >= near[at].similarity);
            const double expected = similarity(world.prompts, asked, index->entry(near[at]).prompt);
            CHECK(static_cast<double>(near[at].similarity) == doctest::Approx(expected).epsilon(1e-4));
        }
    }
}

TEST_CASE("example index: a prompt stands there once, with its latest answer since that was given") {
    World world;
    world.add("one", "x");   // 1
    world.add("one", "y");   // 2
    world.add("two", "x");   // 3
    world.add("one", "y");   // 4
    world.add("two x", "");  // no answer
    const auto index = world.made();
    CHECK(index->size() == 2);
    CHECK(nearest(*index, "one") == std::vector<std::string>{"one=y"});
    CHECK(nearest(*index, "one", 3) == std::vector<std::string>{"one=y"});
    CHECK(nearest(*index, "one", 2).empty());  // what it says was not said before
    CHECK(nearest(*index, "two", 3).empty());
    CHECK(nearest(*index, "two", 4).size() == 1);
}

TEST_CASE("example index: of equals the later one is nearer") {
    World world;
    world.add("same words here", "a");
    world.add("Same words here", "b");
    CHECK(nearest(*world.made(), "same words here") ==
          std::vector<std::string>{"Same words here=b", "same words here=a"});
}

TEST_CASE("example index: the latest examples stay within each limit") {
    CHECK(ExampleIndex::make({}) == nullptr);
    World none;
    none.add(std::string(kMostExamplePromptBytes + 1, 'a'), "x");
    none.add("p", std::string(kMostExampleAnswerBytes + 1, 'a'));
    CHECK(none.made() == nullptr);

    World many;
    for (std::size_t i = 0; i < ExampleIndex::kMostExamples + 5; ++i) many.add("p" + std::to_string(i), "x");
    const auto index = many.made();
    CHECK(index->size() == ExampleIndex::kMostExamples);
    CHECK(nearest(*index, "p4", kLater, 0.9).empty());
    CHECK(nearest(*index, "p5", kLater, 0.9) == std::vector<std::string>{"p5=x"});
    CHECK(nearest(*index, "p1234").size() <= ExampleIndex::kMostNear);

    World large;
    for (int i = 0; i < 1'100; ++i) {
        large.add(std::to_string(i) + std::string(2'000, 'b'), std::string(kMostExampleAnswerBytes - 100, 'c'));
    }
    CHECK(large.made()->size() < 1'000);
    CHECK(large.made()->bytes() > ExampleIndex::kMostTextBytes / 2);
    CHECK(large.made()->bytes() < 2 * ExampleIndex::kMostTextBytes);
}

TEST_CASE("example index: a long text is found by its beginning and its end") {
    World world;
    const std::string middle(4'000, 'm');
    world.add("about parcels " + middle + " kind regards eve", "a");
    world.add("something else altogether", "b");
    const auto index = world.made();
    const std::string begin = "about parcels " + middle;
    CHECK(nearest(*index, begin + std::string(200, 'z')).front().ends_with("=a"));
    CHECK(nearest(*index, std::string(500, 'z') + middle + " kind regards eve").front().ends_with("=a"));
    CHECK(nearest(*index, std::string(500, 'z') + " about parcels " + std::string(500, 'z')).empty());
}

TEST_CASE("example index: a look-up visits so many places at most, the rarest words first") {
    World world;
    // Half a kilobyte that all share, and a word of each its own.
    std::string common;
    for (int i = 0; common.size() < 450; ++i) common += "c" + std::to_string(i * 31) + " ";
    for (std::size_t i = 0; i < 1'100; ++i) world.add(common + "own" + std::to_string(i), "x");
    const auto index = world.made();
    std::vector<ExampleIndex::Near> near;
    index->nearest(common + "own777", kLater, 0, near);
    REQUIRE(near.size() == ExampleIndex::kMostNear);
    CHECK(index->entry(near.front()).prompt == common + "own777");
}

TEST_CASE("example index: labels are few short answers that come again") {
    World world;
    for (std::size_t i = 0; i < 10; ++i) world.add("p" + std::to_string(i), i % 2 == 0 ? "spam" : "ham");
    CHECK(world.made()->has_labels());
    for (std::size_t i = 0; i < 9; ++i) world.add("q" + std::to_string(i), "answer " + std::to_string(i));
    CHECK(!world.made()->has_labels());  // 11 answers of 19 examples
    World varied;
    for (std::size_t i = 0; i < 100; ++i) varied.add("p" + std::to_string(i), "l" + std::to_string(i % 33));
    CHECK(!varied.made()->has_labels());
    World wordy;
    for (std::size_t i = 0; i < 10; ++i) wordy.add("p" + std::to_string(i), std::string(65, 'a'));
    CHECK(!wordy.made()->has_labels());
}
