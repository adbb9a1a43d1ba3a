// Whether an answer has the form that its request demands by `response_format`: a JSON object, or JSON that a schema
// describes. By structure alone: types, required members, enum and const, items, members that may not be there; $ref
// within the schema, anyOf, oneOf and allOf. What else a schema can say (patterns, lengths, ranges) is not looked at.
// Thread rule: pure functions. Limits: kMostFormBytes of schema and of answer, kMostFormWork bytes looked through in
// all (a look-up of a member takes its object's), kMostNesting deep; beyond that an answer passes.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::wire {

inline constexpr std::size_t kMostFormBytes = std::size_t{1} << 20U;
inline constexpr std::size_t kMostFormWork = std::size_t{4} << 20U;  // a few milliseconds
inline constexpr std::size_t kMostNesting = 64;

// `response_format`: the raw value as it stands in a request that was parsed; empty, null or {"type":"text"} demand
// nothing. `answer`: the answer's text. {"type":"json_object"} may carry a `schema` (as llama-server and vLLM take it).
bool has_demanded_form(std::string_view response_format, std::string_view answer);

}  // namespace weir::wire
