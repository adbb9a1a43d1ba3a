// What Gemini says goes back to it byte for byte, whatever it is: random answers, told as chat, are the assistant's
// part of the next request.
#include "json/random_json.h"
#include "wire/gemini_testing.h"
#include "wire/gemini_traces_testing.h"

using namespace weir;
using namespace weir::wire;
using namespace weir::wire::testing;

namespace {

struct Random {
    json::RandomJson any;

    std::string text() {
        std::string one = any.string();
        return one.size() > 2 ? one : R"("x")";
    }
    std::string arguments() {
        std::string out = "{";
        for (std::size_t i = 0, count = any.below(4); i < count; ++i) {
            if (i > 0) out += ',';
            out += any.space() + any.string() + any.space() + ':' + any.value(2);
        }
        return out + any.space() + '}';
    }
    std::string signature() { return R"("Sig)" + std::to_string(any.below(1000)) + R"(\/+==")"; }
};

}  // namespace

TEST_CASE("random answers go back as they came") {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        Random random{json::RandomJson(seed)};
        std::string parts, expected, results;
        const auto add = [](std::string& list, const std::string& one) { list += (list.empty() ? "" : ",") + one; };
        if (random.any.below(3) == 0) add(parts, R"({"text":)" + random.text() + R"(,"thought":true})");
        const bool says = random.any.below(3) > 0;
        if (says) {
            const std::string text = random.text();
            const std::string part = R"({"text":)" + text;
            const std::string end =
                random.any.below(2) == 0 ? R"(,"thoughtSignature":)" + random.signature() + '}' : "}";
            add(parts, part + end);
            add(expected, part + end);
        }
        const std::size_t calls = random.any.below(4) + (says ? 0 : 1);
        for (std::size_t i = 0; i < calls; ++i) {
            const std::string id = R"({"functionCall":{"id":"i)" + std::to_string(i) + R"(","name":"f","args":)";
            const std::string end = i == 0 ? R"(},"thoughtSignature":)" + random.signature() + '}' : std::string("}}");
            const std::string call = id + random.arguments() + end;
            add(parts, call);
            add(expected, call);
            add(results, R"({"role":"tool","tool_call_id":"i)" + std::to_string(i) + R"(","content":)" +
                             random.any.string() + '}');
        }
        const std::string chat = chat_of(gemini_chunk(parts, "STOP", gemini_usage(1, 1)));
        std::string request = R"({"model":"m","messages":[{"role":"user","content":"a"},)" +
                              at(chat, "choices.0.message") + (results.empty() ? "" : ",") + results + "]}";
        const Said said = said_to_gemini(request, "gemini-3-pro-preview");
        CHECK(said.error == "");
        CHECK(at(said.body, "contents.1.parts") == '[' + expected + ']');
        for (std::size_t i = 0; i < calls; ++i) {
            CHECK(at(said.body, "contents.2.parts." + std::to_string(i) + ".functionResponse.id") ==
                  R"("i)" + std::to_string(i) + '"');
        }
    }
}

TEST_CASE("random members are refused, dropped and told, or taken, and never break a request") {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        json::RandomJson random(seed);
        static constexpr std::string_view kNames[] = {
            "temperature",      "stop",       "tools",        "tool_choice", "response_format",
            "reasoning_effort", "extra_body", "modalities",   "logprobs",    "safety_settings",
            "service_tier",     "max_tokens", "top_logprobs", "google",      "n",
            "verbosity",        "x"};
        std::string chat = R"({"model":"m","messages":[{"role":"user","content":)" + random.string() + "}]";
        for (std::size_t count = random.below(4); count > 0; --count) {
            chat += ",\"" + std::string(kNames[random.below(std::size(kNames))]) + "\":" + random.value(3);
        }
        chat += '}';
        CAPTURE(chat);
        const Said strict = said_to_gemini(chat);
        const Said loose = said_to_gemini(chat, "gemini-2.5-flash", true);
        CHECK((strict.error == "") == !strict.body.empty());
        CHECK((loose.error == "") == !loose.body.empty());
        // What is said without a word left out is said the same either way.
        if (strict.error == "") CHECK(strict.body == loose.body);
        if (strict.error == "") CHECK(loose.dropped.empty());
        if (strict.error != "" && loose.error == "") CHECK(!loose.dropped.empty());
    }
}
