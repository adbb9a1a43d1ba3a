#include "embed/embeddings_json.h"

#include <doctest/doctest.h>

#include <array>

using namespace weir;
using namespace weir::embed;

namespace {

std::string body_of(const std::string& entries) {
    return R"({"object":"list","model":"m","data":[)" + entries + R"(],"usage":{"prompt_tokens":3,"total_tokens":3}})";
}

std::string problem_with(const std::string& body, std::size_t count = 1, std::size_t dimensions = 2) {
    const auto read = read_embeddings(body, count, dimensions);
    if (read) return "none";
    CHECK(read.error().code == ErrorCode::protocol);
    return read.error().message;
}

bool says(const std::string& message, std::string_view what) {
    return message.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the request holds model and texts, escaped") {
    const std::array<std::string_view, 2> texts{"a \"b\"\n", "\xC3\xA9"};
    CHECK(embeddings_request("m", texts) == R"({"model":"m","input":["a \"b\"\n",")"
                                            "\xC3\xA9"
                                            R"("],"encoding_format":"float"})");
}

TEST_CASE("vectors come in the order of the request and with length 1") {
    const auto read = read_embeddings(body_of(R"({"object":"embedding","index":1,"embedding":[0,-2]},)"
                                              R"({"index":0,"embedding":[3.0, 4e0]})"),
                                      2, 2);
    REQUIRE(read.has_value());
    CHECK((*read)[0][0] == doctest::Approx(0.6));
    CHECK((*read)[0][1] == doctest::Approx(0.8));
    CHECK((*read)[1] == Vector{0, -1});
}

TEST_CASE("without indexes they come as they stand; members may come in any order") {
    const auto read = read_embeddings(R"({"data":[{"embedding":[1]},{"embedding":[-1]}],"object":"list"})", 2, 0);
    REQUIRE(read.has_value());
    CHECK((*read)[1] == Vector{-1});
}

TEST_CASE("what is not an answer to the request is refused") {
    CHECK(says(problem_with("nonsense"), "JSON"));
    CHECK(says(problem_with("{}"), "data"));
    CHECK(says(problem_with(R"({"data":{}})"), "data"));
    CHECK(says(problem_with(body_of("")), "0 vectors, not 1"));
    CHECK(says(problem_with(body_of("7")), "embedding"));
    CHECK(says(problem_with(body_of(R"({"embedding":"AAAA"})")), "embedding"));
    CHECK(says(problem_with(body_of(R"({"embedding":[1,2]},{"embedding":[1,2]})")), "more than 1"));
    CHECK(says(problem_with(body_of(R"({"index":1,"embedding":[1,2]})")), "index"));
    CHECK(says(problem_with(body_of(R"({"index":-1,"embedding":[1,2]})")), "index"));
    CHECK(says(problem_with(body_of(R"({"index":"0","embedding":[1,2]})")), "index"));
    CHECK(says(problem_with(body_of(R"({"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]})"), 2), "twice"));
    CHECK(says(problem_with(body_of(R"({"embedding":[1]})")), "1 dimensions, not 2"));
    CHECK(says(problem_with(body_of(R"({"embedding":[1,2,3]})")), "3 dimensions, not 2"));
    CHECK(says(problem_with(body_of(R"({"embedding":[1]},{"embedding":[1,2]})"), 2, 0), "2 dimensions, not 1"));
    CHECK(says(problem_with(body_of(R"({"embedding":[0,0.0]})")), "zeros"));
    CHECK(says(problem_with(body_of(R"({"embedding":[1e99,1]})")), "number"));
    CHECK(says(problem_with(body_of(R"({"embedding":[null,1]})")), "number"));
    CHECK(says(problem_with(body_of(R"({"embedding":["1",1]})")), "number"));
    CHECK(says(problem_with(body_of(R"({"embedding":[[1],1]})")), "number"));
    CHECK(problem_with(body_of(R"({"embedding":[1e-99,1]})")) == "none");
}

TEST_CASE("more dimensions than there may be") {
    std::string numbers = "1";
    for (std::size_t i = 0; i < kDimensionsMost; ++i) numbers += ",1";
    CHECK(says(problem_with(body_of("{\"embedding\":[" + numbers + "]}"), 1, 0), "more than 4096"));
}
