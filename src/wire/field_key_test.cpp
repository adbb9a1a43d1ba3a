#include "wire/field_key.h"

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

FieldRules rules(std::vector<std::string> key, std::vector<std::string> ignore = {}) {
    FieldRules made;
    for (const std::string& path : key) made.key.push_back(*json::Path::parse(path));
    for (const std::string& path : ignore) made.ignore.push_back(*json::Path::parse(path));
    return made;
}

bool same(std::string_view a, std::string_view b, const FieldRules& by) {
    const auto first = field_digest(a, by), second = field_digest(b, by);
    REQUIRE((first && second));
    return *first == *second;
}

TEST_CASE("order, white space and escapes do not count; spelling of numbers does") {
    CHECK(same(R"({"a":1,"b":{"d":"\u0041","c":[1, 2]}})", R"({ "b":{"c":[1,2],"d":"A"},"\u0061":1})", {}));
    CHECK_FALSE(same(R"({"a":1})", R"({"a":1.0})", {}));
    CHECK_FALSE(same(R"({"a":"1"})", R"({"a":1})", {}));
    CHECK_FALSE(same(R"({"a":"\ud800"})", R"({"a":"\ud801"})", {}));
    CHECK_FALSE(same(R"({"a":[[1],2]})", R"({"a":[1,[2]]})", {}));
}

TEST_CASE("declared fields are all that counts, ignored ones are all that does not") {
    CHECK(same(R"({"q":"x","t":1})", R"({"t":2,"q":"x"})", rules({"/q"})));
    CHECK(same(R"({"i":[{"id":1,"s":3},{"id":2}]})", R"({"i":[{"id":1},{"id":2,"s":4}]})", rules({"/i/*/id"})));
    CHECK_FALSE(same(R"({"i":[{"id":1}]})", R"({"i":[{"id":1},{"id":1}]})", rules({"/i/*/id"})));
    CHECK_FALSE(same(R"({"i":[{"t":[1,2]},{"t":[3]}]})", R"({"i":[{"t":[1]},{"t":[2,3]}]})", rules({"/i/*/t/*"})));
    CHECK_FALSE(same(R"({"i":[{"t":[]},{"t":[1]}]})", R"({"i":[{"t":[1]},{"t":[]}]})", rules({"/i/*/t/*"})));
    CHECK(same(R"({"q":1,"i":[{"s":3}]})", R"({"i":[{"s":4}],"q":1})", rules({}, {"/i/*/s"})));
    CHECK_FALSE(same(R"({"a":1,"b":[]})", R"({"a":1,"b":[0]})", rules({}, {"/b/*"})));
    CHECK(*field_digest(R"({"a":1})", rules({"/a"})) != *field_digest(R"({"a":1})", {}));
}

TEST_CASE("what has no clear key has none") {
    CHECK_FALSE(field_digest(R"({"a":1})", rules({"/b"})));
    for (const std::string_view items : {R"([{"id":1},{"x":2}])", R"([{"x":2},{"id":1}])", R"([{"id":1},"z"])", "[]"}) {
        CAPTURE(items);
        CHECK_FALSE(field_digest(R"({"i":)" + std::string(items) + "}", rules({"/i/*/id"})));
    }
    CHECK_FALSE(field_digest(R"({"a":1,"a":2})", rules({"/a"})));
    CHECK_FALSE(field_digest(R"({"b":{"a":1,"\u0061":2}})", {}));
    CHECK_FALSE(json::Path::parse("a"));
    CHECK_FALSE(json::Path::parse("/a~2"));
    CHECK(json::Path::parse("/a~1b/~0/*/0"));
}

}  // namespace
}  // namespace weir::wire
