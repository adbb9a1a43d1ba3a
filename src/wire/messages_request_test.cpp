#include <doctest/doctest.h>

#include "wire/chat_request.h"
#include "wire/messages.h"

namespace weir::wire {
namespace {

const std::string kHello = R"("messages":[{"role":"user","content":"hi"}])";

std::string chat_of(std::string_view body) {
    std::string param = "stale";
    std::string chat = "kept";
    Echo echo;
    const Result<void> done = anthropic_messages().request_to_chat(body, param, chat, echo);
    REQUIRE_MESSAGE(done, done.error().message);
    CHECK(param == "");
    CHECK(echo.body == body);
    REQUIRE(chat.starts_with("kept"));
    chat.erase(0, 4);
    CHECK(chat.size() <= kMaxGrowth * body.size());
    const Result<ChatRequest> parsed = parse_chat_request(chat, param);
    REQUIRE_MESSAGE(parsed, parsed.error().message);
    return chat;
}

// What chat gets for these members beside model and max_tokens.
std::string with(std::string_view members) {
    const std::string chat = chat_of(R"({"model":"m","max_tokens":9,)" + std::string(members) + '}');
    const std::string_view begin = R"({"model":"m","max_tokens":9,)";
    REQUIRE(chat.starts_with(begin));
    return chat.substr(begin.size(), chat.size() - begin.size() - 1);
}
std::string messages_of(std::string_view messages, std::string_view more = "") {
    const std::string chat = with(std::string(more) + R"("messages":)" + std::string(messages));
    REQUIRE(chat.starts_with(R"("messages":)"));
    return chat.substr(11);
}
std::string content_of(std::string_view content) {
    const std::string all = messages_of(R"([{"role":"user","content":)" + std::string(content) + "}]");
    const std::string_view begin = R"([{"role":"user","content":)";
    REQUIRE(all.starts_with(begin));
    return all.substr(begin.size(), all.size() - begin.size() - 2);
}

struct Refusal {
    std::string param, message;
};
Refusal refusal(std::string_view body) {
    std::string param;
    std::string chat = "kept";
    Echo echo;
    const Result<void> done = anthropic_messages().request_to_chat(body, param, chat, echo);
    CHECK(chat == "kept");
    if (done) return {"none", chat};
    CHECK(done.error().code == ErrorCode::invalid);
    return {param, done.error().message};
}
// The member that is named as the reason; it stands at the message's beginning, too.
std::string refused(std::string_view members) {
    const Refusal why = refusal(R"({"model":"m","max_tokens":9,)" + std::string(members) + '}');
    CHECK(why.message.starts_with(why.param + ": "));
    return why.param;
}
std::string refused_block(std::string_view block) {
    const std::string param = refused(R"("messages":[{"role":"user","content":[)" + std::string(block) + "]}]");
    const std::string_view begin = "messages.0.content.0";
    REQUIRE(param.starts_with(begin));
    return param.substr(begin.size());
}

}  // namespace

TEST_CASE("messages request: the same bytes as a chat caller's, whatever the order") {
    CHECK(chat_of(R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":1024,"model":"gpt-4o"})") ==
          R"({"model":"gpt-4o","max_tokens":1024,"messages":[{"role":"user","content":"hi"}]})");
    CHECK(
        chat_of(
            R"({ "model": "m", "max_tokens": 1e2, "temperature": 0.0, "top_p": 1.00, "stop_sequences": ["a", "\u0062"],
                       "stream": true, "system": "Be \"brief\".", "messages": [ {"role": "user", "content": "h\u00ef"} ],
                       "metadata": {"user_id": "u-1"}, "service_tier": "auto" })") ==
        R"({"model":"m","max_tokens":1e2,"temperature":0.0,"top_p":1.00,"stop":["a", "\u0062"],"stream":true,)"
        R"("messages":[{"role":"system","content":"Be \"brief\"."},{"role":"user","content":"h\u00ef"}],"user":"u-1"})");
    // Its key is that of the chat request.
    const std::string chat = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9})";
    const std::string made = chat_of(R"({"model":"m","max_tokens":9,)" + kHello + R"(,"metadata":{"user_id":"u"}})");
    std::string param;
    CHECK(canonical_digest(*parse_chat_request(chat, param), "s") ==
          canonical_digest(*parse_chat_request(made, param), "s"));
}

TEST_CASE("messages request: the name of the limit that the model knows") {
    const auto limit = [](std::string_view model) {
        const std::string chat = chat_of(R"({"model":")" + std::string(model) + R"(","max_tokens":9,)" + kHello + '}');
        return chat.find("\"max_completion_tokens\":9,") != std::string::npos;
    };
    for (const std::string_view name : {"o1", "o3-mini", "openai/o4-mini", "gpt-5", "azure/gpt-5.1-mini"}) {
        CAPTURE(name);
        CHECK(limit(name));
    }
    for (const std::string_view name : {"gpt-4o", "gpt-oss-120b", "olmo-2", "o", "gpt-", "claude-sonnet-4", "x/m"}) {
        CAPTURE(name);
        CHECK_FALSE(limit(name));
    }
}

TEST_CASE("messages request: system") {
    CHECK(messages_of(R"([{"role":"user","content":"q"}])", R"("system":"",)") == R"([{"role":"user","content":"q"}])");
    CHECK(messages_of(R"([{"role":"user","content":"q"}])", R"("system":[],)") == R"([{"role":"user","content":"q"}])");
    CHECK(messages_of(R"([{"role":"user","content":"q"}])",
                      R"("system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],)") ==
          R"([{"role":"system","content":"a"},{"role":"user","content":"q"}])");
    CHECK(
        messages_of(R"([{"role":"user","content":"q"}])",
                    R"("system":[{"type":"text","text":"a"},{"text":"b","type":"text","citations":null}],)") ==
        R"([{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"user","content":"q"}])");
}

TEST_CASE("messages request: text and images") {
    CHECK(content_of(R"([{"type":"text","text":"one \ud83d\ude00"}])") == R"("one \ud83d\ude00")");
    CHECK(content_of(R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])") ==
          R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])");
    CHECK(content_of(R"([{"type":"image","source":{"type":"base64","media_type":"image\/png","data":"iVBO\u0052="}},)"
                     R"({"type":"image","source":{"type":"url","url":"https://x/y?z=\"1\""},"cache_control":{}}])") ==
          R"([{"type":"image_url","image_url":{"url":"data:image\/png;base64,iVBO\u0052="}},)"
          R"({"type":"image_url","image_url":{"url":"https://x/y?z=\"1\""}}])");
    CHECK(content_of(R"([{"type":"image","source":{"type":"url","url":"u"}}])") ==
          R"([{"type":"image_url","image_url":{"url":"u"}}])");
}

TEST_CASE("messages request: a conversation with tools") {
    CHECK(
        messages_of(
            R"([{"role":"user","content":"q"},)"
            R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a"},)"
            R"({"type":"redacted_thinking","data":"d"},{"type":"text","text":"\u0062"},)"
            R"({"type":"tool_use","id":"t1","name":"f","input":{"x": 1.0, "y":"\u00e9\n"}},)"
            R"({"type":"tool_use","id":"t2","name":"g","input":{},"cache_control":{"type":"ephemeral"}}]},)"
            R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"42"},)"
            R"({"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"no"}]},)"
            R"({"type":"text","text":"so?"}]}])") ==
        R"([{"role":"user","content":"q"},{"role":"assistant","content":"a\u0062","tool_calls":[)"
        R"({"id":"t1","type":"function","function":{"name":"f","arguments":"{\"x\": 1.0, \"y\":\"\\u00e9\\n\"}"}},)"
        R"({"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"t1","content":"42"},)"
        R"({"role":"tool","tool_call_id":"t2","content":"Error: no"},{"role":"user","content":"so?"}])");
    const std::string begin = R"([{"role":"user","content":"q"},{"role":"assistant","content":)";
    const std::string end = R"(},{"role":"user","content":"r"}])";
    CHECK(messages_of(begin + R"([{"type":"tool_use","id":"t","name":"f","input":{}}])" + end) ==
          begin + R"(null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}])" + end);
    CHECK(messages_of(begin + R"("plain")" + end) == begin + R"("plain")" + end);
    CHECK(messages_of(begin + R"([])" + end) == begin + R"("")" + end);
}

TEST_CASE("messages request: results of tools") {
    const auto result = [](std::string_view members) {
        const std::string all = messages_of(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"t")" +
                                            std::string(members) + "}]}]");
        const std::string_view begin = R"([{"role":"tool","tool_call_id":"t","content":)";
        REQUIRE(all.starts_with(begin));
        return all.substr(begin.size(), all.size() - begin.size() - 1);
    };
    CHECK(result("") == R"(""})");
    CHECK(result(R"(,"content":null,"is_error":false)") == R"(""})");
    CHECK(result(R"(,"content":[])") == R"(""})");
    CHECK(result(R"(,"is_error":true)") == R"("Error"})");
    CHECK(result(R"(,"is_error":true,"content":"x")") == R"("Error: x"})");
    CHECK(result(R"(,"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}])") ==
          R"([{"type":"text","text":"a"},{"type":"text","text":"b"}]})");
    CHECK(result(R"(,"is_error":true,"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}])") ==
          R"([{"type":"text","text":"Error:"},{"type":"text","text":"a"},{"type":"text","text":"b"}]})");
    const std::string image = R"({"type":"image","source":{"type":"url","url":"u"}})";
    CHECK(result(R"(,"content":[{"type":"text","text":"a"},)" + image + "]") ==
          R"("a"},{"role":"user","content":[{"type":"text","text":"Image in the result of tool call t:"},)"
          R"({"type":"image_url","image_url":{"url":"u"}}]})");
    CHECK(
        result(R"(,"content":[)" + image + "," + image + R"(]},{"type":"text","text":"and?")") ==
        R"("See the image in the next message."},{"role":"user","content":[)"
        R"({"type":"text","text":"Image in the result of tool call t:"},{"type":"image_url","image_url":{"url":"u"}},)"
        R"({"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"and?"}]})");
}

TEST_CASE("messages request: tools and their choice") {
    CHECK(
        with(
            kHello +
            R"(,"tools":[{"name":"f","description":"d","input_schema":{"type":"object", "properties":{"n":{"minimum":1.50}}},)"
            R"("cache_control":{"type":"ephemeral"}},{"type":"custom","input_schema":{},"name":"g","strict":true}])") ==
        kHello +
            R"(,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object", "properties":{"n":{"minimum":1.50}}}}},)"
            R"({"type":"function","function":{"name":"g","parameters":{},"strict":true}}])");
    const auto choice = [](std::string_view given) {
        const std::string tools = R"("tools":[{"name":"f","input_schema":{}}],)";
        const std::string chat = with(tools + kHello + R"(,"tool_choice":)" + std::string(given));
        const std::size_t at = chat.find("\"tool_choice\":");
        REQUIRE(at != std::string::npos);
        return chat.substr(at + 14);
    };
    CHECK(choice(R"({"type":"auto"})") == R"("auto")");
    CHECK(choice(R"({"type":"any","disable_parallel_tool_use":false})") == R"("required")");
    CHECK(choice(R"({"type":"none"})") == R"("none")");
    CHECK(choice(R"({"type":"tool","name":"\u0066"})") == R"({"type":"function","function":{"name":"\u0066"}})");
    CHECK(choice(R"({"disable_parallel_tool_use":true,"type":"auto"})") == R"("auto","parallel_tool_calls":false)");
    CHECK(with(kHello + R"(,"tools":[])") == kHello);
}

TEST_CASE("messages request: structured output, effort, what is off") {
    const std::string format =
        R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type": "object"}}})";
    CHECK(with(kHello +
               R"(,"output_config":{"format":{"type":"json_schema","schema":{"type": "object"}},"effort":"low"})") ==
          kHello + R"(,"reasoning_effort":"low",)" + format);
    CHECK(with(kHello + R"(,"output_format":{"type":"json_schema","schema":{"type": "object"}})") ==
          kHello + "," + format);
    CHECK(
        with(
            kHello +
            R"(,"thinking":{"type":"disabled"},"top_k":null,"mcp_servers":null,"never_heard_of":null,"metadata":{"user_id":null})") ==
        kHello);
    CHECK(with(kHello + R"(,"cache_control":{"type":"ephemeral"},"stop_sequences":[],"output_config":{})") == kHello);
}

TEST_CASE("messages request: what chat can't express is refused by its name") {
    const auto member = [](std::string_view text) { return refused(kHello + "," + std::string(text)); };
    CHECK(member(R"("top_k":40)") == "top_k");
    CHECK(member(R"("thinking":{"type":"enabled","budget_tokens":1024})") == "thinking");
    CHECK(member(R"("thinking":{"type":"adaptive"})") == "thinking");
    CHECK(member(R"("container":"c")") == "container");
    CHECK(member(R"("mcp_servers":[{"type":"url"}])") == "mcp_servers");
    CHECK(member(R"("context_management":{"edits":[]})") == "context_management");
    CHECK(member(R"("inference_geo":"us")") == "inference_geo");
    CHECK(member(R"("never_heard_of":1)") == "never_heard_of");
    CHECK(member(R"("metadata":{"user_id":"u","team":"t"})") == "metadata.team");
    CHECK(member(R"("output_config":{"effort":"max"})") == "output_config.effort");
    CHECK(member(R"("output_config":{"task_budget":1})") == "output_config.task_budget");
    CHECK(member(R"("output_format":{"type":"regex","schema":{}})") == "output_format.type");
    CHECK(
        member(
            R"("output_format":{"type":"json_schema","schema":{}},"output_config":{"format":{"type":"json_schema","schema":{}}})") ==
        "output_format");
    CHECK(member(R"("tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}])") == "tools.0.type");
    CHECK(member(R"("tools":[{"name":"f","input_schema":{}},{"name":"g","input_schema":{},"input_examples":[]}])") ==
          "tools.1.input_examples");
    CHECK(member(R"("tools":[{"name":"f","input_schema":{},"defer_loading":true}])") == "tools.0.defer_loading");
    CHECK(refusal(R"({"model":"m","max_tokens":1,)" + kHello + R"(,"top_k":3})").message ==
          "top_k: can't be expressed for the model that is asked");
    CHECK(refusal(R"({"model":"m","max_tokens":1,)" + kHello + R"(,"tools":[{"type":"bash_20250124","name":"bash"}]})")
              .message == "tools.0.type: 'bash_20250124' can't be expressed for the model that is asked");

    CHECK(refused_block(R"({"type":"document","source":{"type":"text","data":"d"}})") == ".type");
    CHECK(refused_block(R"({"type":"search_result","source":"s","title":"t","content":[]})") == ".type");
    CHECK(refused_block(R"({"type":"tool_use","id":"t","name":"f","input":{}})") == ".type");
    CHECK(refused_block(R"({"type":"text","text":"x","citations":[]})") == ".citations");
    CHECK(refused_block(R"({"type":"image","source":{"type":"file","file_id":"f"}})") == ".source.type");
    CHECK(refused_block(R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"document"}]})") ==
          ".content.0.type");
    CHECK(refused(R"("messages":[{"role":"user","content":"q"},{"role":"assistant","content":"{"}])") == "messages.1");
    CHECK(
        refused(
            R"("messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"server_tool_use","id":"s"}]}])") ==
        "messages.1.content.0.type");
}

TEST_CASE("messages request: what is malformed is refused where it stands") {
    CHECK(refusal("").param == "");
    CHECK(refusal("[]").message.starts_with("the request body is refused: "));
    CHECK(refusal(R"({"model":"m",)" + kHello + "}").param == "max_tokens");
    for (const std::string_view tokens : {"0", "-1", "1.5", "\"9\"", "true"}) {
        CAPTURE(tokens);
        CHECK(refusal(R"({"model":"m","max_tokens":)" + std::string(tokens) + "," + kHello + "}").param ==
              "max_tokens");
    }
    CHECK(refusal(R"({"model":"m","max_tokens":1})").message == "messages: is required");
    CHECK(refused(R"("messages":[])") == "messages");
    CHECK(refused(R"("messages":{})") == "messages");
    CHECK(refused(R"("messages":["hi"])") == "messages.0");
    CHECK(refused(R"("messages":[{"role":"system","content":"s"}])") == "messages.0.role");
    CHECK(refused(R"("messages":[{"content":"s"}])") == "messages.0.role");
    CHECK(refused(R"("messages":[{"role":"user"}])") == "messages.0.content");
    CHECK(refused(R"("messages":[{"role":"user","content":[]}])") == "messages.0.content");
    CHECK(refused(R"("messages":[{"role":"user","content":5}])") == "messages.0.content");
    CHECK(refused(R"("messages":[{"role":"user","content":"a","name":"n"}])") == "messages.0.name");
    CHECK(refused(kHello + R"(,"max\u005ftokens":5)") == "max_tokens");  // twice
    CHECK(refused(R"("messages":[{"role":"user","content":"a","role":"assistant"}])") == "messages.0.role");
    CHECK(refused(kHello + R"(,"system":7)") == "system");
    CHECK(refused(kHello + R"(,"system":[{"type":"image"}])") == "system.0.type");
    CHECK(refused(kHello + R"(,"stop_sequences":"x")") == "stop_sequences");
    CHECK(refused(kHello + R"(,"tools":{})") == "tools");
    CHECK(refused(kHello + R"(,"tools":[7])") == "tools.0");
    CHECK(refused(kHello + R"(,"tools":[{"input_schema":{}}])") == "tools.0.name");
    CHECK(refused(kHello + R"(,"tools":[{"name":"f"}])") == "tools.0.input_schema");
    CHECK(refused(kHello + R"(,"tool_choice":{"type":"any"})") == "tool_choice");
    const std::string tools = kHello + R"(,"tools":[{"name":"f","input_schema":{}}])";
    CHECK(refused(tools + R"(,"tool_choice":"auto")") == "tool_choice");
    CHECK(refused(tools + R"(,"tool_choice":{"type":"some"})") == "tool_choice.type");
    CHECK(refused(tools + R"(,"tool_choice":{"type":"tool"})") == "tool_choice.name");
    CHECK(refused(tools + R"(,"tool_choice":{"type":"any","name":"f"})") == "tool_choice.name");
    CHECK(refused(tools + R"(,"tool_choice":{"type":"any","disable_parallel_tool_use":1})") ==
          "tool_choice.disable_parallel_tool_use");
    CHECK(refused_block("5") == "");
    CHECK(refused_block("{}") == ".type");
    CHECK(refused_block(R"({"type":"text"})") == ".text");
    CHECK(refused_block(R"({"type":"text","text":5})") == ".text");
    CHECK(refused_block(R"({"type":"text","text":"a","text":"b"})") == ".text");
    CHECK(refused_block(R"({"type":"image"})") == ".source");
    CHECK(refused_block(R"({"type":"image","source":{"type":"base64","data":"x"}})") == ".source.media_type");
    CHECK(refused_block(R"({"type":"tool_result"})") == ".tool_use_id");
    CHECK(refused_block(R"({"type":"tool_result","tool_use_id":"t","is_error":"yes"})") == ".is_error");
    CHECK(refused_block(R"({"type":"tool_result","tool_use_id":"t","content":{}})") == ".content");
    CHECK(
        refused(
            R"("messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_result","tool_use_id":"t"}]}])") ==
        "messages.0.content.1");
    CHECK(
        refused(
            R"("messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":"{}"}]}])") ==
        "messages.0.content.0.input");
}

TEST_CASE("messages request: what chat checks is left to chat") {
    std::string param;
    std::string chat;
    Echo echo;
    REQUIRE(
        anthropic_messages().request_to_chat(R"({"max_tokens":1,"stream":"yes",)" + kHello + "}", param, chat, echo));
    CHECK(parse_chat_request(chat, param).error().message == "you must provide a model: 'model' is missing");
}

}  // namespace weir::wire
