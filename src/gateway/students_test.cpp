#include "gateway/students.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/files.h"
#include "gateway/students_testing.h"

using namespace weir;
using namespace weir::gateway;
using testing::kEmbedder;
using testing::kTask;
using testing::World;

TEST_CASE("students: the first one of forty examples, the next ones as these grow; each tenant its own") {
    World world;
    world.keep(39);
    world.keep(60, "birch");
    world.until([&] { return world.examples_of("birch") >= 40; });  // tenants are looked at in order
    CHECK(world.examples_of() == 0);
    world.keep(1);
    world.until([&] { return world.examples_of() == 40; });
    world.keep(5);  // 45 < 1.15 * 40
    world.keep(40, "birch");
    world.until([&] { return world.examples_of("birch") > 60; });
    CHECK(world.examples_of() == 40);
    world.keep(2);
    world.until([&] { return world.examples_of() >= 46; });
    CHECK(world.files().size() == 6);  // each with the one before and its versions
    const auto mode = std::filesystem::status(world.folder.file("students")).permissions();
    CHECK(mode == std::filesystem::perms::owner_all);
}

TEST_CASE("students: what is kept with vectors is learned from with vectors") {
    World world;
    world.embedded = true;
    world.keep(60);
    world.until([&] { return world.examples_of() >= 40; });
    const auto found = world.shelf->find("acme", "default", "fake/big", kTask);
    REQUIRE(found);
    CHECK(found->front()->model->labels()->dense().model() == kEmbedder);
    CHECK(found->front()->model->labels()->dense().dimensions() == 16);
}

TEST_CASE("students: what no cascade wants, and what may not be learned from, is left alone") {
    World world;
    auto others = std::make_shared<store::ExampleRules>(*world.rules);
    others->may_distil = false;
    world.rules = others;
    world.keep(60, "acme");
    others = std::make_shared<store::ExampleRules>(*others);
    others->may_distil = true;
    others->course.cascade = "other";
    world.rules = others;
    world.keep(60, "birch");
    others = std::make_shared<store::ExampleRules>(*others);
    others->course.cascade = "default";
    world.rules = others;
    world.keep(60, "cedar");
    world.until([&] { return world.examples_of("cedar") >= 40; });
    CHECK(world.shelf->all().size() == 1);
}

TEST_CASE("students: answers that are too varied are tried again when there are twice as many") {
    World world;
    world.keep(40, "acme", "", true);
    world.until([&] { return world.why().starts_with("the answers are not narrow"); });
    world.keep(40);  // 80 < 2 * 40 + 1
    world.keep(40, "birch");
    world.until([&] { return world.examples_of("birch") == 40; });
    CHECK(world.examples_of() == 0);
    world.until([&] {
        world.keep(20);  // however many it takes until the varied ones are few
        return world.examples_of() > 80;
    });
    CHECK(world.why().empty());
}

TEST_CASE("students: a restart has them at once") {
    World world;
    world.keep(40);
    world.until([&] { return world.examples_of() == 40; });
    const auto before = std::filesystem::last_write_time(world.files().front());
    world.clock.advance(5'000'000);
    world.start();
    world.until([&] { return world.examples_of() == 40; });
    CHECK(std::filesystem::last_write_time(world.files().front()) == before);
}

TEST_CASE("students: a damaged file is refused, and made anew") {
    World world;
    world.keep(40);
    world.until([&] { return world.examples_of() == 40; });
    const std::string file = world.files().front();
    auto bytes = read_file(file, 1u << 24);
    REQUIRE(bytes);
    world.students.reset();
    SUBCASE("a bit is wrong") {
        (*bytes)[bytes->size() / 2] ^= 1;
    }
    SUBCASE("cut short") {
        bytes->resize(bytes->size() / 2);
    }
    SUBCASE("empty") {
        bytes->clear();
    }
    SUBCASE("of an earlier version") {
        bytes->replace(0, 8, "WEIRSTU1");
    }
    REQUIRE(write_file(file, *bytes));
    const std::string half = file + ".part77";  // of a process that was killed
    REQUIRE(write_file(half, "half"));
    world.start();
    world.until([&] { return world.examples_of() == 40; });
    CHECK(tiers::student::Student::open(file));
    CHECK_FALSE(std::filesystem::exists(half));
}

TEST_CASE("students: whose examples are gone is gone with them, files too") {
    World world;
    world.keep(40);
    world.keep(40, "birch");
    world.until([&] { return world.examples_of() == 40 && world.examples_of("birch") == 40; });
    SUBCASE("while it runs") {
        REQUIRE(world.store->purge("acme"));
        world.until([&] { return world.examples_of() == 0 && world.files().size() == 2; });
    }
    SUBCASE("while it doesn't") {
        world.students.reset();
        REQUIRE(world.store->purge("acme"));
        world.start();
        world.until([&] { return world.examples_of("birch") == 40; });
        CHECK(world.files().size() == 2);  // with its versions
    }
    CHECK(world.why() == "none");
    CHECK(world.examples_of("birch") == 40);
}

TEST_CASE("students: what is purged is gone when it returns, whatever comes next") {
    World world;
    world.keep(40);
    world.keep(40, "birch");
    world.until([&] { return world.examples_of() == 40 && world.examples_of("birch") == 40; });
    world.clock.advance(1);
    bool of_tenant = true;
    SUBCASE("by tenant") {
        of_tenant = true;
    }
    SUBCASE("by task") {
        of_tenant = false;
    }
    const auto purged = of_tenant ? world.store->purge("acme") : world.store->purge_task("acme", kTask);
    REQUIRE(purged.has_value());
    world.students->purge("acme", of_tenant ? 0 : kTask);
    CHECK(world.examples_of() == 0);
    CHECK(world.why() == "none");
    CHECK(world.files().size() == 2);
    world.clock.advance(1);
    world.keep(40, "acme", " desk");
    world.until([&] { return world.examples_of() == 40; });
    CHECK(world.examples_of("birch") == 40);
    world.students->purge("", kTask + 1);
    CHECK(world.examples_of() == 40);
    world.students->purge("", 0);
    CHECK(world.shelf->all().empty());
    CHECK(world.students->views().empty());
}

TEST_CASE("students: outdated, it begins anew from the latest, also after a restart") {
    World world;
    world.keep(100);
    world.until([&] { return world.examples_of() >= 40; });
    const Micros since = world.clock.unix_micros();
    world.keep(10, "acme", " desk");
    world.until([&] {
        const auto student = world.shelf->all().front();
        bool alarmed = false;
        for (int i = 0; i < 10; ++i) {
            alarmed = student->heard("my invoice", "billing desk", tiers::student::LabelWatch::Of::all, since + i);
        }
        return alarmed && world.shelf->take_away_outdated(*student);
    });
    world.until([&] { return world.why() == "the reference says what the student could not"; });
    CHECK(world.examples_of() == 0);
    SUBCASE("while it runs") {}
    SUBCASE("after a restart") {
        world.start();
    }
    world.keep(29, "acme", " desk");
    world.keep(40, "birch");
    world.until([&] { return world.examples_of("birch") == 40; });
    CHECK(world.examples_of() == 0);
    world.keep(3, "acme", " desk");  // a fiftieth of all may have to be new since it looked
    world.until([&] { return world.examples_of() >= 40; });
    CHECK(world.examples_of() <= 42);
    CHECK(world.shelf->find("acme", "default", "fake/big", kTask)
              ->front()
              ->model->could_say("my invoice", "billing desk"));
    CHECK_FALSE(
        world.shelf->find("acme", "default", "fake/big", kTask)->front()->model->could_say("my invoice", "billing"));
}
