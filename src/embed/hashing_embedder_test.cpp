#include "embed/hashing_embedder.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <numeric>
#include <optional>

using namespace weir;
using namespace weir::embed;

namespace {

double cosine(const Vector& a, const Vector& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double cosine(std::string_view a, std::string_view b) {
    const HashingEmbedder embedder;
    return cosine(embedder.embed_now(a), embedder.embed_now(b));
}

Task<void> ask(HashingEmbedder& embedder, std::string text, std::optional<Result<Vector>>& out) {
    out = co_await embedder.embed(text);
}

}  // namespace

TEST_CASE("rewordings are near, other questions are not") {
    const double reworded = cosine("How do I reset my password?", "how can i reset the password");
    const double inflected = cosine("Which cities have trams?", "which city has a tram");
    const double misspelt = cosine("recommend a restaurant", "recomend a restaraunt");
    const double other = cosine("How do I reset my password?", "What is the capital of France?");
    CHECK(reworded > 0.8);
    CHECK(inflected > 0.6);
    CHECK(misspelt > 0.15);
    CHECK(other < 0.15);
    CHECK(cosine("a b c", "a b c") == doctest::Approx(1));
}

TEST_CASE("word order shows, a little") {
    const double swapped = cosine("does Alice like Bob", "does Bob like Alice");
    CHECK(swapped < 0.999);
    CHECK(swapped > 0.8);
}

TEST_CASE("a repeated word counts less than twice, but counts") {
    const HashingEmbedder embedder;
    const double once = cosine(embedder.embed_now("tram bus"), embedder.embed_now("tram"));
    const double thrice = cosine(embedder.embed_now("tram tram tram bus"), embedder.embed_now("tram"));
    CHECK(thrice > once);
    CHECK(thrice < 0.99);
}

TEST_CASE("any bytes give a vector of length 1, or zeros, and always the same") {
    CHECK(rc::check([](const std::string& text) {
        const HashingEmbedder embedder;
        const Vector vector = embedder.embed_now(text);
        RC_ASSERT(vector.size() == embedder.dimensions());
        const double length = cosine(vector, vector);
        RC_ASSERT(length == 0 || std::abs(length - 1) < 1e-4);
        RC_ASSERT(vector == embedder.embed_now(text));
    }));
}

TEST_CASE("nothing to embed is an error as a task, zeros at once") {
    HashingEmbedder embedder;
    for (const char* text : {"", "  ", "?!"}) {
        std::optional<Result<Vector>> result;
        spawn(ask(embedder, text, result));
        REQUIRE(result.has_value());
        REQUIRE_FALSE(result->has_value());
        CHECK(result->error().code == ErrorCode::invalid);
    }
    std::optional<Result<Vector>> result;
    spawn(ask(embedder, "word", result));
    REQUIRE(result->has_value());
    CHECK(**result == embedder.embed_now("word"));
}

TEST_CASE("the identity tells what can be compared") {
    CHECK(HashingEmbedder().identity() == "hashing-1:256");
    HashingOptions options;
    options.dimensions = 64;
    CHECK(HashingEmbedder(options).identity() == "hashing-1:64");
    CHECK(identity_digest("hashing-1:64") != identity_digest("hashing-1:256"));
    for (const std::size_t wrong : {std::size_t{0}, std::size_t{32}, std::size_t{100}, std::size_t{8192}}) {
        options.dimensions = wrong;
        CHECK_THROWS_AS(HashingEmbedder{options}, std::invalid_argument);
    }
}
