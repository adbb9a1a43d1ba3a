#include "wire/embeddings.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <numeric>

#include "json/random_json.h"

using namespace weir;
using namespace weir::wire;

namespace {

EmbeddingsRequest parsed(std::string_view body) {
    std::string param;
    Result<EmbeddingsRequest> request = parse_embeddings_request(body, param);
    REQUIRE_MESSAGE(request.has_value(), (request ? "" : request.error().message));
    return std::move(*request);
}

std::string refused_for(std::string_view body) {
    std::string param;
    const Result<EmbeddingsRequest> request = parse_embeddings_request(body, param);
    REQUIRE_FALSE(request.has_value());
    CHECK(request.error().code == ErrorCode::invalid);
    CHECK_FALSE(request.error().message.empty());
    return param;
}

std::vector<std::string> items_of(std::string_view body) {
    const EmbeddingsRequest request = parsed(body);
    std::vector<std::string> items;
    for (std::size_t i = 0; i < request.items.size(); ++i) items.emplace_back(request.item(i));
    return items;
}

Digest256 key_of(std::string_view body, std::size_t item = 0) {
    const EmbeddingsRequest request = parsed(body);
    return item_digest(request, canonical_digest(request), item);
}

std::string with_input(std::string_view input) {
    return R"({"model":"m","input":)" + std::string(input) + "}";
}

std::string problem_of(std::string_view body, std::size_t items) {
    const Result<EmbeddingsAnswer> answer = read_embeddings_answer(body, items);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::protocol);
    return answer.error().message;
}

std::string with_data(std::string_view data) {
    return R"({"object":"list","data":[)" + std::string(data) + "]}";
}

}  // namespace

TEST_CASE("the four forms of input are items, spelled as they came") {
    using Items = std::vector<std::string>;
    CHECK(items_of(with_input(R"("a\u00e9")")) == Items{R"("a\u00e9")"});
    CHECK(items_of(with_input(R"([ "a" , "" ])")) == Items{R"("a")", R"("")"});
    CHECK(items_of(with_input("[1, 2]")) == Items{"[1, 2]"});
    CHECK(items_of(with_input("[[1, 2],[] ,[3]]")) == Items{"[1, 2]", "[]", "[3]"});
}

TEST_CASE("what is refused, and for which member") {
    CHECK(refused_for("[]").empty());
    CHECK(refused_for(R"({"model":"m","input":"a"} x)").empty());
    CHECK(refused_for(R"({"input":"a"})") == "model");
    CHECK(refused_for(R"({"model":["m"],"input":"a"})") == "model");
    CHECK(refused_for(R"({"model":"a","mod\u0065l":"b","input":"a"})") == "model");
    CHECK(refused_for(R"({"model":")" + std::string(257, 'm') + R"(","input":"a"})") == "model");
    for (const char* input :
         {"null",       "1",       "true",       "{}",     "[]",         "[ ]",        "[null]",       "[true]",
          "[{}]",       "[1.0]",   "[1e2]",      "[-1]",   R"(["a",1])", R"([1,"a"])", R"(["a",[1]])", R"([[1],"a"])",
          R"([["a"]])", "[[[1]]]", "[[1],[-1]]", "[[1],2]"}) {
        CAPTURE(input);
        CHECK(refused_for(with_input(input)) == "input");
    }
}

TEST_CASE("the limits: items a request, bytes an item") {
    std::string list = "[";
    for (std::size_t i = 0; i < kMaxEmbeddingItems; ++i) list += R"("a",)";
    list.back() = ']';
    CHECK(parsed(with_input(list)).items.size() == kMaxEmbeddingItems);
    list.back() = ',';
    CHECK(refused_for(with_input(list + R"("a"])")) == "input");

    const std::string longest = '"' + std::string(kMaxEmbeddingItemBytes - 2, 'x') + '"';
    CHECK(parsed(with_input(longest)).items.size() == 1);
    CHECK(refused_for(with_input('"' + std::string(kMaxEmbeddingItemBytes - 1, 'x') + '"')) == "input");
    CHECK(refused_for(with_input(R"(["a",")" + std::string(kMaxEmbeddingItemBytes - 1, 'x') + R"("])")) == "input");
    // A long array of token ids is one item.
    std::string tokens = "[0";
    for (int i = 0; i < 5000; ++i) tokens += ",99999";
    CHECK(parsed(with_input(tokens + "]")).items.size() == 1);
}

TEST_CASE("an item's key: what it is and how it is asked for, not what stands beside it") {
    const Digest256 key = key_of(R"({"model":"m","input":"a","dimensions":3})");
    CHECK(key_of(R"({ "dimensions" : 3, "input" : ["b", "a"], "user":"u", "model":"m"})", 1) == key);
    CHECK(key_of(R"({"model":"m","input":"b","dimensions":3})") != key);
    CHECK(key_of(R"({"model":"m","input":"a "})") != key_of(R"({"model":"m","input":"a"})"));
    CHECK(key_of(R"({"model":"m","input":"a","dimensions":3.0})") != key);
    CHECK(key_of(R"({"model":"m","input":"a"})") != key);
    CHECK(key_of(R"({"model":"n","input":"a","dimensions":3})") != key);
    CHECK(key_of(R"({"model":"m","input":"a","dimensions":3,"encoding_format":"float"})") != key);
    CHECK(key_of(R"({"model":"m","input":"[1,2]"})") != key_of(R"({"model":"m","input":[1,2]})"));
    CHECK(key_of(R"({"model":"m","input":[1, 2]})") == key_of(R"({"model":"m","input":[[1,2 ]]})"));
    CHECK(key_of(R"({"model":"m","input":[12]})") != key_of(R"({"model":"m","input":[1,2]})"));
}

TEST_CASE("the body for the upstream: the caller's bytes but for the model's name and the items") {
    const EmbeddingsRequest request = parsed(R"( {"input": ["a", "b","\u0063"], "x":1.0, "model" : "m"} )");
    std::string out;
    render_upstream_body(request, "m", {}, out);
    CHECK(out == request.body);
    out.clear();
    const std::vector<std::uint32_t> items = {2, 0};
    render_upstream_body(request, "n\"", items, out);
    CHECK(out == R"( {"input": ["\u0063","a"], "x":1.0, "model" : "n\""} )");
    out.clear();
    const std::vector<std::uint32_t> one = {0};
    render_upstream_body(parsed(R"({"model":"m","input":[1, 2]})"), "m", one, out);
    CHECK(out == R"({"model":"m","input":[[1, 2]]})");
}

TEST_CASE("what a vector is") {
    const auto shape = [](std::string_view raw) { return vector_shape(raw).value_or(VectorShape{}); };
    CHECK(shape("[1]") == VectorShape{false, 1});
    CHECK(shape("[ -1.5e-7 , 2,3\n]") == VectorShape{false, 3});
    CHECK(shape(R"("AAAAgD8=")") == VectorShape{true, 8});
    CHECK(shape(R"("AA\/+")") == VectorShape{true, 4});
    CHECK(shape(R"("AA\u002f+")") == VectorShape{true, 4});
    for (const char* raw :
         {"[]", "[ ]", "null", "{}", "1", "[null]", "[true]", "[[1]]", R"(["a"])", R"("")", R"("A A")", R"("\"")"}) {
        CAPTURE(raw);
        CHECK_FALSE(vector_shape(raw).has_value());
    }
}

TEST_CASE("an answer is taken apart by index") {
    const std::string body = R"({"data": [{"index": 1, "embedding": [0.10, 2e-3]},{"embedding":[3,4],"object":"x",)"
                             R"("index":0}], "model":"m-1", "usage": {"total_tokens": 9, "prompt_tokens": 9}})";
    const Result<EmbeddingsAnswer> answer = read_embeddings_answer(body, 2);
    REQUIRE(answer.has_value());
    CHECK(answer->vectors[0].of(body) == "[3,4]");
    CHECK(answer->vectors[1].of(body) == "[0.10, 2e-3]");
    CHECK(answer->model.of(body) == R"("m-1")");
    CHECK(answer->usage.reported);
    CHECK(answer->usage.input() == 9);
    CHECK(answer->shape == VectorShape{false, 2});
}

TEST_CASE("usage: the total alone is enough; none is none; nonsense is none") {
    const auto tokens = [](std::string_view usage) {
        const std::string body = R"({"data":[{"index":0,"embedding":[1]}],"usage":)" + std::string(usage) + "}";
        const Result<EmbeddingsAnswer> answer = read_embeddings_answer(body, 1);
        REQUIRE(answer.has_value());
        return answer->usage.reported ? answer->usage.input() : -1;
    };
    CHECK(tokens(R"({"total_tokens":7})") == 7);
    CHECK(tokens(R"({"prompt_tokens":6,"total_tokens":7})") == 6);
    CHECK(tokens("null") == -1);
    CHECK(tokens("{}") == -1);
    CHECK(tokens("[]") == -1);
    CHECK(tokens(R"({"total_tokens":-7})") == -1);
    CHECK(tokens(R"({"total_tokens":"7"})") == -1);
}

TEST_CASE("an answer that is not exactly what was asked for is none") {
    CHECK(problem_of("x", 1) != "");
    CHECK(problem_of("{}", 1).find("data") != std::string::npos);
    CHECK(problem_of(R"({"data":{}})", 1).find("data") != std::string::npos);
    const std::string a = R"({"index":0,"embedding":[1]})";
    const std::string b = R"({"index":1,"embedding":[2]})";
    CHECK(read_embeddings_answer(with_data(a + "," + b), 2).has_value());
    CHECK(problem_of(with_data(a), 2).find("only 1 of 2") != std::string::npos);
    CHECK(problem_of(with_data(""), 1).find("only 0 of 1") != std::string::npos);
    CHECK(problem_of(with_data(a + "," + b), 1).find("more") != std::string::npos);
    CHECK(problem_of(with_data(a + "," + a), 2).find("twice") != std::string::npos);
    CHECK(problem_of(with_data(b), 1).find("outside") != std::string::npos);
    CHECK(problem_of(with_data(a + R"(,{"index":1,"embedding":[1,2]})"), 2).find("length") != std::string::npos);
    CHECK(problem_of(with_data(a + R"(,{"index":1,"embedding":"AA=="})"), 2).find("kind") != std::string::npos);
    CHECK(problem_of(with_data(R"({"index":0,"index":0,"embedding":[1]})"), 1).find("same name") != std::string::npos);
    CHECK(problem_of(with_data(R"({"index":1e99,"embedding":[1]})"), 1).find("outside") != std::string::npos);
    CHECK(problem_of(R"({"data":[],"data":[]})", 1).find("twice") != std::string::npos);
    CHECK(problem_of(R"({"data":[{"index":0,"embedding":[1]}],"usage":{},"usage":{}})", 1).find("twice") !=
          std::string::npos);
}

TEST_CASE("answers put together") {
    const std::vector<std::string_view> vectors = {"[1]", "[2.0]"};
    std::string out;
    render_embeddings(vectors, R"("m")", 5, out);
    CHECK(out == R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},)"
                 R"({"object":"embedding","index":1,"embedding":[2.0]}],"model":"m",)"
                 R"("usage":{"prompt_tokens":5,"total_tokens":5}})");
    out.clear();
    render_embeddings(vectors, R"("m")", -1, out);
    CHECK(out.ends_with(R"(],"model":"m"})"));

    const std::string fresh = R"({"id":"e-1","usage":{"total_tokens":2,"x":1,"prompt_tokens":2},"data": [{"index":0,)"
                              R"("embedding":[2.0]}],"created":7})";
    const Result<EmbeddingsAnswer> answer = read_embeddings_answer(fresh, 1);
    REQUIRE(answer.has_value());
    out.clear();
    render_with_vectors(*answer, vectors, 12, out);
    CHECK(out == R"({"id":"e-1","usage":{"total_tokens":12,"x":1,"prompt_tokens":12},"data": [{"object":"embedding",)"
                 R"("index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":[2.0]}],"created":7})");
}

TEST_CASE("the stored form") {
    const StoredEmbedding embedding{R"("a \"model\",\"size\":1")", {false, 3}, "[1, 2,3e-1]"};
    const std::string stored = store_embedding(embedding);
    CHECK(stored == R"({"model":"a \"model\",\"size\":1","size":3,"embedding":[1, 2,3e-1]})");
    const Result<StoredEmbedding> loaded = load_embedding(stored);
    REQUIRE(loaded.has_value());
    CHECK(loaded->model == embedding.model);
    CHECK(loaded->vector == embedding.vector);
    CHECK(loaded->shape == embedding.shape);
    CHECK(load_embedding(store_embedding({R"("m")", {true, 4}, R"("AAA=")"}))->shape == VectorShape{true, 4});
    for (const char* bad : {"", "{}", R"({"model":"m"})", R"({"model":"m","size":3,"embedding":})",
                            R"({"model":"m","size":0,"embedding":[1]})", R"({"model":"m","size":-1,"embedding":[1]})",
                            R"({"model":"m","size":1,"embedding":1})", R"({"model":7,"size":1,"embedding":[1]})",
                            R"({"model":"m","size":1,"embedding":[1])", R"({"model":"m","size":1.5,"embedding":[1]})",
                            R"({"id":"chatcmpl-1","choices":[]})"}) {
        CAPTURE(bad);
        CHECK_FALSE(load_embedding(bad).has_value());
    }
}

TEST_CASE("every part of a split is its due, rounded down or up, and the parts add up exactly") {
    using Parts = std::vector<std::int64_t>;
    CHECK(split_in_proportion(10, Parts{1, 1, 1}) == Parts{3, 4, 3});
    CHECK(split_in_proportion(7, Parts{0, 0}) == Parts{7, 0});
    CHECK(split_in_proportion(7, Parts{}).empty());
    CHECK(split_in_proportion(1'000'000'000'000, Parts{1 << 30, 1 << 30}) == Parts{500'000'000'000, 500'000'000'000});
    rc::check([] {
        const auto total = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
        const auto weights =
            *rc::gen::nonEmpty(rc::gen::container<Parts>(rc::gen::inRange<std::int64_t>(0, 1'000'000'000)));
        const Parts parts = split_in_proportion(total, weights);
        RC_ASSERT(parts.size() == weights.size());
        RC_ASSERT(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}) == total);
        const auto sum = static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::int64_t{0}));
        for (std::size_t i = 0; i < parts.size(); ++i) {
            RC_ASSERT(parts[i] >= 0);
            if (sum == 0) continue;
            const double due = static_cast<double>(total) * static_cast<double>(weights[i]) / sum;
            RC_ASSERT(std::abs(static_cast<double>(parts[i]) - due) < 1.01);
        }
    });
}

TEST_CASE("random batches: any items out of a request, in any order, are asked for and come back") {
    rc::check([](std::uint64_t seed) {
        json::RandomJson random(seed);
        std::vector<std::string> items;
        std::string list = "[";
        for (std::size_t i = 0, count = 1 + random.below(20); i < count; ++i) {
            items.push_back(random.string());
            list += (i == 0 ? "" : ",") + random.space() + items.back() + random.space();
        }
        list += ']';
        const std::string body =
            "{" + random.space() + R"("model":"m","input":)" + list + R"(,"rest":)" + random.value() + "}";
        std::string param;
        const Result<EmbeddingsRequest> request = parse_embeddings_request(body, param);
        RC_ASSERT(request.has_value());
        RC_ASSERT(request->items.size() == items.size());
        std::vector<std::uint32_t> chosen;
        for (std::uint32_t i = 0; i < items.size(); ++i) {
            if (random.below(2) == 0) chosen.push_back(i);
        }
        if (chosen.empty()) chosen.push_back(0);
        std::string out;
        render_upstream_body(*request, "m", chosen, out);
        const Result<EmbeddingsRequest> sent = parse_embeddings_request(out, param);
        RC_ASSERT(sent.has_value());
        RC_ASSERT(sent->items.size() == chosen.size());
        RC_ASSERT(canonical_digest(*sent) == canonical_digest(*request));
        const Digest256 rest = canonical_digest(*sent);
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            RC_ASSERT(sent->item(i) == items[chosen[i]]);
            RC_ASSERT(item_digest(*sent, rest, i) == item_digest(*request, rest, chosen[i]));
        }
    });
}
