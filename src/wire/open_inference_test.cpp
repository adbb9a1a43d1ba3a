#include "wire/open_inference.h"

#include <doctest/doctest.h>

#include "wire/tensors.h"

namespace weir::wire {
namespace {

TEST_CASE("paths of the Open Inference Protocol, with versions or without") {
    CHECK(open_inference_path("/v2/models/m/infer")->action == "/infer");
    CHECK(open_inference_path("/v2/models/m")->model == "m");
    CHECK(open_inference_path("/v2/models/m")->action.empty());
    CHECK_FALSE(open_inference_path("/v2/models/"));
    CHECK_FALSE(open_inference_path("/v2/repository/index"));
    const auto versioned = open_inference_path("/v2/models/m/versions/2.1/infer");
    REQUIRE(versioned);
    CHECK(versioned->rest == "/versions/2.1/infer");
    CHECK(versioned->version == "2.1");
    CHECK(versioned->action == "/infer");
    CHECK(open_inference_path("/v2/models/m/versions/2")->action.empty());
    for (const std::string_view odd :
         {"/versions/", "/versions//infer", "/versions/%2e/infer", "/versions/../infer", "/versions"}) {
        CHECK(open_inference_path("/v2/models/m" + std::string(odd))->action == odd);
    }
    CHECK(open_inference_path("/v2/models/m/versions/" + std::string(65, '1'))->version.empty());
}

TEST_CASE("an answer carries the id of who asks") {
    CHECK(with_id_of(R"({"id":"a","x":1})", R"({"id":"b"})") == R"({"id":"b","x":1})");
    CHECK(with_id_of(R"({"id":"a","x":1})", "{}") == R"({"x":1})");
    CHECK(with_id_of(R"({"x":1})", R"({"id":"b"})") == R"({"x":1,"id":"b"})");
}

TEST_CASE("requests whose answer depends on more than they say are not for Weir") {
    CHECK(says_it_all(R"({"inputs":[{"name":"x","data":[1]}],"parameters":{"sequence_id":0}})"));
    CHECK_FALSE(says_it_all(R"({"inputs":[],"parameters":{"sequence_id":7}})"));
    CHECK_FALSE(says_it_all(R"({"inputs":[],"parameters":{"sequence_id":"s"}})"));
    CHECK_FALSE(says_it_all(R"({"inputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]})"));
    CHECK_FALSE(says_it_all(R"({"inputs":[],"outputs":[{"name":"y","parameters":{"shared_memory_region":"r"}}]})"));
    CHECK_FALSE(says_it_all(R"({"parameters":{},"inputs":[],"parameters":{"sequence_id":7}})"));
    CHECK_FALSE(says_it_all(R"({"inputs":[{"parameters":{"a":1,"\u0061":2}}]})"));
}

TEST_CASE("a key holds the tensors' bytes, and which outputs are wanted in which form") {
    const std::string head =
        R"({"id":"1","inputs":[{"name":"x","datatype":"UINT8","parameters":{"binary_data_size":2}}]})";
    const FieldRules all{{}, {*json::Path::parse("/id")}};
    const FieldRules data{{*json::Path::parse("/inputs/*/data")}, {}};
    const FieldRules inputs{{*json::Path::parse("/inputs")}, {}};
    for (const FieldRules& rules : {all, data, inputs}) {
        const auto one = request_digest(head, "ab", rules);
        REQUIRE(one);
        CHECK(*one == *request_digest(head, "ab", rules));
        CHECK(*one != *request_digest(head, "ac", rules));
        CHECK_FALSE(request_digest(head, "abc", rules));
        std::string binary_out = head;
        binary_out.insert(1, R"("parameters":{"binary_data_output":true},)");
        CHECK(*one != *request_digest(binary_out, "ab", rules));
        std::string one_output = head;
        one_output.insert(1, R"("outputs":[{"name":"y"}],)");
        CHECK(*one != *request_digest(one_output, "ab", rules));
    }
    const auto json = request_digest(R"({"inputs":[{"name":"x","data":[1]}]})", {}, data);
    REQUIRE(json);
    CHECK_FALSE(request_digest(R"({"inputs":[{"name":"x"}]})", {}, data));
    // Outputs that have no clear key are not the same as none.
    CHECK_FALSE(
        request_digest(R"({"inputs":[{"name":"x","data":[1]}],"outputs":[{"name":"A","x":{"a":1,"a":2}}]})", {}, data));
}

}  // namespace
}  // namespace weir::wire
