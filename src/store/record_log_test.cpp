#include "store/record_log.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <vector>

using namespace weir;
using namespace weir::store;

namespace {

struct Folder {
    Folder() {
        char path[] = "/tmp/weir-test-XXXXXX";
        name = mkdtemp(path);
    }
    ~Folder() { std::filesystem::remove_all(name); }
    std::string name;
};

struct Opened {
    explicit Opened(const std::string& file, std::uint64_t most = 1u << 20, const char* kind = "lessons") {
        RecordLog::Options options{file, kind, most};
        auto made = RecordLog::open(options, [&](std::string_view record) { records.emplace_back(record); });
        if (made) {
            log = std::move(*made);
        } else {
            error = made.error().message;
        }
    }
    std::vector<std::string> records;
    std::unique_ptr<RecordLog> log;
    std::string error;
};

}  // namespace

TEST_CASE("records come back in order") {
    Folder folder;
    const std::string file = folder.name + "/log";
    {
        Opened opened(file);
        REQUIRE(opened.log);
        CHECK(opened.records.empty());
        CHECK(opened.log->append("one"));
        CHECK(opened.log->append(""));
        CHECK(opened.log->append(std::string(100'000, 'x')));
        CHECK_FALSE(opened.log->append(std::string((1u << 20) + 1, 'x')));
    }
    Opened again(file);
    REQUIRE(again.records.size() == 3);
    CHECK(again.records[0] == "one");
    CHECK(again.records[1].empty());
    CHECK(again.records[2].size() == 100'000);
}

TEST_CASE("a file cut at any byte gives the records before the cut, and goes on") {
    Folder folder;
    const std::string file = folder.name + "/log";
    {
        Opened opened(file);
        for (const char* text : {"alpha", "beta", "gamma"}) CHECK(opened.log->append(text));
    }
    const auto whole = std::filesystem::file_size(file);
    for (std::uintmax_t size = 0; size < whole; ++size) {
        const std::string copy = folder.name + "/cut";
        std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(copy, size);
        std::size_t kept = 0;
        {
            Opened cut(copy);
            REQUIRE(cut.log);
            kept = cut.records.size();
            CHECK(kept < 3);
            CHECK(cut.log->append("more"));
        }
        Opened again(copy);
        REQUIRE(again.records.size() == kept + 1);
        CHECK(again.records.back() == "more");
    }
}

TEST_CASE("a damaged record ends the log") {
    Folder folder;
    const std::string file = folder.name + "/log";
    {
        Opened opened(file);
        for (const char* text : {"alpha", "beta", "gamma"}) CHECK(opened.log->append(text));
    }
    std::fstream change(file, std::ios::in | std::ios::out | std::ios::binary);
    change.seekp(24 + 8 + 5 + 8);
    change.put('B');
    change.close();
    Opened again(file);
    CHECK(again.records == std::vector<std::string>{"alpha"});
}

TEST_CASE("a large log keeps its newer half") {
    Folder folder;
    const std::string file = folder.name + "/log";
    {
        Opened opened(file, 4096);
        for (int i = 0; i < 1000; ++i) CHECK(opened.log->append("record " + std::to_string(i)));
        CHECK(opened.log->bytes() <= 4096);
    }
    Opened again(file, 4096);
    REQUIRE(again.records.size() > 50);
    CHECK(again.records.back() == "record 999");
    CHECK(again.records.front() == "record " + std::to_string(1000 - again.records.size()));
}

TEST_CASE("another kind of file is refused and left alone") {
    Folder folder;
    const std::string file = folder.name + "/log";
    { Opened opened(file); }
    Opened other(file, 1u << 20, "others");
    CHECK_FALSE(other.log);
    CHECK(other.error.find("not a log") != std::string::npos);
    std::ofstream(folder.name + "/text") << "some other file, long enough";
    Opened text(folder.name + "/text");
    CHECK_FALSE(text.log);
}

TEST_CASE("it is read without being changed, also where it was cut short at birth") {
    Folder folder;
    const std::string file = folder.name + "/log";
    { CHECK(Opened(file).log->append("alpha")); }
    const RecordLog::Options options{file, "lessons"};
    const auto whole = std::filesystem::file_size(file);
    for (std::uintmax_t size = whole;; --size) {
        std::filesystem::resize_file(file, size);
        std::vector<std::string> records;
        CHECK(RecordLog::read(options, [&](std::string_view record) { records.emplace_back(record); }));
        CHECK(records.size() == (size == whole ? 1 : 0));
        CHECK(std::filesystem::file_size(file) == size);
        if (size == 0) break;
    }
    std::ofstream(file) << "x";
    CHECK(RecordLog::read(options, [](std::string_view) {}).error().code == weir::ErrorCode::invalid);
    std::filesystem::remove(file);
    CHECK(RecordLog::read(options, [](std::string_view) {}).error().code == weir::ErrorCode::not_found);
}

TEST_CASE("a file is rewritten with some of its records behind a new first one, and goes on") {
    Folder folder;
    const std::string file = folder.name + "/log";
    {
        Opened opened(file);
        for (const char* text : {"alpha", "beta", "gamma", "delta"}) CHECK(opened.log->append(text));
        CHECK(opened.log->rewrite("first", [](std::string_view record) { return record.ends_with("eta") == false; }));
        CHECK(opened.log->bytes() == std::filesystem::file_size(file));
        CHECK(opened.log->append("omega"));
        CHECK_FALSE(opened.log->rewrite(std::string((1u << 20) + 1, 'x'), [](std::string_view) { return true; }));
    }
    Opened again(file);
    CHECK(again.records == std::vector<std::string>{"first", "alpha", "gamma", "delta", "omega"});
    CHECK_FALSE(std::filesystem::exists(file + ".new"));
}
