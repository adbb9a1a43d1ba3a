// Embeddings requests, answers and stored forms of arbitrary bytes: no crash, and what is accepted keeps its meaning
// when it is taken apart and put together again.
#include <cstdint>
#include <cstdlib>

#include "wire/embeddings.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

void check_request(std::string_view body) {
    std::string param;
    const Result<EmbeddingsRequest> request = parse_embeddings_request(body, param);
    if (!request) {
        require(request.error().code == ErrorCode::invalid && !request.error().message.empty());
        return;
    }
    require(!request->items.empty() && request->items.size() <= kMaxEmbeddingItems);
    const Digest256 rest = canonical_digest(*request);
    std::vector<std::uint32_t> places;
    for (std::size_t i = request->items.size(); i > 0; i -= (i + 1) / 2) {
        places.push_back(static_cast<std::uint32_t>(i - 1));
    }
    std::string out;
    render_upstream_body(*request, request->model, places, out);
    const Result<EmbeddingsRequest> sent = parse_embeddings_request(out, param);
    require(sent && sent->items.size() == places.size() && canonical_digest(*sent) == rest);
    for (std::size_t i = 0; i < places.size(); ++i) {
        require(sent->item(i) == request->item(places[i]));
        require(item_digest(*sent, rest, i) == item_digest(*request, rest, places[i]));
    }
}

void check_answer(std::string_view body) {
    for (const std::size_t items : {1, 2, 3}) {
        const Result<EmbeddingsAnswer> answer = read_embeddings_answer(body, items);
        if (!answer) {
            require(answer.error().code == ErrorCode::protocol && !answer.error().message.empty());
            continue;
        }
        std::vector<std::string_view> vectors;
        for (const json::Span vector : answer->vectors) {
            vectors.push_back(vector.of(body));
            require(vector_shape(vectors.back()) && *vector_shape(vectors.back()) == answer->shape);
            const std::string stored = store_embedding({R"("m")", answer->shape, vectors.back()});
            const Result<StoredEmbedding> loaded = load_embedding(stored);
            require(loaded && loaded->vector == vectors.back() && loaded->shape == answer->shape);
        }
        std::string whole;
        render_with_vectors(*answer, vectors, 7, whole);
        const Result<EmbeddingsAnswer> again = read_embeddings_answer(whole, items);
        require(again.has_value());
        for (std::size_t i = 0; i < items; ++i) require(again->vectors[i].of(whole) == vectors[i]);
        whole.clear();
        render_embeddings(vectors, answer->model.empty() ? R"("m")" : answer->model.of(body), 7, whole);
        require(read_embeddings_answer(whole, items).has_value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<char> exact;
    exact.reserve(size == 0 ? 1 : size);
    exact.assign(data, data + size);
    const std::string_view bytes(exact.data(), exact.size());
    check_request(bytes);
    check_answer(bytes);
    (void)load_embedding(bytes);
    return 0;
}
