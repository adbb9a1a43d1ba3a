#include "wire/completions_form.h"

#include <doctest/doctest.h>

#include "wire/chat_answer.h"
#include "wire/completions.h"
#include "wire/named_model.h"

namespace weir::wire {
namespace {

ProviderExchange exchange() {
    ProviderExchange exchange;
    exchange.request_id = "0123456789abcdef";
    exchange.created_unix_s = 1'700'000'000;
    exchange.model = "davinci";
    return exchange;
}

constexpr std::string_view kUsage =
    R"("usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}})";
constexpr std::string_view kLogprobs =
    R"({"tokens":["Fo","\u00fcr"],"token_logprobs":[-0.10,-2e-1],"top_logprobs":[{"Fo":-0.10,"F":-3},null],"text_offset":[7,9]})";

std::string body(std::string_view logprobs = "null") {
    return R"({"id":"cmpl-1","object":"text_completion","created":5,"model":"davinci-2","system_fingerprint":"fp",)"
           R"("choices":[{"text":"Fo\u00fcr","index":0,"logprobs":)" +
           std::string(logprobs) + R"(,"finish_reason":"stop"}],)" + std::string(kUsage) + "}";
}

std::string chat_of(std::string_view text) {
    std::string chat;
    const Result<void> read = completions_form().body_to_chat(text, exchange(), chat);
    return read ? chat : "error: " + read.error().message;
}

std::string chunk(std::string_view choices, std::string_view more = "") {
    return R"(data: {"id":"cmpl-1","object":"text_completion","created":5,"model":"davinci-2","choices":[)" +
           std::string(choices) + "]" + std::string(more) + "}\n\n";
}

std::string text(std::string_view raw, int index = 0, std::string_view finish = "null") {
    return R"({"text":)" + std::string(raw) + R"(,"index":)" + std::to_string(index) +
           R"(,"logprobs":null,"finish_reason":)" + std::string(finish) + "}";
}

std::string stream() {
    return chunk(text(R"("Fo")")) + ": alive\n\n" + chunk(text(R"("u")")) + chunk(text(R"("\u0072")")) +
           chunk(text(R"(".")")) + chunk(text(R"("!")")) + chunk(text(R"("other")", 1, R"("length")")) +
           chunk(text(R"("")", 0, R"("stop")")) + chunk("", "," + std::string(kUsage)) + "data: [DONE]\n\n";
}

std::string translated(std::string_view bytes, std::size_t step, bool& ended) {
    const ProviderExchange asked = exchange();
    const auto made = completions_form().stream_to_chat(asked);
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += step) REQUIRE(made->feed(bytes.substr(at, step), out));
    ended = made->end(out).has_value();
    return out;
}

}  // namespace

TEST_CASE("a completion as a chat completion, and back") {
    const std::string chat = chat_of(body(kLogprobs));
    CAPTURE(chat);
    const Result<ChatAnswer> read = read_chat_answer(chat);
    REQUIRE(read.has_value());
    CHECK(read->whole);
    CHECK(read->usage.input_cached == 4);
    CHECK(read->usage.input() == 9);
    CHECK(read->usage.output == 3);
    CHECK(read->logprobs.tokens == 2);
    std::string back;
    Echo echo;
    REQUIRE(completions_dialect().body_from_chat(chat, echo, back));
    CAPTURE(back);
    CHECK(back.find(R"("id":"cmpl-1")") != std::string::npos);
    CHECK(back.find(R"("text":"Fo\u00fcr")") != std::string::npos);
    CHECK(back.find(R"("token_logprobs":[-0.10,-2e-1])") != std::string::npos);
    CHECK(back.find(R"("system_fingerprint":"fp")") != std::string::npos);
}

TEST_CASE("what is no completion") {
    for (const std::string_view bad :
         {"{}", "[]", "x", R"({"choices":[]})", R"({"choices":[5]})", R"({"choices":[{"index":0}]})",
          R"({"choices":[{"text":5,"index":0}]})", R"({"choices":[{"text":"a","index":-1}]})",
          R"({"choices":[{"text":"a","index":128}]})"}) {
        CAPTURE(bad);
        CHECK(chat_of(bad).starts_with("error: "));
    }
    CHECK(chat_of(body(R"({"tokens":["a"],"token_logprobs":[]})")).find(R"("logprobs":null)") != std::string::npos);
}

TEST_CASE("a stream of a completion as chat, however it is cut, and never as whole where it broke off") {
    const std::string whole = stream();
    bool ended = false;
    const std::string expected = translated(whole, whole.size(), ended);
    CHECK(ended);
    ChatStream::Options options;
    options.keep = true;
    ChatStream chat(options);
    std::string events;
    REQUIRE(chat.feed(expected, events));
    CHECK(chat.done());
    CHECK(chat.usage().input_cached == 4);
    CHECK(chat.usage().output == 3);
    const Result<std::string> made = chat.body();
    REQUIRE(made.has_value());
    CAPTURE(*made);
    CHECK(made->find(R"("content":"Fou\u0072.!")") != std::string::npos);
    CHECK(made->find(R"("content":"other")") != std::string::npos);
    CHECK(read_chat_answer(*made)->finished);
    CHECK(events.find(": alive\n\n") != std::string::npos);
    for (std::size_t step = 1; step < 20; ++step) CHECK(translated(whole, step, ended) == expected);
    for (std::size_t cut = 0; cut + 2 < whole.size(); ++cut) {
        const std::string out = translated(std::string_view(whole).substr(0, cut), 4096, ended);
        CHECK_FALSE(ended);
        CHECK(out.find("[DONE]") == std::string::npos);
    }
}

TEST_CASE("usage in every chunk, in the last choice's, and of a stream that broke off") {
    bool ended = false;
    const std::string one = R"(,"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10})";
    const std::string two = R"(,"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})";
    const std::string events = chunk(text(R"("a")"), one) + chunk(text(R"("b")", 0, R"("stop")"), two);
    const std::string out = translated(events + "data: [DONE]\n\n", 7, ended);
    CHECK(out.find(R"("completion_tokens":2)") != std::string::npos);
    CHECK(out.find(R"("completion_tokens":1)") == std::string::npos);
    const ProviderExchange asked = exchange();
    const auto broken = completions_form().stream_to_chat(asked);
    std::string some;
    REQUIRE(broken->feed(events, some));
    CHECK(broken->so_far().output == 2);
    CHECK_FALSE(broken->end(some).has_value());
}

TEST_CASE("an error in a stream is told once, as chat's") {
    bool ended = false;
    const std::string out = translated(
        chunk(text(R"("a")")) + "data: {\"error\":{\"message\":\"oh no\",\"type\":\"t\",\"code\":\"c\"}}\n\n", 5,
        ended);
    CHECK_FALSE(ended);
    CHECK(out.find("oh no") != std::string::npos);
    for (const std::string_view bad : {"data: 5\n\n", "data: {\"choices\":[5]}\n\n", "data: {\n\n"}) {
        const ProviderExchange asked = exchange();
        std::string ignored;
        CHECK_FALSE(completions_form().stream_to_chat(asked)->feed(bad, ignored).has_value());
    }
}

TEST_CASE("which event is a stream's last one") {
    const auto is_last = [](const ProviderForm& form, std::string_view name, std::string_view data) {
        return form.is_last_event({"", data, name});
    };
    CHECK(is_last(completions_form(), "", "[DONE]"));
    CHECK(is_last(completions_form(), "", R"({"error":{"message":"m"}})"));
    CHECK(is_last(completions_form(), "error", "{}"));
    CHECK_FALSE(is_last(completions_form(), "", R"({"error":null,"choices":[]})"));
    CHECK_FALSE(is_last(completions_form(), "", R"({"choices":[{"text":"[DONE]"}]})"));
}

TEST_CASE("requests whose answers chat can't hold") {
    CHECK(completions_form().has_answer_in_chat(R"({"model":"m","prompt":"p","logprobs":2,"top_k":3})"));
    CHECK_FALSE(completions_form().has_answer_in_chat(R"({"model":"m","prompt":"p","prompt_logprobs":1})"));
}

TEST_CASE("a stream's usage is asked for where nobody has") {
    const auto asked = [](std::string_view body, bool& added) {
        std::string out;
        added = with_usage_asked(body, "n", out);
        return out;
    };
    bool added = false;
    CHECK(asked(R"({"model":"m" , "a":1.0 })", added) ==
          R"({"model":"n" , "a":1.0,"stream_options":{"include_usage":true} })");
    CHECK(added);
    CHECK(asked(R"({"stream_options":{},"model":"m"})", added) ==
          R"({"stream_options":{"include_usage":true},"model":"n"})");
    CHECK(added);
    CHECK(asked(R"({"model":"m","stream_options":{"x":1}})", added) ==
          R"({"model":"n","stream_options":{"include_usage":true,"x":1}})");
    CHECK(added);
    CHECK(asked(R"({"model":"m","stream_options":{"include_usage":false}})", added) ==
          R"({"model":"n","stream_options":{"include_usage":true}})");
    CHECK(added);
    CHECK(asked(R"({"model":"m","stream_options":null})", added) ==
          R"({"model":"n","stream_options":{"include_usage":true}})");
    CHECK(added);
    for (const std::string_view same :
         {R"({"model":"n","stream_options":{"include_usage":true}})", R"({"model":"n","stream_options":5})",
          R"({"model":"n","stream_options":{},"stream_options":{}})"}) {
        CHECK(asked(same, added) == same);
        CHECK_FALSE(added);
    }
}

}  // namespace weir::wire
