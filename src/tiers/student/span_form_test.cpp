// The form of answers: found out, read, and written as the teacher would.
#include "tiers/student/span_form.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace weir;
using namespace weir::tiers::student;

namespace {

struct Pair {
    std::string slot, answer;
};

std::optional<SpanForm> learned(const std::vector<Pair>& pairs) {
    std::vector<StudentExample> examples;
    for (const Pair& each : pairs) examples.push_back({each.slot, each.answer});
    return SpanForm::learn(examples);
}

// Every answer comes out of its own strings as it was, also with the form read back from bytes.
void check_whole(const std::vector<Pair>& pairs) {
    const auto form = learned(pairs);
    REQUIRE(form);
    learn::ModelWriter writer;
    form->write(writer);
    learn::ModelReader reader(writer.bytes());
    const auto again = SpanForm::read(reader);
    REQUIRE(again);
    CHECK(reader.left() == 0);
    for (const Pair& each : pairs) {
        std::vector<SpanValue> values;
        CHECK(form->read(each.answer, values));
        std::string text, text_again;
        CHECK(form->write(values, text));
        CHECK(text == each.answer);
        CHECK(again->write(values, text_again));
        CHECK(text_again == each.answer);
    }
    for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
        learn::ModelReader cut(std::string_view(writer.bytes()).substr(0, size));
        CHECK_FALSE(SpanForm::read(cut));
    }
}

}  // namespace

TEST_CASE("form: lists by key") {
    check_whole({{"Anna met Bo in Rome", R"({"person": ["Anna", "Bo"], "place": ["Rome"], "date": []})"},
                 {"Cleo left Oslo in May", R"({"person": ["Cleo"], "place": ["Oslo"], "date": ["May"]})"},
                 {"Nothing", R"({"person": [], "place": [], "date": []})"}});
}

TEST_CASE("form: single strings, nothing spelled in several ways, a fence around it") {
    check_whole({{"Anna, 12 May", "```json\n{\"name\":\"Anna\",\"day\":\"12 May\",\"city\":\"unknown\"}\n```"},
                 {"Bo from Rome", "```json\n{\"name\":\"Bo\",\"day\":null,\"city\":\"Rome\"}\n```"},
                 {"Cleo from Oslo", "```json\n{\"name\":\"Cleo\",\"day\":null,\"city\":\"Oslo\"}\n```"},
                 {"Dora of Bonn", "```json\n{\"name\":\"Dora\",\"day\":null,\"city\":\"Bonn\"}\n```"},
                 {"Eve, 3 June", "```json\n{\"name\":\"Eve\",\"day\":\"3 June\",\"city\":\"unknown\"}\n```"}});
}

TEST_CASE("form: members that are left out, numbers, constants, objects in objects") {
    check_whole({{"pay 12.50 to Anna", R"({"version": 2, "found": {"amount": 12.50, "who": "Anna"}})"},
                 {"pay 7 to Bo", R"({"version": 2, "found": {"amount": 7, "who": "Bo"}})"},
                 {"pay -3e2", R"({"version": 2, "found": {"amount": -3e2}})"}});
}

TEST_CASE("form: records, with what stands beside the text") {
    check_whole({{"Anna in Rome", R"([{"type": "person", "text": "Anna"}, {"type": "place", "text": "Rome"}])"},
                 {"nobody", "[]"},
                 {"Bo", R"([{"type": "person", "text": "Bo"}])"}});
    check_whole({{"Anna in Rome", R"({"entities": [{"text": "Anna", "sure": true, "type": "person"}]})"},
                 {"to Oslo", R"({"entities": [{"text": "Oslo", "sure": false, "type": "place"}]})"}});
}

TEST_CASE("form: layouts") {
    check_whole({{"Anna", "{\n  \"who\": [\n    \"Anna\"\n  ],\n  \"where\": []\n}"},
                 {"in Rome", "{\n  \"who\": [],\n  \"where\": [\n    \"Rome\"\n  ]\n}"}});
    check_whole({{"Anna and Bo", "{\n    \"who\": [\"Anna\", \"Bo\"],\n    \"where\": []\n}"},
                 {"in Rome", "{\n    \"who\": [],\n    \"where\": [\"Rome\"]\n}"}});
    check_whole({{"Zoë", R"(["Zo\u00eb"])"}, {"😀 Bo", R"(["\ud83d\ude00", "Bo"])"}});
    check_whole({{"Zoë", R"(["Zoë"])"}, {"a \"b\"", R"(["\"b\""])"}});
}

TEST_CASE("form: what is no extraction") {
    CHECK_FALSE(learned({}));
    CHECK_FALSE(learned({{"win money", "spam"}, {"hello", "ham"}}));
    CHECK_FALSE(learned({{"win money", R"({"label": "spam"})"}, {"hello", R"({"label": "ham"})"}}));
    CHECK_FALSE(learned({{"Anna", R"({"a": 1})"}, {"Bo", R"({"a": 1})"}}));  // nothing varies
    CHECK_FALSE(learned({{"Anna", R"(["Ann"])"}, {"Bo", R"(["Bob"])"}}));
    CHECK_FALSE(
        learned({{"Anna", R"({"who": ["Anna"], "mood": "glad"})"}, {"Bo", R"({"who": ["Bo"], "mood": "sad"})"}}));
}

TEST_CASE("form: an answer of another form is not read, and values that can't be are not written") {
    const auto form = learned({{"Anna", R"({"who": "Anna", "n": 1})"}, {"Bo 2", R"({"who": "Bo", "n": 2})"}});
    REQUIRE_FALSE(form);  // 1 is not in the first prompt
    const auto good = learned({{"Anna 1", R"({"who": "Anna", "n": 1})"}, {"Bo 2", R"({"who": "Bo", "n": 2})"}});
    REQUIRE(good);
    std::vector<SpanValue> values;
    for (const char* const other :
         {"", "Anna", "{}x", "[]", R"({"who": ["Anna"], "n": 1})", R"({"who": "A", "n": "1"})",
          R"({"who": "A", "n": 1, "m": 1})", R"({"who": "A", "who": "B", "n": 1})", "{\"who\""}) {
        const bool read = good->read(other, values);
        CHECK((!read || values.empty()));
    }
    std::string text;
    CHECK_FALSE(good->write(std::vector<SpanValue>{{0, "A"}, {0, "B"}}, text));  // one string, not two
    CHECK_FALSE(good->write(std::vector<SpanValue>{{1, "01x"}}, text));          // no number
    CHECK(text.empty());
    CHECK(good->single(0));
}

TEST_CASE("form: any strings come out of an answer as they went in") {
    const auto form =
        learned({{"Anna in Rome", R"([{"type": "person", "text": "Anna"}, {"type": "place", "text": "Rome"}])"},
                 {"Bo", R"([{"type": "person", "text": "Bo"}])"}});
    REQUIRE(form);
    CHECK(rc::check("round", [&] {
        std::vector<SpanValue> values;
        for (std::size_t count = *rc::gen::inRange<std::size_t>(0, 5); count > 0; --count) {
            values.push_back({*rc::gen::inRange<std::uint16_t>(0, 2),
                              *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)))});
        }
        std::string text;
        std::vector<SpanValue> again;
        RC_ASSERT(form->write(values, text));
        RC_ASSERT(form->read(text, again));
        RC_ASSERT(again == values);
    }));
}
