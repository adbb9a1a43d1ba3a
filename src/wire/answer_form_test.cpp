#include "wire/answer_form.h"

#include <doctest/doctest.h>

#include <string>

using weir::wire::has_demanded_form;
using weir::wire::kMostFormBytes;

namespace {

std::string by_schema(std::string_view schema) {
    return R"({"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":)" + std::string(schema) + "}}";
}

void check(std::string_view schema, std::string_view answer, bool wanted) {
    CAPTURE(schema);
    CAPTURE(answer);
    CHECK(has_demanded_form(by_schema(schema), answer) == wanted);
}

}  // namespace

TEST_CASE("without a demand every answer has the form") {
    for (const std::string_view format : {"", "null", R"({"type":"text"})", R"({"type":"grammar"})", "{}"}) {
        CAPTURE(format);
        CHECK(has_demanded_form(format, "not JSON"));
    }
}

TEST_CASE("a JSON object is one, whole, with nothing around it") {
    const std::string_view format = R"({"type":"json_object"})";
    CHECK(has_demanded_form(format, " {\"a\": 1}\n"));
    CHECK(has_demanded_form(format, "{}"));
    for (const std::string_view answer : {"", "[]", "1", "{\"a\":", "Sure: {\"a\":1}", "```json\n{\"a\":1}\n```",
                                          "{\"a\":1} {\"b\":2}", R"(1,"w":{})", "{}}", "{},\"x\":{}"}) {
        CAPTURE(answer);
        CHECK_FALSE(has_demanded_form(format, answer));
    }
    CHECK_FALSE(has_demanded_form(R"({"type":"json_object","schema":{"required":["a"]}})", "{}"));
    CHECK(has_demanded_form(R"({"type":"json_object","schema":{"required":["a"]}})", R"({"a":null})"));
}

TEST_CASE("types, required members, closed fields") {
    const std::string_view schema =
        R"({"type":"object","properties":{"label":{"type":"string","enum":["yes","no"]},)"
        R"("score":{"type":"number"},"count":{"type":"integer"},)"
        R"("note":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"string"}}},)"
        R"("required":["label"],"additionalProperties":false})";
    check(schema, R"({"label":"yes"})", true);
    check(schema, R"({"score":1.5,"label":"\u006eo","count":3,"note":null,"tags":["a","b"]})", true);
    check(schema, R"({"label":"yes","count":3.0})", true);
    check(schema, R"({"label":"yes","count":123456789012345678901234567890})", true);
    check(schema, R"({"score":1})", false);                     // required
    check(schema, R"({"label":"perhaps"})", false);             // enum
    check(schema, R"({"label":true})", false);                  // type
    check(schema, R"({"label":"yes","count":3.5})", false);     // no integer
    check(schema, R"({"label":"yes","score":"1"})", false);     // no number
    check(schema, R"({"label":"yes","note":1})", false);        // neither of two types
    check(schema, R"({"label":"yes","tags":["a",1]})", false);  // items
    check(schema, R"({"label":"yes","more":1})", false);        // additionalProperties
    check(schema, R"(["yes"])", false);
    check(R"({"type":"array","items":{"const":1}})", "[1, 1.0]", true);
    check(R"({"type":"array","items":{"const":1}})", "[1, 2]", false);
    check(R"({"enum":[{"a":[1,2]},null]})", R"({ "a" : [1, 2] })", true);
    check(R"({"enum":[{"a":[1,2]},null]})", R"({"a":[2,1]})", false);
    check(R"({"additionalProperties":{"type":"number"}})", R"({"a":1,"b":"x"})", false);
    check(R"({"additionalProperties":false,"patternProperties":{"^x":{}}})", R"({"xa":1})", true);
    check("false", "1", false);
    check("true", "1", true);
}

TEST_CASE("branches and references, those that lead nowhere or in circles too") {
    check(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "null", true);
    check(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "1", false);
    check(R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", R"({"b":1})", true);
    check(R"({"allOf":[{"required":["a"]},{"required":["b"]}]})", R"({"b":1})", false);
    const std::string_view tree =
        R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","required":["v"],)"
        R"("properties":{"v":{"type":"number"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}}}}})";
    check(tree, R"({"v":1,"next":{"v":2,"next":null}})", true);
    check(tree, R"({"v":1,"next":{"v":"2"}})", false);
    check(R"({"$ref":"#"})", "1", true);
    check(R"({"$ref":"#/$defs/gone"})", "1", true);
    check(R"({"$ref":"https://example.org/s.json"})", "1", true);
    // Doubling with each level: given up, and let through.
    check(R"({"allOf":[{"$ref":"#"},{"$ref":"#"}]})", "1", true);
}

TEST_CASE("what would take long to check is let through") {
    const auto object_of = [](int members, std::string_view value) {
        std::string object = "{";
        for (int i = 0; i < members; ++i) {
            object += (i > 0 ? ",\"m" : "\"m") + std::to_string(i) + "\":" + std::string(value);
        }
        return object + "}";
    };
    // The last member is of another type.
    const auto wrong_at_the_end = [&](int members) {
        std::string answer = object_of(members, "1");
        answer.pop_back();
        return answer + ",\"last\":true}";
    };
    const auto schema_of = [&](int members) {
        std::string properties = object_of(members, R"({"type":"integer"})");
        properties.pop_back();
        return R"({"properties":)" + properties + R"(,"last":{"type":"string"}}})";
    };
    check(schema_of(100), wrong_at_the_end(100), false);
    check(schema_of(5'000), wrong_at_the_end(5'000), true);
    check("{}", "\"" + std::string(kMostFormBytes, 'x') + "\"", true);
    CHECK(has_demanded_form(R"({"type":"json_object"})", "no JSON" + std::string(kMostFormBytes, 'x')));
}
