// A made-up task of extraction for tests: who went where.
// Thread rule: a plain value.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "learn/random_bits.h"

namespace weir::tiers::student {

struct Errand {
    std::string slot, answer;
};

inline std::string name(learn::RandomBits& random) {
    constexpr std::array<const char*, 12> kParts{"an",  "bo", "cle", "dor", "el", "fi",
                                                 "gra", "hu", "in",  "jo",  "ka", "lu"};
    std::string made = kParts[random.below(12)];
    made += kParts[random.below(12)];
    made += kParts[random.below(12)];
    made[0] = static_cast<char>(made[0] - 'a' + 'A');
    return made;
}

// People act, places stand behind "in" or "to". Names are new ones nearly every time.
inline Errand errand(learn::RandomBits& random, bool records) {
    const std::string who = name(random), where = name(random);
    const bool has_place = random.chance(0.7);
    constexpr std::array<const char*, 4> kVerbs{"went", "called", "slept", "arrived"};
    const std::string slot = (random.chance(0.5) ? "Yesterday " : "Then ") + who + " " + kVerbs[random.below(4)] +
                             (has_place ? (random.chance(0.5) ? " in " : " to ") + where : "") + ".";
    if (records) {
        return {slot, "[{\"type\": \"person\", \"text\": \"" + who + "\"}" +
                          (has_place ? ", {\"type\": \"place\", \"text\": \"" + where + "\"}" : "") + "]"};
    }
    return {slot, "{\"person\": [\"" + who + "\"], \"place\": " + (has_place ? "\"" + where + "\"" : "null") + "}"};
}

inline std::vector<Errand> errands(std::size_t count, std::uint64_t seed, bool records = false) {
    learn::RandomBits random(seed);
    std::vector<Errand> made;
    while (made.size() < count) made.push_back(errand(random, records));
    return made;
}

// The text inside an instruction, as an application would send it.
inline std::string instruction(const std::string& slot) {
    return "Extract who acts and where. Answer with JSON only.\n\nText: " + slot + "\n\nKeys: person, place.";
}

}  // namespace weir::tiers::student
