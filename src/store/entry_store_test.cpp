#include "store/entry_store.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>
#include <vector>

using namespace weir;
using store::EntryStore;
using store::LmdbEntryStore;

namespace {

class TempFolder {
  public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-entries-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~TempFolder() { std::filesystem::remove_all(path_); }
    std::string path() const { return path_ + "/cache"; }

  private:
    std::string path_;
};

std::unique_ptr<LmdbEntryStore> open_store(const TempFolder& folder, std::uint64_t max_bytes = 8u << 20) {
    auto opened = LmdbEntryStore::open({folder.path(), max_bytes});
    INFO((opened ? std::string() : opened.error().message));
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

Digest256 key_of(std::uint64_t number) {
    return sha256("key " + std::to_string(number));
}

// A value that carries its own proof: its size is random, its bytes follow from the number.
std::string value_of(std::uint64_t number, std::size_t size) {
    std::mt19937_64 random(number);
    std::string value(size, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    return value;
}

void put_one(EntryStore& entries, std::uint64_t number, std::string value) {
    const EntryStore::Put put{key_of(number), std::move(value)};
    auto written = entries.put({&put, 1});
    INFO((written ? std::string() : written.error().message));
    REQUIRE(written.has_value());
}

std::optional<std::string> get_one(EntryStore& entries, std::uint64_t number) {
    auto found = entries.get(key_of(number));
    INFO((found ? std::string() : found.error().message));
    REQUIRE(found.has_value());
    return *found;
}

std::map<Digest256, std::size_t> all_keys(EntryStore& entries) {
    std::map<Digest256, std::size_t> keys;
    REQUIRE(entries.each_key([&](const Digest256& key, std::size_t bytes) { CHECK(keys.emplace(key, bytes).second); }));
    return keys;
}

std::uint64_t file_bytes(const TempFolder& folder) {
    return std::filesystem::file_size(folder.path() + "/data.mdb");
}

}  // namespace

TEST_CASE("entries are kept over a reopening, replaced and erased") {
    const TempFolder folder;
    {
        auto entries = open_store(folder);
        CHECK(entries->bytes() == 0);
        CHECK_FALSE(get_one(*entries, 1));
        put_one(*entries, 1, "one");
        put_one(*entries, 2, "");
        put_one(*entries, 3, std::string(100'000, 'x'));
        put_one(*entries, 1, "uno");
        CHECK(entries->bytes() >= 100'000);
        CHECK(entries->put({}).has_value());
    }
    auto entries = open_store(folder);
    CHECK(get_one(*entries, 1) == "uno");
    CHECK(get_one(*entries, 2) == "");
    CHECK(get_one(*entries, 3) == std::string(100'000, 'x'));
    CHECK(all_keys(*entries) == std::map<Digest256, std::size_t>{{key_of(1), 3}, {key_of(2), 0}, {key_of(3), 100'000}});

    const std::vector<Digest256> gone{key_of(3), key_of(4), key_of(3)};
    CHECK(entries->erase(gone).has_value());
    CHECK(entries->erase({}).has_value());
    CHECK_FALSE(get_one(*entries, 3));
    CHECK(all_keys(*entries).size() == 2);
    CHECK(entries->bytes() < 100'000);
    struct stat status {};
    REQUIRE(::stat((folder.path() + "/data.mdb").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(folder.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("a batch is one transaction: a value over the limit keeps the others out as well") {
    const TempFolder folder;
    auto entries = open_store(folder, 1u << 20);
    const std::vector<EntryStore::Put> batch{{key_of(1), "small"}, {key_of(2), std::string((1u << 17) + 1, 'x')}};
    auto written = entries->put(batch);
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == ErrorCode::too_large);
    CHECK_FALSE(get_one(*entries, 1));
    put_one(*entries, 3, std::string(1u << 17, 'y'));  // exactly at the limit
    CHECK(get_one(*entries, 3)->size() == 1u << 17);
}

TEST_CASE("the same key twice in a batch: the later one stays") {
    const TempFolder folder;
    auto entries = open_store(folder);
    const std::vector<EntryStore::Put> batch{{key_of(1), "first"}, {key_of(1), "second"}};
    REQUIRE(entries->put(batch).has_value());
    CHECK(get_one(*entries, 1) == "second");
    CHECK(all_keys(*entries).size() == 1);
}

TEST_CASE("over the budget the oldest entries go first; a replaced entry is a new one") {
    const TempFolder folder;
    auto entries = open_store(folder, 256u << 10);
    put_one(*entries, 0, std::string(1000, 'a'));
    std::uint64_t last = 0;
    while (all_keys(*entries).size() == last + 1) {
        put_one(*entries, ++last, std::string(1000, 'b'));
        if (last % 32 == 0) put_one(*entries, 0, std::string(1000, 'c'));
    }
    CHECK(last > 100);  // of 256 KiB
    CHECK(entries->bytes() <= 256u << 10);
    CHECK(get_one(*entries, 0) == std::string(1000, 'c'));
    // What is left is an unbroken run of the newest.
    std::uint64_t number = last;
    while (number > 0 && get_one(*entries, number)) --number;
    CHECK(number > 0);
    for (; number > 0; --number) CHECK_FALSE(get_one(*entries, number));
}

TEST_CASE("the store behaves like a map with the oldest dropped, whatever is done to it") {
    using Steps = std::vector<std::pair<std::uint8_t, std::uint16_t>>;
    CHECK(rc::check([] {
        const auto steps = *rc::gen::resize(15, rc::gen::arbitrary<Steps>());  // each is flushed to disk
        const TempFolder folder;
        auto entries = open_store(folder);  // large enough to keep all
        std::map<Digest256, std::string> model;
        for (const auto& [what, size] : steps) {
            const Digest256 key = key_of(what % 8);
            if (what % 3 == 0) {
                RC_ASSERT(entries->erase({&key, 1}).has_value());
                model.erase(key);
            } else {
                const EntryStore::Put put{key, value_of(size, size)};
                RC_ASSERT(entries->put({&put, 1}).has_value());
                model[key] = put.value;
            }
            if (what % 16 == 0) {
                entries.reset();
                entries = open_store(folder);
            }
        }
        RC_ASSERT(all_keys(*entries).size() == model.size());
        for (const auto& [key, value] : model) RC_ASSERT(entries->get(key).value() == value);
        RC_ASSERT((entries->bytes() == 0) == model.empty());
    }));
}

TEST_CASE("any mixture of sizes keeps to the budget, and the file to its limit") {
    // The second mixture, large values alone, fills the map with runs of free pages that are too short.
    for (const std::uint64_t one_large_in : {8u, 1u}) {
        const TempFolder folder;
        const std::uint64_t max_bytes = one_large_in == 8 ? 1u << 20 : 32u << 20;
        auto entries = open_store(folder, max_bytes);
        std::mt19937_64 random(7);
        std::map<std::uint64_t, std::size_t> newest;
        for (std::uint64_t round = 0; round < max_bytes / (1u << 20) + 60; ++round) {
            std::vector<EntryStore::Put> batch;
            for (std::uint64_t i = 0; i < 1 + random() % 8; ++i) {
                const std::size_t size = random() % one_large_in == 0 ? random() % (max_bytes / 8) : random() % 5000;
                const std::uint64_t number = random() % 500;
                batch.push_back({key_of(number), std::string(size, static_cast<char>(number))});
                newest[number] = size;
            }
            auto written = entries->put(batch);
            INFO((written ? std::string() : written.error().message));
            REQUIRE(written.has_value());
            CHECK(entries->bytes() <= max_bytes);
            CHECK(entries->get(batch.back().key).value() == batch.back().value);
        }
        for (const auto& [number, size] : newest) {
            const auto value = get_one(*entries, number);
            if (value) CHECK(*value == std::string(size, static_cast<char>(number)));
        }
        CHECK(entries->bytes() > max_bytes / 2);
        CHECK(file_bytes(folder) <= max_bytes + max_bytes / 4 + (4u << 20));
    }
}

TEST_CASE("opened with a smaller limit: the oldest go and the file shrinks") {
    const TempFolder folder;
    {
        auto entries = open_store(folder, 64u << 20);
        std::vector<EntryStore::Put> batch;
        for (std::uint64_t i = 0; i < 10'000; ++i) batch.push_back({key_of(i), value_of(i, 2000)});
        REQUIRE(entries->put(batch).has_value());
    }
    CHECK(file_bytes(folder) > 20u << 20);
    {
        auto entries = open_store(folder, 1u << 20);
        CHECK(entries->bytes() <= 1u << 20);
        CHECK(file_bytes(folder) <= (1u << 20) + (1u << 18) + (4u << 20));
        CHECK(all_keys(*entries).size() > 200);
        CHECK(get_one(*entries, 9999) == value_of(9999, 2000));
        CHECK_FALSE(get_one(*entries, 0));
        put_one(*entries, 20'000, "new");
    }
    auto entries = open_store(folder, 64u << 20);
    CHECK(get_one(*entries, 20'000) == "new");
    CHECK(get_one(*entries, 9999) == value_of(9999, 2000));
}

TEST_CASE("one owner at a time") {
    const TempFolder folder;
    auto entries = open_store(folder);
    const auto second = LmdbEntryStore::open({folder.path(), 8u << 20});
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == ErrorCode::unavailable);
    put_one(*entries, 1, "still works");
    entries.reset();
    CHECK(LmdbEntryStore::open({folder.path(), 8u << 20}).has_value());
}

TEST_CASE("what can't be opened is refused with a reason") {
    CHECK(LmdbEntryStore::open({"/dev/null/cache", 8u << 20}).error().code == ErrorCode::io);
    const TempFolder folder;
    CHECK(LmdbEntryStore::open({folder.path(), 1000}).error().code == ErrorCode::invalid);

    std::filesystem::create_directories(folder.path());
    const std::string data = folder.path() + "/data.mdb";
    std::ofstream(data) << std::string(20'000, 'z');
    CHECK(LmdbEntryStore::open({folder.path(), 8u << 20}).error().code == ErrorCode::invalid);

    std::filesystem::remove(data);
    put_one(*open_store(folder), 1, std::string(200'000, 'x'));
    std::filesystem::resize_file(data, 3 * 4096);
    CHECK(LmdbEntryStore::open({folder.path(), 8u << 20}).error().code == ErrorCode::invalid);

    std::filesystem::resize_file(data, 0);  // LMDB takes it for a new file
    CHECK(all_keys(*open_store(folder)).empty());
}

TEST_CASE("a file cut short anywhere: an error or what is left, never a crash or a wrong value") {
    const TempFolder folder;
    const std::string data = folder.path() + "/data.mdb";
    {
        auto entries = open_store(folder);
        for (std::uint64_t i = 0; i < 60; ++i) put_one(*entries, i, value_of(i, i * 300));
    }
    const std::string whole = [&] {
        std::ifstream file(data, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    int readable = 0;
    for (std::size_t pages = 2; pages < whole.size() / 4096; pages += 3) {
        std::ofstream(data, std::ios::binary) << whole.substr(0, pages * 4096);
        auto opened = LmdbEntryStore::open({folder.path(), 8u << 20});
        if (!opened) continue;
        for (std::uint64_t i = 0; i < 60; ++i) {
            const auto found = (*opened)->get(key_of(i));
            if (!found || !*found) continue;
            ++readable;
            // What lay past the cut reads as zeros, which the entry's own checksum tells.
            const std::string expected = value_of(i, i * 300);
            CHECK((*found)->size() == expected.size());
            const auto differs = std::mismatch(expected.begin(), expected.end(), (*found)->begin());
            CHECK(std::all_of(differs.second, (*found)->end(), [](char byte) { return byte == 0; }));
        }
    }
    CHECK(readable > 0);
}

TEST_CASE("readers and a writer at once") {
    const TempFolder folder;
    auto entries = open_store(folder, 512u << 10);
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (unsigned seed = 0; seed < 2; ++seed) {
        readers.emplace_back([&, seed] {
            std::mt19937 random(seed);
            while (!stop) {
                const std::uint64_t number = random() % 200;
                const auto found = entries->get(key_of(number));
                if (!found || (*found && **found != value_of(number, number * 40))) ++wrong;
            }
        });
    }
    for (std::uint64_t i = 0; i < 600; ++i) put_one(*entries, i % 200, value_of(i % 200, i % 200 * 40));
    stop = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(wrong == 0);
}

TEST_CASE("SIGKILL in the middle of writing leaves whole entries only") {
    const TempFolder folder;
    std::mt19937_64 random(11);
    std::uint64_t told = 0;
    for (int life = 0; life < 6; ++life) {
        int progress[2];
        REQUIRE(::pipe(progress) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(progress[0]);
            auto entries = LmdbEntryStore::open({folder.path(), 2u << 20});
            if (!entries) ::_exit(1);
            for (std::uint64_t number = told;; number += 4) {
                std::vector<EntryStore::Put> batch;
                for (std::uint64_t i = number; i < number + 4; ++i)
                    batch.push_back({key_of(i), value_of(i, i * 997 % 9000)});
                if (!(*entries)->put(batch)) ::_exit(2);
                const std::uint64_t done = number + 4;
                if (::write(progress[1], &done, sizeof done) != sizeof done) ::_exit(3);
            }
        }
        ::close(progress[1]);
        const std::uint64_t until = told + 4 * (1 + random() % 120);
        std::uint64_t done = told;
        while (done < until && ::read(progress[0], &done, sizeof done) == sizeof done) {
        }
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        // What the child still said before it died was committed too.
        while (::read(progress[0], &done, sizeof done) == sizeof done) {
        }
        ::close(progress[0]);
        CHECK(done >= until);
        told = done;

        auto entries = open_store(folder, 2u << 20);
        std::size_t whole = 0;
        for (std::uint64_t i = 0; i < told + 8; ++i) {
            const auto value = get_one(*entries, i);
            if (!value) continue;
            CHECK_MESSAGE(*value == value_of(i, i * 997 % 9000), i);
            ++whole;
        }
        CHECK(whole == all_keys(*entries).size());
        CHECK(get_one(*entries, told - 1));
    }
    CHECK(told >= 24);
}

TEST_CASE("entries from the newest on, as far as is wanted") {
    const TempFolder folder;
    const auto entries = open_store(folder);
    const auto listed = [&](std::size_t most) {
        std::vector<std::string> values;
        REQUIRE(entries->newest_first([&](const Digest256& key, std::string_view value) {
            CHECK(key == sha256("key " + std::string(value)));
            values.emplace_back(value);
            return values.size() < most;
        }));
        return values;
    };
    CHECK(listed(9).empty());
    for (std::uint64_t number = 1; number <= 4; ++number) put_one(*entries, number, std::to_string(number));
    put_one(*entries, 2, "2");  // the newest now
    CHECK(listed(9) == std::vector<std::string>{"2", "4", "3", "1"});
    CHECK(listed(2) == std::vector<std::string>{"2", "4"});
}
