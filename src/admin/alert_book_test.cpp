#include "admin/alert_book.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;

namespace {

constexpr Micros kSecond = 1'000'000;

struct World {
    AlertBook book;
    telemetry::AlertOptions options;
    Micros now = 1'780'000'000 * kSecond;

    std::vector<Alert> look(const std::vector<Finding>& findings, Micros later = 10 * kSecond) {
        now += later;
        return book.look(findings, options, now);
    }
};

Finding near(std::string of = "all", bool begins = true) {
    return {AlertKind::budget_near, std::move(of), "81 %", begins};
}

}  // namespace

TEST_CASE("one message when it begins, one when its reason was gone for long enough") {
    World world;
    auto told = world.look({near()});
    REQUIRE(told.size() == 1);
    CHECK(told[0].ended_unix == 0);
    CHECK(told[0].since_unix == world.now);
    for (int i = 0; i < 5; ++i) CHECK(world.look({near()}).empty());
    CHECK(world.look({}).empty());
    CHECK(world.look({near("all", false)}).empty());  // between its limits: it goes on
    for (int i = 0; i < 5; ++i) CHECK(world.look({}).empty());
    REQUIRE(world.book.state().firing.size() == 1);
    told = world.look({});  // 60 s
    REQUIRE(told.size() == 1);
    CHECK(told[0].ended_unix == world.now);
    CHECK(world.book.state().firing.empty());
    CHECK(world.book.state().history.size() == 1);
    CHECK(world.look({near("all", false)}).empty());
    CHECK(world.book.state().firing.empty());  // what goes on begins nothing
}

TEST_CASE("one that comes and goes is shown, and told again only after a while") {
    World world;
    std::size_t told = 0;
    for (int minute = 0; minute < 60; ++minute) {
        told +=
            world.look(minute % 4 == 0 ? std::vector<Finding>{near()} : std::vector<Finding>{}, 60 * kSecond).size();
    }
    CHECK(world.book.state().history.size() == 15);
    // Every 16 minutes: that it began, and that it ended.
    CHECK(told == 8);
}

TEST_CASE("what could not be told at once is told later, if it is still there") {
    World world;
    CHECK(world.look({near()}).size() == 1);
    CHECK(world.look({}, 60 * kSecond).size() == 1);
    CHECK(world.look({near()}).empty());
    CHECK(world.book.state().firing.size() == 1);
    CHECK_FALSE(world.book.state().firing[0].told);
    CHECK(world.look({near()}, 800 * kSecond).empty());
    const auto told = world.look({near()}, 100 * kSecond);
    REQUIRE(told.size() == 1);
    CHECK(told[0].ended_unix == 0);
    // One that ended before it was told ends without a word.
    CHECK(world.look({}, 60 * kSecond).size() == 1);
    CHECK(world.look({near()}).empty());
    CHECK(world.look({}, 60 * kSecond).empty());
}

TEST_CASE("a restart tells nothing again, and an alert that ended meanwhile is told to have") {
    World world;
    CHECK(world.look({near("a"), near("b")}).size() == 2);
    CHECK(world.book.changed());
    world.book.written();
    CHECK(world.look({near("a"), near("b")}).empty());
    CHECK_FALSE(world.book.changed());
    World later;
    later.now = world.now + 3600 * kSecond;
    later.book.restore(world.book.state(), later.now);
    CHECK(later.look({near("a")}).empty());
    CHECK(later.look({near("a")}, 30 * kSecond).empty());
    const auto told = later.look({near("a")}, 30 * kSecond);
    REQUIRE(told.size() == 1);
    CHECK(told[0].of == "b");
    CHECK(told[0].ended_unix > 0);
    const std::uint64_t before = later.book.state().firing[0].id;
    CHECK(later.look({near("a"), near("c")})[0].id > before);
}

TEST_CASE("what is off is not looked at, and ends what is firing; there are limits") {
    World world;
    std::vector<Finding> many;
    for (std::size_t i = 0; i < kMostAlerts + 50; ++i) many.push_back(near("t" + std::to_string(i)));
    CHECK(world.look(many).size() == kMostAlerts);
    world.options.off.set(static_cast<std::size_t>(AlertKind::budget_near));
    CHECK(world.look(many).size() == kMostAlerts);
    CHECK(world.book.state().firing.empty());
    CHECK(world.book.state().history.size() == kMostHistory);
    CHECK(world.look(many).empty());
    World other;
    other.look({{AlertKind::drift, std::string(5'000, 'x'), std::string(5'000, 'y'), true}});
    other.look({{AlertKind::drift, std::string(5'000, 'x'), std::string(5'000, 'y'), true}});
    REQUIRE(other.book.state().firing.size() == 1);
    CHECK(other.book.state().firing[0].of.size() == kMostSubjectBytes);
    CHECK(other.book.state().firing[0].text.size() == kMostAlertTextBytes);
}
