#include "text/words.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "text/utf8.h"

using namespace weir::text;

namespace {

std::string lowers(std::string_view text) {
    std::string joined;
    for (const Word& word : split_words(text)) {
        if (!joined.empty()) joined += ' ';
        joined += word.lower;
    }
    return joined;
}

std::string stem_of(std::string_view word) {
    const Stem stem = stem_word(word);
    return std::string(stem.base) + std::string(stem.restore);
}

}  // namespace

TEST_CASE("words: small letters, contractions apart, numbers whole") {
    CHECK(lowers("What's the BEST way?") == "what is the best way ?");
    CHECK(lowers("I can't, won't and don’t") == "i can not , will not and do not");
    CHECK(lowers("Anna's dog, it's here") == "anna 's dog , it is here");
    CHECK(lowers("3,000.50 dollars at 3pm on 12/05/2016") == "3000.50 dollars at 3 pm on 12/05/2016");
    CHECK(lowers("x = -5, 7 -5") == "x = -5 , 7 - 5");
    CHECK(lowers("Mr. Lee left.") == "mr lee left .");
    CHECK(lowers("OÙ ÉTÉ ПРИВЕТ") == "où été привет");
    CHECK(lowers("東京はどこ") == "東 京 は ど こ");
    CHECK(lowers("U.S.A. and e.g. this") == "usa and eg this");
    CHECK(lowers("") == "");
}

TEST_CASE("words: code stays as it is written") {
    CHECK(lowers("Call getUser_Name() in Main.cpp") == "call getUser_Name() in main.cpp");
    CHECK(lowers("`A  b` and ```x\ny```") == "A  b and x\ny");
    CHECK(lowers("C++ or C#?") == "c++ or c# ?");
    CHECK(lowers("rm -rf /etc/Passwd") == "rm -rf /etc/Passwd");
    CHECK(lowers("see https://a.b/C?d=1.") == "see https://a.b/C?d=1 .");
    CHECK(split_words("`x`")[0].kind == WordKind::code);
    CHECK(lowers("word(s) and/or he/she") == "word ( s ) and / or he / she");
    CHECK(lowers("`open") == "` open");
}

TEST_CASE("words: what stands in quotation marks is marked") {
    const Words words = split_words("What does \"carpe diem\" mean, or 'seize it', or “so”?");
    std::string quoted;
    for (const Word& word : words) {
        if (word.quoted) quoted += std::string(word.lower) + ' ';
    }
    CHECK(quoted == "carpe diem seize it so ");
    CHECK_FALSE(split_words("5\" wide")[2].quoted);
}

TEST_CASE("words: offsets, sentence starts and capitals") {
    const Words words = split_words("Hi Bob. NASA won");
    CHECK(words[1].begin == 3);
    CHECK(words[1].end == 6);
    CHECK(words[0].starts_sentence);
    CHECK_FALSE(words[1].starts_sentence);
    CHECK(words[1].capitalised);
    CHECK(words[3].starts_sentence);
    CHECK(words[3].all_capitals);
    CHECK_FALSE(words[4].capitalised);
}

TEST_CASE("words: ordinals and numbers with a unit behind them") {
    const Words words = split_words("21st 22 nd 5kg");
    CHECK(words[0].ordinal);
    CHECK(words[0].lower == "21");
    CHECK_FALSE(words[1].ordinal);
    CHECK(words[3].lower == "5");
    CHECK(words[4].lower == "kg");
    CHECK(words[4].attached);
}

TEST_CASE("words: limits hold") {
    const std::string many(100'000, '.');
    const Words cut = split_words(many);
    CHECK(cut.cut());
    CHECK(cut.size() <= Words::max_words);
    const Words one = split_words(std::string(1 << 20, 'a'), 2 << 20);
    CHECK(one.size() == 1);
    CHECK(one[0].lower.size() == 1 << 20);
    CHECK_FALSE(one.cut());
    CHECK(split_words("abc def", 3).cut());
    CHECK(split_words("abc def", 3).size() == 1);
}

TEST_CASE("words: any bytes give words that lie in order inside the text") {
    rc::check([](const std::string& text) {
        const Words words = split_words(text);
        std::uint32_t at = 0;
        for (const Word& word : words) {
            RC_ASSERT(word.begin >= at);
            RC_ASSERT(word.end >= word.begin);
            RC_ASSERT(word.end <= text.size());
            at = word.begin;
            RC_ASSERT(word.id == word_id(word.lower));
        }
    });
}

TEST_CASE("words: a text and its copy in capitals have the same words") {
    for (const std::string_view text : {"how do i bake bread at home", "is the sky blue today"}) {
        std::string loud(text);
        for (char& c : loud) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
        CHECK(lowers(text) == lowers(loud));
    }
}

TEST_CASE("stems: inflection goes, other words stay") {
    CHECK(stem_of("took") == "take");
    CHECK(stem_of("written") == "write");
    CHECK(stem_of("boxes") == "box");
    CHECK(stem_of("studies") == "study");
    CHECK(stem_of("movies") == "movie");
    CHECK(stem_of("running") == "run");
    CHECK(stem_of("making") == "make");
    CHECK(stem_of("decided") == "decide");
    CHECK(stem_of("visited") == "visit");
    CHECK(stem_of("missing") == "miss");
    CHECK(stem_of("children") == "child");
    for (const std::string_view whole : {"bus", "this", "thing", "king", "need", "news", "glass", "unhappy", "actor"}) {
        CHECK(stem_of(whole) == whole);
    }
}

TEST_CASE("utf-8: bad bytes are points of their own, good ones come back as they were") {
    CHECK(decode("\xC0\xAF", 0).value == invalid_byte + 0xC0);
    CHECK(decode("\xED\xA0\x80", 0).value == invalid_byte + 0xED);
    CHECK(decode("\xF4\x90\x80\x80", 0).value == invalid_byte + 0xF4);
    CHECK(decode("\xE2\x82", 0).size == 1);
    rc::check([] {
        const auto value = static_cast<char32_t>(*rc::gen::inRange<std::uint32_t>(0, 0x110000));
        if (value >= 0xD800 && value < 0xE000) return;
        char bytes[4];
        const std::size_t size = encode(value, bytes);
        const CodePoint back = decode({bytes, size}, 0);
        RC_ASSERT(back.value == value);
        RC_ASSERT(back.size == size);
        RC_ASSERT(encode(to_lower(value), bytes) <= size);
    });
}
