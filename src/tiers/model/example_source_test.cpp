#include "tiers/model/example_source.h"

#include <doctest/doctest.h>

#include "json/scan.h"

using namespace weir;
using namespace weir::tiers;

namespace {

constexpr std::uint64_t kTask = 7;
constexpr Micros kLater = 1'000'000;
const std::string kSystem = "Which desk?";

using Rows = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const ExampleIndex> index_of(const Rows& rows) {
    std::vector<ExampleIndex::Example> examples;
    for (const auto& [prompt, answer] : rows) {
        examples.push_back({prompt, answer, static_cast<Micros>(examples.size() + 1)});
    }
    return ExampleIndex::make(examples);
}

// "prompt=answer", as they are shown.
std::vector<std::string> shown_of(const ExampleIndex& index, std::string_view text, const Showing& showing) {
    std::vector<ExampleIndex::Near> near;
    index.nearest(text, kLater, showing.least_similarity, near);
    std::vector<std::string> shown;
    for (const auto& each : chosen(index, near, showing)) {
        shown.push_back(index.entry(each).prompt + "=" + index.entry(each).answer);
    }
    return shown;
}

Showing showing_of(std::uint32_t examples, std::uint32_t tokens = 1'500, double least = 0.01) {
    return {examples, tokens, least};
}

struct World {
    World() {
        auto made = std::make_shared<store::ExampleRules>();
        made->course = {"default", "fake/big"};
        made->content = made->may_distil = true;
        made->redaction = text::Redaction::usual();
        rules = std::move(made);
    }
    void put(const std::string& system, const Rows& rows, const std::string& tenant = "acme",
             const std::string& reference = "fake/big") {
        const std::uint64_t digest = system.empty() ? 0 : store::example_digest(tenant, system);
        shelf.put({tenant, "default", reference, kTask, digest, 0}, index_of(rows));
    }
    // The turns before the question, "user: ..." and "assistant: ..."; or why there are none.
    std::string ask(const std::string& user, bool named = false, const std::string& tenant = "acme",
                    const std::string& more = "", const std::string& system = kSystem, Micros before = kLater) {
        std::string body = R"({"model":"big","messages":[{"role":"system","content":)";
        json::write_string(system, body);
        body += R"(},{"role":"user","content":)";
        json::write_string(user, body);
        body += "}]" + more + "}";
        std::string param;
        const auto chat = wire::parse_chat_request(body, param);
        REQUIRE(chat);
        Question question{*chat, tenant};
        question.task = kTask;
        question.task_is_named = named;
        const ExampleSource::Shown shown = ExampleSource(shelf, rules, showing).show(question, before);
        why = shown.why;
        if (shown.body.empty()) return shown.why;
        const auto again = wire::parse_chat_request(shown.body, param);
        REQUIRE(again);
        CHECK(wire::question_text(*again) == user);
        return std::string(again->history.of(shown.body));
    }

    ExampleShelf shelf;
    std::shared_ptr<const store::ExampleRules> rules;
    Showing showing = showing_of(3);
    std::string why;
};

std::string turn(const std::string& question, const std::string& answer) {
    return R"({"role":"user","content":")" + question + R"("},{"role":"assistant","content":")" + answer + R"("})";
}

const Rows kRows = {{"where is my parcel", "delivery"}, {"the invoice was charged", "billing"}};

}  // namespace

TEST_CASE("examples shown: the most similar last, as many as are wanted") {
    const auto index = index_of({{"my parcel", "a1"}, {"my parcel is late", "a2"}, {"my parcel is late again", "a3"}});
    const std::string text = "my parcel is late again";
    CHECK(shown_of(*index, text, showing_of(2)) ==
          std::vector<std::string>{"my parcel is late=a2", "my parcel is late again=a3"});
    CHECK(shown_of(*index, text, showing_of(5)).size() == 3);
    CHECK(shown_of(*index, text, showing_of(5, 1'500, 0.99)) == std::vector<std::string>{"my parcel is late again=a3"});
}

TEST_CASE("examples shown: what has no room is passed over") {
    const auto index = index_of({{"my parcel " + std::string(400, 'x'), "a1"}, {"my parcel is late", "a2"}});
    const std::string text = "my parcel " + std::string(400, 'x') + " is late";
    CHECK(shown_of(*index, text, showing_of(5)).size() == 2);
    // 103 + 8 tokens, and 5 + 8.
    CHECK(shown_of(*index, text, showing_of(5, 124)).size() == 2);
    CHECK(shown_of(*index, text, showing_of(5, 123)).size() == 1);
    CHECK(shown_of(*index, text, showing_of(5, 110)) == std::vector<std::string>{"my parcel is late=a2"});
    CHECK(shown_of(*index, text, showing_of(5, 12)).empty());
}

TEST_CASE("examples shown: of labels at most half say the same, where others are similar") {
    Rows rows;
    for (int i = 0; i < 6; ++i)
        rows.push_back({"win a prize now " + std::string(1, static_cast<char>('a' + i)), "spam"});
    rows.push_back({"did you win a game", "ham"});
    rows.push_back({"see you tomorrow", "ham"});
    const auto count = [](const std::vector<std::string>& shown, const std::string& answer) {
        return std::count_if(shown.begin(), shown.end(),
                             [&](const std::string& each) { return each.ends_with("=" + answer); });
    };
    const auto labels = shown_of(*index_of(rows), "win a prize now", showing_of(4));
    CHECK(labels.size() == 4);
    CHECK(count(labels, "ham") == 1);  // the other one is not similar: its place goes to the next
    CHECK(labels.front() == "did you win a game=ham");
    for (auto& [prompt, answer] : rows) answer += " " + prompt + std::string(64, '.');
    const auto texts = shown_of(*index_of(rows), "win a prize now", showing_of(4));
    CHECK(std::none_of(texts.begin(), texts.end(), [](const auto& each) { return each.starts_with("did"); }));
}

TEST_CASE("example source: turns before the question, and how many") {
    World world;
    world.put(kSystem, kRows);
    CHECK(world.ask("where is my parcel now") == turn("where is my parcel", "delivery"));
    CHECK(world.why.starts_with("1 example, the nearest 0."));
    CHECK(world.ask("where is my invoice").find("},{\"role\":\"user\"") != std::string::npos);
    CHECK(world.why.starts_with("2 examples, the nearest 0."));
}

TEST_CASE("example source: nobody's but the tenant's, the task's, the reference's, the instruction's") {
    World world;
    world.put(kSystem, kRows, "birch");
    world.put(kSystem, kRows, "acme", "fake/other");
    CHECK(world.ask("where is my parcel") == "no examples yet");
    CHECK(world.ask("where is my parcel", false, "birch") == turn("where is my parcel", "delivery"));
    world.put("Reversed.", {{"where is my parcel", "yreviled"}});
    CHECK(world.ask("where is my parcel", true) == "no examples yet");
    world.put(kSystem, {{"where is my parcel", "delivery"}});
    CHECK(world.ask("where is my parcel", true) == turn("where is my parcel", "delivery"));
    CHECK(world.ask("where is my parcel", true, "acme", "", "Reversed.") == turn("where is my parcel", "yreviled"));
    CHECK(world.ask("where is my parcel", true, "acme", R"(,"response_format":{"type":"json_object"})") ==
          "no examples yet");
    CHECK(world.ask("where is my parcel", true, "acme", "", std::string(9'000, 's')) == "no examples yet");
    world.shelf.take_away([](const student::StudentKey& key) { return key.tenant == "acme"; });
    CHECK(world.ask("where is my parcel", true) == "no examples yet");
    CHECK(world.ask("where is my parcel", true, "birch") == turn("where is my parcel", "delivery"));
}

TEST_CASE("example source: nothing that was said since the request came") {
    World world;
    world.put(kSystem, {{"where is my parcel", "delivery"}, {"where is my parcel?", "late"}});
    CHECK(world.ask("where is my parcel", false, "acme", "", kSystem, 2) == turn("where is my parcel", "delivery"));
    CHECK(world.ask("where is my parcel", false, "acme", "", kSystem, 1) == "no example is similar");
}

TEST_CASE("example source: what it declines") {
    World world;
    world.put(kSystem, kRows);
    CHECK(world.ask("zzz qqq") == "no example is similar");
    CHECK(world.ask(std::string(kMostExamplePromptBytes + 1, 'a')) == "too long, or no one text");
    CHECK(world.ask("where is my parcel", false, "acme", R"(,"n":2)") == "not one question alone");
    CHECK(world.ask("where is my parcel", false, "acme", R"(,"tools":[{"type":"function","function":{"name":"f"}}])") ==
          "not one question alone");
    world.showing.most_tokens = 10;
    CHECK(world.ask("where is my parcel") == "no room for an example");
    auto forbidden = std::make_shared<store::ExampleRules>(*world.rules);
    forbidden->may_distil = false;
    world.rules = std::move(forbidden);
    CHECK(world.ask("where is my parcel") == "no examples may be shown");
}

TEST_CASE("example source: a question is looked up as its like were kept, redacted") {
    World world;
    world.put(kSystem, {{"write to [email]", "ok"}, {"write to eve@example.com", "never kept like that"}});
    world.showing.least_similarity = 0.9;
    CHECK(world.ask("write to bob@example.org") == turn("write to [email]", "ok"));
}

TEST_CASE("example shelf: what was put first goes where there are too many") {
    ExampleShelf shelf;
    const auto index = index_of(kRows);
    for (std::size_t i = 0; i <= ExampleShelf::kMostIndexes; ++i) shelf.put({"t", "c", "r", i, 0, 0}, index);
    CHECK(shelf.find("t", "c", "r", 0).empty());
    CHECK(shelf.find("t", "c", "r", 1).size() == 1);
    shelf.put({"t", "c", "r", 1, 0, 0}, index);
    shelf.put({"t", "c", "r", 1, 5, 0}, index);
    CHECK(shelf.find("t", "c", "r", 1).size() == 2);
    CHECK(shelf.find("t", "c", "r", 2).empty());
    CHECK(shelf.find("t", "c", "other", 3).empty());
    CHECK(shelf.size() == ExampleShelf::kMostIndexes * kRows.size());
}
