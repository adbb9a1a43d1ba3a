// Nothing that has to be equal may differ between two requests that share an entry or a partition: 100,000 pairs.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "tiers/exact_cache/cache_entry.h"
#include "wire/chat_request.h"

using namespace weir;

namespace {

constexpr std::size_t kPairs = 100'000;

enum Part : std::size_t {
    tenant,
    upstream,
    model,
    system,
    history,
    tools,
    tool_choice,
    format,
    seed,
    temperature,
    top_p,
    question,
    parts
};

// What each part may be; index 0: not there.
const std::array<std::vector<std::string>, parts>& pools() {
    static const std::array<std::vector<std::string>, parts> all = {{
        {"acme", "acme ", "birch", "acmebirch"},
        {"https://a/v1 gpt", "https://a/v1 gpt-b", "https://b/v1 gpt"},
        {R"("gpt")", R"("gpt-b")"},
        {"", R"({"role":"system","content":"Be brief."})", R"({"role":"system","content":"Be brief"})",
         R"({"role":"developer","content":"Be brief."})", R"({"role":"system","content":"Answer in verse."})"},
        {"", R"({"role":"user","content":"hi"},{"role":"assistant","content":"hello"})",
         R"({"role":"user","content":"hi"},{"role":"assistant","content":"hello!"})",
         R"({"role":"user","content":"hi","name":"x"},{"role":"assistant","content":"hello"})"},
        {"", R"([{"type":"function","function":{"name":"f"}}])", R"([{"type":"function","function":{"name":"g"}}])",
         "[]"},
        {"", R"("auto")", R"("none")", R"({"type":"function","function":{"name":"f"}})"},
        {"", R"({"type":"json_object"})", R"({"type":"text"})",
         R"({"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}})"},
        {"", "1", "2", "10"},
        {"", "0", "0.0", "1"},
        {"", "1", "0.9"},
        {"Where is the mill?", "What does a mill grind?", "Is the mill open?"},
    }};
    return all;
}

using Choice = std::array<std::size_t, parts>;

// The members in any order, with white space that says nothing.
std::string body_of(const Choice& choice, std::mt19937_64& random) {
    const auto said = [&](Part part) -> const std::string& { return pools()[part][choice[part]]; };
    std::string messages = R"({"role":"user","content":")" + said(question) + "\"}";
    for (const Part before : {history, system}) {
        if (!said(before).empty()) messages = said(before) + "," + messages;
    }
    std::vector<std::string> members = {"\"model\":" + said(model), "\"messages\": [" + messages + "]"};
    const auto add = [&](const char* name, Part part) {
        if (!said(part).empty()) members.push_back("\"" + std::string(name) + "\": " + said(part));
    };
    add("tools", tools);
    add("tool_choice", tool_choice);
    add("response_format", format);
    add("seed", seed);
    add("temperature", temperature);
    add("top_p", top_p);
    std::shuffle(members.begin(), members.end(), random);
    std::string body = "{";
    for (std::size_t i = 0; i < members.size(); ++i) body += (i > 0 ? (random() % 2 ? " , " : ",") : "") + members[i];
    return body + "}";
}

struct Keys {
    Digest256 entry, partition;
};

Keys keys_of(const Choice& choice, std::mt19937_64& random) {
    const std::string body = body_of(choice, random);
    std::string param, scope;
    const auto request = wire::parse_chat_request(body, param);
    REQUIRE_MESSAGE(request, body);
    tiers::append_scope({pools()[tenant][choice[tenant]], "chat", pools()[upstream][choice[upstream]]}, scope);
    return {wire::canonical_digest(*request, scope, wire::Spelling::neutral), wire::partition_digest(*request, scope)};
}

}  // namespace

TEST_CASE("isolation: no entry and no partition for two requests that differ in what has to be equal") {
    std::mt19937_64 random(20'261'129);
    std::size_t same_entry = 0, same_partition = 0, crossed = 0, apart = 0;
    for (std::size_t pair = 0; pair < kPairs; ++pair) {
        Choice one{};
        for (std::size_t part = 0; part < parts; ++part) one[part] = random() % pools()[part].size();
        Choice two = one;
        for (std::size_t changes = random() % 3; changes > 0; --changes) {
            const std::size_t part = random() % parts;
            two[part] = random() % pools()[part].size();
        }
        const Keys a = keys_of(one, random), b = keys_of(two, random);
        const bool all_hard = std::equal(one.begin(), one.begin() + question, two.begin());
        const bool all = one == two;
        crossed += a.partition == b.partition && !all_hard ? 1 : 0;
        crossed += a.entry == b.entry && !all ? 1 : 0;
        crossed += a.entry == b.partition || a.partition == b.entry ? 1 : 0;
        apart += (a.partition != b.partition && all_hard) || (a.entry != b.entry && all) ? 1 : 0;
        same_entry += all ? 1 : 0;
        same_partition += all_hard ? 1 : 0;
    }
    CHECK(crossed == 0);
    CHECK(apart == 0);  // and what is equal is found
    CHECK(same_entry > kPairs / 4);
    CHECK(same_partition > same_entry);
}
