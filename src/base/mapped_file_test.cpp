#include "base/mapped_file.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "base/folder_testing.h"

using namespace weir;

TEST_CASE("mapped file: its bytes, also once another has taken its name; what it refuses") {
    const TemporaryFolder folder;
    const std::string name = folder.file("a");
    REQUIRE(write_file(name, "some bytes"));
    auto mapped = MappedFile::open(name, 10);
    REQUIRE(mapped);
    CHECK(mapped->bytes() == "some bytes");
    REQUIRE(write_file(name, "others"));
    CHECK(mapped->bytes() == "some bytes");
    MappedFile moved(std::move(*mapped));
    CHECK(moved.bytes() == "some bytes");
    MappedFile other;
    CHECK(other.bytes().empty());
    other = std::move(moved);
    CHECK(other.bytes() == "some bytes");
    CHECK(MappedFile::open(name, 5).error().code == ErrorCode::too_large);
    CHECK(MappedFile::open(folder.file("none"), 5).error().code == ErrorCode::io);
    REQUIRE(write_file(name, ""));
    CHECK(MappedFile::open(name, 5).error().code == ErrorCode::io);
}
