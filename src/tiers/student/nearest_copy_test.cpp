// Answers of similar prompts: labels as they are, pieces of the prompt from the new prompt.
#include "tiers/student/nearest_copy.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

struct Pair {
    std::string slot, answer;
};

// A help desk: some questions get the same answer each time, some one with an order's number, some with a name.
Pair ticket(learn::RandomBits& random) {
    const std::string order =
        std::string(1, static_cast<char>('A' + random.below(26))) + std::to_string(10 + random.below(90'000));
    std::string name(4, 'x');
    for (char& letter : name) letter = static_cast<char>('a' + random.below(26));
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    constexpr std::array<const char*, 3> kPlease{"Please ", "", "Hello, "};
    const std::string please = kPlease[random.below(3)];
    switch (random.below(3)) {
        case 0:
            return {please + "when will I get my money back?", "Refunds take five days."};
        case 1:
            return {please + "where is order " + order + " now?", "Let me look for order " + order + ". One moment."};
        default:
            return {please + "my name is " + name + " and I can't log in", "Sorry, " + name + "! Try the reset link."};
    }
}

std::vector<Pair> tickets(std::size_t count, std::uint64_t seed) {
    learn::RandomBits random(seed);
    std::vector<Pair> made;
    while (made.size() < count) made.push_back(ticket(random));
    return made;
}

Result<NearestCopy> train(const std::vector<Pair>& pairs) {
    std::vector<StudentExample> examples;
    for (const Pair& each : pairs) examples.push_back({each.slot, each.answer});
    return NearestCopy::train(examples);
}

std::string filled(const std::string& slot, const std::string& answer, const std::string& other) {
    CopyText from, said, to;
    REQUIRE(from.look(slot));
    REQUIRE(said.look(answer));
    REQUIRE(to.look(other));
    std::string out;
    return CopyTemplate::make(from, said, {}, 0).fill(from, to, out) ? out : "-";
}

}  // namespace

TEST_CASE("copies are looked for by what stands around them and by their form") {
    CHECK(filled("track order A-12 please", "Order A-12 is on its way.", "track order B-7 please") ==
          "Order B-7 is on its way.");
    CHECK(filled("I am Anna", "Dear Anna", "I am Maria Luisa") == "Dear Maria Luisa");
    CHECK(filled("12 May", "date=12 May", "30 June") == "date=30 June");
    CHECK(filled("from Rome to Oslo", "Rome > Oslo", "from Bonn to Kiel") == "Bonn > Kiel");
    CHECK(filled("order 17", "17!", "nothing of the kind") == "-");
    CHECK(filled("so a number 17 here", "17", "or a number 18 there, or a number 19 there") == "-");  // which?
    CHECK(filled("x", "fixed text", "y") == "fixed text");
}

TEST_CASE("nearest copy answers templated questions, and is sure of them only") {
    const auto student = train(tickets(300, 1));
    REQUIRE(student);
    CHECK(student->same_unseen() > 0.95);
    NearestCopy::Scratch scratch;
    StudentAnswer answer;
    std::size_t same = 0;
    for (const Pair& each : tickets(200, 2)) {
        same += student->answer(each.slot, scratch, answer) && answer.text == each.answer ? 1 : 0;
        CHECK(answer.log_probability <= 0);
    }
    CHECK(same > 190);
    CHECK_FALSE(student->answer("quantum chromodynamics", scratch, answer));
    CHECK_FALSE(student->answer("", scratch, answer));
    CHECK_FALSE(student->answer(std::string(kMostCopySlotBytes + 1, 'a'), scratch, answer));
    CHECK_FALSE(train({}));
    CHECK_FALSE(train({{std::string(kMostCopySlotBytes + 1, 'a'), "b"}}));
}

TEST_CASE("nearest copy says how often it will be wrong where labels are noise") {
    learn::RandomBits random(3);
    const auto noisy = [&](std::size_t count) {
        std::vector<Pair> pairs;
        for (std::size_t i = 0; i < count; ++i) {
            const bool sport = random.chance(0.5);
            pairs.push_back({std::string(sport ? "match goal " : "bank money ") + std::to_string(random.below(1000)),
                             random.chance(0.2) == sport ? "finance" : "sport"});
        }
        return pairs;
    };
    const auto student = train(noisy(500));
    REQUIRE(student);
    NearestCopy::Scratch scratch;
    StudentAnswer answer;
    double said = 0, same = 0;
    for (const Pair& each : noisy(400)) {
        REQUIRE(student->answer(each.slot, scratch, answer));
        said += std::exp(answer.log_probability);
        same += answer.text == each.answer ? 1 : 0;
    }
    CHECK(std::abs(said - same) < 40);
    CHECK(same > 260);
}

TEST_CASE("nearest copy is the same each time, and reads back what it wrote and nothing else") {
    const auto pairs = tickets(80, 4);
    const auto student = train(pairs);
    REQUIRE(student);
    const std::string bytes = student->bytes();
    CHECK(bytes == train(pairs)->bytes());
    const auto again = NearestCopy::read(bytes);
    REQUIRE(again);
    CHECK(again->bytes() == bytes);
    NearestCopy::Scratch scratch;
    StudentAnswer first, second;
    for (const Pair& each : tickets(50, 5)) {
        CHECK(student->answer(each.slot, scratch, first) == again->answer(each.slot, scratch, second));
        CHECK(first.text == second.text);
        CHECK(first.log_probability == second.log_probability);
    }
    CHECK_FALSE(NearestCopy::read(bytes + "x"));
    CHECK(rc::check("damaged bytes are refused or make a student that answers", [&] {
        std::string damaged = bytes;
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        if (*rc::gen::arbitrary<bool>()) {
            damaged.resize(at);
            RC_ASSERT_FALSE(NearestCopy::read(damaged).has_value());
            return;
        }
        damaged[at] = *rc::gen::arbitrary<char>();
        const auto read = NearestCopy::read(damaged);
        if (read) read->answer(pairs[0].slot, scratch, first);
    }));
}
