#include <doctest/doctest.h>

#include <string>

#include "wire/usage_form.h"

using namespace weir;
using namespace weir::wire;

namespace {

Usage usage_of(std::string_view metadata) {
    const std::string document = "{" + std::string(metadata) + "}";
    return read_gemini_usage(document, {0, document.size()}).value_or(Usage{});
}

}  // namespace

TEST_CASE("usage: what counts, and what it adds up to") {
    // Thoughts stand beside the candidates, cached tokens are among the prompt's.
    Usage usage = usage_of(
        R"("promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":20,"thoughtsTokenCount":30,)"
        R"("totalTokenCount":150)");
    CHECK(usage.reported);
    CHECK(usage.input_uncached == 40);
    CHECK(usage.input_cached == 60);
    CHECK(usage.output == 50);
    CHECK(usage.reasoning == 30);
    // What Gemini's own tools brought is read beside the prompt.
    usage = usage_of(
        R"("promptTokenCount":100,"toolUsePromptTokenCount":70,"candidatesTokenCount":20,"thoughtsTokenCount":30,)"
        R"("totalTokenCount":220)");
    CHECK(usage.input_uncached == 170);
    CHECK(usage.output == 50);
    // The total tells whether they were among the others after all.
    usage =
        usage_of(R"("promptTokenCount":100,"candidatesTokenCount":50,"thoughtsTokenCount":30,"totalTokenCount":150)");
    CHECK(usage.output == 50);
    CHECK(usage.reasoning == 30);
    usage = usage_of(
        R"("promptTokenCount":100,"toolUsePromptTokenCount":70,"candidatesTokenCount":50,"totalTokenCount":150)");
    CHECK(usage.input_uncached == 100);
    // All of it was thought.
    usage = usage_of(R"("promptTokenCount":100,"thoughtsTokenCount":30,"totalTokenCount":130)");
    CHECK(usage.output == 30);
    CHECK(usage.reasoning == 30);
    CHECK(usage_of(R"("promptTokenCount":9,"totalTokenCount":9)").reported);
    CHECK(!usage_of(R"("totalTokenCount":9)").reported);
    CHECK(!read_gemini_usage("null", {0, 4}));
    // More cached than there is can't be.
    CHECK(usage_of(R"("promptTokenCount":10,"cachedContentTokenCount":60)").input_uncached == 0);
}
