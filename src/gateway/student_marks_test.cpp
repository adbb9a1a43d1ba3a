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
