#include "wire/gemini_testing.h"

using namespace weir;
using namespace weir::wire;
using namespace weir::wire::testing;

namespace {

std::string with(std::string_view members) {
    return R"({"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Hi"}],)" + std::string(members) + "}";
}
std::string talk(std::string_view messages) {
    return R"({"model":"gemini-2.5-flash","messages":[)" + std::string(messages) + "]}";
}
std::string contents(std::string_view messages, std::string model = "gemini-2.5-flash") {
    const Said said = said_to_gemini(talk(messages), std::move(model));
    CHECK(said.error == "");
    return at(said.body, "contents");
}
std::string config(std::string_view members, std::string model = "gemini-2.5-flash") {
    const Said said = said_to_gemini(with(members), std::move(model));
    CHECK(said.error == "");
    return at(said.body, "generationConfig");
}
// Refused by default; left out and told where the configuration says so.
void check_unsupported(const std::string& chat, std::string_view param) {
    CAPTURE(chat);
    const Said refused = said_to_gemini(chat);
    CHECK(refused.param == param);
    CHECK(refused.error != "");
    const Said dropped = said_to_gemini(chat, "gemini-2.5-flash", true);
    CHECK(dropped.error == "");
    CHECK(dropped.dropped == std::vector<std::string>{std::string(param)});
}
void check_refused(const std::string& chat, std::string_view param) {
    CAPTURE(chat);
    for (const bool drop : {false, true}) {
        const Said said = said_to_gemini(chat, "gemini-2.5-flash", drop);
        CHECK(said.param == param);
        CHECK(said.error != "");
    }
}

}  // namespace

TEST_CASE("the path names the model and what is wanted") {
    const auto path = [](std::string model, bool stream) {
        ProviderExchange exchange = gemini_exchange(std::move(model));
        exchange.stream = stream;
        std::string out = "/v1beta";
        gemini_form().append_path(exchange, out);
        return out;
    };
    CHECK(path("gemini-2.5-flash", false) == "/v1beta/models/gemini-2.5-flash:generateContent");
    CHECK(path("gemini-2.5-flash", true) == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    CHECK(path("models/gemini-2.5-pro", false) == "/v1beta/models/gemini-2.5-pro:generateContent");
    CHECK(path("tunedModels/mine-1", true) == "/v1beta/tunedModels/mine-1:streamGenerateContent?alt=sse");
    CHECK(path("publishers/google/models/gemini-2.5-pro", false) ==
          "/v1beta/publishers/google/models/gemini-2.5-pro:generateContent");
    CHECK(path("a b?c#d%", false) == "/v1beta/models/a%20b%3Fc%23d%25:generateContent");
    CHECK(path("google/gemini", false) == "/v1beta/models/google%2Fgemini:generateContent");
    // Nobody gets out of the models' folder.
    CHECK(path("models/../files", false) == "/v1beta/models/models%2F..%2Ffiles:generateContent");
    CHECK(path("models/x/", false) == "/v1beta/models/models%2Fx%2F:generateContent");
    CHECK(gemini_form().key_header().name == "x-goog-api-key");
    CHECK(gemini_form().key_header().prefix == "");
    CHECK(gemini_form().head_lines() == "");
}

TEST_CASE("a question and nothing else") {
    const Said said = said_to_gemini(
        R"({"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Caf\u00e9?\n"}],"stream":true,)"
        R"("stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b"},"store":true,"n":1,)"
        R"("tools":null,"logit_bias":{},"functions":[],"stop":[],"logprobs":false,"verbosity":"medium"})");
    CHECK(said.body == R"({"contents":[{"role":"user","parts":[{"text":"Caf\u00e9?\n"}]}]})");
}

TEST_CASE("system messages that come first are the system instruction, later ones stay in their place") {
    const Said said = said_to_gemini(talk(
        R"({"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"And kind."}]},)"
        R"({"role":"user","content":"Hi"},{"role":"system","content":"Now in French."},)"
        R"({"role":"assistant","content":"Oui"})"));
    CHECK(at(said.body, "systemInstruction") == R"({"parts":[{"text":"Be brief."},{"text":"And kind."}]})");
    CHECK(at(said.body, "contents") == R"([{"role":"user","parts":[{"text":"Hi"},{"text":"Now in French."}]},)"
                                       R"({"role":"model","parts":[{"text":"Oui"}]}])");
    // Gemini wants contents.
    CHECK(said_to_gemini(talk(R"({"role":"system","content":"Tell a joke."})")).body ==
          R"({"contents":[{"role":"user","parts":[{"text":"Tell a joke."}]}]})");
    check_refused(talk(R"({"role":"assistant","content":null})"), "messages");
    check_refused(talk(R"({"role":"system","content":[{"type":"image_url","image_url":{"url":"gs://a/b.png"}}]})"),
                  "messages.0.content.0");
}

TEST_CASE("messages of the same side are one content") {
    CHECK(contents(R"({"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]},)"
                   R"({"role":"assistant","content":""},{"role":"user","content":"c"},)"
                   R"({"role":"assistant","content":[{"type":"text","text":"d"},{"type":"refusal","refusal":"e"}]},)"
                   R"({"role":"assistant","content":"f","refusal":"g","annotations":[],"audio":null,)"
                   R"("reasoning_content":"left out","thinking_blocks":[{}],"parsed":{"a":1}})") ==
          R"([{"role":"user","parts":[{"text":"a"},{"text":"b"},{"text":"c"}]},)"
          R"({"role":"model","parts":[{"text":"d"},{"text":"e"},{"text":"f"},{"text":"g"}]}])");
}

TEST_CASE("images, audio and files") {
    const auto part = [](std::string_view given) {
        const std::string all = contents(R"({"role":"user","content":[)" + std::string(given) + "]}");
        return at(all, "0.parts.0");
    };
    CHECK(part(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO+/=","detail":"high"}})") ==
          R"({"inlineData":{"mimeType":"image/png","data":"iVBO+/="}})");
    CHECK(part(R"({"type":"image_url","image_url":"data:image\/png;base64,iV\/O"})") ==
          R"({"inlineData":{"mimeType":"image/png","data":"iV/O"}})");
    CHECK(part(R"({"type":"image_url","image_url":{"url":"data:image/svg+xml;charset=utf-8;base64,AA=="}})") ==
          R"({"inlineData":{"mimeType":"image/svg+xml","data":"AA=="}})");
    CHECK(part(R"({"type":"image_url","image_url":{"url":"https://a.example/x/B.JPG?size=1#f"}})") ==
          R"({"fileData":{"mimeType":"image/jpeg","fileUri":"https://a.example/x/B.JPG?size=1#f"}})");
    CHECK(part(R"({"type":"image_url","image_url":{"url":"gs://bucket/film.mp4"}})") ==
          R"({"fileData":{"mimeType":"video/mp4","fileUri":"gs://bucket/film.mp4"}})");
    CHECK(part(R"({"type":"image_url","image_url":{"url":"https://www.youtube.com/watch?v=1"}})") ==
          R"({"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}})");
    CHECK(part(R"({"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}})") ==
          R"({"inlineData":{"mimeType":"audio/wav","data":"UklG"}})");
    CHECK(part(R"({"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}})") ==
          R"({"inlineData":{"mimeType":"application/pdf","data":"JVBE"}})");
    CHECK(part(R"({"type":"file","file":{"filename":"a.pdf","file_data":"JVBE"}})") ==
          R"({"inlineData":{"mimeType":"application/pdf","data":"JVBE"}})");
    CHECK(part(R"({"type":"file","file":{"file_id":"https://generativelanguage.googleapis.com/v1beta/files/abc"}})") ==
          R"({"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}})");

    const auto refused = [](std::string_view given, std::string_view param) {
        check_refused(talk(R"({"role":"user","content":[)" + std::string(given) + "]}"),
                      "messages.0.content.0." + std::string(param));
    };
    refused(R"({"type":"image_url","image_url":{"url":"https://a.example/x"}})", "image_url.url");
    refused(R"({"type":"image_url","image_url":{"url":"ftp://a.example/x.png"}})", "image_url.url");
    refused(R"({"type":"image_url","image_url":{"url":"data:image/png,abc"}})", "image_url.url");
    refused(R"({"type":"image_url","image_url":{"url":"data:;base64,abc"}})", "image_url.url");
    refused(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,a b"}})", "image_url.url");
    refused(R"({"type":"image_url"})", "image_url");
    refused(R"({"type":"input_audio","input_audio":{"data":"UklG"}})", "input_audio.format");
    refused(R"({"type":"file","file":{"file_id":"file-abc"}})", "file.file_id");
    refused(R"({"type":"file","file":{"file_id":"gs://a/b.png","file_data":"AA=="}})", "file");
    refused(R"({"type":"text"})", "text");
    refused(R"({"text":"no type"})", "type");
}

TEST_CASE("parts that there is no word for are refused, members dropped and told where that is wanted") {
    check_refused(talk(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"hologram"}]})"),
                  "messages.0.content.1");
    check_refused(talk(R"({"role":"user","content":[{"type":"text","text":"a"},)"
                       R"({"type":"input_audio","input_audio":{"data":"AA==","format":"pcm16"}}]})"),
                  "messages.0.content.1.input_audio.format");
    check_unsupported(talk(R"({"role":"user","content":"a","name":"Ann"})"), "messages.0.name");
    check_unsupported(talk(R"({"role":"user","content":"a","colour":"red"})"), "messages.0.colour");
    check_refused(talk(R"({"role":"function","name":"f","content":"a"})"), "messages.0.role");
}

TEST_CASE("calls and results keep their bytes, and results find their function") {
    const std::string_view history =
        R"({"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[)"
        R"({"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Caf\u00e9\", \"n\":1.0}"}},)"
        R"({"id":"c2","type":"function","function":{"name":"time","arguments":"","parsed_arguments":{}}}]},)"
        R"({"role":"tool","tool_call_id":"c2","content":"12:00"},)"
        R"({"role":"tool","tool_call_id":"c1","content":"{\"t\":1.50}"},)"
        R"({"role":"user","content":"And?"})";
    const std::string calls =
        "{\"functionCall\":{\"id\":\"c1\",\"name\":\"weather\",\"args\":{\"city\": \"Caf\xC3\xA9\", \"n\":1.0}}";
    const std::string_view more =
        R"({"functionCall":{"id":"c2","name":"time","args":{}}}]},)"
        R"({"role":"user","parts":[{"functionResponse":{"id":"c2","name":"time","response":{"result":"12:00"}}},)"
        R"({"functionResponse":{"id":"c1","name":"weather","response":{"t":1.50}}}]},)"
        R"({"role":"user","parts":[{"text":"And?"}]}])";
    const std::string_view begin = R"([{"role":"user","parts":[{"text":"Weather?"}]},{"role":"model","parts":[)";
    CHECK(contents(history) == std::string(begin) + calls + "}," + std::string(more));
    // Gemini 3 wants a signature with the first call of a turn, whoever made it.
    CHECK(contents(history, "gemini-3-pro-preview") ==
          std::string(begin) + calls + R"(,"thoughtSignature":"skip_thought_signature_validator"},)" +
              std::string(more));
}

TEST_CASE("thought signatures go back where they came from") {
    const std::string all = contents(
        R"({"role":"user","content":"a"},{"role":"assistant","content":"b","extra_content":{"google":)"
        R"({"thought_signature":"Text\/="}},"tool_calls":[{"id":"c1","type":"function","function":)"
        R"({"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"Call=="}}},)"
        R"({"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},)"
        R"({"role":"assistant","content":"","extra_content":{"google":{"thought_signature":"Alone"}}},)"
        R"({"role":"assistant","content":null,"images":[{"type":"image_url","image_url":{"url":)"
        R"("data:image/png;base64,AA=="},"extra_content":{"google":{"thought_signature":"Image"}}}]})",
        "gemini-3-pro-preview");
    CHECK(at(all, "1.parts") == R"([{"text":"b","thoughtSignature":"Text\/="},)"
                                R"({"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"Call=="},)"
                                R"({"functionCall":{"id":"c2","name":"g","args":{}}}])");
    CHECK(at(all, "2.parts.0.functionResponse.response") == R"({"result":"xy"})");
    CHECK(at(all, "3.parts") == R"([{"text":"","thoughtSignature":"Alone"},)"
                                R"({"inlineData":{"mimeType":"image/png","data":"AA=="},"thoughtSignature":"Image"}])");
}

TEST_CASE("calls and results that can't be told are refused") {
    const auto call = [](std::string_view given) {
        return talk(R"({"role":"assistant","tool_calls":[)" + std::string(given) + "]}");
    };
    check_refused(call(R"({"id":"a","type":"function","function":{"name":"f","arguments":"[1]"}})"),
                  "messages.0.tool_calls.0.function.arguments");
    check_refused(call(R"({"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":"}})"),
                  "messages.0.tool_calls.0.function.arguments");
    check_refused(call(R"({"id":"a","type":"function","function":{"arguments":"{}"}})"),
                  "messages.0.tool_calls.0.function.name");
    check_refused(call(R"({"id":"a","type":"function","function":{"name":")" + std::string(200, 'f') + "\"}}"),
                  "messages.0.tool_calls.0.function.name");
    check_refused(call(R"({"id":"a","type":"custom","custom":{"name":"f","input":"x"}})"),
                  "messages.0.tool_calls.0.type");
    check_refused(talk(R"({"role":"user","content":"a"},{"role":"tool","tool_call_id":"x","content":"a"})"),
                  "messages.1.tool_call_id");
    check_refused(talk(R"({"role":"user","content":"a"},{"role":"tool","content":"a"})"), "messages.1.tool_call_id");
    // An older caller names the function itself.
    CHECK(at(contents(R"({"role":"tool","tool_call_id":"x","name":"f","content":"a"})"), "0.parts.0") ==
          R"({"functionResponse":{"id":"x","name":"f","response":{"result":"a"}}})");
}

TEST_CASE("tools keep their schemas as they are") {
    const std::string_view tool =
        R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":)"
        R"({"$defs":{"a":{"type":["string","null"]}},"type":"object","properties":{"x":{"$ref":"#/$defs/a"}},)"
        R"("additionalProperties":false}}},{"type":"function","function":{"name":"g","parameters":{}}}])";
    const Said said = said_to_gemini(with(tool));
    CHECK(at(said.body, "tools") ==
          R"([{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":)"
          R"({"$defs":{"a":{"type":["string","null"]}},"type":"object","properties":{"x":{"$ref":"#/$defs/a"}},)"
          R"("additionalProperties":false}},{"name":"g"}]}])");
    CHECK(at(said.body, "toolConfig") == "");
    const auto mode = [&](std::string_view choice) {
        const Said chosen = said_to_gemini(with(std::string(tool) + R"(,"tool_choice":)" + std::string(choice)));
        CHECK(chosen.error == "");
        return at(chosen.body, "toolConfig.functionCallingConfig");
    };
    CHECK(mode(R"("auto")") == "");
    CHECK(mode(R"("none")") == R"({"mode":"NONE"})");
    CHECK(mode(R"("required")") == R"({"mode":"ANY"})");
    CHECK(mode(R"({"type":"function","function":{"name":"g"}})") == R"({"mode":"ANY","allowedFunctionNames":["g"]})");
    CHECK(mode(R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[)"
               R"({"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}})") ==
          R"({"mode":"ANY","allowedFunctionNames":["f","g"]})");
    CHECK(mode(R"({"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[)"
               R"({"type":"function","function":{"name":"f"}}]}})") ==
          R"({"mode":"VALIDATED","allowedFunctionNames":["f"]})");
    const std::string_view strict = R"("tools":[{"type":"function","function":{"name":"f","strict":true}}])";
    CHECK(at(said_to_gemini(with(strict)).body, "toolConfig.functionCallingConfig.mode") == R"("VALIDATED")");
    check_refused(with(R"("tool_choice":"required")"), "tool_choice");
    check_refused(with(std::string(tool) + R"(,"tool_choice":"any")"), "tool_choice");
    check_refused(with(std::string(tool) + R"(,"tool_choice":{"type":"custom"})"), "tool_choice.type");
    check_unsupported(with(std::string(tool) + R"(,"parallel_tool_calls":false)"), "parallel_tool_calls");
    CHECK(said_to_gemini(with(std::string(tool) + R"(,"parallel_tool_calls":true)")).error == "");
    CHECK(said_to_gemini(with(R"("parallel_tool_calls":false,"tool_choice":"none","tools":[])")).error == "");
    check_refused(with(R"("tools":[{"type":"custom","custom":{"name":"f"}}])"), "tools.0");
    CHECK(at(said_to_gemini(with(R"("web_search_options":{"search_context_size":"medium"})")).body, "tools") ==
          R"([{"googleSearch":{}}])");
    check_unsupported(with(R"("web_search_options":{"user_location":{"type":"approximate"}})"),
                      "web_search_options.user_location");
}

TEST_CASE("what is generated, and how") {
    CHECK(config(R"("temperature":1.0,"top_p":0.95,"top_k":40,"n":2,"seed":7,"presence_penalty":0.5,)"
                 R"("frequency_penalty":-0.5,"max_completion_tokens":100,"stop":["a","b"])") ==
          R"({"temperature":1.0,"topP":0.95,"topK":40,"candidateCount":2,"seed":7,"presencePenalty":0.5,)"
          R"("frequencyPenalty":-0.5,"maxOutputTokens":100,"stopSequences":["a","b"]})");
    CHECK(config(R"("max_tokens":6,"max_completion_tokens":5,"stop":"a")") ==
          R"({"maxOutputTokens":5,"stopSequences":["a"]})");
    CHECK(config(R"("logprobs":true,"top_logprobs":3)") == R"({"responseLogprobs":true,"logprobs":3})");
    CHECK(config(R"("logprobs":true,"top_logprobs":0)") == R"({"responseLogprobs":true})");
    CHECK(config(R"("modalities":["text"])") == "");
    CHECK(config(R"("modalities":["text","image"])") == R"({"responseModalities":["TEXT","IMAGE"]})");
    CHECK(config(R"("response_format":{"type":"text"})") == "");
    CHECK(config(R"("response_format":{"type":"json_object"})") == R"({"responseMimeType":"application/json"})");
    CHECK(config(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":)"
                 R"({"type":"object", "required":["a"]}}})") ==
          R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object", "required":["a"]}})");
    check_refused(with(R"("temperature":"hot")"), "temperature");
    check_refused(with(R"("max_tokens":0)"), "max_tokens");
    check_refused(talk(R"({"role":"user","content":"a","tool_calls":[{"id":"x"}]})"), "messages.0.tool_calls");
    check_refused(with(R"("top_logprobs":3)"), "top_logprobs");
    check_refused(with(R"("response_format":{"type":"xml"})"), "response_format.type");
    check_refused(with(R"("response_format":{"type":"json_schema"})"), "response_format.json_schema");
    check_refused(with(R"("seed":1,"seed":2)"), "seed");
    check_unsupported(with(R"("modalities":["text","audio"])"), "modalities.1");
    check_unsupported(with(R"("logit_bias":{"1":2})"), "logit_bias");
    check_refused(with(R"("functions":[{"name":"f"}])"), "functions");
    check_unsupported(with(R"("verbosity":"low")"), "verbosity");
    check_unsupported(with(R"("min_p":0.1)"), "min_p");
    check_unsupported(with(R"("service_tier":"scale")"), "service_tier");
    CHECK(at(said_to_gemini(with(R"("service_tier":"flex")")).body, "serviceTier") == R"("flex")");
    CHECK(at(said_to_gemini(with(R"("service_tier":"auto")")).body, "serviceTier") == "");
    // A name that would break a header.
    CHECK(said_to_gemini(with(R"("a\r\nb,c":1)"), "gemini-2.5-flash", true).dropped ==
          std::vector<std::string>{"a??b?c"});
}

TEST_CASE("how much to think, as Google reads it") {
    const auto thinking = [](std::string_view effort, std::string model) {
        return at(config(R"("reasoning_effort":")" + std::string(effort) + '"', std::move(model)), "thinkingConfig");
    };
    CHECK(thinking("none", "gemini-2.5-flash") == R"({"thinkingBudget":0})");
    CHECK(thinking("minimal", "gemini-2.5-flash") == R"({"thinkingBudget":1024})");
    CHECK(thinking("low", "models/gemini-2.5-flash") == R"({"thinkingBudget":1024})");
    CHECK(thinking("medium", "gemini-2.5-pro") == R"({"thinkingBudget":8192})");
    CHECK(thinking("high", "gemini-2.5-flash") == R"({"thinkingBudget":24576})");
    CHECK(thinking("minimal", "gemini-3-flash-preview") == R"({"thinkingLevel":"MINIMAL"})");
    CHECK(thinking("minimal", "gemini-3.1-pro-preview") == R"({"thinkingLevel":"LOW"})");
    CHECK(thinking("medium", "gemini-3.1-pro-preview") == R"({"thinkingLevel":"MEDIUM"})");
    CHECK(thinking("high", "models/gemini-flash-latest") == R"({"thinkingLevel":"HIGH"})");
    check_unsupported(with(R"("reasoning_effort":"xhigh")"), "reasoning_effort");
    CHECK(said_to_gemini(with(R"("reasoning_effort":"none")"), "gemini-3-flash").param == "reasoning_effort");
}

TEST_CASE("Google's own members") {
    const Said said = said_to_gemini(
        with(R"("extra_body":{"google":{"thinking_config":{"include_thoughts":true,"thinking_budget":-1},)"
             R"("cachedContent":"cachedContents/x","safety_settings":[{"category":"A","threshold":"B"}],)"
             R"("tools":[{"code_execution":{}}],"media_resolution":"MEDIA_RESOLUTION_LOW"}},)"
             R"("tools":[{"type":"function","function":{"name":"f"}}])"));
    CHECK(said.error == "");
    CHECK(at(said.body, "safetySettings") == R"([{"category":"A","threshold":"B"}])");
    CHECK(at(said.body, "cachedContent") == R"("cachedContents/x")");
    CHECK(at(said.body, "tools") == R"([{"functionDeclarations":[{"name":"f"}]},{"code_execution":{}}])");
    CHECK(
        at(said.body, "generationConfig") ==
        R"({"mediaResolution":"MEDIA_RESOLUTION_LOW","thinkingConfig":{"include_thoughts":true,"thinking_budget":-1}})");
    CHECK(at(said_to_gemini(with(R"("cached_content":"c","safety_settings":[])")).body, "cachedContent") == R"("c")");
    CHECK(at(said_to_gemini(with(R"("google":{"cached_content":"c"})")).body, "cachedContent") == R"("c")");
    check_refused(with(R"("cached_content":"c","google":{"cached_content":"c"})"), "cached_content");
    check_refused(with(R"("google":{"cached_content":"c","cachedContent":"c"})"), "google.cachedContent");
    check_refused(with(R"("reasoning_effort":"low","google":{"thinking_config":{}})"), "reasoning_effort");
    check_unsupported(with(R"("extra_body":{"google":{"labels":{}}})"), "extra_body.google.labels");
    check_unsupported(with(R"("extra_body":{"vertex":1})"), "extra_body.vertex");
}
