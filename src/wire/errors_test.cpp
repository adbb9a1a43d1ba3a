#include "wire/errors.h"

#include <doctest/doctest.h>

#include <vector>

#include "json/scan.h"
#include "json/utf8.h"

namespace weir::wire {

TEST_CASE("errors: OpenAI's form, to the byte") {
    CHECK(
        render_error({.status = 400,
                      .message = "'n' must be \"an integer\"\n",
                      .type = "invalid_request_error",
                      .param = "n"}) ==
        R"({"error":{"message":"'n' must be \"an integer\"\n","type":"invalid_request_error","param":"n","code":null}})");
    CHECK(render_error({.status = 401, .message = "no", .type = "authentication_error", .code = "invalid_api_key"}) ==
          R"({"error":{"message":"no","type":"authentication_error","param":null,"code":"invalid_api_key"}})");
    CHECK(render_error_event({.status = 502, .message = "gone", .type = "server_error"}) ==
          "data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n");
}

TEST_CASE("errors: an upstream's message in every form") {
    CHECK(upstream_message(R"({"error":{"message":"Rate limit \u00e9","type":"x"}})") == "Rate limit \xC3\xA9");
    CHECK(upstream_message(R"({"error":"model not loaded"})") == "model not loaded");
    CHECK(upstream_message(R"({"message":"no such route","code":404})") == "no such route");
    CHECK(upstream_message(R"({"detail":"Not Found"})") == "Not Found");
    CHECK(upstream_message(R"({"detail":[{"loc":["body"],"msg":"field required"}]})") == "field required");
    CHECK(upstream_message(R"([{"error":{"code":400,"message":"API key not valid"}}])") == "API key not valid");
    CHECK(upstream_message(R"("just text")") == "just text");
    CHECK(upstream_message(R"({"error":null,"message":"m"})") == "m");
    CHECK(upstream_message(R"({"error":{"code":7}})") == R"({"error":{"code":7}})");
    CHECK(upstream_message("\n upstream connect error\r\n\x7F") == "upstream connect error");
    CHECK(upstream_message("<html>502</html>") == "<html>502</html>");
    CHECK(upstream_message(R"({"error":{"message":"cut)") == R"({"error":{"message":"cut)");
    CHECK(upstream_message("").empty());
    CHECK(upstream_message(" \n").empty());
    CHECK(upstream_message("}").size() == 1);
}

TEST_CASE("errors: a long message is cut between characters") {
    for (std::size_t shift = 0; shift < 5; ++shift) {
        std::string body(shift, 'x');
        while (body.size() < 5000) body += "\xF0\x9F\x98\x80";
        const std::string text = upstream_message(body);
        CHECK(text.size() <= 2000);
        CHECK(text.size() > 1996);
        CHECK(json::valid_utf8(text));
    }
    CHECK(upstream_message(std::string(3000, 'x')).size() == 2000);
    // Bytes that never were UTF-8 still leave a rendered error that is JSON.
    const std::string rendered = render_error({.message = upstream_message("\x80\x80\xFF{"), .type = "server_error"});
    std::vector<json::Member> members;
    CHECK(json::members(rendered, members));
}

TEST_CASE("models: the list and one of it") {
    const std::vector<ModelEntry> models = {{"gpt-4o", "openai"}, {"a\"b", "weir"}};
    CHECK(render_models(models, 1700000000) ==
          R"({"object":"list","data":[{"id":"gpt-4o","object":"model","created":1700000000,"owned_by":"openai"},)"
          R"({"id":"a\"b","object":"model","created":1700000000,"owned_by":"weir"}]})");
    CHECK(render_models({}, 0) == R"({"object":"list","data":[]})");
    CHECK(render_model(models[0], 1) == R"({"id":"gpt-4o","object":"model","created":1,"owned_by":"openai"})");
    const std::string first =
        R"({"type":"model","id":"gpt-4o","display_name":"gpt-4o","created_at":"1970-01-01T00:00:00Z"})";
    CHECK(render_anthropic_model(models[0]) == first);
    CHECK(render_anthropic_models(models) ==
          R"({"data":[)" + first +
              R"(,{"type":"model","id":"a\"b","display_name":"a\"b","created_at":"1970-01-01T00:00:00Z"}],)"
              R"("has_more":false,"first_id":"gpt-4o","last_id":"a\"b"})");
    CHECK(render_anthropic_models({}) == R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
}

TEST_CASE("errors: an upstream's type and code") {
    const auto taken = [](std::string_view body) {
        ApiError error{502, "m", "server_error", "upstream_error", ""};
        take_type_and_code(body, error);
        return error.type + " " + error.code;
    };
    CHECK(taken(R"({"error":{"type":"t","code":"c\u0061","param":"messages"}})") == "t ca");
    CHECK(taken(R"({"error":{"type":null,"code":429}})") == "server_error upstream_error");
    CHECK(taken(R"({"error":{"type":"","code":"c"}})") == "server_error c");
    CHECK(taken(R"({"error":{"type":")" + std::string(200, 'x') + "\"}}") == "server_error upstream_error");
    CHECK(taken(R"({"error":"text"})") == "server_error upstream_error");
    CHECK(taken("<html>") == "server_error upstream_error");
}

}  // namespace weir::wire
