#include "wire/gemini_testing.h"
#include "wire/gemini_traces_testing.h"

using namespace weir;
using namespace weir::wire;
using namespace weir::wire::testing;

namespace {

std::string body_of_trace(std::string_view name) {
    for (const GeminiTrace& trace : gemini_traces()) {
        if (trace.name == name) return chat_of(trace.body);
    }
    return "";
}
std::string refusal_of(std::string_view body) {
    std::string out = "x";
    const Result<void> done = gemini_form().body_to_chat(body, gemini_exchange(), out);
    REQUIRE(!done);
    CHECK((done.error().code == ErrorCode::protocol || done.error().code == ErrorCode::too_large));
    CHECK(out == "x");
    return done.error().message;
}
}  // namespace

TEST_CASE("a text is a chat completion") {
    CHECK(
        body_of_trace("text") ==
        "{\"id\":\"chatcmpl-Ab_c-1\",\"object\":\"chat.completion\",\"created\":77,\"model\":\"gemini-2.5-flash-002\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
        "\"The caf\\u00e9 is\\n\\u003copen\\u003e \xF0\x9F\x98\x80 until ten.\",\"refusal\":null},"
        "\"logprobs\":null,\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":15,\"total_tokens\":23,"
        "\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0}}}");
}

TEST_CASE("calls have ids, arguments as they are spelled, and signatures") {
    const std::string calls = body_of_trace("parallel calls");
    CHECK(at(calls, "choices.0.message.tool_calls") ==
          R"([{"id":"call_00000000000000ab_0","type":"function","function":{"name":"weather","arguments":)"
          R"("{\"city\": \"Rome\", \"days\": 2.0}"}},)"
          R"({"id":"g-1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Oslo\"}"}},)"
          R"({"id":"call_00000000000000ab_2","type":"function","function":{"name":"now","arguments":"{}"}}])");
    CHECK(at(calls, "choices.0.message.content") == R"("Let me look.")");
    CHECK(at(calls, "choices.0.finish_reason") == R"("tool_calls")");
    const std::string thinking = body_of_trace("thinking with signatures");
    CHECK(
        at(thinking, "choices.0.message") ==
        R"({"role":"assistant","content":"I will look.","refusal":null,"reasoning_content":"**Plan**\nAsk the tool.",)"
        R"("tool_calls":[{"id":"call_00000000000000ab_0","type":"function","extra_content":{"google":)"
        R"({"thought_signature":"CiQB+/=="}},"function":{"name":"f","arguments":"{}"}}],)"
        R"("extra_content":{"google":{"thought_signature":"EjQK"}}})");
    CHECK(at(thinking, "usage.completion_tokens") == "50");
    CHECK(at(thinking, "usage.completion_tokens_details.reasoning_tokens") == "40");
    CHECK(at(thinking, "usage.total_tokens") == "60");
}

TEST_CASE("an answer goes back as it came") {
    for (const GeminiTrace& trace : gemini_traces()) {
        CAPTURE(trace.name);
        const std::string chat = chat_of(trace.body);
        const std::string message = at(chat, "choices.0.message");
        const Said said = said_to_gemini(R"({"model":"m","messages":[{"role":"user","content":"a"},)" + message + "]}");
        CHECK(said.error == "");
        if (trace.name != "thinking with signatures") continue;
        CHECK(at(said.body, "contents.1.parts") ==
              R"([{"text":"I will look.","thoughtSignature":"EjQK"},{"functionCall":)"
              R"({"id":"call_00000000000000ab_0","name":"f","args":{}},"thoughtSignature":"CiQB+/=="}])");
    }
}

TEST_CASE("why it ended") {
    const auto ended = [](std::string_view reason, std::string_view parts = R"({"text": "a"})") {
        const std::string chat = chat_of(gemini_chunk(parts, reason, gemini_usage(1, 1)));
        return at(chat, "choices.0.finish_reason") + at(chat, "choices.0.native_finish_reason") +
               at(chat, "choices.0.message.refusal");
    };
    CHECK(ended("STOP") == R"("stop"null)");
    CHECK(ended("MAX_TOKENS") == R"("length"null)");
    CHECK(ended("MAX_TOKENS", R"({"functionCall": {"name": "f"}})") == R"("length"null)");
    CHECK(ended("") == "nullnull");
    for (const std::string reason : {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
                                     "IMAGE_SAFETY", "OTHER", "SOMETHING_NEW"}) {
        CHECK(ended(reason) == R"("content_filter")" + ('"' + reason + '"') + "null");
        CHECK(ended(reason, "") ==
              R"("content_filter")" + ('"' + reason + '"') + R"("The answer was withheld: )" + reason + '"');
    }
    CHECK(refusal_of(gemini_chunk(R"({"text": "a"})", "MALFORMED_FUNCTION_CALL", gemini_usage(1, 1))) ==
          "the model's answer is broken: MALFORMED_FUNCTION_CALL");
    // Nothing was said, and nothing was withheld.
    CHECK(at(chat_of(gemini_chunk("", "MAX_TOKENS", gemini_usage(1, 0))), "choices.0.message.content") == R"("")");
}

TEST_CASE("a blocked prompt is an answer with a refusal") {
    const std::string chat = body_of_trace("blocked prompt");
    CHECK(at(chat, "choices") ==
          R"([{"index":0,"message":{"role":"assistant","content":null,"refusal":)"
          R"("The prompt was blocked: PROHIBITED_CONTENT"},"logprobs":null,"finish_reason":"content_filter",)"
          R"("native_finish_reason":"PROHIBITED_CONTENT"}])");
    CHECK(at(chat, "usage.prompt_tokens") == "9");
    const Result<ChatAnswer> read = read_chat_answer(chat);
    REQUIRE(read);
    CHECK(read->refused);
    CHECK(!read->whole);
}

TEST_CASE("several candidates, images, code and sources") {
    const std::string chat = chat_of(
        R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"index":1,"content":{"parts":[)"
        R"({"executableCode":{"language":"PYTHON","code":"x = 1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK",)"
        R"("output":"1\n"}},{"text":"One."},{"inlineData":{"mimeType":"image/png","data":"iVBO"},)"
        R"("thoughtSignature":"Im"},{"functionCall":{"name":"f"}}]},"finishReason":"STOP","groundingMetadata":)"
        R"({"webSearchQueries":["x","y"],"groundingChunks":[]}}]})");
    CHECK(at(chat, "id") == R"("chatcmpl-00000000000000ab")");
    CHECK(at(chat, "model") == R"("gemini-2.5-flash")");
    CHECK(at(chat, "choices.0.message.content") == R"("a")");
    CHECK(at(chat, "choices.1.index") == "1");
    CHECK(at(chat, "choices.1.message.content") == R"("\n```python\nx = 1\n```\n\n```\n1\n\n```\nOne.")");
    CHECK(at(chat, "choices.1.message.images") ==
          R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"},)"
          R"("extra_content":{"google":{"thought_signature":"Im"}}}])");
    CHECK(at(chat, "choices.1.message.tool_calls.0.id") == R"("call_00000000000000ab_1_0")");
    CHECK(at(chat, "choices.1.message.extra_content.google.grounding_metadata.webSearchQueries") == R"(["x","y"])");
    CHECK(at(chat, "usage") == "");
}

TEST_CASE("sources are for what they stand at") {
    const std::string answer = gemini_chunk(
        R"({"text": "Caf\u00e9 \ud83d\ude00 open. Closed on Mondays."})", "STOP", gemini_usage(1, 2),
        R"(,"groundingMetadata": {"webSearchQueries": ["a", "b"],"groundingChunks": [{"web": {"uri": "https://a.example/",)"
        R"("title": "A"}},{"web": {"uri": "https://b.example/"}},{"image": {}}],"groundingSupports": [)"
        R"({"segment": {"startIndex": 6,"endIndex": 16,"text": "\ud83d\ude00 open."},"groundingChunkIndices": [0,1,2,9]},)"
        R"({"segment": {"partIndex": 1,"endIndex": 18,"text": "Closed on Mondays."},"groundingChunkIndices": [1]},)"
        R"({"segment": {"endIndex": 5},"groundingChunkIndices": [0]},)"
        R"({"segment": {"startIndex": 5,"endIndex": 900},"groundingChunkIndices": [0]},)"
        R"({"segment": {"text": "nowhere"},"groundingChunkIndices": [0]}]})");
    const std::string chat = chat_of(answer);
    const auto cited = [](std::string_view range, std::string_view title, std::string_view url) {
        return R"({"type":"url_citation","url_citation":{)" + std::string(range) + R"(,"title":")" +
               std::string(title) + R"(","url":"https://)" + std::string(url) + R"(.example/"}})";
    };
    CHECK(at(chat, "choices.0.message.annotations") == '[' + cited(R"("start_index":5,"end_index":12)", "A", "a") +
                                                           ',' + cited(R"("start_index":5,"end_index":12)", "", "b") +
                                                           ',' + cited(R"("start_index":13,"end_index":31)", "", "b") +
                                                           ',' + cited(R"("start_index":0,"end_index":4)", "A", "a") +
                                                           ']');
    CHECK(at(chat, "usage.server_tool_use.web_search_requests") == "1");
    CHECK(at(chat_of(answer, "gemini-3-pro-preview"), "usage.server_tool_use.web_search_requests") == "2");
}

TEST_CASE("log-probabilities") {
    const std::string chat = chat_of(gemini_chunk(
        R"({"text": "ab"})", "STOP", gemini_usage(1, 2),
        R"(,"avgLogprobs": -0.1,"logprobsResult": {"topCandidates": [{"candidates": [{"token": "a","tokenId": 1,)"
        R"("logProbability": -0.20},{"token": "b","logProbability": -2e0}]},{"candidates": []}],"chosenCandidates": [)"
        R"({"token": "a","logProbability": -0.20},{"token": "\"b"}]})"));
    CHECK(at(chat, "choices.0.logprobs") ==
          R"({"content":[{"token":"a","logprob":-0.20,"bytes":null,"top_logprobs":[{"token":"a","logprob":-0.20,)"
          R"("bytes":null},{"token":"b","logprob":-2e0,"bytes":null}]},{"token":"\"b","logprob":0,"bytes":null,)"
          R"("top_logprobs":[]}],"refusal":null})");
    const Result<ChatAnswer> read = read_chat_answer(chat);
    REQUIRE(read);
    CHECK(read->logprobs.tokens == 2);
    CHECK(read->logprobs.margins == 1);
}

TEST_CASE("what is no answer is refused") {
    refusal_of("");
    refusal_of("[]");
    refusal_of("{}");
    refusal_of(R"({"candidates":[]})");
    refusal_of(R"({"candidates":[1]})");
    refusal_of(R"({"candidates":[{"index":-1}]})");
    refusal_of(R"({"candidates":[{"index":1000}]})");
    refusal_of(R"({"promptFeedback":{}})");
    for (const std::string_view part :
         {"1", R"({"text":1})", R"({"text":"a","functionCall":{"name":"f"}})", R"({"functionCall":{}})",
          R"({"functionCall":{"name":"f","args":[]}})", R"({"functionCall":{"name":"f","willContinue":true}})",
          R"({"inlineData":{"mimeType":"audio/wav","data":"AA=="}})", R"({"inlineData":{"mimeType":"image/png"}})",
          R"({"fileData":{"fileUri":"gs://a"}})"}) {
        CAPTURE(part);
        refusal_of(gemini_chunk(part, "STOP", gemini_usage(1, 1)));
    }
}

TEST_CASE("errors in OpenAI's words") {
    const auto told = [](unsigned status, std::string_view body) {
        const ApiError error = gemini_form().error_of(status, body);
        return std::to_string(error.status) + ' ' + error.type + ' ' + error.code + ": " + error.message;
    };
    CHECK(told(429, R"({"error":{"code":429,"message":"Quota exceeded. Please retry in 34s.","status":)"
                    R"("RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo",)"
                    R"("retryDelay":"34s"}]}})") ==
          "429 rate_limit_error rate_limit_exceeded: Quota exceeded. Please retry in 34s.");
    CHECK(told(400, R"([{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}])") ==
          "400 invalid_request_error invalid_argument: Bad");
    CHECK(told(404, R"({"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}})") ==
          "404 invalid_request_error model_not_found: models/x is not found");
    CHECK(told(503, R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})") ==
          "503 server_error unavailable: The model is overloaded.");
    CHECK(told(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[)"
                    R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})") ==
          "502 server_error upstream_auth: The provider refused the gateway's credentials: API key not valid.");
    CHECK(told(502, "<html>Bad gateway</html>") == "502 server_error upstream_error: <html>Bad gateway</html>");
    CHECK(told(429, "slow down") == "429 rate_limit_error upstream_error: slow down");
    CHECK(told(500, R"({"error":"text"})") == "500 server_error upstream_error: text");
    CHECK(told(500, "[]") == "500 server_error upstream_error: []");
}
