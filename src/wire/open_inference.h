// The parts of the Open Inference Protocol, version 2 (KServe's), over HTTP that Weir reads: paths, ids, and which
// requests are answered by what they say. Tensors are wire/tensors.h.
// Thread rule: pure functions. Limits: those of json/scan.h; a version has at most kMaxVersionBytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "wire/field_key.h"

namespace weir::wire {

constexpr std::size_t kMaxVersionBytes = 64;

struct OpenInferencePath {
    std::string_view model;
    std::string_view rest;     // behind the model: "/infer", "/ready", "/versions/2/infer", ""
    std::string_view version;  // of `rest`; empty: none
    std::string_view action;   // of `rest`, behind the version: "/infer", ""
};
// Of "/v2/models/MODEL..."; nothing for other paths. A version that is none (1 to 64 of a-z A-Z 0-9 - _ ., the first no
// dot) stays in `action`.
std::optional<OpenInferencePath> open_inference_path(std::string_view path);

// Whether the answer depends on what the request says alone: not on memory that it shares with the server, nor on the
// requests of a sequence before it. `head` was checked by json::members().
bool says_it_all(std::string_view head);

// What such a request is known by: field_digest() of its tensors' contents too, and always of which outputs it wants in
// which form. `tensors`: wire/tensors.h. Errors: field_digest()'s.
Result<Digest256> request_digest(std::string_view head, std::string_view tensors, const FieldRules& rules);

// The answer with the request's `id`, which an answer repeats: put in, changed or taken out. Both are objects that were
// checked by json::members().
std::string with_id_of(std::string_view answer, std::string_view request);

}  // namespace weir::wire
