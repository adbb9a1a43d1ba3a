#include "wire/chat_request.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "json/random_json.h"

namespace weir::wire {
namespace {

constexpr std::string_view kMessages = R"("messages":[{"role":"user","content":"hi"}])";

// A body with a model, one message and `more` (",..." or nothing).
std::string with(std::string_view more) {
    return R"({"model":"m",)" + std::string(kMessages) + std::string(more) + "}";
}

ChatRequest parsed(std::string_view body) {
    std::string param = "untouched";
    Result<ChatRequest> request = parse_chat_request(body, param);
    CAPTURE(body);
    REQUIRE_MESSAGE(request, request.error().message);
    CHECK(param.empty());
    return std::move(*request);
}

struct Refusal {
    std::string param;
    std::string message;
};
Refusal refused(std::string_view body) {
    Refusal refusal;
    const Result<ChatRequest> request = parse_chat_request(body, refusal.param);
    CAPTURE(body);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == ErrorCode::invalid);
    refusal.message = request.error().message;
    return refusal;
}

std::string rendered(std::string_view body, const UpstreamForm& form) {
    std::string out = ">";
    render_upstream_body(parsed(body), form, out);
    REQUIRE(out.front() == '>');
    return out.substr(1);
}

bool same(std::string_view a, std::string_view b) {
    return canonical_digest(parsed(a)) == canonical_digest(parsed(b));
}

}  // namespace

TEST_CASE("chat request: what is read") {
    const std::string body = R"( { "messages" : [ { "content":"Be brief.","role":"system" },
        {"role":"developer","content":[{"type":"text","text":"Caf\u00e9"},{"type":"image_url","text":"no"},{"text":"no"}]},
        {"role":"user","content":"hi"},{"role":"sys\u0074em","content":""},{"role":"system","content":null}, {} ],
        "n":2, "temperature":0.5,"stream":true,"stream_options":{"x":1,"include_usage":true},"logprobs":true,
        "tools":[{}],"model":"gpt-\u0034o" } )";
    const ChatRequest request = parsed(body);
    CHECK(request.model == "gpt-4o");
    CHECK(request.model_value.of(body) == "\"gpt-\\u0034o\"");
    CHECK(request.stream);
    CHECK(request.include_usage);
    CHECK(request.logprobs);
    CHECK(request.temperature == 0.5);
    CHECK(request.n == 2);
    CHECK(request.has_tools);
    CHECK(request.system_text == "Be brief.\nCaf\xC3\xA9\n");
    CHECK(request.members.size() == 8);
    CHECK(request.body.data() == body.data());
}

TEST_CASE("chat request: absent and null are the same") {
    for (const std::string& body :
         {with(""), with(R"(,"stream":null,"stream_options":null,"logprobs":null,"temperature":null,)"
                         R"("n":null,"tools":null,"functions":[ ],"response_format":null)")}) {
        const ChatRequest request = parsed(body);
        CHECK_FALSE(request.stream);
        CHECK_FALSE(request.include_usage);
        CHECK_FALSE(request.logprobs);
        CHECK_FALSE(request.temperature);
        CHECK(request.n == 1);
        CHECK_FALSE(request.has_tools);
        CHECK(request.system_text.empty());
    }
    CHECK(parsed(with(R"(,"functions":[{"name":"f"}])")).has_tools);
    CHECK_FALSE(parsed(with(R"(,"tools":[])")).has_tools);
    CHECK_FALSE(parsed(with(R"(,"stream":true,"stream_options":{"include_usage":null})")).include_usage);
}

TEST_CASE("chat request: refusals name the parameter") {
    CHECK(refused("").param.empty());
    CHECK(refused("[]").message == "the request body is refused: JSON at byte 0: a JSON object is expected");
    CHECK(refused(with(",")).message.find("byte " + std::to_string(with("").size()) + ":") != std::string::npos);
    CHECK(refused("{" + std::string(kMessages) + "}").param == "model");
    CHECK(refused(R"({"model":"m"})").param == "messages");
    const auto model = [](std::string_view value) {
        return "{\"model\":" + std::string(value) + "," + std::string(kMessages) + "}";
    };
    for (const std::string_view value : {"null", "1", "\"\"", "{}", "[\"m\"]"})
        CHECK(refused(model(value)).param == "model");
    CHECK(refused(model("\"" + std::string(257, 'm') + "\"")).message ==
          "'model' must be a string of at most 256 bytes");
    CHECK(parsed(model("\"" + std::string(256, 'm') + "\"")).model.size() == 256);
    for (const std::string_view value :
         {"null", "{}", "[]", "[ ]", "\"hi\"", "[1]", "[{},null]", "[[]]", R"([{"role":"user","role":"system"}])",
          R"([{"content":"a","cont\u0065nt":"b"}])"}) {
        CHECK(refused("{\"model\":\"m\",\"messages\":" + std::string(value) + "}").param == "messages");
    }
    CHECK(refused(R"({"model":"m","messages":[{"role":"user"},"x"]})").message == "'messages[1]' must be an object");
    for (const std::string_view value : {"1", "\"true\"", "{}"}) {
        CHECK(refused(with(",\"stream\":" + std::string(value))).param == "stream");
        CHECK(refused(with(",\"logprobs\":" + std::string(value))).param == "logprobs");
    }
    for (const std::string_view value : {"\"0\"", "true", "[]", "1e999"}) {
        CHECK(refused(with(",\"temperature\":" + std::string(value))).param == "temperature");
        CHECK(refused(with(",\"n\":" + std::string(value))).param == "n");
    }
    CHECK(refused(with(",\"n\":1.5")).message == "'n' must be an integer");
    CHECK(parsed(with(",\"n\":3.0")).n == 3);
    for (const std::string_view value :
         {"true", "[]", "\"x\"", R"({"include_usage":1})", R"({"include_usage":true,"include_usag\u0065":false})"}) {
        CHECK(refused(with(",\"stream_options\":" + std::string(value))).param == "stream_options");
    }
}

TEST_CASE("chat request: duplicates of what is read are refused, others pass") {
    for (const std::string_view name : {"model", "messages", "stream", "stream_options", "logprobs", "temperature", "n",
                                        "tools", "functions", "response_format"}) {
        const std::string plain = ",\"" + std::string(name) + "\":null";
        std::string escaped = plain;
        escaped.replace(2, 1, "\\u00" + std::string(1, "67"[name[0] >= 'p']) + "0123456789abcdef"[name[0] & 15]);
        const std::string once = (name == "model" || name == "messages") ? "" : plain;
        CHECK(refused(with(once + plain)).param == name);
        CHECK(refused(with(once + escaped)).param == name);
        CHECK(refused(with(escaped + plain)).param == name);
    }
    CHECK(parsed(with(R"(,"seed":1,"seed":2)")).members.size() == 4);
}

TEST_CASE("chat request: number of members") {
    std::string more;
    for (int i = 0; i < 254; ++i) more += ",\"k" + std::to_string(i) + "\":0";
    CHECK(parsed(with(more)).members.size() == 256);
    CHECK(refused(with(more + ",\"one_more\":0")).message.find("too many members") != std::string::npos);
}

TEST_CASE("upstream body: the model's name") {
    CHECK(rendered(with(""), {.model = "m"}) == with(""));
    CHECK(rendered(R"({ "model" : "a" ,"messages":[{}]} )", {.model = "b\"c"}) ==
          R"({ "model" : "b\"c" ,"messages":[{}]} )");
    // The same name in another spelling stays as it is.
    CHECK(rendered(R"({"messages":[{}],"model":"\u006d"})", {.model = "m"}) == R"({"messages":[{}],"model":"\u006d"})");
}

TEST_CASE("upstream body: a stream's usage is asked for") {
    const UpstreamForm form{.model = "m", .add_include_usage = true};
    const auto check = [&](std::string_view before, std::string_view after) {
        CHECK(rendered(with(before), form) == with(after));
    };
    check("", "");
    check(R"(,"stream":false)", R"(,"stream":false)");
    check(R"(,"stream":true )", R"(,"stream":true,"stream_options":{"include_usage":true} )");
    check(R"(,"stream_options": null,"stream":true)", R"(,"stream_options": {"include_usage":true},"stream":true)");
    check(R"(,"stream":true,"stream_options":{ })", R"(,"stream":true,"stream_options":{"include_usage":true })");
    check(R"(,"stream":true,"stream_options":{ "x":1})",
          R"(,"stream":true,"stream_options":{"include_usage":true, "x":1})");
    check(R"(,"stream":true,"stream_options":{"include_usage" : false})",
          R"(,"stream":true,"stream_options":{"include_usage" : true})");
    check(R"(,"stream":true,"stream_options":{"includ\u0065_usage":null})",
          R"(,"stream":true,"stream_options":{"includ\u0065_usage":true})");
    check(R"(,"stream":true,"stream_options":{"include_usage":true,"y":[]})",
          R"(,"stream":true,"stream_options":{"include_usage":true,"y":[]})");
}

TEST_CASE("upstream body: a body instead of a stream") {
    const UpstreamForm form{.model = "m", .stream = UpstreamForm::Stream::force_body, .add_include_usage = true};
    CHECK(rendered(with(R"(,"stream":true)"), form) == with(R"(,"stream":false)"));
    CHECK(rendered(with(R"( , "stream_options" : {"include_usage":true} , "stream" : true)"), form) ==
          with(R"( , "stream" : false)"));
    CHECK(rendered(with(R"(,"stream":true , "stream_options":{})"), form) == with(R"(,"stream":false)"));
    CHECK(rendered(R"( { "stream_options":{"a":"}"} , "stream":true,"model":"m","messages":[{}]})", form) ==
          R"( { "stream":false,"model":"m","messages":[{}]})");
    CHECK(rendered(with(""), form) == with(""));
    CHECK(rendered(with(R"(,"stream":false)"), form) == with(R"(,"stream":false)"));
}

TEST_CASE("the turns, and those that the last answer was to") {
    const auto turns = [](std::string_view messages) {
        const std::string body = R"({"model":"m","messages":[)" + std::string(messages) + "]}";
        const ChatRequest request = parsed(body);
        return std::pair(std::string(request.turns.of(body)), std::string(request.answered.of(body)));
    };
    using Pair = std::pair<std::string, std::string>;
    const std::string system = R"({"role":"system","content":"s"})", u1 = R"({"role":"user","content":"1"})",
                      u2 = R"({"content":"2","role":"user"})", a1 = R"({"role":"assistant","content":"A"})",
                      call = R"({"role":"assistant","tool_calls":[{}]})", tool = R"({"role":"tool","content":"T"})";
    CHECK(turns(u1) == Pair(u1, ""));
    CHECK(turns(system + "," + u1) == Pair(u1, ""));
    CHECK(turns(system) == Pair("", ""));
    CHECK(turns(system + "," + u1 + "," + a1 + " , " + u2) == Pair(u1 + "," + a1 + " , " + u2, u1));
    CHECK(turns(u1 + ", " + u2 + "," + call + "," + tool).second == u1 + ", " + u2);
    CHECK(turns(u1 + "," + call + "," + tool + "," + a1 + "," + u2).second == u1 + "," + call + "," + tool);
    CHECK(turns(u1 + "," + a1 + "," + call + "," + u2).second == u1);
    CHECK(turns(a1 + "," + u1) == Pair(a1 + "," + u1, ""));
}

TEST_CASE("the last turns, and what they say") {
    using Role = RecentTurns::Role;
    std::string body = R"({"model":"m","messages":[{"role":"system","content":"s"})";
    for (int i = 0; i < 10; ++i) body += R"(,{"role":"user","content":")" + std::to_string(i) + R"("})";
    body +=
        R"(,{"content":null,"tool_calls":[{}],"role":"assistant"},{"role":"assistant","tool_calls":[],"content":"a"})"
        R"(,{"role":"tool","content":[{"type":"image"},{"type":"text","text":"t\n"},{"text":"u"}]},{"role":"x"}]})";
    const ChatRequest request = parsed(body);
    const RecentTurns& turns = request.recent;
    CHECK(turns.count == 14);
    CHECK(turns.by_user == 10);
    CHECK(turns.by_tool == 1);
    CHECK(turns.kept() == 8);
    const auto says = [&](std::size_t back) {
        std::string text;
        append_content(request, turns.back(back).content, 100, text);
        return text;
    };
    CHECK(turns.back(0).role == Role::other);
    CHECK(says(0).empty());
    CHECK(turns.back(1).role == Role::tool);
    CHECK(says(1) == "t\n");
    CHECK(turns.back(2).role == Role::assistant);
    CHECK_FALSE(turns.back(2).calls);
    CHECK(turns.back(3).calls);
    CHECK(says(3).empty());
    CHECK(says(7) == "6");
    std::string excerpt;
    CHECK(append_content(parsed(R"({"model":"m","messages":[{"content":"0123456789"}]})"), {36, 48}, 4, excerpt) == 10);
    CHECK(excerpt == "01\n89");
    CHECK(parsed(R"({"model":"m","messages":[{}]})").recent.count == 1);
}

TEST_CASE("upstream body: another answer than the first") {
    const UpstreamForm form{.model = "m", .vary = true};
    CHECK(rendered(with(""), form) == with(R"(,"temperature":0.7)"));
    CHECK(rendered(with(R"(,"temperature" : 0.0 )"), form) == with(R"(,"temperature" : 0.7 )"));
    CHECK(rendered(with(R"(,"temperature":null,"seed":7)"), form) == with(R"(,"temperature":0.7,"seed":null)"));
    CHECK(rendered(with(R"(,"temperature":1.2)"), form) == with(R"(,"temperature":1.2)"));
}

TEST_CASE("upstream body: log-probabilities") {
    const UpstreamForm form{.model = "m", .stream = UpstreamForm::Stream::force_body, .add_logprobs = true};
    CHECK(rendered(with(""), form) == with(R"(,"logprobs":true)"));
    CHECK(rendered(with(R"(,"logprobs": false )"), form) == with(R"(,"logprobs": true )"));
    CHECK(rendered(with(R"(,"logprobs":null,"x":1)"), form) == with(R"(,"logprobs":true,"x":1)"));
    CHECK(rendered(with(R"(,"logprobs":true)"), form) == with(R"(,"logprobs":true)"));
    // Removal and insertion at the same end.
    CHECK(rendered(with(R"(,"stream":true,"stream_options":null)"), form) ==
          with(R"(,"stream":false,"logprobs":true)"));
    CHECK(rendered(with(R"(,"stream":true)"), {.model = "m", .add_include_usage = true, .add_logprobs = true}) ==
          with(R"(,"stream":true,"stream_options":{"include_usage":true},"logprobs":true)"));
    // The value that is replaced is the last thing in the object.
    CHECK(rendered(R"({"messages":[{}],"model":"m"})", {.model = "x", .add_logprobs = true}) ==
          R"({"messages":[{}],"model":"x","logprobs":true})");
}

TEST_CASE("upstream body: on random requests only the named members differ") {
    const std::vector<std::string_view> options = {"null",
                                                   "{}",
                                                   "{ }",
                                                   R"({"include_usage":false})",
                                                   R"({"a":[1],"include_usage":true})",
                                                   R"({ "a":"include_usage" })"};
    for (std::uint64_t seed = 0; seed < 5000; ++seed) {
        json::RandomJson random(seed);
        std::vector<std::string> parts = {"\"model\"" + random.space() + ":" + random.space() + "\"m\"",
                                          std::string(kMessages)};
        constexpr std::string_view kTruth[] = {"true", "false", "null"};
        if (random.below(4) != 0)
            parts.push_back("\"stream\":" + random.space() + std::string(kTruth[random.below(3)]));
        if (random.below(2) != 0)
            parts.push_back("\"stream_options\":" + std::string(options[random.below(options.size())]));
        if (random.below(2) != 0) parts.push_back("\"logprobs\":" + std::string(kTruth[random.below(3)]));
        for (std::size_t i = random.below(4); i > 0; --i) {
            parts.push_back("\"x" + std::to_string(i) + "\":" + random.space() + random.value());
        }
        for (std::size_t i = parts.size(); i > 1; --i) std::swap(parts[i - 1], parts[random.below(i)]);
        std::string body = random.space() + "{" + random.space();
        for (std::size_t i = 0; i < parts.size(); ++i)
            body += (i > 0 ? "," + random.space() : "") + parts[i] + random.space();
        body += "}" + random.space();

        const ChatRequest request = parsed(body);
        const UpstreamForm form{
            .model = random.below(2) != 0 ? "m" : "another",
            .stream = random.below(2) != 0 ? UpstreamForm::Stream::as_asked : UpstreamForm::Stream::force_body,
            .add_include_usage = random.below(2) != 0,
            .add_logprobs = random.below(2) != 0};
        std::string out;
        render_upstream_body(request, form, out);
        CAPTURE(body);
        CAPTURE(out);
        const ChatRequest sent = parsed(out);
        const bool forced = form.stream == UpstreamForm::Stream::force_body;
        CHECK(sent.model == form.model);
        CHECK(sent.stream == (request.stream && !forced));
        if (sent.stream) CHECK(sent.include_usage == (request.include_usage || form.add_include_usage));
        CHECK(sent.logprobs == (request.logprobs || form.add_logprobs));

        // Everything else: the same members in the same order with the same bytes.
        const auto others = [](const ChatRequest& of) {
            std::string text;
            for (const json::Member& member : of.members) {
                if (member.key == "model" || member.key == "stream" || member.key == "stream_options" ||
                    member.key == "logprobs")
                    continue;
                text += std::string(member.key_span.of(of.body)) + ":" + std::string(member.raw(of.body)) + "\n";
            }
            return text;
        };
        CHECK(others(request) == others(sent));
        if (form.model == "m" && !(request.stream && (forced || form.add_include_usage)) && !form.add_logprobs)
            CHECK(out == body);
    }
}

TEST_CASE("canonical digest: what makes no difference") {
    const std::string plain = with("");
    CHECK(same(plain, R"( { "model" : "m" , "messages" : [ { "role" : "user" , "content" : "hi" } ] } )"));
    CHECK(same(plain, R"({"messages":[{"role":"user","content":"hi"}],"model":"m"})"));
    for (const std::string_view name : kUncachedMembers) {
        for (const std::string_view value : {"true", "null"}) {
            if (name == "stream_options" && value == "true") continue;
            CAPTURE(name);
            CHECK(same(plain, with(",\"" + std::string(name) + "\":" + std::string(value))));
        }
    }
    CHECK(
        same(plain, with(R"(,"stream":true,"stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b"})")));
    CHECK(same(plain, with(R"(,"us\u0065r":"u")")));
    CHECK(same(with(R"(,"a":1,"b":2)"), with(R"(,"b":2,"a":1)")));
    CHECK(same(with(R"(,"tools":[ {"type":"function"} ])"), with(R"(,"tools":[{"type": "function"}])")));
}

TEST_CASE("canonical digest: what makes a difference") {
    // Each with each other.
    std::vector<std::string> bodies = {
        with(""), R"({"model":"M","messages":[{"role":"user","content":"hi"}]})",
        R"({"model":"m","messages":[{"role":"system","content":"hi"}]})",
        R"({"model":"m","messages":[{"role":"user","content":"hi"},{"role":"user","content":"hi"}]})",
        R"({"model":"m","messages":[{"content":"hi","role":"user"}]})"};
    for (const std::string_view text : {R"j(hi )j", R"j(Hi)j", R"j(hi())j", R"j(hi(x))j", R"j(hi))j", R"j(Is C fast?)j",
                                        R"j(Is C++ fast?)j", R"j(Is C# fast?)j", R"j(中文)j", R"j(中)j", R"j(日本語)j",
                                        R"j(a b)j", R"j(ab)j", R"j(a  b)j", R"j(a\nb)j", R"j(a\\nb)j"}) {
        bodies.push_back(R"({"model":"m","messages":[{"role":"user","content":")" + std::string(text) + "\"}]}");
    }
    for (const std::string_view more : {R"(,"tool_choice":"auto")",
                                        R"(,"tool_choice":"none")",
                                        R"(,"tool_choice":null)",
                                        R"(,"response_format":{"type":"text"})",
                                        R"(,"response_format":{"type":"json_object"})",
                                        R"(,"seed":1)",
                                        R"(,"seed":2)",
                                        R"(,"seed":1,"seed":2)",
                                        R"(,"seed":2,"seed":1)",
                                        R"(,"temperature":0)",
                                        R"(,"temperature":1)",
                                        R"(,"n":1)",
                                        R"(,"n":2)",
                                        R"(,"tools":[{"a":1,"b":2}])",
                                        R"(,"tools":[{"b":2,"a":1}])",
                                        R"(,"functions":[{"a":1,"b":2}])",
                                        R"(,"max_tokens":10)",
                                        R"(,"max_completion_tokens":10)",
                                        R"(,"stop":"x")",
                                        R"(,"stop":["x"])",
                                        R"(,"logprobs":true)",
                                        R"(,"unknown":0)",
                                        R"(,"unknown":"0")",
                                        R"(,"unknown":{"stream":true})",
                                        R"(,"unknown":{"stream":false})",
                                        R"(,"Stream":true)",
                                        R"(,"a":"b","c":"d")",
                                        R"(,"a":"b\",\"c\":\"d")",
                                        R"(,"\ud800":1)",
                                        R"(,"\ud801":1)"}) {
        bodies.push_back(with(more));
    }
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            CAPTURE(bodies[i]);
            CAPTURE(bodies[j]);
            CHECK_FALSE(same(bodies[i], bodies[j]));
        }
    }
}

TEST_CASE("canonical digest: its bytes, which entries on disk depend on") {
    Sha256 expected;
    for (const std::string_view part : {"a\\n", "1", "messages", R"([{"role":"user","content":"hi there"}])", "model",
                                        "\"m\"", "seed", "2", "seed", "1"}) {
        expected.update_part(part);
    }
    const ChatRequest request =
        parsed(R"({"model":"m","stream":true,"seed":2,"messages":[ {"role":"user", "content":"hi there"} ],)"
               R"("a\n": 1,"seed":1})");
    CHECK(canonical_digest(request) == expected.finish());
}

TEST_CASE("canonical digest: random requests merge exactly where their minified, sorted, cached members are the same") {
    std::vector<std::pair<std::string, Digest256>> seen;
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
        json::RandomJson random(seed % 500, seed < 500);  // the same values, spaced and not; then in another order
        std::vector<std::string> parts = {"\"model\":\"m\"", std::string(kMessages)};
        json::RandomJson values(seed % 250);
        for (std::size_t i = 0; i < 3; ++i) {
            std::string value;
            json::minify(values.value(2), value);
            parts.push_back("\"" + std::string(1, static_cast<char>('a' + i)) + "\":" + random.space() + value);
        }
        if (seed >= 1000) std::reverse(parts.begin(), parts.end());
        std::string body = "{";
        for (const std::string& part : parts) body += (body.size() > 1 ? "," : "") + part + random.space();
        body += "}";
        std::vector<std::string> sorted;
        const ChatRequest request = parsed(body);
        for (const json::Member& member : request.members) {
            sorted.push_back(member.key + "=");
            json::minify(member.raw(body), sorted.back());
        }
        std::sort(sorted.begin(), sorted.end());
        std::string key;
        for (const std::string& part : sorted) key += part + "\n";
        seen.emplace_back(key, canonical_digest(request));
    }
    std::sort(seen.begin(), seen.end());
    std::size_t merged = 0;
    for (std::size_t i = 1; i < seen.size(); ++i) {
        CHECK((seen[i].first == seen[i - 1].first) == (seen[i].second == seen[i - 1].second));
        merged += seen[i].second == seen[i - 1].second ? 1 : 0;
    }
    CHECK(merged >= 1250);
    CHECK(merged < 1490);
}

TEST_CASE("prompt digest: names the task") {
    const auto digest = [](std::string_view body) { return prompt_digest(parsed(body)); };
    const std::string system =
        R"({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"1"}]})";
    CHECK(
        digest(system) ==
        digest(
            R"({"model":"x","messages":[{"role":"system","content":[{"type":"text","text":"S"}]},{"role":"user","content":"2"}],"seed":1})"));
    CHECK(digest(system) != digest(with("")));
    CHECK(digest(with("")) == digest(with(R"(,"tools":null)")));
    CHECK(digest(with(R"(,"tools":[{"a": 1}])")) == digest(with(R"(,"tools":[{"a":1}])")));
    CHECK(digest(with(R"(,"tools":[{"a":1}])")) != digest(with(R"(,"functions":[{"a":1}])")));
    CHECK(digest(with(R"(,"tools":[{"a":1}])")) != digest(with("")));
    CHECK(digest(with(R"(,"response_format":{"type":"json_object"})")) != digest(with("")));
}

TEST_CASE("the question's text, and a partition of everything around it") {
    const auto messages = [](const std::string& list) { return R"({"model":"m","messages":[)" + list + "]}"; };
    const auto asked = [&](const std::string& list) {
        const std::string body = messages(list);
        std::string param;
        return question_text(parse_chat_request(body, param).value());
    };
    CHECK(asked(R"({"role":"user","content":"a \"b\""})") == "a \"b\"");
    CHECK(asked(R"({"role":"user","content":[{"type":"text","text":"a"}]})") == "a");
    CHECK_FALSE(asked(R"({"role":"user","content":""})"));
    CHECK_FALSE(asked(R"({"role":"user","content":"\ud800"})"));
    CHECK_FALSE(asked(R"({"role":"user","content":"a"},{"role":"assistant","content":"b"})"));
    CHECK_FALSE(asked(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"));

    const auto together = [&](const std::string& a, const std::string& b) {
        const std::string one = messages(a), two = messages(b);
        std::string param;
        return partition_digest(parse_chat_request(one, param).value(), "s") ==
               partition_digest(parse_chat_request(two, param).value(), "s");
    };
    const std::string a = R"({"role":"user","content":"a"})", b = R"({"role":"user","content":"b c"})";
    const std::string said = R"({"role":"assistant","content":"yes"},)";
    CHECK(together(a, b));
    CHECK(together(a + "," + said + a, a + "," + said + b));
    CHECK_FALSE(together(a + "," + said + a, b + "," + said + a));
    CHECK_FALSE(together(a, a + "," + said + a));
    CHECK_FALSE(together(a, R"({"role":"user","content":"a","name":"n"})"));
    const auto pictured = [](const std::string& picture, const std::string& text) {
        return R"({"role":"user","content":[{"type":"image_url","image_url":{"url":")" + picture +
               R"("}},{"type":"text","text":")" + text + R"("}]})";
    };
    CHECK(together(pictured("p", "a"), pictured("p", "b")));
    CHECK_FALSE(together(pictured("p", "a"), pictured("q", "a")));

    const std::string body = messages(a);
    std::string param;
    const ChatRequest request = parse_chat_request(body, param).value();
    CHECK(partition_digest(request, "s") != partition_digest(request, "t"));
    CHECK(partition_digest(request, "s") != canonical_digest(request, "s"));
    CHECK(partition_digest(request, "s") != canonical_digest(request, "partition s"));
}

}  // namespace weir::wire
