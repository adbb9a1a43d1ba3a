// members() against simdjson's DOM parser on damaged documents.
#include <doctest/doctest.h>
#include <simdjson.h>

#include "json/random_json.h"
#include "json/scan.h"

namespace weir::json {

TEST_CASE("members: accepts and refuses what simdjson does") {
    simdjson::dom::parser oracle;
    std::vector<Member> out;
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (std::uint64_t seed = 0; seed < 60'000; ++seed) {
        RandomJson random(seed, seed % 2 == 0);
        const std::string text = random.mutate(random.object());
        CAPTURE(text);
        simdjson::dom::object object;
        const simdjson::error_code error = oracle.parse(text).get(object);
        const bool ours = members(text, out).has_value();
        if (ours) ++accepted;
        if (!ours) ++refused;
        if (ours == (error == simdjson::SUCCESS)) continue;
        // simdjson also refuses what it can't represent: numbers beyond its range and lone surrogates.
        const bool lone_surrogate = text.find("\\ud") != std::string::npos || text.find("\\uD") != std::string::npos;
        CHECK(ours);
        CHECK((error == simdjson::NUMBER_ERROR || (error == simdjson::STRING_ERROR && lone_surrogate)));
    }
    // The damage must leave enough of both for this to mean something.
    CHECK(accepted > 10'000);
    CHECK(refused > 10'000);
}

}  // namespace weir::json
