#include "json/random_json.h"
#include "wire/responses_calls.h"
#include "wire/responses_testing.h"

namespace weir::wire::responses {

TEST_CASE("responses stream: text, byte for byte") {
    const auto event = [](std::string_view type, int number, std::string_view rest) {
        return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + R"(","sequence_number":)" +
               std::to_string(number) + std::string(rest) + "}\n\n";
    };
    const auto response = [](std::string_view status, std::string_view output, std::string_view usage) {
        return R"(,"response":{"id":"resp_abc","object":"response","created_at":1720000000,"status":")" +
               std::string(status) + R"(","error":null,"incomplete_details":null,"model":"gpt-x","output":[)" +
               std::string(output) + R"(],"service_tier":null,"usage":)" + std::string(usage) + R"(,"store":false})";
    };
    const std::string in_progress = response("in_progress", "", "null");
    const std::string place = R"(,"item_id":"msg_abc","output_index":0,"content_index":0)";
    const std::string part =
        R"({"type":"output_text","annotations":[],"logprobs":[],"text":"Hel\u00e9lo \ud83d\ude00"})";
    const std::string item =
        R"({"id":"msg_abc","type":"message","status":"completed","content":[)" + part + R"(],"role":"assistant"})";
    const std::string expected =
        event("response.created", 0, in_progress) + event("response.in_progress", 1, in_progress) +
        event("response.output_item.added", 2,
              R"(,"output_index":0,"item":{"id":"msg_abc","type":"message","status":"in_progress","content":[],)"
              R"("role":"assistant"})") +
        event("response.content_part.added", 3,
              place + R"(,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""})") +
        event("response.output_text.delta", 4, place + R"(,"delta":"Hel\u00e9","logprobs":[])") +
        event("response.output_text.delta", 5, place + R"(,"delta":"lo \ud83d","logprobs":[])") +
        event("response.output_text.delta", 6, place + R"(,"delta":"\ude00","logprobs":[])") +
        event("response.output_text.done", 7, place + R"(,"text":"Hel\u00e9lo \ud83d\ude00","logprobs":[])") +
        event("response.content_part.done", 8, place + R"(,"part":)" + part) +
        event("response.output_item.done", 9, R"(,"output_index":0,"item":)" + item) +
        event("response.completed", 10,
              response("completed", item,
                       R"({"input_tokens":10,"input_tokens_details":{"cache_write_tokens":0,"cached_tokens":4},)"
                       R"("output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15})"));
    for (std::size_t piece = 1; piece <= kText.size(); ++piece) {
        const Translated translated = translate(kText, piece);
        CHECK_FALSE(translated.error);
        REQUIRE(translated.out == expected);
    }
}

TEST_CASE("responses stream: reasoning, text and parallel calls come one after the other") {
    const std::string events =
        chunk(R"("role":"assistant","content":null,"reasoning_content":"I ")") +
        chunk(R"("reasoning_content":"think")") + chunk(R"("content":"Hm.")") +
        chunk(R"("tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}])") +
        chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}])") +
        chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"1.0}"}}])") +
        chunk(R"("tool_calls":[{"index":1,"type":"custom","custom":{"name":"sh","input":"l"}}])") +
        chunk(R"("tool_calls":[{"index":1,"custom":{"input":"s"}}])") + chunk("", R"("tool_calls")") + kUsage + kDone;
    const Translated translated = translate(events);
    CHECK_FALSE(translated.error);
    const Client client(translated.out);
    CHECK(client.types ==
          "response.created\nresponse.in_progress\n"
          "response.output_item.added\nresponse.content_part.added\nresponse.reasoning_text.delta\n"
          "response.reasoning_text.delta\nresponse.reasoning_text.done\nresponse.content_part.done\n"
          "response.output_item.done\n"
          "response.output_item.added\nresponse.content_part.added\nresponse.output_text.delta\n"
          "response.output_text.done\nresponse.content_part.done\nresponse.output_item.done\n"
          "response.output_item.added\nresponse.function_call_arguments.delta\n"
          "response.function_call_arguments.delta\nresponse.function_call_arguments.done\nresponse.output_item.done\n"
          "response.output_item.added\nresponse.custom_tool_call_input.delta\n"
          "response.custom_tool_call_input.delta\nresponse.custom_tool_call_input.done\nresponse.output_item.done\n"
          "response.completed\n");
    // The same answer as a body is the same response.
    CHECK(
        client.response ==
        body_of(chat_body(
            R"("content":"Hm.","reasoning_content":"I think","tool_calls":[{"id":"call_1","type":"function",)"
            R"("function":{"name":"f","arguments":"{\"a\":1.0}"}},{"type":"custom","custom":{"name":"sh","input":"ls"}}])",
            "tool_calls")));
}

TEST_CASE("responses stream: chunks that are alike but for their text are told as those that are read") {
    const std::vector<std::string> texts = {"a",    "b\xC3\xA9", R"(\u00e9)", "c",     R"(say \"x\")", "", " ",
                                            R"(\)", R"(\x)",     "d\n",       "e\xC3", R"(","y":")",   "f"};
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        json::RandomJson random(seed);
        std::string alike;
        std::string different;
        for (int i = 0; i < 12; ++i) {
            // Most of them are good: one that is broken ends the stream.
            const std::string text = texts[random.below(random.below(12) == 0 ? texts.size() : 7)];
            const std::string event = random.below(6) == 0
                                          ? chunk(R"("reasoning_content":")" + text + '"')
                                          : chunk(R"("content":")" + text + '"', "null", R"(,"logprobs":null)");
            alike += event;
            different += "data: {\"number\":" + std::to_string(i) + "," + event.substr(7);
        }
        const std::string end = chunk("", R"("stop")") + kUsage + kDone;
        CAPTURE(alike);
        const Translated fast = translate(alike + end);
        const Translated read = translate(different + end);
        CHECK(fast.error.has_value() == read.error.has_value());
        CHECK(fast.out == read.out);
        const Client client(fast.out);
    }
}

TEST_CASE("responses stream: refusals, logprobs, annotations") {
    const Client refused(
        translate(chunk(R"("refusal":"I ")") + chunk(R"("refusal":"can't.")") + chunk("", R"("stop")") + kDone).out);
    CHECK(refused.types.find("response.refusal.delta\nresponse.refusal.delta\nresponse.refusal.done\n") !=
          std::string::npos);
    CHECK(refused.output.find(R"("content":[{"type":"refusal","refusal":"I can't."}])") != std::string::npos);
    CHECK(refused.response.find(R"("usage":null)") != std::string::npos);

    const std::string probability = R"({"token":"a","logprob":-0.10,"top_logprobs":[]})";
    const Translated likely =
        translate(chunk(R"("content":"a")", "null", R"(,"logprobs":{"content":[)" + probability + "]}") +
                  chunk(R"("content":"a","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}])", "null",
                        R"(,"logprobs":{"content":[)" + probability + "]}") +
                  chunk("", R"("stop")") + kDone);
    CHECK(likely.out.find(R"("delta":"a","logprobs":[)" + probability + "]}") != std::string::npos);
    CHECK(likely.out.find(R"("annotation_index":0,"annotation":{"type":"url_citation","url":"u"}})") !=
          std::string::npos);
    CHECK(Client(likely.out)
              .output.find(R"({"type":"output_text","annotations":[{"type":"url_citation","url":"u"}],"logprobs":[)" +
                           probability + ',' + probability + R"(],"text":"aa"})") != std::string::npos);
}

TEST_CASE("responses stream: what servers do differently") {
    // An empty chunk before the answer, as Azure sends, does not make its id.
    const Client azure(translate("data: {\"id\":\"\",\"model\":\"\",\"created\":0,\"choices\":[]}\n\n" + kText).out);
    CHECK(azure.response.find(R"("id":"resp_abc")") != std::string::npos);
    // Comments pass; text after the finish and a finish that says nothing do no harm.
    CHECK(translate(": ping\n\n" + kText).out.starts_with(": ping\n\n"));
    Client(translate(chunk("", R"("stop")") + kDone).out);
    // Calls without a number, or all under the same one.
    for (const std::string_view number : {"", R"("index":0,)"}) {
        const auto call = [&](std::string_view id, std::string_view name) {
            return chunk(R"("tool_calls":[{)" + std::string(number) + R"("id":")" + std::string(id) +
                         R"(","type":"function","function":{"name":")" + std::string(name) +
                         R"(","arguments":"{}"}}])");
        };
        const Client client(translate(call("c1", "f") + call("c2", "g") + chunk("", R"("tool_calls")") + kDone).out);
        CHECK(client.output.find(R"("call_id":"c1","name":"f")") != std::string::npos);
        CHECK(client.output.find(R"("call_id":"c2","name":"g")") != std::string::npos);
    }
    // Arguments as an object.
    const std::string object = R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":{"a": 1.0}}}])";
    const Client given(translate(chunk(object) + chunk("", R"("tool_calls")") + kDone).out);
    CHECK(given.output.find(R"("arguments":"{\"a\": 1.0}","call_id":"c")") != std::string::npos);
    CHECK(output_of(body_of(chat_body(object, "tool_calls"))) == '[' + given.output + ']');
    // A name that comes after the first arguments.
    const Client late(translate(chunk(R"("tool_calls":[{"index":0,"id":"c","function":{"arguments":"{"}}])") +
                                chunk(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}])") +
                                chunk("", R"("tool_calls")") + kDone)
                          .out);
    CHECK(late.output.find(R"("arguments":"{}","call_id":"c","name":"f")") != std::string::npos);
    // Pieces of two calls in turns: one after the other all the same.
    const auto begun = [](std::string_view number, std::string_view name) {
        return chunk(R"("tool_calls":[{"index":)" + std::string(number) + R"(,"id":"c)" + std::string(number) +
                     R"(","function":{"name":")" + std::string(name) + R"(","arguments":"{\"a\":"}}])");
    };
    const auto more = [](std::string_view number) {
        return chunk(R"("tool_calls":[{"index":)" + std::string(number) + R"(,"function":{"arguments":"\"}\"}"}}])");
    };
    const std::string end = chunk("", R"("tool_calls")") + kDone;
    const Client mixed(translate(begun("0", "f") + begun("1", "g") + more("0") + more("1") + end).out);
    const Client sorted(translate(begun("0", "f") + more("0") + begun("1", "g") + more("1") + end).out);
    CHECK(mixed.response == sorted.response);
    CHECK(mixed.output.find(R"("arguments":"{\"a\":\"}\"}","call_id":"c1","name":"g")") != std::string::npos);
    // The second one first; and other text between two under the same number.
    const Client turned(translate(begun("1", "g") + more("1") + begun("0", "f") + more("0") + end).out);
    CHECK(turned.output.find(R"("call_id":"c1","name":"g"},{"id":"fc_abc_1")") != std::string::npos);
    const Client apart(translate(begun("0", "f") + more("0") + chunk(R"("content":"a")") +
                                 chunk(R"("tool_calls":[{"index":0,"id":"x","function":{"name":"g"}}])") + end)
                           .out);
    CHECK(apart.output.find(R"("arguments":"","call_id":"x","name":"g")") != std::string::npos);
    // Those that no end is seen of wait for the answer's.
    const Client open(translate(begun("0", "f") + begun("1", "g") + chunk("", R"("length")") + kDone).out);
    CHECK(open.output.find(R"("fc_abc","type":"function_call","status":"completed","arguments":"{\"a\":")") !=
          std::string::npos);
    CHECK(open.output.find(R"("fc_abc_1","type":"function_call","status":"incomplete","arguments":"{\"a\":")") !=
          std::string::npos);
    // What goes on behind its end can't be told.
    const Translated late_piece = translate(begun("0", "f") + more("0") + begun("1", "g") + more("0"));
    REQUIRE(late_piece.error);
    CHECK(late_piece.error->code == ErrorCode::protocol);
    CHECK(Client(late_piece.out).types.ends_with("error\nresponse.failed\n"));
}

TEST_CASE("responses stream: nothing that was cut ends cleanly") {
    const std::string failed = "error\nresponse.failed\n";
    for (const std::string& events :
         {chunk(R"("content":"a")") + kDone, kDone, chunk(R"("content":"a")") + "data: {\"choices\":[}\n\n",
          chunk(R"("content":"a")") + "data: {\"error\":{\"message\":\"overloaded\",\"code\":429}}\n\n" + kText}) {
        const Translated translated = translate(events);
        CAPTURE(events);
        const Client client(translated.out);
        CHECK(client.types.starts_with("response.created\nresponse.in_progress\n"));
        CHECK(client.types.ends_with(failed));
        CHECK(client.response.find(R"("status":"failed")") != std::string::npos);
    }
    const std::string told =
        translate(chunk(R"("content":"a")") + "data: {\"error\":{\"message\":\"overloaded\",\"code\":429}}\n\n").out;
    CHECK(
        told.find(R"("code":"upstream_error","message":"overloaded","param":null,"error":{"message":"overloaded",)") !=
        std::string::npos);
    CHECK(told.find(R"("error":{"code":"rate_limit_exceeded","message":"overloaded"})") != std::string::npos);
    // Cut at any byte, and broken off: either nothing began, or it ends in failure.
    for (std::size_t cut = 0; cut < kText.size() - 2; ++cut) {
        const Echo echo = echo_of_answer();
        const auto translator = responses_dialect().stream_from_chat(echo, std::nullopt);
        std::string out;
        REQUIRE(translator->feed(kText.substr(0, cut), out));
        translator->break_off({502, "gone", "server_error", "", ""}, out);
        translator->break_off({502, "gone", "server_error", "", ""}, out);
        REQUIRE(Client(out).types.ends_with(failed));
    }
}

TEST_CASE("responses stream: limits") {
    const auto call = [](std::size_t number) {
        return chunk(R"("tool_calls":[{"id":"c)" + std::to_string(number) +
                     R"(","function":{"name":"f","arguments":"{}"}}])");
    };
    std::string calls;
    for (std::size_t i = 0; i < CallQueue::kMaxCalls; ++i) calls += call(i);
    CHECK_FALSE(translate(calls + chunk("", R"("stop")") + kDone).error);
    const Translated one_more = translate(calls + call(CallQueue::kMaxCalls));
    REQUIRE(one_more.error);
    CHECK(one_more.error->code == ErrorCode::too_large);
    const Translated far = translate(chunk(R"("tool_calls":[{"index":1024,"id":"c","function":{"name":"f"}}])"));
    REQUIRE(far.error);
    CHECK(far.error->code == ErrorCode::too_large);

    const std::string piece = chunk(R"("content":")" + std::string(1u << 20, 'x') + '"');
    const Echo echo = echo_of_answer();
    const auto translator = responses_dialect().stream_from_chat(echo, std::nullopt);
    std::size_t fed = 0;
    std::string out;
    while (fed <= kMaxResponseBytes && translator->feed(piece, out)) {
        fed += 1u << 20;
        out.clear();
    }
    CHECK(fed > kMaxResponseBytes - (2u << 20));
    CHECK(fed <= kMaxResponseBytes);
}

TEST_CASE("responses: damaged streams are told as such, and never as more than they are") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        json::RandomJson random(seed);
        const std::string events = random.mutate(kText);
        CAPTURE(events);
        const Client client(translate(events).out);
    }
}

}  // namespace weir::wire::responses
