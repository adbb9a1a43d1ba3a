// Binary tensors of the Open Inference Protocol: a body is a JSON object, its head, and behind it the bytes of those
// tensors whose `parameters` name a `binary_data_size`, in order; the header kBinaryHeader says how long the head is.
// Official clients send and want tensors so unless they are told otherwise.
// Kept form: how such a body stands in a cache, or waits to be compared: "T", the head's length as 8 hex digits, then
// head and tensors as they came. What is JSON alone is kept as it is.
// Thread rule: pure functions. Limits: kMaxTensors; what json/scan.h has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/span.h"

namespace weir::wire {

inline constexpr std::string_view kBinaryHeader = "inference-header-content-length";
constexpr std::size_t kMaxTensors = 1024;

struct TensorBody {
    std::string_view head;     // JSON
    std::string_view tensors;  // empty where all is JSON
    bool binary = false;       // the header was there
};
// `header`: the value of kBinaryHeader, where it was sent. Nothing: it is no length within the body.
std::optional<TensorBody> split_tensors(std::string_view body, std::optional<std::string_view> header);

// The object that a head is, without white space around it. The head was checked by json::members().
json::Span whole_of(std::string_view head);

// A tensor with its bytes.
struct Tensor {
    json::Span object;  // in the head
    std::string_view datatype;
    std::string_view bytes;
};
// The tensors of the head's array `list` ("inputs" or "outputs") whose bytes stand behind it, in order. The head was
// checked by json::members(). Nothing: what is there is not what it says, or more than kMaxTensors.
std::optional<std::vector<Tensor>> binary_tensors(const TensorBody& body, std::string_view list);

std::string kept_form(std::string body, std::size_t head_bytes);  // head_bytes 0: all of it is JSON
TensorBody read_kept(std::string_view kept);                      // views of it

// An answer as JSON alone: tensors as `data`, numbers as short as they can be read back, what is no number (NaN,
// infinities) and texts as strings, bytes that are no UTF-8 as "\u0000hex:" and their digits. Nothing: the head is no
// object, its tensors are not what it says, or it has more than `most_bytes`.
std::optional<std::string> answer_as_json(std::string_view kept, std::size_t most_bytes);

// The head with a digest of each tensor's bytes as its `data`: what a key may be made of. Nothing: as binary_tensors().
std::optional<std::string> with_tensor_digests(const TensorBody& body);

}  // namespace weir::wire
