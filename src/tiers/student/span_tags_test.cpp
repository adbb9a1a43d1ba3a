#include "tiers/student/span_tags.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace weir::tiers::student;

namespace {

std::vector<TokenSpan> placed(std::string_view text, const std::vector<SpanValue>& values, bool repeat,
                              std::size_t found) {
    std::vector<SlotToken> tokens;
    REQUIRE(cut_tokens(text, TokenCut::edges, tokens));
    std::vector<TokenSpan> spans;
    CHECK(place_values(text, tokens, values, repeat, spans) == found);
    return spans;
}

}  // namespace

TEST_CASE("strings find their places: the longest first, whole tokens, each place once") {
    using Spans = std::vector<TokenSpan>;
    CHECK(placed("EU and EU Commission", {{0, "EU"}, {1, "EU Commission"}}, false, 2) == Spans{{0, 0, 1}, {1, 2, 4}});
    CHECK(placed("Anna, Ann", {{0, "Ann"}}, false, 1) == Spans{{0, 2, 3}});
    CHECK(placed("Anna, Ann", {{0, "nn"}}, false, 0).empty());
    CHECK(placed("a b a", {{0, "a"}, {0, "a"}, {0, "a"}}, false, 2) == Spans{{0, 0, 1}, {0, 2, 3}});
    CHECK(placed("a b a", {{0, "a"}}, true, 1) == Spans{{0, 0, 1}, {0, 2, 3}});
    CHECK(placed("a b a c a", {{0, "a"}, {1, "a"}}, true, 2) == Spans{{0, 0, 1}, {1, 2, 3}});  // which is the third?
}

TEST_CASE("tags: spans come out as they went in, and the chain allows them") {
    CHECK(rc::check("round", [] {
        const std::size_t labels = *rc::gen::inRange<std::size_t>(1, kMostSpanLabels + 1);
        const SpanTags tags(labels);
        const std::size_t count = *rc::gen::inRange<std::size_t>(1, 20);
        std::vector<TokenSpan> spans, again;
        for (std::uint32_t at = *rc::gen::inRange(0U, 3U); at < count;) {
            const auto end = std::min<std::uint32_t>(at + *rc::gen::inRange(1U, 4U), static_cast<std::uint32_t>(count));
            spans.push_back({*rc::gen::inRange<std::uint16_t>(0, static_cast<std::uint16_t>(labels)), at, end});
            at = end + *rc::gen::inRange(0U, 2U);
        }
        std::vector<std::uint8_t> encoded;
        tags.encode(spans, count, encoded);
        RC_ASSERT(encoded.size() == count);
        tags.decode(encoded, again);
        RC_ASSERT(again == spans);
        const auto chain = tags.chain();
        RC_ASSERT(chain.labels == tags.count());
        std::size_t before = tags.count();
        for (const std::uint8_t tag : encoded) {
            RC_ASSERT(chain.may_follow(before, tag));
            before = tag;
        }
        RC_ASSERT(chain.may_follow(before, tags.count()));
    }));
    const SpanTags tags(2);
    CHECK_FALSE(tags.chain().may_follow(0, 2));             // inside behind outside
    CHECK_FALSE(tags.chain().may_follow(1, 0));             // begun, not ended
    CHECK_FALSE(tags.chain().may_follow(1, 6));             // ended as another
    CHECK_FALSE(tags.chain().may_follow(1, tags.count()));  // begun at the text's end
    CHECK_FALSE(SpanTags(20).chain().may_follow(0, 2));     // BIO: inside behind outside
}
