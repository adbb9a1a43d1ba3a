// POST /v1/embeddings in OpenAI's form: what Weir reads of a request and an answer, each taken apart into its items and
// put together again. Items and vectors are the caller's and the provider's own bytes.
// Thread rule: pure functions; views live as long as the body.
// Limits: kMaxEmbeddingItems items a request, kMaxEmbeddingItemBytes each; 256 members an object.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "json/scan.h"
#include "wire/usage.h"

namespace weir::wire {

constexpr std::size_t kMaxEmbeddingItems = 2048;           // OpenAI's own limit
constexpr std::size_t kMaxEmbeddingItemBytes = 4u << 20;   // as spelled
constexpr std::size_t kMaxEmbeddingModelBytes = 1u << 10;  // the model's name in an answer, as spelled

struct EmbeddingsRequest {
    std::string_view body;  // the caller's bytes
    std::vector<json::Member> members;
    std::string model;
    json::Span model_value;
    json::Span input_value;
    // What is to be embedded, in order: the elements of a list of strings or of token arrays; a lone string or a lone
    // array of token ids is one item. Never empty.
    std::vector<json::Span> items;

    std::string_view item(std::size_t index) const { return items[index].of(body); }
};

// Error invalid: says what is wrong; `error_param` names the member (empty: the body as a whole). Refused: no or two
// `model` or `input`; an input that is none of string, array of strings, array of token ids, array of arrays of token
// ids; an empty list; more than the limits. An empty string or empty token array is the provider's to judge.
Result<EmbeddingsRequest> parse_embeddings_request(std::string_view body, std::string& error_param);

// What goes into the keys of all the request's items: every member but `input` and `user`.
Digest256 canonical_digest(const EmbeddingsRequest& request);
// What goes into one item's key: that, and the item's spelling (without white space between token ids). `rest` is
// canonical_digest of the request.
Digest256 item_digest(const EmbeddingsRequest& request, const Digest256& rest, std::size_t item);

// Appends the request with another model's name and (where `items` are named) a list of those items as its input.
void render_upstream_body(const EmbeddingsRequest& request, std::string_view model,
                          std::span<const std::uint32_t> items, std::string& out);

// What kind of vector a value is: answers that go together have the same.
struct VectorShape {
    bool base64 = false;
    std::size_t size = 0;  // numbers, or characters of base64
    friend bool operator==(const VectorShape&, const VectorShape&) = default;
};
// Error protocol: `raw` (checked JSON) is neither a non-empty array of numbers nor a non-empty string of base64.
Result<VectorShape> vector_shape(std::string_view raw);

struct EmbeddingsAnswer {
    std::string_view body;
    json::Span data;                  // the value of `data`
    json::Span model;                 // of `model`; empty: there is none
    std::vector<json::Span> vectors;  // the values of `embedding`, by index
    VectorShape shape;                // of every one of them
    Usage usage;                      // reported = false where the body has none
    json::Span prompt_tokens;         // values inside `usage`; empty: there is none
    json::Span total_tokens;
};

// Reads a complete body that answers `items` items. Error protocol where it is not exactly that: no JSON object, a
// `data` or a `usage` twice, not every index from 0 to items - 1 once, a vector that is none, vectors of different
// shape.
Result<EmbeddingsAnswer> read_embeddings_answer(std::string_view body, std::size_t items);

// Appends `answer` with `vectors` in place of its data and, where it reports them, `tokens` as its token counts.
void render_with_vectors(const EmbeddingsAnswer& answer, std::span<const std::string_view> vectors, Tokens tokens,
                         std::string& out);
// Appends an answer made of known vectors alone. `model`: raw JSON as the provider spelled it. `tokens` < 0: no usage.
void render_embeddings(std::span<const std::string_view> vectors, std::string_view model, Tokens tokens,
                       std::string& out);

// One item's answer as the cache keeps it (docs/formats.md): the provider's own bytes of model and embedding, and how
// long the vector is, so that it need not be read again.
struct StoredEmbedding {
    std::string_view model;  // a raw JSON string
    VectorShape shape;
    std::string_view vector;  // raw JSON
};
std::string store_embedding(const StoredEmbedding& embedding);
// Error invalid: not in that form. The vector itself is not looked through.
Result<StoredEmbedding> load_embedding(std::string_view stored);

// `total` parted in proportion to `weights` (none of them negative): each part is within one of its due, and they add
// up exactly. All weights zero: everything goes to the first.
std::vector<std::int64_t> split_in_proportion(std::int64_t total, std::span<const std::int64_t> weights);

}  // namespace weir::wire
