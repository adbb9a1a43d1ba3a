// A made-up task for tests: support tickets, told apart by some of their words.
// Thread rule: a plain value.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "learn/random_bits.h"
#include "tiers/student/student_trainer.h"

namespace weir::tiers::student {

struct Tickets {
    struct Row {
        std::string text, answer;
        // Without the number at its end.
        std::string words() const { return text.substr(0, text.find(" ticket ")); }
    };
    std::vector<Row> rows;

    Tickets(std::size_t count, std::uint64_t seed) {
        static constexpr std::array<std::string_view, 4> kAnswers = {"billing", "login", "delivery", "praise"};
        static constexpr std::array<std::array<std::string_view, 4>, 4> kTelling = {
            {{"invoice", "charged", "refund", "payment"},
             {"password", "account", "locked", "signing"},
             {"parcel", "courier", "arrived", "tracking"},
             {"thanks", "wonderful", "great", "helpful"}}};
        static constexpr std::array<std::string_view, 10> kOther = {"hello", "my",   "the", "was", "yesterday",
                                                                    "about", "your", "and", "it",  "again"};
        learn::RandomBits random(seed);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t label = random.below(kAnswers.size());
            std::string text;
            const std::size_t words = 4 + random.below(8);
            for (std::size_t word = 0; word < words; ++word) text += std::string(kOther[random.below(10)]) + " ";
            text += std::string(kTelling[label][random.below(4)]) + " ";
            if (random.chance(0.8)) text += std::string(kTelling[label][random.below(4)]) + " ";
            text += "ticket " + std::to_string(random.below(1'000));
            rows.push_back({text, std::string(kAnswers[label])});
        }
    }
    std::vector<StudentExample> examples() const {
        std::vector<StudentExample> all;
        for (const Row& row : rows) all.push_back({row.text, row.answer});
        return all;
    }
};

// Tickets of which the words tell nothing and the embedding most: each label has a direction of its own, with noise.
struct Vague {
    static constexpr std::uint64_t kModel = 42;
    static constexpr std::size_t kDimensions = 24;
    Tickets tickets;
    std::vector<embed::Int8Vector> vectors;

    Vague(std::size_t count, std::uint64_t seed) : tickets(count, seed) {
        learn::RandomBits random(seed + 1'000);
        for (Tickets::Row& row : tickets.rows) {
            row.text = "ticket of " + std::to_string(random.below(40)) + " and " + std::to_string(random.below(40));
            std::vector<float> vector(kDimensions);
            for (float& each : vector) each = 0.3F + 0.25F * static_cast<float>(random.normal());
            vector[row.answer.size() % 7] += 2;  // "billing" 0, "login" 5, "delivery" 1, "praise" 6
            vectors.emplace_back(vector);
        }
    }
    TextEmbedding embedding(std::size_t row) const { return view_of(vectors[row], kModel); }
    // Of the first `embedded` alone.
    std::vector<StudentExample> examples(std::size_t embedded = ~std::size_t{0}) const {
        std::vector<StudentExample> all = tickets.examples();
        for (std::size_t i = 0; i < all.size() && i < embedded; ++i) all[i].embedding = embedding(i);
        return all;
    }
};

}  // namespace weir::tiers::student
