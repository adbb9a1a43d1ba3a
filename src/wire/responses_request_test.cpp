#include <doctest/doctest.h>

#include "json/scan.h"
#include "wire/chat_request.h"
#include "wire/responses.h"

namespace weir::wire {
namespace {

struct Asked {
    std::string chat, error, param;
    Echo echo;
};

// A request of `members` besides its model.
Asked ask(std::string_view members) {
    Asked asked;
    const std::string body = R"({"model":"m",)" + std::string(members) + '}';
    const Result<void> done = responses_dialect().request_to_chat(body, asked.param, asked.chat, asked.echo);
    if (!done) {
        CHECK(done.error().code == ErrorCode::invalid);
        CHECK(asked.chat.empty());
        asked.error = done.error().message;
    } else {
        // What comes out is a chat request.
        std::string param;
        const Result<ChatRequest> chat = parse_chat_request(asked.chat, param);
        CHECK_MESSAGE(chat, (chat ? "" : chat.error().message));
    }
    return asked;
}

// The chat request without its model.
std::string chat_of(std::string_view members) {
    const Asked asked = ask(members);
    REQUIRE_MESSAGE(asked.error.empty(), asked.error);
    constexpr std::string_view kBegin = R"({"model":"m",)";
    REQUIRE(asked.chat.starts_with(kBegin));
    return asked.chat.substr(kBegin.size(), asked.chat.size() - kBegin.size() - 1);
}

std::string messages_of(std::string_view input) {
    const std::string chat = chat_of(R"("input":)" + std::string(input));
    constexpr std::string_view kBegin = R"("messages":[)";
    REQUIRE(chat.starts_with(kBegin));
    return chat.substr(kBegin.size(), chat.size() - kBegin.size() - 1);
}

void refused(std::string_view members, std::string_view param, std::string_view mentions = "") {
    const Asked asked = ask(members);
    CAPTURE(members);
    CHECK(asked.param == param);
    CHECK_MESSAGE(asked.error.starts_with("'" + std::string(param) + "'"), asked.error);
    CHECK_MESSAGE(asked.error.find(mentions) != std::string::npos, asked.error);
}

}  // namespace

TEST_CASE("responses request: text and instructions") {
    CHECK(chat_of(R"("input":"Hi \u00e9")") == R"("messages":[{"role":"user","content":"Hi \u00e9"}])");
    CHECK(chat_of(R"("instructions":"Be brief.","input":"Hi")") ==
          R"("messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}])");
    CHECK(
        chat_of(R"("instructions":null,"input":[{"role":"developer","content":"D"},{"role":"user","content":"Hi"}])") ==
        R"("messages":[{"role":"developer","content":"D"},{"role":"user","content":"Hi"}])");
    // One part of text is the text itself, so that both spellings share an entry with chat.
    CHECK(messages_of(R"([{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}])") ==
          R"({"role":"user","content":"Hi"})");
    CHECK(messages_of(
              R"([{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]}])") ==
          R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})");
    CHECK(messages_of(R"([{"role":"user","content":[]}])") == R"({"role":"user","content":""})");
}

TEST_CASE("responses request: images, files and audio") {
    CHECK(messages_of(R"([{"role":"user","content":[{"type":"input_text","text":"a"},
            {"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"}]}])") ==
          R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":)"
          R"("data:image/png;base64,AA==","detail":"low"}}]})");
    CHECK(messages_of(R"([{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:,x",
            "detail":"auto"},{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}])") ==
          R"({"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:,x"}},)"
          R"({"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]})");
    CHECK(messages_of(R"([{"role":"user","content":[{"type":"input_text","text":"a","prompt_cache_breakpoint":
            {"mode":"explicit"}}]}])") ==
          R"({"role":"user","content":[{"type":"text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}}]})");
    const auto part = [](std::string_view text, std::string_view param) {
        refused(R"("input":[{"role":"user","content":[)" + std::string(text) + "]}]",
                "input[0].content[0]" + std::string(param));
    };
    part(R"({"type":"input_image","file_id":"file-1"})", ".file_id");
    part(R"({"type":"input_image"})", ".image_url");
    part(R"({"type":"input_file","file_url":"https://x"})", ".file_url");
    part(R"({"type":"input_file","file_data":"x","detail":"high"})", ".detail");
    part(R"({"type":"input_text","text":1})", ".text");
    part(R"({"type":"input_text","text":"a","mood":"glad"})", ".mood");
    part(R"({"type":"input_text","text":"a","text":"b"})", ".text");
    part(R"({"type":"computer_screenshot"})", ".type");
    part(R"({"text":"a"})", ".type");
    part(R"("a")", "");
}

TEST_CASE("responses request: a conversation with tools comes back as chat has it") {
    CHECK(messages_of(R"([
        {"role":"user","content":"Weather?"},
        {"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"x"},
        {"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[
            {"type":"output_text","annotations":[],"logprobs":[],"text":"I look."}]},
        {"type":"function_call","id":"fc_1","call_id":"call_1","name":"get","arguments":"{\"a\":1.50}","status":"completed"},
        {"type":"function_call","call_id":"call_2","name":"get","arguments":"{}"},
        {"type":"function_call_output","call_id":"call_1","output":"sun"},
        {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"rain"}]},
        {"role":"assistant","content":"Sun."},
        {"role":"user","content":"And now?"}])") ==
          R"({"role":"user","content":"Weather?"},)"
          R"({"role":"assistant","content":"I look.","tool_calls":[)"
          R"({"id":"call_1","type":"function","function":{"name":"get","arguments":"{\"a\":1.50}"}},)"
          R"({"id":"call_2","type":"function","function":{"name":"get","arguments":"{}"}}]},)"
          R"({"role":"tool","tool_call_id":"call_1","content":"sun"},)"
          R"({"role":"tool","tool_call_id":"call_2","content":"rain"},)"
          R"({"role":"assistant","content":"Sun."},{"role":"user","content":"And now?"})");
    CHECK(messages_of(R"([{"role":"user","content":"x"},
        {"type":"custom_tool_call","call_id":"c","name":"sh","input":"ls"},
        {"type":"custom_tool_call_output","call_id":"c","output":"a"},
        {"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}])") ==
          R"({"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[)"
          R"({"id":"c","type":"custom","custom":{"name":"sh","input":"ls"}}]},)"
          R"({"role":"tool","tool_call_id":"c","content":"a"},)"
          R"({"role":"assistant","content":[{"type":"refusal","refusal":"No."}]})");
}

TEST_CASE("responses request: images that tools gave stand behind their outputs") {
    CHECK(messages_of(R"([{"role":"user","content":"x"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
        {"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"a"},
            {"type":"input_image","image_url":"data:,1"}]},
        {"type":"function_call_output","call_id":"c2","output":[{"type":"input_image","image_url":"data:,2"}]}])") ==
          R"({"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[)"
          R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
          R"({"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
          R"({"role":"tool","tool_call_id":"c1","content":"a"},)"
          R"({"role":"tool","tool_call_id":"c2","content":"See the next message."},)"
          R"({"role":"user","content":[{"type":"text","text":"In the result of tool call c1:"},)"
          R"({"type":"image_url","image_url":{"url":"data:,1"}},)"
          R"({"type":"text","text":"In the result of tool call c2:"},)"
          R"({"type":"image_url","image_url":{"url":"data:,2"}}]})");
    // What an assistant said in several parts is one text.
    CHECK(messages_of(R"([{"role":"assistant","content":[{"type":"output_text","text":"a"},
        {"type":"output_text","text":"b"}]},{"role":"user","content":"x"}])") ==
          R"({"role":"assistant","content":"ab"},{"role":"user","content":"x"})");
}

TEST_CASE("responses request: tools and the choice among them") {
    const std::string chat = chat_of(
        R"("input":"x","tools":[{"type":"function","name":"f","parameters":{"type": "object","n":1.0},"strict":true},)"
        R"({"name":"g","parameters":null,"type":"function"},)"
        R"({"type":"custom","name":"sh","format":{"type":"grammar","syntax":"lark","definition":"s: x"}}],)"
        R"("parallel_tool_calls":false,"tool_choice":{"type":"function","name":"f"})");
    CHECK(chat == R"("messages":[{"role":"user","content":"x"}],"tools":[)"
                  R"({"type":"function","function":{"name":"f","parameters":{"type":"object","n":1.0},"strict":true}},)"
                  R"({"type":"function","function":{"name":"g"}},)"
                  R"({"type":"custom","custom":{"name":"sh","format":{"type":"grammar","grammar":{"syntax":"lark",)"
                  R"("definition":"s: x"}}}}],"parallel_tool_calls":false,)"
                  R"("tool_choice":{"type":"function","function":{"name":"f"}})");
    // In whatever order the caller has them.
    CHECK(chat_of(
              R"("input":"x","tools":[{"strict":false,"parameters":{},"description":"d","name":"f","type":"function",)"
              R"("defer_loading":false}])")
              .ends_with(R"({"name":"f","description":"d","parameters":{},"strict":false}}])"));
    CHECK(chat_of(R"("input":"x","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools",)"
                  R"("mode":"auto","tools":[{"type":"function","name":"f"}]})")
              .ends_with(R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[)"
                         R"({"type":"function","function":{"name":"f"}}]}})"));
    // Chat refuses these where there are no tools.
    CHECK(chat_of(R"("input":"x","tools":[],"tool_choice":"auto","parallel_tool_calls":true)") ==
          R"("messages":[{"role":"user","content":"x"}])");
    refused(R"("input":"x","tools":[{"type":"web_search"}])", "tools[0].type");
    refused(R"("input":"x","tools":[{"type":"function","name":"f"},{"type":"mcp"}])", "tools[1].type");
    refused(R"("input":"x","tools":[{"type":"function","function":{"name":"f"}}])", "tools[0].function");
    refused(R"("input":"x","tools":[{"type":"function","parameters":{}}])", "tools[0].name");
    refused(R"("input":"x","tools":[{"type":"function","name":"f","defer_loading":true}])", "tools[0].defer_loading");
    refused(R"("input":"x","tools":[{"type":"custom","name":"f","format":{"type":"xml"}}])", "tools[0].format.type");
    refused(R"("input":"x","tools":{})", "tools");
    refused(R"("input":"x","tool_choice":{"type":"file_search"})", "tool_choice.type");
    refused(R"("input":"x","tool_choice":"any")", "tool_choice");
}

TEST_CASE("responses request: options") {
    CHECK(chat_of(R"("input":"x","stream":true,"stream_options":{"include_obfuscation":false},"max_output_tokens":1e2,)"
                  R"("temperature":0.50,"top_p":1,"store":true,"metadata":{"a":"b"},"user":"u","service_tier":"flex",)"
                  R"("prompt_cache_key":"k","safety_identifier":"s","truncation":"disabled","background":false,)"
                  R"("max_tool_calls":3,"prompt_cache_retention":"24h")") ==
          R"("messages":[{"role":"user","content":"x"}],"stream":true,"max_tokens":1e2,"temperature":0.50,"top_p":1,)"
          R"("user":"u","safety_identifier":"s","prompt_cache_key":"k","prompt_cache_retention":"24h",)"
          R"("service_tier":"flex")");
    CHECK(chat_of(R"("input":"x","text":{"format":{"type":"text"},"verbosity":"low"},"reasoning":{"effort":"high",)"
                  R"("summary":"auto","generate_summary":null})") ==
          R"("messages":[{"role":"user","content":"x"}],"verbosity":"low","reasoning_effort":"high")");
    CHECK(chat_of(R"("input":"x","text":{"format":{"type":"json_object"}})")
              .ends_with(R"("response_format":{"type":"json_object"})"));
    CHECK(
        chat_of(R"("input":"x","text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"a": 1.0}}})")
            .ends_with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,)"
                       R"("schema":{"a":1.0}}})"));
    CHECK(chat_of(R"("input":"x","include":["message.output_text.logprobs","reasoning.encrypted_content"])")
              .ends_with(R"(,"logprobs":true)"));
    CHECK(chat_of(R"("input":"x","top_logprobs":5)").ends_with(R"(,"logprobs":true,"top_logprobs":5)"));
    CHECK(chat_of(R"("input":"x","top_logprobs":0)").ends_with(R"("content":"x"}])"));
    std::string chat, param;
    Echo echo;
    REQUIRE(
        responses_dialect().request_to_chat(R"({"model":"o3","input":"x","max_output_tokens":5})", param, chat, echo));
    CHECK(chat.find(R"("max_completion_tokens":5)") != std::string::npos);
}

TEST_CASE("responses request: what chat can't say is refused by its name") {
    refused(R"("input":"x","previous_response_id":"resp_1")", "previous_response_id", "no responses are kept");
    refused(R"("input":"x","conversation":"conv_1")", "conversation");
    refused(R"("input":"x","prompt":{"id":"p"})", "prompt");
    refused(R"("input":"x","background":true)", "background");
    refused(R"("input":"x","truncation":"auto")", "truncation");
    refused(R"("input":"x","include":["file_search_call.results"])", "include[0]");
    refused(R"("input":"x","seed":1)", "seed");
    refused(R"("input":"x","messages":[])", "messages");
    refused(R"("input":"x","context_management":[])", "context_management");
    refused(R"("input":"x","input":"y")", "input", "twice");
    refused(R"("input":"x","inpu\u0074":"y")", "input", "twice");
    refused(R"("input":"x","reasoning":{"mode":"pro"})", "reasoning.mode");
    refused(R"("input":"x","text":{"format":{"type":"xml"}})", "text.format.type");
    refused(R"("input":"x","max_output_tokens":0)", "max_output_tokens");
    refused(R"("input":"x","stream":"yes")", "stream");
    refused(R"("input":"x","instructions":["a"])", "instructions");
    refused(R"("input":"x","top_logprobs":21)", "top_logprobs");
    refused(R"("instructions":"x")", "input");
    refused(R"("input":null)", "input");
    refused(R"("input":[])", "input");
    refused(R"("input":5)", "input");
    refused(R"("input":["a"])", "input[0]");
    refused(R"("input":[{"role":"user","content":"a"},{"type":"item_reference","id":"msg_1"}])", "input[1]");
    refused(R"("input":[{"type":"web_search_call"}])", "input[0].type");
    refused(R"("input":[{"role":"tool","content":"a"}])", "input[0].role");
    refused(R"("input":[{"role":"user"}])", "input[0].content");
    refused(R"("input":[{"type":"function_call","name":"f","arguments":"{}"}])", "input[0].call_id");
    refused(R"("input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_image"}]}])",
            "input[0].output[0].image_url");
    // No JSON, no object.
    std::string chat, param;
    Echo echo;
    CHECK_FALSE(responses_dialect().request_to_chat("[]", param, chat, echo));
    CHECK_FALSE(responses_dialect().request_to_chat(R"({"input":"x)", param, chat, echo));
}

TEST_CASE("responses request: what the answer repeats") {
    const Asked plain = ask(R"("input":"x")");
    CHECK(plain.echo.notes ==
          R"("background":false,"previous_response_id":null,"store":false,"instructions":null,)"
          R"("max_output_tokens":null,"max_tool_calls":null,"metadata":{},"parallel_tool_calls":true,)"
          R"("prompt_cache_key":null,"safety_identifier":null,"temperature":1.0,"tool_choice":"auto","tools":[],)"
          R"("top_logprobs":0,"top_p":1.0,"truncation":"disabled","user":null,)"
          R"("reasoning":{"effort":null,"summary":null},"text":{"format":{"type":"text"},"verbosity":"medium"})");
    const std::string notes = ask(R"("input":"x","instructions":"a\u00e9","temperature":0.50,"metadata":{"k": "v"},)"
                                  R"("tools":[{"type":"function", "name":"f"}],"store":true,"user":"u",)"
                                  R"("reasoning":{"effort":"low"},"text":{"verbosity":"low"})")
                                  .echo.notes;
    for (const std::string_view part :
         {R"("instructions":"a\u00e9")", R"("temperature":0.50)", R"("metadata":{"k":"v"})", R"("store":false)",
          R"("tools":[{"type":"function","name":"f"}])", R"("user":"u")",
          R"("reasoning":{"effort":"low","summary":null})", R"("text":{"format":{"type":"text"},"verbosity":"low"})"}) {
        CHECK_MESSAGE(notes.find(part) != std::string::npos, part);
    }
}

}  // namespace weir::wire
