#include "wire/prompt_memo.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace weir;
using namespace weir::wire;

TEST_CASE("a remembered digest is the computed one, for any mixture of prompts") {
    std::mt19937 random(1);
    std::vector<std::string> texts = {"", "a", "b", std::string(7, 'x'), std::string(8, 'x'), std::string(9, 'x')};
    for (int i = 0; i < 40; ++i) texts.emplace_back(random() % 300, static_cast<char>('a' + random() % 3));
    const auto any = [&]() -> std::string_view { return texts[random() % texts.size()]; };
    PromptMemo memo;
    for (int i = 0; i < 20'000; ++i) {
        const PromptParts parts{any(), random() % 2 ? any() : "", "", random() % 4 ? "" : any()};
        CHECK(memo.look_up(parts).digest == prompt_digest(parts));
    }
    CHECK(memo.bytes() <= PromptMemo::kMaxBytes);
}

TEST_CASE("what is remembered is not computed again") {
    PromptMemo memo;
    const PromptParts parts{"You are a weir.", "[1,2]", "", R"({"type":"text"})"};
    for (int i = 0; i < 3; ++i) CHECK(memo.look_up(parts).digest == prompt_digest(parts));
    CHECK(memo.computed() == 1);
    CHECK_FALSE(memo.look_up(parts).about_spelling);
    for (int i = 0; i < 2; ++i) CHECK(memo.look_up({"Correct the Grammar.", "", "", ""}).about_spelling);
}

TEST_CASE("prompts that differ in a byte that the slots' hash does not see are told apart") {
    std::string a(1000, 'x');
    std::string b = a;
    b[300] = 'y';
    PromptMemo memo;
    const PromptParts first{a, "", "", ""};
    const PromptParts second{b, "", "", ""};
    for (int i = 0; i < 3; ++i) {
        CHECK(memo.look_up(first).digest == prompt_digest(first));
        CHECK(memo.look_up(second).digest == prompt_digest(second));
    }
    CHECK(memo.look_up(first).digest != memo.look_up(second).digest);
    // The same bytes in another part are another prompt.
    CHECK(memo.look_up({"", a, "", ""}).digest != memo.look_up(first).digest);
}

TEST_CASE("a memo stays within its limits and hashes longer prompts each time") {
    PromptMemo memo;
    const std::string huge(PromptMemo::kMaxBytes, 'x');
    const PromptParts parts{huge, "", "", ""};
    CHECK(memo.look_up(parts).digest == prompt_digest(parts));
    CHECK(memo.bytes() == 0);
    for (int i = 0; i < 200; ++i) {
        const std::string text(30'000 + static_cast<std::size_t>(i), 'x');
        const PromptParts one{text, "", "", ""};
        CHECK(memo.look_up(one).digest == prompt_digest(one));
        CHECK(memo.bytes() <= PromptMemo::kMaxBytes);
    }
}
