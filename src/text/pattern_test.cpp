#include "text/pattern.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <regex>

using namespace weir;
using text::Pattern;

namespace {

// What is found first; "-" for nothing, "!..." for an expression that is refused.
std::string found(std::string_view expression, std::string_view in) {
    const auto pattern = Pattern::compile(expression);
    if (!pattern) return "!" + pattern.error().message;
    const auto match = pattern->find(in);
    return match ? std::string(in.substr(match->begin, match->end - match->begin)) : "-";
}

}  // namespace

TEST_CASE("what a pattern finds") {
    CHECK(found("abc", "xxabcabc") == "abc");
    CHECK(found("a.c", "a\nc abc") == "abc");
    CHECK(found("[0-9]{3}", "12 345") == "345");
    CHECK(found("[0-9]{2,}", "1 12345x") == "12345");
    CHECK(found("[0-9]{2,3}", "1234") == "123");
    CHECK(found("ACME-\\d+", "see ACME-0042, please") == "ACME-0042");
    CHECK(found("(?i)acme", "the AcMe way") == "AcMe");
    CHECK(found("(?:ab|abcd|x)+", "zababcdx") == "ababcdx");
    CHECK(found("\\bcat\\b", "concat cat") == "cat");
    CHECK(found("\\Bcat", "cat concat") == "cat");
    CHECK(found("^cat", "a cat") == "-");
    CHECK(found("cat$", "cat cat") == "cat");
    CHECK(found("[^a-z ]+", "abc DEF ghi") == "DEF");
    CHECK(found("[]x-]+", "a]-x]b") == "]-x]");
    CHECK(found("[\\w.]+@x", "a.b_1@x") == "a.b_1@x");
    CHECK(found("é+", "caféé") == "éé");  // a character repeats as a whole
    CHECK(found("a\\.b\\/", "axb/ a.b/") == "a.b/");
}

TEST_CASE("leftmost, then longest") {
    CHECK(found("bcd|ab|abcde", "xabcdef") == "abcde");
    const auto pattern = Pattern::compile("a+b?");
    REQUIRE(pattern);
    CHECK(pattern->find("aab a", 0) == Pattern::Match{0, 3});
    CHECK(pattern->find("aab a", 1) == Pattern::Match{1, 3});
    CHECK(pattern->find("aab a", 3) == Pattern::Match{4, 5});
    CHECK_FALSE(pattern->find("aab a", 5));
}

TEST_CASE("what is refused, and why") {
    CHECK(found("", "x") == "!an empty expression");
    CHECK(found("a*", "x") == "!it matches the empty text");
    CHECK(found("a||b", "x") == "!it matches the empty text");
    CHECK(found("(ab", "x") == "!a ) is missing at byte 4");
    CHECK(found("ab)", "x") == "!a ) too many at byte 3");
    CHECK(found("[ab", "x") == "!a ] is missing at byte 4");
    CHECK(found("[b-a]", "x") == "!a range that goes backwards at byte 5");
    CHECK(found("+a", "x") == "!nothing to repeat at byte 1");
    CHECK(found("a**", "x") == "!nothing to repeat at byte 4");
    CHECK(found("a{3", "x").starts_with("!{m}, {m,} or {m,n}"));
    CHECK(found("a{3,2}", "x").starts_with("!{m}, {m,} or {m,n}"));
    CHECK(found("a{1000}", "x").starts_with("!{m}, {m,} or {m,n}"));
    CHECK(found("\\k", "x") == "!an escape that is not known at byte 2");
    CHECK(found("x\\", "x") == "!a \\ at the end at byte 3");
    CHECK(found("[é]", "x").starts_with("!a character beyond ASCII"));
    CHECK(found("((a{200}){200}){200}", "x").starts_with("!its repeats multiply"));
    CHECK(found(std::string(513, 'a'), "x").starts_with("!an expression of more than 512 bytes"));
    CHECK(found(std::string(20, '(') + "a" + std::string(20, ')'), "x").starts_with("!groups nest too deeply"));
}

TEST_CASE("time does not explode") {
    const auto pattern = Pattern::compile("(a|a)*(a|aa)+b");
    REQUIRE(pattern);
    CHECK_FALSE(pattern->find(std::string(20'000, 'a')));
}

// std::regex by its POSIX grammar is leftmost and longest too: an oracle, for short texts.
TEST_CASE("as std::regex has it") {
    const auto piece = rc::gen::elementOf(
        std::vector<std::string>{"a", "b", "[ab]", "(a|ab)", "(ab|b)", "a+", "b?", "(ab)*", "[^a]", "a{2}", "b{1,2}"});
    rc::check([&] {
        std::string expression;
        for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) expression += part;
        const std::string in = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc")));
        const auto pattern = Pattern::compile(expression);
        RC_PRE(pattern.has_value());
        std::smatch expected;
        const bool any = std::regex_search(in, expected, std::regex(expression, std::regex::extended));
        const auto match = pattern->find(in);
        RC_ASSERT(match.has_value() == any);
        if (any) {
            RC_ASSERT(match->begin == static_cast<std::size_t>(expected.position(0)));
            RC_ASSERT(match->end - match->begin == static_cast<std::size_t>(expected.length(0)));
        }
    });
}
