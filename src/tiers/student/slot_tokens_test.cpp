#include "tiers/student/slot_tokens.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace weir::tiers::student;

namespace {

std::string cut(std::string_view text, TokenCut how) {
    std::vector<SlotToken> tokens;
    REQUIRE(cut_tokens(text, how, tokens));
    std::string joined;
    for (const SlotToken& token : tokens) joined += (joined.empty() ? "" : "|") + std::string(token.of(text));
    return joined;
}

}  // namespace

TEST_CASE("tokens: three cuts, coarse to fine") {
    const char* const text = "Meet (Anna-Lena), at 3.5 km\tof \"U.N.\"!";
    CHECK(cut(text, TokenCut::spaces) == "Meet|(Anna-Lena),|at|3.5|km|of|\"U.N.\"!");
    CHECK(cut(text, TokenCut::edges) == "Meet|(|Anna-Lena|)|,|at|3.5|km|of|\"|U.N|.|\"|!");
    CHECK(cut(text, TokenCut::fine) == "Meet|(|Anna|-|Lena|)|,|at|3|.|5|km|of|\"|U|.|N|.|\"|!");
    CHECK(cut("Zoë\xC2\xA0M\xC3\xBCller", TokenCut::fine) == "Zoë|Müller");
    CHECK(cut("東京 2", TokenCut::fine) == "東|京|2");
    CHECK(cut("--", TokenCut::edges) == "-|-");
    for (const TokenCut how : {TokenCut::spaces, TokenCut::edges, TokenCut::fine}) CHECK(cut(" \n", how).empty());
}

TEST_CASE("tokens: limits") {
    std::vector<SlotToken> tokens;
    std::string many;
    for (std::size_t i = 0; i < kMostSlotTokens; ++i) many += "a ";
    CHECK(cut_tokens(many, TokenCut::spaces, tokens));
    CHECK(tokens.size() == kMostSlotTokens);
    CHECK_FALSE(cut_tokens(many + "a", TokenCut::spaces, tokens));
    CHECK(tokens.empty());
    CHECK_FALSE(cut_tokens(std::string(kMostSlotBytes + 1, 'a'), TokenCut::fine, tokens));
    CHECK_FALSE(cut_tokens(std::string(kMostSlotTokens + 1, '.'), TokenCut::edges, tokens));
}

TEST_CASE("tokens: whatever the bytes, they are in order and leave out white space only") {
    CHECK(rc::check("order", [](const std::string& text, unsigned how) {
        std::vector<SlotToken> tokens;
        RC_ASSERT(cut_tokens(text, static_cast<TokenCut>(how % kTokenCuts), tokens));
        std::size_t at = 0;
        for (const SlotToken& token : tokens) {
            RC_ASSERT(token.begin >= at);
            RC_ASSERT(token.end > token.begin);
            for (; at < token.begin; ++at)
                RC_ASSERT(text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r') || text[at] < 0);
            at = token.end;
        }
        RC_ASSERT(at <= text.size());
    }));
}
