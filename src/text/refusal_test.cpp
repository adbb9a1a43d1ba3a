#include "text/refusal.h"

#include <doctest/doctest.h>

#include <string>

using weir::text::kRefusalBytes;
using weir::text::refuses;

TEST_CASE("an answer that says it gives none") {
    for (const char* const text : {"I'm sorry, but I can't help with that.", "I can\u2019t assist with this request.",
                                   "Unfortunately, I cannot  provide\nmedical advice.", "As an AI, I have no opinion.",
                                   "I am not able to open links.", "I don't have access to your files."}) {
        INFO(text);
        CHECK(refuses(text));
    }
}

TEST_CASE("an answer that only sounds like it") {
    for (const char* const text :
         {"", "Paris", "I can't wait to tell you: it is 42.", "Hawaii can't help it.", "I'm sorry for your loss.",
          "As an aid to memory, use a rhyme.", "You cannot help them by waiting.", "I canthelp"}) {
        INFO(text);
        CHECK_FALSE(refuses(text));
    }
}

TEST_CASE("what comes after the start is not looked at") {
    const std::string late = std::string(kRefusalBytes, 'x') + " I can't help with that.";
    CHECK_FALSE(refuses(late));
}
