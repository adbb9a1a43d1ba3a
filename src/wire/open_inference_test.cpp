#include "wire/open_inference.h"

#include <doctest/doctest.h>

namespace weir::wire {

TEST_CASE("paths, binary tensors and ids of the Open Inference Protocol") {
    CHECK(open_inference_path("/v2/models/m/infer")->rest == "/infer");
    CHECK(open_inference_path("/v2/models/m")->model == "m");
    CHECK_FALSE(open_inference_path("/v2/models/"));
    CHECK(asks_for_binary(R"({"parameters":{"binary_data_output":true}})"));
    CHECK(asks_for_binary(R"({"outputs":[{"name":"y","parameters":{"binary_data":true}}]})"));
    CHECK_FALSE(asks_for_binary(R"({"outputs":[{"name":"y","parameters":{"binary_data":false}}]})"));
    CHECK(with_id_of(R"({"id":"a","x":1})", R"({"id":"b"})") == R"({"id":"b","x":1})");
    CHECK(with_id_of(R"({"id":"a","x":1})", "{}") == R"({"x":1})");
    CHECK(with_id_of(R"({"x":1})", R"({"id":"b"})") == R"({"x":1,"id":"b"})");
}

}  // namespace weir::wire
