#include "cascade/answer_digest.h"

#include <doctest/doctest.h>

#include <string>

#include "cascade/agreement.h"

using namespace weir::cascade;

TEST_CASE("equal digests for what is the same text, others for what isn't") {
    CHECK(answer_digest("It is Paris.") == answer_digest("  It is  Paris\n"));
    CHECK(answer_digest("It is Paris.") != answer_digest("It is Rome."));
    CHECK(answer_digest("5") != answer_digest("5!"));
    CHECK(answer_digest("std::Map") != answer_digest("std::map"));
    for (const char* other : {" It is Paris", "It is paris", "It is not Paris", "It", "Is it Paris?"}) {
        if (answer_digest("It is Paris.") == answer_digest(other)) {
            CHECK(agreement("Where?", "It is Paris.", other).result == Agreed::agree);
        }
    }
}

TEST_CASE("nothing and too much are not known") {
    CHECK(answer_digest("") == 0);
    CHECK(answer_digest(" \n") == 0);
    CHECK(answer_digest(std::string(kMostDigestedBytes, 'x')) != 0);
    CHECK(answer_digest(std::string(kMostDigestedBytes + 1, 'x')) == 0);
}
