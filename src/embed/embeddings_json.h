// What is said to and heard from an OpenAI-compatible /v1/embeddings endpoint.
// Thread rule: pure functions. Limits: json/scan.h's; dimensions up to kDimensionsMost.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "embed/int8_vector.h"

namespace weir::embed {

// {"model":...,"input":[...],"encoding_format":"float"}
std::string embeddings_request(std::string_view model, std::span<const std::string_view> texts);

// The vectors in the order of the request, each of length 1. `dimensions` 0: whatever the first one has.
// Error protocol says what is wrong: no JSON, other than `count` vectors, an index twice, other dimensions, a number
// that is not finite, a vector of zeros.
Result<std::vector<Vector>> read_embeddings(std::string_view body, std::size_t count, std::size_t dimensions);

}  // namespace weir::embed
