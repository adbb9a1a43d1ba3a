#include "gateway/student_marks.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "base/folder_testing.h"

using namespace weir;
using namespace weir::gateway;

TEST_CASE("student marks: what was said is read back, and taken back") {
    const TemporaryFolder folder;
    const std::string file = folder.file("a.student");
    CHECK(read_marks(file) == StudentMarks{});
    REQUIRE(mark_demoted(file, 12));
    REQUIRE(mark_demoted(file, 13));  // it is already
    REQUIRE(mark_held(file, 14, 15));
    CHECK(read_marks(file).demoted_unix_micros == 12);
    CHECK(read_marks(file).rolled_back_unix_micros == 14);
    CHECK(read_marks(file).held_for == 15);
    CHECK(read_marks(file).outdated_unix_micros == 0);
    REQUIRE(write_file(file + ".since", "5"));
    CHECK(read_marks(file).outdated_unix_micros > 1'600'000'000'000'000);  // when it was written
    REQUIRE(unmark(file, ".demoted"));
    REQUIRE(unmark(file, ".held"));
    REQUIRE(unmark(file, ".held"));
    CHECK(read_marks(file).demoted_unix_micros == 0);
    CHECK(read_marks(file).held_for == 0);
}

TEST_CASE("student marks: a damaged one keeps a student out of service, but holds no training up") {
    const TemporaryFolder folder;
    const std::string file = folder.file("a.student");
    for (const std::string& text : {std::string(), std::string("yes"), std::string("-1"), std::string("1 2"),
                                    std::string("99999999999999999999"), std::string(65, '1')}) {
        REQUIRE(write_file(file + ".demoted", text));
        CHECK(read_marks(file).demoted_unix_micros > 0);
    }
    for (const std::string& text :
         {std::string(), std::string("1"), std::string("1 "), std::string(" 1"), std::string("0 1"), std::string("1 0"),
          std::string("1 -2"), std::string("1 2 "), std::string("1 2x"), std::string("1 99999999999999999999"),
          std::string("1 ") + std::string(63, '2')}) {
        REQUIRE(write_file(file + ".held", text));
        CHECK_FALSE(parse_held(text));
        CHECK(read_marks(file).rolled_back_unix_micros == 0);
    }
    CHECK(parse_held("1 2\n")->examples == 2);
}

TEST_CASE("student versions: the last ones are kept, and damaged lines are left out") {
    const TemporaryFolder folder;
    const std::string file = folder.file("a.student");
    CHECK(read_versions(file).empty());
    for (std::uint64_t i = 1; i <= kMostVersions + 3; ++i) {
        REQUIRE(note_version(file, {static_cast<Micros>(1'700'000'000'000'000 + i), 40 + i, 5'000}));
    }
    const std::vector<StudentVersion> kept = read_versions(file);
    REQUIRE(kept.size() == kMostVersions);
    CHECK(kept.front().examples == 44);
    CHECK(kept.back() ==
          StudentVersion{static_cast<Micros>(1'700'000'000'000'003 + kMostVersions), 43 + kMostVersions, 5'000});
    const std::vector<StudentVersion> sound{{5, 6, 7}, {8, 9, 10}};
    CHECK(parse_versions("5 6 7\n8 9 10\n") == sound);
    CHECK(parse_versions("5 6 7\nx\n\n4 1 1\n6 1\n6 0 1\n8 9 10") == sound);
}
