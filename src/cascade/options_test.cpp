#include "cascade/options.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace weir::cascade;

namespace {

// The definition, word for word; exponential.
bool matches_slowly(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
        return matches_slowly(pattern.substr(1), text) || (!text.empty() && matches_slowly(pattern, text.substr(1)));
    }
    return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           matches_slowly(pattern.substr(1), text.substr(1));
}

}  // namespace

TEST_CASE("globs over model names") {
    CHECK(glob_match("gpt-4o", "gpt-4o"));
    CHECK(!glob_match("gpt-4o", "gpt-4o-mini"));
    CHECK(!glob_match("gpt-4o", "GPT-4o"));
    CHECK(glob_match("gpt-4o-*", "gpt-4o-mini"));
    CHECK(glob_match("gpt-4o-*", "gpt-4o-"));
    CHECK(!glob_match("gpt-4o-*", "gpt-4o"));
    CHECK(glob_match("*", ""));
    CHECK(glob_match("*", "meta-llama/Llama-3"));
    CHECK(glob_match("*mini*", "gpt-4o-mini-2024"));
    CHECK(glob_match("gpt-?", "gpt-4"));
    CHECK(!glob_match("gpt-?", "gpt-"));
    CHECK(!glob_match("gpt-?", "gpt-4o"));
    CHECK(glob_match("", ""));
    CHECK(!glob_match("", "x"));
    CHECK(!glob_match("?", ""));
    CHECK(glob_match("a*b*c", "a-b-b-c"));
    CHECK(!glob_match("a*b*c", "a-b-b-c-d"));
}

TEST_CASE("a hostile glob is still quick") {
    std::string pattern;
    for (int i = 0; i < 1000; ++i) pattern += "a*";
    CHECK(!glob_match(pattern + "b", std::string(20'000, 'a')));
}

TEST_CASE("globs match as defined") {
    const auto pattern = rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?'));
    const auto text = rc::gen::container<std::string>(rc::gen::element('a', 'b', '*'));
    CHECK(rc::check([&] {
        const std::string p = *rc::gen::resize(10, pattern);
        const std::string t = *rc::gen::resize(12, text);
        RC_ASSERT(glob_match(p, t) == matches_slowly(p, t));
    }));
}
