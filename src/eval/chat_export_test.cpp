#include "eval/chat_export.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

#include "json/scan.h"

using namespace weir;
using namespace weir::eval;
using store::Example;

namespace {

Example example(const std::string& prompt, const std::string& answer, Micros at) {
    Example made;
    made.unix_micros = at;
    made.request = at;
    made.model = "p/big";
    made.api = "openai.chat";
    made.prompt = prompt;
    made.answer = answer;
    made.answer_digest = store::example_digest("", answer);
    made.content = made.may_distil = true;
    return made;
}

}  // namespace

TEST_CASE("a row is a chat, and the mask tells what is learned") {
    Example one = example("Is it \"spam\"?", "yes\n", 1);
    one.system = 3;
    one.system_text = std::make_shared<const std::string>("Classify.");
    ChatExportOptions options;
    const auto row = [&](ExportMask mask) {
        options.mask = mask;
        return export_chat({one}, options).parts[0].rows.at(0);
    };
    CHECK(
        row(ExportMask::none) ==
        R"({"messages": [{"role": "system", "content": "Classify."}, {"role": "user", "content": "Is it \"spam\"?"}, )"
        R"({"role": "assistant", "content": "yes\n"}]})");
    CHECK(
        row(ExportMask::weight) ==
        R"({"messages": [{"role": "system", "content": "Classify."}, {"role": "user", "content": "Is it \"spam\"?"}, )"
        R"({"role": "assistant", "content": "yes\n", "weight": 1}]})");
    CHECK(row(ExportMask::train) == R"({"messages": [{"role": "system", "content": "Classify.", "train": false}, )"
                                    R"({"role": "user", "content": "Is it \"spam\"?", "train": false}, )"
                                    R"({"role": "assistant", "content": "yes\n", "train": true}]})");
    CHECK(
        export_chat({one}, options).parts[0].provenance.at(0) ==
        R"({"request": "0000000000000001", "unix_us": 1, "model": "p/big", "api": "openai.chat", "may_distil": true, )"
        R"("system": "0000000000000003", "response_format": "0000000000000000"})");
}

TEST_CASE("what may not be learned from is left out, and counted") {
    std::vector<Example> examples(5, example("a", "x", 1));
    for (std::size_t i = 0; i < 5; ++i) examples[i].prompt = std::string(1, static_cast<char>('a' + i));
    examples[0].may_distil = false;
    examples[1].content = false;
    examples[2].system = 7;  // its text is lost
    const ChatExport made = export_chat(examples, {});
    CHECK(made.read == 5);
    CHECK(made.not_allowed == 1);
    CHECK(made.hashes_only == 1);
    CHECK(made.texts_missing == 1);
    CHECK(made.rows() == 2);
    CHECK(made.models == std::map<std::string, std::uint64_t>{{"p/big", 2}});
}

TEST_CASE("each prompt once: what was said most often, of equally many the latest") {
    const ChatExport made = export_chat({example("a", "x", 1), example("a", "y", 2), example("a", "y", 3),
                                         example("a", "x", 4), example("a", "z", 5), example("b", "u", 6)},
                                        {ExportMask::none, {1, 0, 0}});
    REQUIRE(made.parts[0].rows.size() == 2);
    CHECK(made.parts[0].rows[0].find(R"("content": "x")") != std::string::npos);
    CHECK(made.duplicates == 4);
    CHECK(made.contradicted == 1);
    Example other = example("a", "x", 7);
    other.response_format = 9;  // another question
    CHECK(export_chat({example("a", "x", 1), other}, {}).rows() == 2);
}

TEST_CASE("the split goes by time") {
    std::vector<Example> examples;
    for (int i = 99; i >= 0; --i) examples.push_back(example("p" + std::to_string(i), "x", 1'000 + i));
    examples.push_back(example("p0", "x", 5'000));  // belongs to when it was first asked
    const ChatExport made = export_chat(examples, {});
    CHECK(made.parts[0].rows.size() == 80);
    CHECK(made.parts[1].rows.size() == 10);
    CHECK(made.parts[2].rows.size() == 10);
    CHECK(made.parts[0].first_unix_micros == 1'000);
    CHECK(made.parts[0].last_unix_micros == 1'079);
    CHECK(made.parts[1].first_unix_micros == 1'080);
    CHECK(made.parts[2].last_unix_micros == 1'099);
    CHECK(export_chat({}, {}).rows() == 0);
}

TEST_CASE("whatever the examples: every row is JSON, every prompt is there once, nothing gets lost uncounted") {
    rc::check([](const std::vector<std::pair<std::string, std::uint8_t>>& said) {
        std::vector<Example> examples;
        Micros at = 0;
        for (const auto& [prompt, answer] : said) examples.push_back(example(prompt, std::to_string(answer % 3), ++at));
        const ChatExport made = export_chat(examples, {ExportMask::train, {3, 2, 1}});
        RC_ASSERT(made.rows() + made.duplicates == examples.size());
        std::set<std::string> prompts;
        for (const auto& example : examples) prompts.insert(example.prompt);
        RC_ASSERT(made.rows() == prompts.size());
        for (const auto& part : made.parts) {
            RC_ASSERT(part.rows.size() == part.provenance.size());
            std::vector<json::Member> members;
            for (const std::string& row : part.rows) RC_ASSERT(json::members(row, members).has_value());
            for (const std::string& row : part.provenance) RC_ASSERT(json::members(row, members).has_value());
        }
    });
}
