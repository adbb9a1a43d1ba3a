#include "text/complaint.h"

#include <doctest/doctest.h>

#include <string>

#include "text/phrases.h"

using namespace weir::text;

TEST_CASE("a turn that is not content with the answer before it") {
    for (const char* const turn : {"No, I asked for the capital of Peru.", "no", "Wrong.",
                                   "That is wrong, the sum is 12", "  Try again", "Hmm, that\u2019s not what I meant",
                                   "Are you sure?", "It still doesn't work:\n error 7", "Again, but shorter"}) {
        INFO(turn);
        CHECK(complains(turn));
    }
}

TEST_CASE("a turn that goes on") {
    for (const char* const turn :
         {"", "Now translate it", "Nothing else, thanks", "Norway: what is its capital?", "What went wrongly?",
          "Which of these is not a fruit?", "Thanks, and the second one?", "Noah built what?"}) {
        INFO(turn);
        CHECK_FALSE(complains(turn));
    }
    // Only at its beginning.
    CHECK_FALSE(complains(std::string(kComplaintBytes, 'x') + " that is wrong"));
}

TEST_CASE("the start of a text in normal spelling") {
    CHECK(normal_start("  I\u2019M\n\tsorry ", 100) == "i'm sorry ");
    CHECK(normal_start("abcdef", 3) == "abc");
    CHECK(says("oh no, not again", "no"));
    CHECK_FALSE(says("nothing", "no"));
    CHECK(begins_with("no, not", "no,"));
    CHECK_FALSE(begins_with("nope", "no"));
}
