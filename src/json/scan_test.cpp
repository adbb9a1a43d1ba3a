#include "json/scan.h"

#include <doctest/doctest.h>

#include "json/random_json.h"
#include "json/utf8.h"

namespace weir::json {
namespace {

// What members() says of the text: "" or its error.
std::string verdict(std::string_view text) {
    std::vector<Member> out;
    const Result<void> result = members(text, out);
    return result ? "" : result.error().message;
}

bool accepts(std::string_view text) {
    return verdict(text).empty();
}
bool accepts_value(std::string_view value) {
    return accepts("{\"a\":" + std::string(value) + "}");
}

std::string nested(std::size_t arrays) {
    return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}";
}

}  // namespace

TEST_CASE("members: keys, spans and order") {
    const std::string text = " { \"a\" : 1 ,\n\"b\\u0063\":[1, 2],\"a\":{\"x\": null}\t} \n";
    std::vector<Member> out;
    out.resize(7);  // is cleared
    REQUIRE(members(text, out));
    REQUIRE(out.size() == 3);
    CHECK(out[0].key == "a");
    CHECK(out[0].key_span.of(text) == "\"a\"");
    CHECK(out[0].raw(text) == "1");
    CHECK(out[1].key == "bc");
    CHECK(out[1].key_span.of(text) == "\"b\\u0063\"");
    CHECK(out[1].raw(text) == "[1, 2]");
    CHECK(out[2].key == "a");
    CHECK(out[2].raw(text) == "{\"x\": null}");
}

TEST_CASE("members: what is no JSON object is refused, with the place") {
    CHECK(verdict("") == "JSON at byte 0: a JSON object is expected");
    CHECK(verdict("[]") == "JSON at byte 0: a JSON object is expected");
    CHECK(verdict("\xEF\xBB\xBF{}") == "JSON at byte 0: a JSON object is expected");
    CHECK(verdict("{\"a\":1,}") == "JSON at byte 7: a member's name in quotes is expected");
    CHECK(verdict("{} x") == "JSON at byte 3: there is more text after the end of the JSON object");
    CHECK(verdict("{\"a\":[1 2]}") == "JSON at byte 8: ',' or ']' is expected");
    CHECK(verdict("{\"a\" 1}") == "JSON at byte 5: ':' is expected");
    CHECK(verdict("{\"a\":\"x\ny\"}") == "JSON at byte 7: a control character in a string must be escaped");
    for (const std::string_view text : {"{",
                                        "{\"",
                                        "{\"a",
                                        "{\"a\"",
                                        "{\"a\":",
                                        "{\"a\":1",
                                        "{\"a\":1,",
                                        "{,}",
                                        "{\"a\":1 \"b\":2}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "{\"a\":1}}",
                                        "{}{}",
                                        "{1:2}",
                                        "{\"a\":\"\\",
                                        "{\"a\":\"\\u00",
                                        "{\"a\"::1}",
                                        "null",
                                        "\"a\"",
                                        "{\"a\":{\"b\":1,}}"}) {
        CAPTURE(text);
        CHECK_FALSE(accepts(text));
    }
    CHECK_FALSE(accepts(std::string_view("{}\0", 3)));
    CHECK_FALSE(accepts(std::string_view("{\"a\":\"\0\"}", 9)));
}

TEST_CASE("members: values by the grammar of RFC 8259") {
    for (const std::string_view value : {"0",
                                         "-0",
                                         "10",
                                         "1.5",
                                         "1e5",
                                         "1E+5",
                                         "1.25e-7",
                                         "-12.0",
                                         "123456789012345678901234567890",
                                         "1e999",
                                         "true",
                                         "false",
                                         "null",
                                         "\"\"",
                                         "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"",
                                         "[]",
                                         "{}",
                                         "[ ]",
                                         "{ }",
                                         "[[],{}]",
                                         "\"\x7F\"",
                                         "\"\\ud800\"",
                                         "\"\xF4\x8F\xBF\xBF\""}) {
        CAPTURE(value);
        CHECK(accepts_value(value));
    }
    for (const std::string_view value : {"",
                                         "01",
                                         "-",
                                         "-a",
                                         "+1",
                                         ".5",
                                         "1.",
                                         "1.e5",
                                         "1e",
                                         "1e+",
                                         "00",
                                         "-01",
                                         "0x10",
                                         "1_0",
                                         "NaN",
                                         "Infinity",
                                         "-Infinity",
                                         "True",
                                         "nul",
                                         "nulll",
                                         "truefalse",
                                         "\"\\x\"",
                                         "\"\\u12g4\"",
                                         "\"\\u123\"",
                                         "\"\t\"",
                                         "[1,]",
                                         "[,1]",
                                         "[1",
                                         "1]",
                                         "[}",
                                         "{]",
                                         "//c\n1",
                                         "/**/1",
                                         "'a'",
                                         "\"\x80\"",
                                         "\"\xC0\x80\"",
                                         "\"\xED\xA0\x80\"",
                                         "\"\xF4\x90\x80\x80\"",
                                         "\xC2\xA0\x31",
                                         "1\f"}) {
        CAPTURE(value);
        CHECK_FALSE(accepts_value(value));
    }
}

TEST_CASE("members: limits") {
    CHECK(accepts(nested(63)));
    std::vector<Member> out;
    const Result<void> deep = members(nested(64), out);
    REQUIRE_FALSE(deep);
    CHECK(deep.error().code == ErrorCode::too_large);
    CHECK_FALSE(accepts("{\"a\":" + std::string(1'000'000, '[')));
    CHECK(members("{\"a\":1,\"b\":2}", out, 2));
    const Result<void> many = members("{\"a\":1,\"b\":2,\"c\":3}", out, 2);
    REQUIRE_FALSE(many);
    CHECK(many.error().code == ErrorCode::too_large);
}

TEST_CASE("members: a byte that is not UTF-8 is found near its place, wherever it stands") {
    const std::string filler =
        "\xE4\xB8\xAD"
        "a\xC3\xA9";
    std::string text = "{\"a\":\"";
    while (text.size() < 1000) text += filler;
    const std::size_t end = text.size();
    text += "\"}";
    REQUIRE(accepts(text));
    for (std::size_t at = 6; at < end; ++at) {
        std::string broken = text;
        broken[at] = '\xFF';
        const std::string message = verdict(broken);
        REQUIRE(message.ends_with(": not UTF-8"));
        const auto named =
            static_cast<std::size_t>(std::stoul(message.substr(std::string_view("JSON at byte ").size())));
        CHECK(named <= at);
        CHECK(at - named <= 8);
    }
}

TEST_CASE("members: every prefix of a document is refused, read from memory that ends with it") {
    const std::string text =
        R"({"a":[1,-2.5e3,true,null,"x\u00e9\n"],"bcdefghijklmnopqrstuvwxyz":{"c":"0123456789abcdef"}})";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(accepts({exact.data(), exact.size()}));
    }
    CHECK(accepts(text));
}

TEST_CASE("walk: members and elements of nested values") {
    const std::string text = R"({"o":{ "k" : "}\"" , "\u006b2":[ 1 ,{"z":[]}, "]" ] },"n":5,"e":[ ],"f":{}})";
    std::vector<Member> top;
    REQUIRE(members(text, top));
    std::vector<Member> inner;
    members_within(text, top[0].value, inner);
    REQUIRE(inner.size() == 2);
    CHECK(inner[0].key == "k");
    CHECK(inner[0].raw(text) == "\"}\\\"\"");
    CHECK(inner[1].key == "k2");
    std::vector<Span> elements;
    elements_within(text, inner[1].value, elements);
    REQUIRE(elements.size() == 3);
    CHECK(elements[0].of(text) == "1");
    CHECK(elements[1].of(text) == "{\"z\":[]}");
    CHECK(elements[2].of(text) == "\"]\"");
    for (const std::size_t none : {1U, 2U, 3U}) {
        elements_within(text, top[none].value, elements);
        CHECK(elements.empty());
    }
    CHECK(find_member(text, top[0].value, "k2")->of(text) == inner[1].raw(text));
    CHECK_FALSE(find_member(text, top[0].value, "k3"));
    CHECK(is_empty_container("[ \n]"));
    CHECK(is_empty_container("{}"));
    CHECK_FALSE(is_empty_container("[0]"));
    CHECK_FALSE(is_empty_container("null"));
}

TEST_CASE("walk: agrees with members() on random documents, and its pieces put together are the document") {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        RandomJson random(seed);
        const std::string text = random.object();
        CAPTURE(text);
        std::vector<Member> checked;
        std::vector<Member> walked;
        REQUIRE(members(text, checked));
        members_within(text, {0, text.size()}, walked);
        REQUIRE(walked.size() == checked.size());
        for (std::size_t i = 0; i < checked.size(); ++i) {
            CHECK(walked[i].key == checked[i].key);
            CHECK(walked[i].key_span == checked[i].key_span);
            CHECK(walked[i].value == checked[i].value);
            CHECK(accepts_value(checked[i].raw(text)));
        }
    }
}

TEST_CASE("walk: runs of escaped backslashes of every length at every place") {
    for (std::size_t before = 0; before < 70; ++before) {
        for (std::size_t pairs = 0; pairs < 70; ++pairs) {
            for (const std::string_view last : {"", "\\\"", "\\n"}) {
                std::string string = "\"" + std::string(before, 'x') + std::string(2 * pairs, '\\');
                string += std::string(last) + "\"";
                const std::string text = "[" + string + ",1,\"\\\"" + std::string(80, 'y') + "\"]";
                REQUIRE(accepts_value(text));
                Walk walk(text, {0, text.size()});
                REQUIRE(walk.next());
                REQUIRE(walk.raw() == string);
                REQUIRE(walk.next());
                REQUIRE(walk.raw() == "1");
            }
        }
    }
}

TEST_CASE("walk: inside the value of another, to its end or left early") {
    const std::string text = R"({"a":[{"x":1,"y":[2,3]},{"z":4},[5],6]})";
    for (const std::size_t leave_after : {0U, 1U, 2U, 3U}) {
        std::string seen;
        for (Walk outer(text, {5, text.size() - 1}); outer.next();) {
            Walk inner = Walk::inside(outer);
            for (std::size_t i = 0; i < leave_after && inner.next(); ++i) seen += inner.raw();
            seen += std::string("|") + std::string(outer.raw()) + ";";
        }
        const std::string_view expected[] = {
            "|{\"x\":1,\"y\":[2,3]};|{\"z\":4};|[5];|6;", "1|{\"x\":1,\"y\":[2,3]};4|{\"z\":4};5|[5];|6;",
            "1[2,3]|{\"x\":1,\"y\":[2,3]};4|{\"z\":4};5|[5];|6;", "1[2,3]|{\"x\":1,\"y\":[2,3]};4|{\"z\":4};5|[5];|6;"};
        CHECK(seen == expected[leave_after]);
    }
    Walk array(text, {5, text.size() - 1});
    REQUIRE(array.next());
    CHECK(array.at_object());
    CHECK_FALSE(array.at_array());
}

TEST_CASE("walk: on text that was not checked it ends and stays inside") {
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        RandomJson random(seed);
        const std::string mutated = random.mutate(random.object());
        const std::vector<char> exact(mutated.begin(), mutated.end());
        const std::string_view text(exact.data(), exact.size());
        std::size_t steps = 0;
        for (Walk outer(text, {0, text.size()}); outer.next(); ++steps) {
            for (Walk inner = Walk::inside(outer); inner.next(); ++steps) (void)inner.raw();
            (void)outer.raw();
        }
        REQUIRE(steps <= text.size());
    }
}

TEST_CASE("find_mention: never misses a member") {
    constexpr std::size_t kNone = std::string_view::npos;
    const auto find = [](std::string_view text) { return find_mention(text, "usage", "error"); };
    CHECK(find(R"({"choices":[{"delta":{"content":"the usage of \"usage\" \u00e9\u4e2d"}}]})") == kNone);
    CHECK(find(R"({"a":1,"usage":null})") == 7);
    CHECK(find(R"({"error":1,"usage":2})") == 1);
    CHECK(find(R"({"\u0075sage":1})") == 2);
    CHECK(find(R"({"usag\u0065":1})") == 6);
    CHECK(find("") == kNone);
    CHECK(find("\"usage") == kNone);
    CHECK(find("{\"usages\":1}") == kNone);
    // At every offset, in text without room behind.
    for (std::size_t before = 0; before < 40; ++before) {
        for (std::size_t behind = 0; behind < 20; ++behind) {
            const std::string text = std::string(before, ' ') + "\"error\"" + std::string(behind, ' ');
            const std::vector<char> exact(text.begin(), text.end());
            CHECK(find({exact.data(), exact.size()}) == before);
        }
    }
}

TEST_CASE("minify: drops white space outside strings and nothing else") {
    std::string out = "x";
    minify(" { \"a b\" :\t[ 1 , 2 ] ,\r\n\"c\\\" d\": \"\\\\\" } ", out);
    CHECK(out == "x{\"a b\":[1,2],\"c\\\" d\":\"\\\\\"}");
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        RandomJson spaced(seed, true);
        const std::string text = spaced.object();
        CAPTURE(text);
        std::string once;
        minify(text, once);
        std::string twice;
        minify(once, twice);
        CHECK(once == twice);
        REQUIRE(accepts(once));
        // Byte by byte, the plain way.
        std::string slow;
        bool inside = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (inside && text[i] == '\\')
                slow += text[i++];
            else if (text[i] == '"')
                inside = !inside;
            if (inside || std::string_view(" \n\r\t").find(text[i]) == std::string_view::npos) slow += text[i];
        }
        CHECK(once == slow);
    }
}

TEST_CASE("values: booleans and numbers") {
    CHECK(as_bool("true") == true);
    CHECK(as_bool("false") == false);
    CHECK_FALSE(as_bool("null"));
    CHECK_FALSE(as_bool("\"true\""));
    CHECK(as_double("-1.5e2") == -150.0);
    CHECK_FALSE(as_double("\"1\""));
    CHECK_FALSE(as_double("1e999"));
    CHECK_FALSE(as_double("-Infinity"));
    CHECK_FALSE(as_double("nan"));
    CHECK_FALSE(as_double(""));
    CHECK(as_int64("9223372036854775807") == 9223372036854775807);
    CHECK(as_int64("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
    CHECK_FALSE(as_int64("9223372036854775808"));
    CHECK_FALSE(as_int64("1e300"));
    CHECK_FALSE(as_int64("1.5"));
    CHECK(as_int64("12.0") == 12);
    CHECK(as_int64("1e3") == 1000);
    CHECK(as_int64("-0") == 0);
    CHECK_FALSE(as_int64("true"));
}

TEST_CASE("values: strings unescape") {
    CHECK(as_string(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
    CHECK(as_string(R"("\u0041\u00E9\u4e2d\ud83d\uDE00")") == "A\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80");
    CHECK(as_string(R"("\u0000")") == std::string(1, '\0'));
    // Lone surrogates, in every position.
    const std::string lone = "\xEF\xBF\xBD";
    CHECK(as_string(R"("\ud800")") == lone);
    CHECK(as_string(R"("\udc00x")") == lone + "x");
    CHECK(as_string(R"("\ud800\ud800\udc00")") == lone + "\xF0\x90\x80\x80");
    CHECK(as_string(R"("\ud800\n")") == lone + "\n");
    CHECK(string_equals(R"("model")", "model"));
    CHECK(string_equals(R"("mod\u0065l")", "model"));
    CHECK(string_equals(R"("")", ""));
    CHECK(string_equals(R"("\\n")", "\\n"));
    CHECK_FALSE(string_equals(R"("\n")", "\\n"));
    CHECK_FALSE(string_equals(R"("models")", "model"));
    CHECK_FALSE(string_equals("model", "mod"));
    CHECK_FALSE(string_equals("", ""));
    CHECK_FALSE(as_string("12"));
    CHECK_FALSE(as_string("null"));
}

TEST_CASE("values: an excerpt has both ends of a long string, and whole escapes") {
    const auto excerpt = [](std::string_view raw, std::size_t most) {
        std::string out;
        CHECK(append_excerpt(raw, most, out) == is_string(raw));
        return out;
    };
    CHECK(excerpt(R"("abcdef")", 6) == "abcdef");
    CHECK(excerpt(R"("abcdef")", 5) == "ab\nef");
    CHECK(excerpt(R"("")", 0).empty());
    CHECK(excerpt(R"("a")", 0) == "\n");
    CHECK(excerpt(R"("a\nbcd\"e")", 9) == "a\nbcd\"e");
    CHECK(excerpt(R"("a\nbcd\"e")", 4) == "a\ne");  // begins with half an escape
    CHECK(excerpt(R"("a\nbcd\"e")", 2) == "a\ne");
    CHECK(excerpt(R"("abcd\\\\e")", 6) == "abc\n\\e");  // two backslashes, the first one cut
    CHECK(excerpt(R"("a\u00e9bcdefgh\u00e9")", 8) == "a\n00e9");
    CHECK(excerpt("12345", 2).empty());
}

TEST_CASE("values: write_string and as_string are inverse, and what is written is accepted") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        RandomJson random(seed);
        std::string text;
        for (std::size_t left = random.below(60); left > 0; --left) {
            text += random.below(3) == 0 ? "\xE4\xB8\xAD" : std::string(1, static_cast<char>(random.below(128)));
        }
        std::string written;
        write_string(text, written);
        CAPTURE(written);
        CHECK(accepts_value(written));
        CHECK(as_string(written) == text);
    }
    std::string out;
    write_string("ok \xFF\xC3( \xE4\xB8\xAD \xED\xA0\x80 \xE4\xB8", out);
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(out == "\"ok " + bad + bad + "( \xE4\xB8\xAD " + bad + bad + bad + " " + bad + bad + "\"");
    CHECK(valid_utf8(out));
}

TEST_CASE("splice: edits, insertions and removals") {
    std::string out = ">";
    splice("0123456789", std::vector<Edit>{{{0, 0}, "a"}, {{2, 4}, ""}, {{4, 5}, "four"}, {{10, 10}, "!"}}, out);
    CHECK(out == ">a01four56789!");
    out.clear();
    splice("abc", {}, out);
    CHECK(out == "abc");
}

TEST_CASE("string end: the first quote that is not escaped, before any control character") {
    CHECK(string_end(R"("")", 1) == 1);
    CHECK(string_end(R"("abc" "d")", 1) == 4);
    CHECK(string_end(R"("a\"b\\")", 1) == 7);
    CHECK(string_end(R"("\u0022")", 1) == 7);
    CHECK(string_end(R"("abc)", 1) == std::string_view::npos);
    CHECK(string_end(R"("abc\)", 1) == std::string_view::npos);
    CHECK(string_end(R"("abc\")", 1) == std::string_view::npos);
    CHECK(string_end("\"a\nb\"", 1) == std::string_view::npos);
    CHECK(string_end("\"a\\\nb\"", 1) == std::string_view::npos);
    CHECK(string_end("\"", 1) == std::string_view::npos);
    // Against the walk, wherever the bytes lie in a block.
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        RandomJson random(seed, false);
        const std::string text = std::string(random.below(40), ' ') + random.string();
        const std::size_t open = text.find('"');
        CHECK(string_end(text + ",\"more\"", open + 1) == text.size() - 1);
    }
}

}  // namespace weir::json
