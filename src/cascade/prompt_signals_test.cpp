#include "cascade/prompt_signals.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "cascade/triage_features.h"
#include "json/scan.h"

using namespace weir;
using namespace weir::cascade;
using S = PromptSignal;

namespace {

std::string turn(std::string_view role, std::string_view content, std::string_view more = "") {
    std::string made = R"({"role":")" + std::string(role) + R"(","content":)";
    json::write_string(content, made);
    return made + std::string(more) + "}";
}

PromptFeatures of_messages(const std::string& messages, std::string_view more = "") {
    const std::string body = R"({"model":"m","messages":[)" + messages + "]" + std::string(more) + "}";
    std::string param;
    const auto request = wire::parse_chat_request(body, param);
    REQUIRE(request.has_value());
    return prompt_features(*request);
}

PromptSignals signals(const std::string& messages, std::string_view more = "") {
    return of_messages(messages, more).signals;
}

PromptSignals intents(std::string_view user, std::string_view system = "") {
    PromptSignals to{};
    add_intents(system, user, to);
    return to;
}

const std::string kAsked = turn("user", "How tall is Mont Blanc in metres?");

}  // namespace

TEST_CASE("what is asked for, by the system's words or the user's, at either end") {
    CHECK(of(intents("Translate into French: hello"), S::translation) == 1);
    CHECK(of(intents("hello", "You TRANSLATE what you are given."), S::translation) == 1);
    CHECK(of(intents("Write a python script."), S::code) == 1);
    CHECK(of(intents("tl;dr. Please summarise."), S::summary) == 1);
    CHECK(of(intents("Classify: great!"), S::classification) == 1);
    CHECK(of(intents("Compute 3 + 4"), S::arithmetic) == 1);
    CHECK(of(intents("Rephrase it"), S::rewriting) == 1);
    CHECK(of(intents("Extract the names"), S::extraction) == 1);
    CHECK(intents("What is the capital of Peru? It is not encoded.") == PromptSignals{});
    const std::string passage(5'000, 'x');
    CHECK(of(intents(passage + " Summarize this."), S::summary) == 1);
    CHECK(of(intents(passage + " Summarize this. " + passage), S::summary) == 0);
}

TEST_CASE("a first message has no conversation") {
    const PromptSignals found = signals(turn("system", "Be brief.") + "," + kAsked);
    CHECK(found == PromptSignals{});
    CHECK(of(signals(kAsked, R"(,"tools":[{"type":"function"}])"), S::tools_offered) == 1);
    // It is what it was without one.
    const PromptFeatures one = of_messages(turn("system", "Be brief.") + "," + turn("user", "What?\n\"A\" \u00e9"));
    const PromptFeatures other = prompt_features("Be brief.", "What?\n\"A\" \u00e9");
    CHECK(one.grams == other.grams);
    CHECK(one.numbers == other.numbers);
}

TEST_CASE("where a conversation stands") {
    const std::string call = R"({"role":"assistant","content":null,"tool_calls":[{"id":"1"}]})";
    const PromptSignals found =
        signals(kAsked + "," + turn("assistant", "Shall I look it up?") + "," + turn("user", "Yes"));
    CHECK(of(found, S::log_turns) == doctest::Approx(std::log1p(2)));
    CHECK(of(found, S::log_history_bytes) > 4);
    CHECK(of(found, S::log_answer_bytes) == doctest::Approx(std::log1p(19)));
    CHECK(of(found, S::answer_asks_back) == 1);
    CHECK(of(found, S::answer_calls) == 0);
    CHECK(of(found, S::answers_tool) == 0);

    const PromptSignals tool = signals(kAsked + "," + call + "," + turn("tool", "4,806"));
    CHECK(of(tool, S::answers_tool) == 1);
    CHECK(of(tool, S::log_tool_results) == doctest::Approx(std::log1p(1)));
    CHECK(of(tool, S::answer_calls) == 1);
    CHECK(of(tool, S::log_answer_bytes) == 0);
    CHECK(of(tool, S::repeated_share) == 0);  // what the tool answers is the question itself

    const auto after = [](std::string_view answer) {
        return signals(kAsked + "," + turn("assistant", answer) + "," + turn("user", "And now?"));
    };
    CHECK(of(after("See:\n```py\nx = 1\n```"), S::answer_code) == 1);
    CHECK(of(after(" {\"a\": 1}"), S::answer_json) == 1);
    CHECK(of(after("I'm sorry, but I can't help with that."), S::answer_refused) == 1);
    CHECK(of(after("4,806 m."), S::answer_asks_back) == 0);
}

TEST_CASE("the caller asks again") {
    const auto then = [](std::string_view next) {
        return signals(kAsked + "," + turn("assistant", "4,810") + "," + turn("user", next));
    };
    CHECK(of(then("How tall is Mont Blanc in metres?"), S::repeated_share) == 1);
    CHECK(of(then("HOW tall is it, Mont Blanc, metres?"), S::repeated_share) == doctest::Approx(6.0 / 7));
    CHECK(of(then("Name three rivers near Geneva"), S::repeated_share) == 0);
    CHECK(of(then("How tall?"), S::repeated_share) == 0);  // too few words to tell
    CHECK(of(then("No, that is wrong."), S::complaint) == 1);
    CHECK(of(then("Thanks. Is that exact?"), S::complaint) == 0);
    // Of several earlier turns the nearest in wording counts, and the assistant's words do not.
    const std::string more = kAsked + "," + turn("assistant", "name three rivers near geneva") + "," +
                             turn("user", "And the Matterhorn?") + "," + turn("assistant", "4,478");
    CHECK(of(signals(more + "," + turn("user", "How tall is Mont Blanc in metres?")), S::repeated_share) == 1);
    CHECK(of(signals(more + "," + turn("user", "Name three rivers near Geneva")), S::repeated_share) == 0);
    CHECK(of(signals(turn("user", "No, that is wrong.")), S::complaint) == 0);
}

TEST_CASE("a conversation's words are other grams than the question's") {
    const auto grams = [](const std::string& messages) { return of_messages(messages).grams; };
    const auto without = grams(turn("user", "And now?"));
    const auto with = grams(kAsked + "," + turn("assistant", "4,810") + "," + turn("user", "And now?"));
    CHECK(with.size() > without.size());
    CHECK(std::equal(without.begin(), without.end(), with.begin()));
    CHECK(of_messages(kAsked + "," + turn("user", "And now?"))[PromptNumber::log_words] ==
          of_messages(turn("user", "And now?"))[PromptNumber::log_words]);
    // Where a tool spoke last, the user's last turn is the question.
    const PromptFeatures tool = of_messages(kAsked + "," + turn("assistant", "") + "," + turn("tool", "4,806 Schwyz"));
    CHECK(tool[PromptNumber::log_words] == of_messages(kAsked)[PromptNumber::log_words]);
}

TEST_CASE("any conversation gives finite signals, long ones by their ends") {
    rc::check([](const std::vector<std::string>& texts) {
        std::string messages = kAsked;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            messages += "," + turn(i % 3 == 0 ? "assistant" : i % 3 == 1 ? "user" : "tool", texts[i]);
        }
        const PromptFeatures found = of_messages(messages);
        for (const float value : found.signals) RC_ASSERT(std::isfinite(value));
        for (const float value : found.numbers) RC_ASSERT(std::isfinite(value));
    });
    const std::string filler(100'000, '"');
    const PromptFeatures found =
        of_messages(kAsked + "," + turn("assistant", filler) + "," + turn("user", "If " + filler + " how many?"));
    CHECK(found[PromptNumber::log_bytes] == doctest::Approx(std::log1p(200'014)));  // as they are spelled
    CHECK(found[PromptNumber::condition] == 1);
    CHECK(found[PromptNumber::quantity_asked] == 1);
    CHECK(of(found.signals, S::log_answer_bytes) == doctest::Approx(std::log1p(200'000)));
}
