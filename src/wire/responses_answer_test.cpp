#include "json/random_json.h"
#include "wire/chat_answer.h"
#include "wire/responses_testing.h"

namespace weir::wire::responses {

TEST_CASE("responses answer: a body, whole") {
    CHECK(
        body_of(chat_body(R"("content":"Hel\u00e9lo","refusal":null)")) ==
        R"({"id":"resp_abc","object":"response","created_at":1720000000,"status":"completed","error":null,)"
        R"("incomplete_details":null,"model":"gpt-x","output":[{"id":"msg_abc","type":"message","status":"completed",)"
        R"("content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hel\u00e9lo"}],)"
        R"("role":"assistant"}],"service_tier":null,"usage":{"input_tokens":10,"input_tokens_details":)"
        R"({"cache_write_tokens":0,"cached_tokens":4},"output_tokens":5,"output_tokens_details":)"
        R"({"reasoning_tokens":2},"total_tokens":15},"store":false})");
}

TEST_CASE("responses answer: items of a body") {
    CHECK(
        output_of(body_of(chat_body(
            R"("content":"Hm.","reasoning_content":"I think","tool_calls":[{"id":"call_1","type":"function",)"
            R"("function":{"name":"f","arguments":"{\"a\":1.0}"}},{"type":"custom","custom":{"name":"sh","input":"ls"}}])",
            "tool_calls"))) ==
        R"([{"id":"rs_abc","type":"reasoning","status":"completed","summary":[],"content":[)"
        R"({"type":"reasoning_text","text":"I think"}]},)"
        R"({"id":"msg_abc","type":"message","status":"completed","content":[)"
        R"({"type":"output_text","annotations":[],"logprobs":[],"text":"Hm."}],"role":"assistant"},)"
        R"({"id":"fc_abc","type":"function_call","status":"completed","arguments":"{\"a\":1.0}","call_id":"call_1",)"
        R"("name":"f"},)"
        R"({"id":"ctc_abc_1","type":"custom_tool_call","status":"completed","input":"ls","call_id":"call_abc_1",)"
        R"("name":"sh"}])");
    CHECK(output_of(body_of(chat_body(R"("content":null,"refusal":"No.")"))) ==
          R"([{"id":"msg_abc","type":"message","status":"completed","content":[{"type":"refusal","refusal":"No."}],)"
          R"("role":"assistant"}])");
    // Nothing at all is an empty text.
    CHECK(output_of(body_of(chat_body(R"("content":null)"))).find(R"("text":"")") != std::string::npos);
    CHECK(output_of(body_of(chat_body(R"("content":"a","annotations":[{"type":"url_citation","url_citation":)"
                                      R"({"url":"u","title":"t","start_index":0,"end_index":1}}])")))
              .find(R"("annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":1}])") !=
          std::string::npos);
    CHECK(output_of(body_of(chat_body(R"("content":"a")", "stop",
                                      R"(,"logprobs":{"content":[{"token":"a","logprob":-0.10,"bytes":[97],)"
                                      R"("top_logprobs":[]}],"refusal":null})")))
              .find(R"("logprobs":[{"token":"a","logprob":-0.10,"bytes":[97],"top_logprobs":[]}])") !=
          std::string::npos);
}

TEST_CASE("responses answer: what ends it") {
    const auto has = [](std::string_view body, std::string_view part) {
        CHECK_MESSAGE(body.find(part) != std::string_view::npos, body);
    };
    const std::string cut = body_of(chat_body(R"("content":"a")", "length"));
    has(cut, R"("status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"})");
    has(output_of(cut), R"("status":"incomplete")");
    has(body_of(chat_body(R"("content":"a")", "content_filter")),
        R"("incomplete_details":{"reason":"content_filter"})");
    std::string out;
    const Echo echo = echo_of_answer();
    const Result<void> unfinished = responses_dialect().body_from_chat(
        R"({"choices":[{"message":{"content":"a"},"finish_reason":null}]})", echo, out);
    REQUIRE_FALSE(unfinished);
    CHECK(unfinished.error().code == ErrorCode::protocol);
    // Without an id and a time, those of the request.
    out.clear();
    REQUIRE(responses_dialect().body_from_chat(R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})",
                                               echo, out));
    has(out, R"({"id":"resp_00000000000000ab","object":"response","created_at":77,)");
    has(out, R"("usage":null)");
}

TEST_CASE("responses: an answer is the same response as a body, as a replayed stream and as a live one") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        json::RandomJson random(seed, false);
        const auto maybe = [&](const std::string& member) {
            return random.below(2) == 0 ? "," + member : std::string();
        };
        std::string message = R"("content":)" + (random.below(4) == 0 ? "null" : random.string());
        message += maybe(R"("refusal":)" + random.string()) + maybe(R"("reasoning_content":)" + random.string());
        if (random.below(2) == 0) {
            message += R"(,"tool_calls":[)";
            for (std::size_t i = 0, calls = 1 + random.below(3); i < calls; ++i) {
                message += std::string(i > 0 ? "," : "") + R"({"id":"call_)" + std::to_string(i) +
                           R"(","type":"function","function":{"name":"f","arguments":)" + random.string() + "}}";
            }
            message += ']';
        }
        const std::string chat = chat_body(message, random.below(4) == 0 ? "length" : "stop");
        CAPTURE(chat);
        const Echo echo = echo_of_answer();
        std::string stream;
        REQUIRE(body_to_dialect_stream(responses_dialect(), chat, echo, stream));
        const Client client(stream);
        CHECK(client.response == body_of(chat));
        CHECK(output_of(client.response) == '[' + client.output + ']');
        std::string events;
        REQUIRE(body_to_stream(chat, true, events));
        CHECK(translate(events, 1 + random.below(50)).out == stream);
    }
}

}  // namespace weir::wire::responses
