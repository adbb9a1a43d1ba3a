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

}  // namespace weir::tiers::student
