// The parts of the Open Inference Protocol, version 2 (KServe's), over HTTP that Weir reads.
// Thread rule: pure functions. Limits: those of json/scan.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::wire {

// Says how long the JSON part of a body is which binary tensors follow.
inline constexpr std::string_view kBinaryHeader = "inference-header-content-length";

struct OpenInferencePath {
    std::string_view model;
    std::string_view rest;  // behind the model: "/infer", "/ready", "/versions/2/infer", ""
};
// Of "/v2/models/MODEL..."; nothing for other paths.
std::optional<OpenInferencePath> open_inference_path(std::string_view path);

// Whether the request, an object checked by json::members(), asks for binary tensors in its answer.
bool asks_for_binary(std::string_view body);

// The answer with the request's `id`, which an answer repeats: put in, changed or taken out. Both are objects that were
// checked by json::members().
std::string with_id_of(std::string_view answer, std::string_view request);

}  // namespace weir::wire
