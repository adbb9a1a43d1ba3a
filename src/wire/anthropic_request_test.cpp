#include <doctest/doctest.h>

#include "json/scan.h"
#include "wire/anthropic_form.h"
#include "wire/anthropic_models.h"
#include "wire/chat_request.h"

namespace weir::wire::anthropic {
namespace {

struct Said {
    std::string out, error, param;
    std::vector<std::string> dropped;
};

Said say(const std::string& chat, bool drop = false, std::optional<Tokens> max_output = std::nullopt) {
    std::string param;
    const Result<ChatRequest> parsed = parse_chat_request(chat, param);
    REQUIRE_MESSAGE(parsed, parsed.error().message);
    ProviderExchange exchange;
    exchange.drop_unsupported = drop;
    exchange.max_output = max_output;
    Said said;
    const Result<void> done = anthropic_form().request_from_chat(chat, said.param, exchange, said.out);
    if (!done) {
        CHECK(done.error().code == ErrorCode::invalid);
        CHECK(said.out.empty());
        said.error = done.error().message;
        return said;
    }
    std::vector<json::Member> members;
    REQUIRE_MESSAGE(json::members(said.out, members), said.out);
    said.dropped = exchange.dropped;
    return said;
}

std::string with(std::string_view members, std::string_view model = "claude-sonnet-4-5") {
    return R"({"model":")" + std::string(model) + R"(","max_tokens":9,"messages":[{"role":"user","content":"hi"}],)" +
           std::string(members) + '}';
}
const std::string kBegin = R"({"model":"claude-sonnet-4-5","max_tokens":9)";
const std::string kAsked = R"(,"messages":[{"role":"user","content":"hi"}])";

// What the members become, without what every request has; or the problem.
std::string rest(std::string_view members) {
    const Said said = say(with(members));
    if (!said.error.empty()) return said.param + " | " + said.error;
    REQUIRE(said.out.starts_with(kBegin));
    std::string out = said.out.substr(kBegin.size());
    const std::size_t at = out.find(kAsked);
    REQUIRE(at != std::string::npos);
    out.erase(at, kAsked.size());
    return out.substr(0, out.size() - 1);
}

std::string conversation(std::string_view messages) {
    const Said said = say(R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":)" + std::string(messages) + '}');
    if (!said.error.empty()) return said.param + " | " + said.error;
    return said.out.substr(kBegin.size() + 1, said.out.size() - kBegin.size() - 2);
}

bool mentions(std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
}

const std::string kTool = R"({"type":"function","function":{"name":"f","parameters":{"type":"object"}}})";
const std::string kToolSaid = R"("tools":[{"name":"f","input_schema":{"type":"object"}}])";

}  // namespace

TEST_CASE("anthropic request: plain members, as they are spelled") {
    CHECK(rest(R"("temperature":0.50,"top_p":1e-1,"top_k":5,"stop":["a\u0062"],"stream":true,"user":"u\u00fc")") ==
          R"(,"stream":true,"temperature":0.50,"top_p":1e-1,"top_k":5,"stop_sequences":["a\u0062"],)"
          R"("metadata":{"user_id":"u\u00fc"})");
    CHECK(rest(R"("stop":"x")") == R"(,"stop_sequences":["x"])");
    CHECK(rest(R"("stop":[],"safety_identifier":"s")") == R"(,"metadata":{"user_id":"s"})");
    CHECK(rest(R"("thinking":{"type":"enabled","budget_tokens":2048},"cache_control":{"type":"ephemeral"})") ==
          R"(,"thinking":{"type":"enabled","budget_tokens":2048},"cache_control":{"type":"ephemeral"})");
    CHECK(rest(R"("service_tier":"auto")") == R"(,"service_tier":"auto")");
    CHECK(rest(R"("service_tier":"flex")") == R"(,"service_tier":"standard_only")");
    CHECK(rest(R"("temperature":1.01)") ==
          "temperature | temperature: must be from 0 to 1 for the model that is asked");
}

TEST_CASE("anthropic request: the limit of an answer") {
    const auto limit = [](std::string_view model, std::string_view members = "", std::optional<Tokens> max = {}) {
        const Said said = say(R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":"x"}])" +
                                  std::string(members) + '}',
                              false, max);
        const std::size_t at = said.out.find(R"("max_tokens":)") + 13;
        return said.out.substr(at, said.out.find(',', at) - at);
    };
    CHECK(limit("claude-opus-5-5") == "128000");
    CHECK(limit("claude-fable-6") == "128000");
    CHECK(limit("claude-something-latest") == "128000");
    CHECK(limit("claude-sonnet-4-6") == "128000");
    CHECK(limit("anthropic.claude-haiku-4-5-20251001-v1:0") == "64000");
    CHECK(limit("claude-opus-4-5") == "64000");
    CHECK(limit("claude-opus-4-1-20250805") == "32000");
    CHECK(limit("claude-opus-4@20250514") == "32000");
    CHECK(limit("claude-sonnet-4-20250514") == "64000");
    CHECK(limit("claude-3-7-sonnet-20250219") == "64000");
    CHECK(limit("claude-3-5-haiku-latest") == "8192");
    CHECK(limit("claude-3-opus-20240229") == "4096");
    CHECK(limit("claude-2.1") == "4096");
    CHECK(limit("kimi-k2") == "8192");
    CHECK(limit("claude-opus-5-5", "", 777) == "777");
    CHECK(limit("claude-opus-5-5", R"(,"max_completion_tokens":5e1)", 777) == "5e1");
    CHECK(limit("claude-opus-5-5", R"(,"max_completion_tokens":null,"max_tokens":3)") == "3");
    CHECK(traits_of("claude-opus-4-6").sampling);
    CHECK_FALSE(traits_of("claude-opus-4-7").sampling);
    CHECK_FALSE(traits_of("claude-sonnet-5").sampling);
    CHECK(traits_of("claude-opus-4-5").effort);
    CHECK_FALSE(traits_of("claude-sonnet-4-5").effort);
    CHECK(traits_of("gpt-4").sampling);
}

TEST_CASE("anthropic request: conversation") {
    CHECK(conversation(R"([{"role":"system","content":"Be \u0062rief."},{"role":"user","content":"a\/b"}])") ==
          R"("system":"Be \u0062rief.","messages":[{"role":"user","content":"a\/b"}])");
    // Also in the middle.
    CHECK(conversation(R"([{"role":"developer","content":[{"type":"text","text":"A"},{"type":"text","text":""}]},)"
                       R"({"role":"user","content":"1"},{"role":"assistant","content":"2"},)"
                       R"({"role":"system","content":"B"},{"role":"user","content":"3"}])") ==
          R"("system":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"messages":[)"
          R"({"role":"user","content":"1"},{"role":"assistant","content":"2"},{"role":"user","content":"3"}])");
    // One role's messages become one; empty ones none.
    CHECK(conversation(R"([{"role":"user","content":"1"},{"role":"user","content":[{"type":"text","text":"2"}]},)"
                       R"({"role":"assistant","content":""},{"role":"user","content":"3"}])") ==
          R"("messages":[{"role":"user","content":[{"type":"text","text":"1"},{"type":"text","text":"2"},)"
          R"({"type":"text","text":"3"}]}])");
    CHECK(conversation(R"([{"role":"user","content":"1"},{"role":"assistant","content":"so far"}])") ==
          R"("messages":[{"role":"user","content":"1"},{"role":"assistant","content":"so far"}])");
    CHECK(conversation(R"([{"role":"user","content":"1"},{"role":"assistant","content":null,"refusal":"No.",)"
                       R"("annotations":[],"audio":null,"function_call":null,"reasoning_content":"hm","parsed":{}},)"
                       R"({"role":"user","content":"2"}])") ==
          R"("messages":[{"role":"user","content":"1"},{"role":"assistant","content":"No."},)"
          R"({"role":"user","content":"2"}])");
    CHECK(mentions(conversation(R"([{"role":"system","content":"x"}])"), "messages | messages: must have a message"));
    CHECK(mentions(conversation(R"([{"role":"user","content":""}])"), "messages | "));
}

TEST_CASE("anthropic request: images and files") {
    CHECK(conversation(
              R"([{"role":"user","content":[{"type":"text","text":"What?"},)"
              R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO+/=","detail":"low"}},)"
              R"({"type":"image_url","image_url":{"url":"https:\/\/e.org\/a.png"}},)"
              R"({"type":"file","file":{"file_data":"data:application/pdf;base64,JVBE","filename":"a.pdf"}}]}])") ==
          R"("messages":[{"role":"user","content":[{"type":"text","text":"What?"},)"
          R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO+/="}},)"
          R"({"type":"image","source":{"type":"url","url":"https:\/\/e.org\/a.png"}},)"
          R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},)"
          R"("title":"a.pdf"}]}])");
    const auto image = [](std::string_view url) {
        return conversation(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":")" +
                            std::string(url) + R"("}}]}])");
    };
    CHECK(mentions(image(R"(data:image\/jpeg;base64,a\/b)"), R"("media_type":"image\/jpeg","data":"a\/b")"));
    CHECK(mentions(image(R"(\u0064ata:image/jpeg;base64,a\/b)"), R"("media_type":"image/jpeg","data":"a/b")"));
    CHECK(mentions(image("data:image/jpeg;name=a;base64,xy"), R"("media_type":"image/jpeg","data":"xy")"));
    for (const std::string_view bad : {"ftp://e.org", "data:image/png,abc", "data:;base64,abc", "data:", ""}) {
        CHECK(image(bad).starts_with("messages.0.content.0.image_url.url | "));
    }
    const auto file = [](std::string_view members) {
        return conversation(R"([{"role":"user","content":[{"type":"file","file":{)" + std::string(members) + "}}]}]");
    };
    CHECK(mentions(file(R"("file_id":"file-1")"), "messages.0.content.0.file.file_id | "));
    CHECK(mentions(file(R"("file_data":"data:text/plain;base64,QQ==")"), "must be a PDF"));
    CHECK(mentions(file(R"("filename":"a")"), "file_data: is required"));
    CHECK(mentions(conversation(R"([{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}])"),
                   "messages.0.content.0.type | "));
    CHECK(mentions(conversation(R"([{"role":"system","content":[{"type":"image_url","image_url":{"url":"x"}}]}])"),
                   "messages.0.content.0.type | "));
}

TEST_CASE("anthropic request: calls and results") {
    CHECK(conversation(R"([{"role":"user","content":"q"},{"role":"assistant","content":"Look.","tool_calls":[)"
                       R"({"id":"call_1","type":"function","index":0,"function":{"name":"f","parsed_arguments":{},)"
                       R"("arguments":"{\"a\": 1.50,\"\\u00e9\":[]}"}},)"
                       R"({"id":"functions.g:1","type":"function","function":{"name":"g","arguments":""}}]},)"
                       R"({"role":"tool","tool_call_id":"call_1","name":"f","content":"r\u0031"},)"
                       R"({"role":"tool","tool_call_id":"functions.g:1","content":[{"type":"text","text":"t"},)"
                       R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},)"
                       R"({"role":"tool","tool_call_id":"x","content":""},{"role":"user","content":"so?"}])") ==
          R"("messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"Look."},)"
          R"({"type":"tool_use","id":"call_1","name":"f","input":{"a": 1.50,"\u00e9":[]}},)"
          R"({"type":"tool_use","id":"functions_g_1","name":"g","input":{}}]},)"
          R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"r\u0031"},)"
          R"({"type":"tool_result","tool_use_id":"functions_g_1","content":[{"type":"text","text":"t"},)"
          R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]},)"
          R"({"type":"tool_result","tool_use_id":"x"},{"type":"text","text":"so?"}]}])");
    const auto call = [](std::string_view members) {
        return conversation(R"([{"role":"assistant","tool_calls":[{)" + std::string(members) + "}]}]");
    };
    CHECK(mentions(call(R"("id":"a","function":{"name":"f","arguments":"[1]"})"),
                   "messages.0.tool_calls.0.function.arguments | "));
    CHECK(mentions(call(R"("id":"a","function":{"name":"f","arguments":"{\"a\":"})"), "must spell a JSON object"));
    CHECK(mentions(call(R"("id":"a","function":{"name":"f","arguments":{"a":1}})"), R"("input":{"a":1})"));
    CHECK(mentions(call(R"("function":{"name":"f"})"), "messages.0.tool_calls.0.id | "));
    CHECK(mentions(call(R"("id":"a","type":"custom","custom":{"name":"f","input":""})"), "tool_calls.0.type | "));
    CHECK(mentions(conversation(R"([{"role":"function","name":"f","content":"x"}])"), "messages.0.role | "));
    CHECK(mentions(conversation(R"([{"role":"assistant","function_call":{"name":"f"}}])"), "messages.0.function_call"));
    CHECK(mentions(conversation(R"([{"role":"user","content":"x","tool_calls":[]}])"), "messages.0.tool_calls | "));
    CHECK(mentions(conversation(R"([{"role":"user","content":"x","name":"Ann"}])"), "messages.0.name | "));
    CHECK(mentions(conversation(R"([{"role":"user","content":"x","sparkle":1}])"), "messages.0.sparkle | "));
}

TEST_CASE("anthropic request: thoughts that were given out come back first; marks for the cache stay") {
    CHECK(conversation(R"([{"role":"user","content":"q"},{"role":"assistant","content":"a","reasoning_content":"T",)"
                       R"("thinking_blocks":[{"type":"thinking","thinking":"T","signature":"s="},)"
                       R"({"type":"redacted_thinking","data":"d"},{"type":"thinking","thinking":"unsigned"}]},)"
                       R"({"role":"user","content":"r"}])") ==
          R"("messages":[{"role":"user","content":"q"},{"role":"assistant","content":[)"
          R"({"type":"thinking","thinking":"T","signature":"s="},{"type":"redacted_thinking","data":"d"},)"
          R"({"type":"text","text":"a"}]},{"role":"user","content":"r"}])");
    CHECK(mentions(conversation(R"([{"role":"assistant","thinking_blocks":[{"type":"text"}]}])"),
                   "messages.0.thinking_blocks.0 | "));
    const std::string mark = R"("cache_control":{"type":"ephemeral","ttl":"1h"})";
    CHECK(
        conversation(
            R"([{"role":"system","content":[{"type":"text","text":"S",)" + mark +
            R"(}]},{"role":"user","content":"q",)" + mark + R"(},{"role":"assistant","tool_calls":[{"id":"a",)" + mark +
            R"(,"function":{"name":"f"}}]},{"role":"tool","tool_call_id":"a",)" + mark + R"(,"content":"r"}])") ==
        R"("system":[{"type":"text","text":"S",)" + mark +
            R"(}],"messages":[{"role":"user","content":[{"type":"text","text":"q",)" + mark +
            R"(}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{},)" + mark +
            R"(}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"r",)" + mark + "}]}]");
    // The part's own mark counts; a mark on nothing marks nothing.
    const std::string both = conversation(R"([{"role":"user","content":[{"type":"text","text":"q",)" + mark + "}]," +
                                          mark + R"(},{"role":"user","content":"",)" + mark + "}]");
    CHECK(both == R"("messages":[{"role":"user","content":[{"type":"text","text":"q",)" + mark + "}]}]");
    CHECK(rest(R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}},)" + mark +
               "}]") == R"(,"tools":[{"name":"f","input_schema":{"type":"object"},)" + mark + "}]");
}

TEST_CASE("anthropic request: tools") {
    CHECK(rest(R"("tools":[{"type":"function","function":{"name":"f","description":"d\u0021","strict":true,)"
               R"("parameters":{"type": "object","properties":{"a":{"type":"number","minimum":1.0}}}}},)"
               R"({"type":"function","function":{"name":"g"}},)"
               R"({"type":"function","function":{"name":"h","parameters":{"properties":{}}}}])") ==
          R"(,"tools":[{"name":"f","description":"d\u0021","input_schema":{"type": "object","properties":)"
          R"({"a":{"type":"number","minimum":1.0}}},"strict":true},)"
          R"({"name":"g","input_schema":{"type":"object","properties":{}}},)"
          R"({"name":"h","input_schema":{"type":"object","properties":{}}}])");
    const auto choice = [](std::string_view members) {
        return rest(R"("tools":[)" + kTool + "]," + std::string(members));
    };
    CHECK(choice(R"("tool_choice":"auto")") == R"(,"tool_choice":{"type":"auto"},)" + kToolSaid);
    CHECK(choice(R"("tool_choice":"none","parallel_tool_calls":false)") ==
          R"(,"tool_choice":{"type":"none"},)" + kToolSaid);
    CHECK(choice(R"("tool_choice":"required","parallel_tool_calls":true)") ==
          R"(,"tool_choice":{"type":"any"},)" + kToolSaid);
    CHECK(choice(R"("parallel_tool_calls":false)") ==
          R"(,"tool_choice":{"type":"auto","disable_parallel_tool_use":true},)" + kToolSaid);
    CHECK(choice(R"("tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false)") ==
          R"(,"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},)" + kToolSaid);
    const auto allowed = [&](std::string_view called) {
        return rest(R"("tools":[{"type":"function","function":{"name":"g"}},)" + kTool +
                    R"(],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[)"
                    R"({"type":"function","function":{"name":")" +
                    std::string(called) + R"("}}]}})");
    };
    CHECK(allowed("f") == R"(,"tool_choice":{"type":"any"},)" + kToolSaid);
    CHECK(mentions(allowed("x"), "tool_choice | tool_choice: allows none"));
    CHECK(rest(R"("tools":[],"tool_choice":"auto","parallel_tool_calls":false)").empty());
    CHECK(mentions(rest(R"("tool_choice":"required")"), "tool_choice | "));
    CHECK(mentions(choice(R"("tool_choice":{"type":"custom","custom":{"name":"f"}})"), "tool_choice.type | "));
    CHECK(mentions(choice(R"("tool_choice":"sometimes")"), "tool_choice | "));
    CHECK(mentions(rest(R"("tools":[{"type":"custom","custom":{"name":"x"}}])"), "tools.0.type | "));
    CHECK(mentions(rest(R"("functions":[{"name":"f"}])"), "functions | functions: is the form before tools"));
    CHECK(mentions(rest(R"("function_call":"auto")"), "function_call | "));
}

TEST_CASE("anthropic request: formats and effort") {
    CHECK(rest(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,)"
               R"("schema":{"type":"object","maximum":1.0}}},"reasoning_effort":"medium")") ==
          R"(,"output_config":{"effort":"medium","format":{"type":"json_schema",)"
          R"("schema":{"type":"object","maximum":1.0}}})");
    CHECK(rest(R"("response_format":{"type":"text"})").empty());
    CHECK(mentions(rest(R"("response_format":{"type":"json_object"})"), "response_format | "));
    CHECK(mentions(rest(R"("response_format":{"type":"json_schema"})"), "response_format.json_schema | "));
    CHECK(rest(R"("reasoning_effort":"minimal")") == R"(,"output_config":{"effort":"low"})");
    CHECK(rest(R"("reasoning_effort":"xhigh")") == R"(,"output_config":{"effort":"xhigh"})");
    CHECK(rest(R"("reasoning_effort":"none")") == R"(,"thinking":{"type":"disabled"})");
    CHECK(rest(R"("reasoning_effort":"none","thinking":{"type":"adaptive"})") == R"(,"thinking":{"type":"adaptive"})");
}

TEST_CASE("anthropic request: what has no place is refused by name, or left out and told") {
    // What asks for nothing, or changes nothing in an answer.
    CHECK(
        rest(R"("n":1,"logprobs":false,"top_logprobs":0,"logit_bias":{},"frequency_penalty":0,"presence_penalty":0.0,)"
             R"("modalities":["text"],"verbosity":"medium","seed":null,"audio":null,"x":null,"store":true,)"
             R"("metadata":{"a":"b"},"stream_options":{"include_usage":true},"prompt_cache_key":"k",)"
             R"("prompt_cache_retention":"24h","prediction":{"type":"content","content":"x"})")
            .empty());
    for (const std::string_view member :
         {R"("n":2)", R"("logprobs":true)", R"("top_logprobs":3)", R"("logit_bias":{"1":2})",
          R"("frequency_penalty":0.1)", R"("presence_penalty":-1)", R"("modalities":["text","audio"])",
          R"("modalities":["audio"])", R"("verbosity":"low")", R"("seed":1)", R"("audio":{"voice":"x"})",
          R"("web_search_options":{})", R"("min_p":0.1)", R"("reasoning":{"effort":"low"})",
          R"("response_format":{"type":"json_object"})", R"("temperature":1.5)"}) {
        CAPTURE(member);
        const std::string name(member.substr(1, member.find('"', 1) - 1));
        const Said refused = say(with(member));
        CHECK(refused.param == name);
        CHECK(refused.error.starts_with(name + ": "));
        const Said dropped = say(with(member), true);
        CHECK(dropped.error.empty());
        CHECK(dropped.out == kBegin + kAsked + "}");
        CHECK(dropped.dropped == std::vector<std::string>{name});
    }
    const Said nested = say(R"({"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","name":"A",)"
                            R"("content":[{"type":"text","text":"hi","b\r\nad":1}]}]})",
                            true);
    CHECK(nested.dropped == std::vector<std::string>{"messages.0.name", "messages.0.content.0.b??ad"});
    CHECK(nested.out == kBegin + kAsked + "}");
    // What a model is known not to take.
    const Said sampling =
        say(with(R"("temperature":0.2,"top_p":1,"top_k":3,"reasoning_effort":"low")", "claude-opus-5-5"), true);
    CHECK(sampling.dropped == std::vector<std::string>{"temperature", "top_k"});
    CHECK(mentions(sampling.out, R"("output_config":{"effort":"low"})"));
    CHECK(mentions(say(with(R"("temperature":0.2)", "claude-opus-5-5")).out, R"("temperature":0.2)"));
    CHECK(say(with(R"("reasoning_effort":"low")"), true).dropped == std::vector<std::string>{"reasoning_effort"});
    // Parts of a conversation are never left out.
    CHECK(mentions(say(R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio"}]}]})", true).error,
                   "input_audio"));
    CHECK(mentions(say(with(R"("functions":[])"), true).error, "functions"));
    std::string many;
    for (int i = 0; i < 40; ++i) many += R"("x)" + std::to_string(i) + R"(":1,)";
    CHECK(say(with(many + R"("n":1)"), true).param == "x32");
    CHECK(
        mentions(say(R"({"model":"m","max_tokens":1,"max_tokens":2,"messages":[{"role":"user","content":"x"}]})").error,
                 "twice"));
}

}  // namespace weir::wire::anthropic
