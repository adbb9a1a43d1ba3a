#include <doctest/doctest.h>

#include <filesystem>
#include <mutex>

#include "base/hash.h"
#include "gateway/students_testing.h"

using namespace weir;
using namespace weir::gateway;
using testing::kTask;
using testing::World;

namespace {

Students::View view_of(const World& world, const std::string& tenant = "acme") {
    for (const Students::View& view : world.students->views()) {
        if (view.key.tenant == tenant) return view;
    }
    return {};
}

std::string name_of(const World& world, const std::string& tenant = "acme") {
    return file_name(view_of(world, tenant).key);
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("students by hand: demoted it is out of service, over trainings and restarts, until it is promoted") {
    World world;
    world.keep(40);
    world.until([&] { return world.examples_of() == 40; });
    const std::string name = name_of(world);
    CHECK(world.students->counters().trained == 1);
    CHECK(world.students->counters().training_micros > 0);
    REQUIRE(world.students->demote(name));
    CHECK(world.examples_of() == 0);
    CHECK(view_of(world).marks.demoted_unix_micros == world.clock.unix_micros());
    REQUIRE(world.students->demote(name));  // it is already
    world.keep(10);
    world.until([&] { return view_of(world).examples > 40; });
    CHECK(world.examples_of() == 0);
    const Micros trained = view_of(world).trained_unix_micros;
    world.start();
    world.until([&] { return view_of(world).examples > 40; });
    CHECK(world.examples_of() == 0);
    CHECK(view_of(world).trained_unix_micros == trained);  // and not when it was found again
    CHECK(view_of(world).marks.demoted_unix_micros > 0);
    const auto promoted = world.students->promote(name);
    REQUIRE(promoted);
    CHECK(has(*promoted, "the demotion is lifted; when it answers the promise decides"));
    CHECK(world.examples_of() > 40);
    CHECK(view_of(world).marks.demoted_unix_micros == 0);
    CHECK(has(*world.students->promote(name), "it was not demoted by hand"));
}

TEST_CASE("students by hand: promoted where there is none it is trained at once, if there is enough") {
    World world;
    world.keep(12);
    world.until([&] { return view_of(world).kept == 12; });
    CHECK(has(*world.students->promote(name_of(world)), "nothing to train it of yet, 12 of 40 examples"));
    REQUIRE(world.students->demote(name_of(world)));
    world.start();  // what was said of one that is not there yet is remembered
    world.until([&] { return view_of(world).marks.demoted_unix_micros > 0; });
    world.keep(30);
    world.until([&] { return view_of(world).examples >= 40; });
    CHECK(world.examples_of() == 0);
    const std::string name = name_of(world);
    std::filesystem::remove(world.folder.file("students/" + name + ".student"));
    world.start();
    world.until([&] { return view_of(world).examples > 0; });  // made anew
    const auto promoted = world.students->promote(name);
    REQUIRE(promoted);
    world.until([&] { return world.examples_of() > 0; });
}

TEST_CASE("students by hand: a try in vain is made again when somebody asks for it") {
    World world;
    world.keep(40, "acme", "", true);
    world.until([&] { return view_of(world).varied; });
    CHECK(world.students->counters().trained == 0);
    CHECK(has(*world.students->promote(name_of(world)), "it is trained at once, of 40 examples"));
    world.until([&] { return view_of(world).varied; });
}

TEST_CASE("students by hand: rolled back, it is not trained anew before a quarter more examples have come") {
    World world;
    world.keep(40);
    world.until([&] { return world.examples_of() == 40; });
    const std::string name = name_of(world);
    CHECK_FALSE(view_of(world).before);
    const auto none = world.students->rollback(name);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::invalid);
    CHECK(has(none.error().message, "there is no earlier student"));
    world.keep(8);
    world.until([&] { return world.examples_of() > 40; });
    const std::uint64_t second = world.examples_of();
    world.until([&] { return view_of(world).kept == second; });
    REQUIRE(view_of(world).before);
    world.clock.advance(1);
    const auto back = world.students->rollback(name);
    REQUIRE(back);
    CHECK(has(*back, "the one of 40 examples is back in its place; it is trained anew once 12 more have come"));
    CHECK(world.examples_of() == 40);
    CHECK_FALSE(view_of(world).before);
    CHECK_FALSE(world.students->rollback(name));
    const auto waits = [&] {
        CHECK(world.examples_of() == 40);
        CHECK(view_of(world).marks.rolled_back_unix_micros > 0);
    };
    SUBCASE("while it runs") {}
    SUBCASE("after a restart") {
        world.start();
        world.until([&] { return world.examples_of() == 40; });
    }
    world.keep(11);  // more than 15 % of 48
    world.keep(40, "birch");
    world.until([&] { return world.examples_of("birch") == 40; });
    waits();
    world.keep(2);
    world.until([&] { return world.examples_of() > second; });
    CHECK(view_of(world).marks.rolled_back_unix_micros == 0);
}

TEST_CASE("students by hand: what a name tells apart, and what it doesn't") {
    World world;
    world.keep(40);
    world.keep(40, "birch");
    world.until([&] { return world.examples_of() == 40 && world.examples_of("birch") == 40; });
    const std::string name = name_of(world);
    CHECK(world.students->demote("").error().code == ErrorCode::not_found);
    CHECK(world.students->demote("zz").error().code == ErrorCode::not_found);
    CHECK(world.students->promote(to_hex(kTask)).error().code == ErrorCode::invalid);  // both are of that task
    CHECK(has(world.students->promote("0000").error().message, "2 students begin with"));
    CHECK(world.students->demote(name.substr(name.rfind('-') + 1, 8)));
    CHECK(world.students->promote(name.substr(0, 20)));
}

TEST_CASE("students by hand: a purge takes what was said with it") {
    World world;
    world.keep(40);
    world.until([&] { return world.examples_of() == 40; });
    world.keep(8);
    world.until([&] { return world.examples_of() > 40; });
    const std::string name = name_of(world);
    REQUIRE(world.students->rollback(name));
    REQUIRE(world.students->demote(name));
    CHECK(world.files().size() == 4);  // the student, the one before, the mark, its versions
    SUBCASE("by hand") {
        REQUIRE(world.store->purge("acme"));
        world.students->purge("acme", 0);
    }
    SUBCASE("as its examples are gone") {
        REQUIRE(world.store->purge_task("acme", kTask));
        world.until([&] { return world.students->views().empty(); });
    }
    CHECK(world.files().empty());
    CHECK(world.students->demote(name).error().code == ErrorCode::not_found);
}

TEST_CASE(
    "students: examples that are too few are counted as they come; repeats are told to whom they are a yardstick") {
    World world;
    std::mutex mutex;
    cascade::TaskRepeats heard;
    Students::Measure measure;
    measure.told = true;
    const auto measure_by = [&](const Students::Measure& by) {
        world.students->measure({{"default", by}},
                                [&](const std::string& cascade, const std::string& reference, cascade::TaskRepeats is) {
                                    const std::lock_guard lock(mutex);
                                    CHECK(cascade == "default");
                                    CHECK(reference == "fake/big");
                                    heard = std::move(is);
                                });
    };
    measure_by(measure);
    world.keep(7);
    world.until([&] { return view_of(world).kept == 7; });
    CHECK(view_of(world).wanted == 40);
    const auto ask_twice = [&](RequestId request, const std::string& first, const std::string& second) {
        store::ExampleDraft draft;
        draft.rules = world.rules;
        draft.tenant = "acme";
        draft.unix_micros = world.clock.unix_micros();
        draft.task = kTask;
        draft.model = "fake/big";
        draft.api = "openai.chat";
        draft.system = "Which desk?";
        draft.request = request;
        draft.prompt = "ticket " + std::to_string(request);
        draft.answer = first;
        world.store->offer(draft);
        draft.answer = second;
        draft.repeat = true;
        world.store->offer(draft);
    };
    for (RequestId request = 1; request <= 20; ++request) {
        ask_twice(request, "billing", request <= 3 ? "login" : "billing");
    }
    world.until([&] {
        world.keep(1);
        return view_of(world).itself.all.asked >= 20;
    });
    CHECK(view_of(world).itself.drawn == cascade::OwnRepeats{20, 3});
    world.until([&] {
        const std::lock_guard lock(mutex);
        return heard.contains(kTask) && heard.at(kTask) == cascade::OwnRepeats{20, 3};
    });
    measure_by({});  // it is none any more
    world.until([&] {
        const std::lock_guard lock(mutex);
        return heard.empty();
    });
}
