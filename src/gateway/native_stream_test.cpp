#include "gateway/native_stream.h"

#include <doctest/doctest.h>

#include "wire/completions_form.h"

using namespace weir;
using namespace weir::gateway;

namespace {

const std::string kText = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":null}]}\n\n";
const std::string kUsage =
    "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n";

}  // namespace

TEST_CASE("a stream that its API calls whole is whole, with or without its usage") {
    for (const bool hides : {false, true}) {
        CAPTURE(hides);
        NativeStream stream(&wire::completions_form(), hides);
        std::string out;
        REQUIRE(stream.feed(kText + kUsage + "data: [DO", out));
        REQUIRE(stream.feed("NE]\n\n", out));
        CHECK(stream.end(out));
        CHECK(out == kText + (hides ? "" : kUsage) + "data: [DONE]\n\n");
    }
}

TEST_CASE("what is cut in the midst of an event is told, and the half is not appended") {
    for (const bool hides : {false, true}) {
        CAPTURE(hides);
        NativeStream stream(&wire::completions_form(), hides);
        std::string out;
        REQUIRE(stream.feed(kText + kText.substr(0, kText.size() - 2), out));
        CHECK_FALSE(stream.end(out));
        CHECK(out == kText);
    }
}
