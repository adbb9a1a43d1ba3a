#include "tiers/student/student_shelf.h"

#include <doctest/doctest.h>

#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

std::shared_ptr<const Student> model() {
    static const auto made = [] {
        const Tickets tickets(60, 5);
        return *Student::load(*Student::train(tickets.examples(), {}));
    }();
    return made;
}

StudentKey key_of(std::string tenant, std::uint64_t task, std::uint64_t system = 0, std::uint64_t form = 0) {
    return {std::move(tenant), "default", "fake/big", task, system, form};
}

std::shared_ptr<const ShelvedStudent> student(StudentKey key, Micros trained = 1) {
    return std::make_shared<ShelvedStudent>(std::move(key), model(), trained);
}

std::size_t found(const StudentShelf& shelf, std::string_view tenant, std::uint64_t task) {
    const auto students = shelf.find(tenant, "default", "fake/big", task);
    return students ? students->size() : 0;
}

}  // namespace

TEST_CASE("student shelf: everybody has their own") {
    StudentShelf shelf;
    shelf.put(student(key_of("acme", 7)));
    shelf.put(student(key_of("birch", 8)));
    CHECK(found(shelf, "acme", 7) == 1);
    CHECK(found(shelf, "birch", 7) == 0);
    CHECK(found(shelf, "acme", 8) == 0);
    CHECK(shelf.find("acme", "other", "fake/big", 7) == nullptr);
    CHECK(shelf.find("acme", "default", "fake/small", 7) == nullptr);
    shelf.take_away(key_of("birch", 7));
    shelf.take_away(key_of("birch", 8));
    CHECK(shelf.all().size() == 1);
}

TEST_CASE("student shelf: one for each instruction and form; a new one takes the place of its own") {
    StudentShelf shelf;
    shelf.put(student(key_of("acme", 7, 1, 0)));
    shelf.put(student(key_of("acme", 7, 1, 2)));
    const auto before = shelf.find("acme", "default", "fake/big", 7);
    shelf.put(student(key_of("acme", 7, 1, 0), 5));
    CHECK(found(shelf, "acme", 7) == 2);
    CHECK(before->front()->trained_unix_micros == 1);  // whoever looks at it meanwhile keeps what it saw
    shelf.take_away(key_of("acme", 7, 1, 2));
    REQUIRE(found(shelf, "acme", 7) == 1);
    CHECK(shelf.all().front()->trained_unix_micros == 5);
}

TEST_CASE("student shelf: beyond the limit the one put first goes") {
    StudentShelf shelf;
    for (std::uint64_t task = 0; task < StudentShelf::kMostStudents; ++task) shelf.put(student(key_of("acme", task)));
    shelf.put(student(key_of("acme", 0)));  // put again: it is the latest
    CHECK(shelf.all().size() == StudentShelf::kMostStudents);
    shelf.put(student(key_of("birch", 0)));
    CHECK(shelf.all().size() == StudentShelf::kMostStudents);
    CHECK(found(shelf, "acme", 0) == 1);
    CHECK(found(shelf, "acme", 1) == 0);
    CHECK(found(shelf, "acme", 2) == 1);
}

TEST_CASE("student shelf: what is outdated goes once, and not the one that took its place") {
    StudentShelf shelf;
    const auto old = student(key_of("acme", 7));
    shelf.put(old);
    shelf.put(student(key_of("birch", 7)));
    CHECK(shelf.take_away_outdated(*old));
    CHECK_FALSE(shelf.take_away_outdated(*old));  // two reactors have heard it
    CHECK(shelf.outdated() == std::vector{StudentShelf::Outdated{key_of("acme", 7), 0}});
    CHECK(shelf.outdated().empty());
    CHECK(found(shelf, "birch", 7) == 1);
    shelf.put(student(key_of("acme", 7), 5));
    CHECK_FALSE(shelf.take_away_outdated(*old));
    CHECK(found(shelf, "acme", 7) == 1);
    CHECK(shelf.outdated().empty());
}

TEST_CASE("student shelf: a student that hears other answers is suspicious, then alarmed; the next one knows of it") {
    using Of = LabelWatch::Of;
    const auto old = student(key_of("acme", 7));
    for (int i = 0; i < 300; ++i) REQUIRE_FALSE(old->heard("my invoice", "billing", Of::all, 1'000 + i));
    CHECK_FALSE(old->heard("my invoice", "weather", Of::trusted, 2'000));
    CHECK(old->suspicious());
    ShelvedStudent next(key_of("acme", 7), model(), 5);
    next.follow(*old);
    CHECK(next.suspicious());
    int needed = 1;
    while (!next.heard("my invoice", "weather", Of::all, 2'000 + needed)) REQUIRE(++needed < 20);
    CHECK(needed > 1);
    CHECK(next.since() == 2'000);
    StudentShelf shelf;
    const auto alarmed = std::make_shared<ShelvedStudent>(key_of("acme", 7), model(), 6);
    alarmed->follow(next);
    shelf.put(alarmed);
    REQUIRE(shelf.take_away_outdated(*alarmed));
    CHECK(shelf.outdated() == std::vector{StudentShelf::Outdated{key_of("acme", 7), 2'000}});
    CHECK_FALSE(ShelvedStudent(key_of("acme", 7), model(), 5).heard("my invoice", "weather", Of::all, 1));
}

TEST_CASE("student shelf: files are told apart by the whole key, and found by tenant and task") {
    const StudentKey key = key_of("acme", 7, 1, 2);
    const std::string name = file_name(key);
    CHECK(name.size() == 16 + 1 + 16 + 1 + 16);
    CHECK(name.starts_with(file_begin("acme", 7)));
    CHECK(file_begin("acme", 7).starts_with(file_begin("acme")));
    CHECK_FALSE(name.starts_with(file_begin("birch")));
    StudentKey other = key;
    other.response_format = 3;
    CHECK(file_name(other) != name);
    other = key;
    other.cascade = "defaul";
    other.reference = "tfake/big";
    CHECK(file_name(other) != name);
}
