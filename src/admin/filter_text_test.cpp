#include "admin/filter_text.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;

TEST_CASE("what sums are told by can be given back as a filter, requests without a name too") {
    const store::NamesById names = {{1, "acme"}, {2, "none"}};
    store::FlowFilter filter;
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"tenant", "acme"},
                                      {"tenant", "nobody-knows-it"},
                                      {"reference", "none"},
                                      {"task", "none"},
                                      {"tier", "none"},
                                      {"tier", "nobody"}}) {
        const auto read = read_filter(name, value, names, filter);
        REQUIRE(read);
        CHECK(*read);
    }
    REQUIRE(filter.tenants.size() == 2);
    CHECK(filter.tenants[0] == 1);
    CHECK(filter.references == std::vector<store::NameId>{2, store::kNoName});
    CHECK(filter.tasks == std::vector<std::uint64_t>{0});
    CHECK(filter.tiers == std::vector<std::optional<store::TierKind>>{std::nullopt, std::nullopt});
    CHECK_FALSE(*read_filter("colour", "red", names, filter));
    CHECK_FALSE(read_filter("tier", "moon", names, filter));
    CHECK_FALSE(read_filter("task", "12", names, filter));
}
