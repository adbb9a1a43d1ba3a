#include "tiers/exact_cache/purges.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "tiers/exact_cache/exact_cache_fixture.h"
#include "tiers/exact_cache/purge_file.h"

using namespace weir;
using namespace weir::tiers;

namespace {

std::unique_ptr<Purges> opened(const std::string& file, const Clock& clock, std::size_t max_marks = 100'000) {
    auto purges = Purges::open({file, max_marks}, clock);
    if (!purges) throw std::runtime_error(purges.error().message);
    return std::move(*purges);
}

CacheEntry entry_at(Micros created) {
    CacheEntry entry;
    entry.created_unix_micros = created;
    entry.provenance.tenant = "acme";
    entry.provenance.task = 0xabc;
    entry.provenance.sources = {"doc@v3", "other"};
    entry.provenance.tags = {"red", "blue"};
    entry.provenance.writer = "ann";
    return entry;
}

std::string contents(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

const Digest256 kKey = sha256("key");

}  // namespace

TEST_CASE("each kind of mark reaches the entries that bear it, and no others") {
    FakeClock clock;
    const Micros now = clock.unix_micros();
    const CacheEntry entry = entry_at(now);
    struct Try {
        Mark mark;
        bool reached;
    };
    for (const auto& [mark, reached] : std::vector<Try>{
             {{MarkKind::key, to_hex(kKey), "", ""}, true},
             {{MarkKind::key, to_hex(sha256("other")), "", ""}, false},
             {{MarkKind::task, "0000000000000abc", "", ""}, true},
             {{MarkKind::task, "0000000000000abd", "", ""}, false},
             {{MarkKind::tenant, "acme", "", ""}, true},
             {{MarkKind::tenant, "acme", "acme", ""}, true},
             {{MarkKind::tenant, "acm", "", ""}, false},
             {{MarkKind::tag, "blue", "", ""}, true},
             {{MarkKind::tag, "blue", "acme", ""}, true},
             {{MarkKind::tag, "blue", "other", ""}, false},
             {{MarkKind::tag, "ann", "", ""}, false},  // a writer's name is no tag
             {{MarkKind::tag, "Blue", "", ""}, false},
             {{MarkKind::source, "doc", "", ""}, true},
             {{MarkKind::source, "doc@v3", "", ""}, true},
             {{MarkKind::source, "doc@v2", "", ""}, false},
             {{MarkKind::source, "do", "", ""}, false},
             {{MarkKind::source, "other", "", ""}, true},
             {{MarkKind::source, "other@v1", "", ""}, false},
             {{MarkKind::source, "doc", "", "v3"}, false},
             {{MarkKind::source, "doc", "", "v2"}, true},
             {{MarkKind::source, "doc", "other", "v2"}, false},
             {{MarkKind::source, "doc", "acme", "v2"}, true},
             {{MarkKind::source, "other", "", "v2"}, true},  // the entry does not say which version it has
             {{MarkKind::writer, "ann", "", ""}, true},
             {{MarkKind::writer, "bob", "", ""}, false},
             {{MarkKind::writer, "ann", "other", ""}, false},
         }) {
        const auto purges = opened("", clock);
        CHECK_FALSE(purges->voids(kKey, entry));
        CHECK(*purges->add(mark) == now);
        INFO(to_string(mark.kind) << " " << mark.value << " " << mark.tenant << " " << mark.keep);
        CHECK(purges->voids(kKey, entry) == reached);
        CHECK_FALSE(purges->voids(kKey, entry_at(now + 1)));
        CHECK(purges->voids(kKey, entry_at(now - 1)) == reached);
        CHECK(purges->voids(kKey, entry_at(INT64_MIN + 1)) == reached);
    }
}

TEST_CASE("marks of empty texts are refused, and an entry without marks is reached by none") {
    FakeClock clock;
    const auto purges = opened("", clock);
    for (const Mark& mark : std::vector<Mark>{
             {MarkKind::tag, "", "", ""},
             {MarkKind::writer, "", "", ""},
             {MarkKind::key, "abc", "", ""},
             {MarkKind::key, std::string(64, 'G'), "", ""},
             {MarkKind::key, std::string(64, 'A'), "", ""},
             {MarkKind::task, "1", "", ""},
             {MarkKind::tag, std::string(65, 't'), "", ""},
             {MarkKind::writer, std::string(129, 'w'), "", ""},
             {MarkKind::source, std::string(129, 's'), "", ""},
             {MarkKind::tenant, std::string(65, 's'), "", ""},
             {MarkKind::tenant, "a", "b", ""},
             {MarkKind::tag, "a", std::string(65, 's'), ""},
             {MarkKind::tag, "a", "", "v3"},
             {MarkKind::source, "doc@v3", "", "v4"},
             {MarkKind::source, "doc", "", std::string(129, 'v')},
         }) {
        const auto added = purges->add(mark);
        REQUIRE_FALSE(added.has_value());
        CHECK(added.error().code == ErrorCode::invalid);
        CHECK_FALSE(added.error().message.empty());
    }
    CHECK(purges->marks() == 0);
    REQUIRE(purges->add({MarkKind::tag, "red", "", ""}).has_value());
    REQUIRE(purges->add({MarkKind::source, "doc", "", ""}).has_value());
    CacheEntry bare;
    bare.created_unix_micros = INT64_MIN + 1;
    CHECK_FALSE(purges->voids(kKey, bare));
    // Whose is it? Perhaps this tenant's.
    const Micros purged = *purges->add({MarkKind::tenant, "acme", "", ""});
    CHECK(purges->voids(kKey, bare));
    bare.created_unix_micros = purged + 1;
    CHECK_FALSE(purges->voids(kKey, bare));
}

TEST_CASE("what is written after a purge is good, until the next one") {
    FakeClock clock;
    const auto purges = opened("", clock);
    const Micros first = *purges->add({MarkKind::tag, "red", "", ""});
    clock.advance(10);
    CHECK_FALSE(purges->voids(kKey, entry_at(first + 1)));
    const Micros second = *purges->add({MarkKind::tag, "red", "", ""});
    CHECK(second == first + 10);
    CHECK(purges->voids(kKey, entry_at(second)));
    CHECK_FALSE(purges->voids(kKey, entry_at(second + 1)));
}

TEST_CASE("a clock that goes back does not make a purge earlier than the one before") {
    FakeClock clock;
    const auto purges = opened("", clock);
    const Micros first = *purges->add({MarkKind::tag, "red", "", ""});
    clock.advance(-1'000'000);
    CHECK(*purges->add({MarkKind::tag, "blue", "", ""}) == first);
    CHECK(purges->voids(kKey, entry_at(first)));
}

TEST_CASE("versions to keep: every line counts, in any order of versions") {
    CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& lines) {
        FakeClock clock;
        const auto purges = opened("", clock);
        const Micros start = clock.unix_micros();
        std::vector<std::pair<std::string, Micros>> kept;
        for (const auto& [version, later] : lines) {
            clock.advance(later % 3);
            const std::string keep = "v" + std::to_string(version % 4);
            kept.emplace_back(keep, *purges->add({MarkKind::source, "doc", "", keep}));
        }
        for (Micros created = start - 1; created <= clock.unix_micros() + 1; ++created) {
            for (const std::string version : {"v0", "v1", "v2", "v3", "v4", ""}) {
                CacheEntry entry;
                entry.created_unix_micros = created;
                entry.provenance.sources = {version.empty() ? "doc" : "doc@" + version};
                bool expected = false;
                for (const auto& [keep, time] : kept) expected = expected || (keep != version && created <= time);
                RC_ASSERT(purges->voids(kKey, entry) == expected);
            }
        }
    }));
}

TEST_CASE("over a restart") {
    const TempFolder folder;
    const std::string file = folder.path() + "/purges";
    FakeClock clock;
    const Micros now = clock.unix_micros();
    {
        const auto purges = opened(file, clock);
        REQUIRE(purges->add({MarkKind::source, "doc", "acme", "v2"}).has_value());
        clock.advance(5);
        REQUIRE(purges->add({MarkKind::tag, "green", "", ""}).has_value());
    }
    for (int start = 0; start < 3; ++start) {
        const auto purges = opened(file, clock);
        CHECK(purges->marks() == 2);
        CHECK(purges->newest_unix_micros() == now + 5);
        CHECK(purges->voids(kKey, entry_at(now)));
        CHECK_FALSE(purges->voids(kKey, entry_at(now + 1)));
        CHECK(purges->everything_until() == INT64_MIN);
    }
    // Opened with the clock behind: still not before what is in the file.
    FakeClock behind(now - 1'000'000);
    CHECK(*opened(file, behind)->add({MarkKind::tag, "red", "", ""}) == now + 5);
}

TEST_CASE("a last line cut short at any byte loses that line alone") {
    const TempFolder folder;
    const std::string file = folder.path() + "/purges";
    FakeClock clock;
    {
        const auto purges = opened(file, clock);
        REQUIRE(purges->add({MarkKind::tag, "red", "", ""}).has_value());
    }
    const std::string one = contents(file);
    {
        const auto purges = opened(file, clock);
        REQUIRE(purges->add({MarkKind::writer, "ann", "acme", ""}).has_value());
    }
    const std::string two = contents(file);
    REQUIRE(two.starts_with(one));
    for (std::size_t size = 0; size <= two.size(); ++size) {
        write(file, two.substr(0, size));
        const auto purges = opened(file, clock);
        CHECK(purges->marks() == (size == two.size() ? 2 : size >= one.size() ? 1 : 0));
        CHECK(purges->everything_until() == INT64_MIN);
        CHECK(purges->add({MarkKind::tag, "blue", "", ""}).has_value());
        CHECK(opened(file, clock)->marks() == purges->marks());
    }
}

TEST_CASE("any other damage makes everything void rather than losing a purge") {
    const TempFolder folder;
    const std::string file = folder.path() + "/purges";
    FakeClock clock;
    const Micros created = clock.unix_micros() - 5;
    {
        const auto purges = opened(file, clock);
        for (const char* tag : {"red", "green", "blue"}) REQUIRE(purges->add({MarkKind::tag, tag, "", ""}).has_value());
    }
    const std::string good = contents(file);
    int refused = 0;
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string damaged = good;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        write(file, damaged);
        auto purges = Purges::open({file}, clock);
        if (!purges) {
            ++refused;
            CHECK(bit < 32);
            CHECK(purges.error().code == ErrorCode::invalid);
            continue;
        }
        // Every purge still holds. (The last line's lengths may say that it was cut short.)
        CHECK((*purges)->voids(kKey, entry_at(created)));
        CHECK(((*purges)->everything_until() == clock.unix_micros() || (*purges)->marks() == 2));
    }
    CHECK(refused == 32);
    write(file, good + std::string(100, '\0'));
    CHECK(opened(file, clock)->everything_until() == clock.unix_micros());
    write(file, "something else");
    CHECK(Purges::open({file}, clock).error().message.find(file) != std::string::npos);
    CHECK(contents(file) == "something else");
}

TEST_CASE("a disk that refuses: the purge holds until the end, is told, and goes to disk with the next one") {
    const TempFolder folder;
    const std::string file = folder.path() + "/purges";
    FakeClock clock;
    const Micros now = clock.unix_micros();
    const auto purges = opened(file, clock);
    REQUIRE(purges->add({MarkKind::writer, "bob", "", ""}).has_value());
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = contents(file).size() + 10;  // room for a part of the line
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto refused = purges->add({MarkKind::tag, "red", "", ""});
    const auto again = purges->add({MarkKind::tag, "blue", "", ""});
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    ::signal(SIGXFSZ, handler);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::io);
    CHECK_FALSE(again.has_value());
    CHECK(purges->voids(kKey, entry_at(now)));
    CHECK(opened(file, clock)->marks() == 1);
    clock.advance(1);
    CHECK(purges->add({MarkKind::writer, "eve", "", ""}).has_value());
    CHECK(opened(file, clock)->marks() == 4);
    CHECK(opened(file, clock)->voids(kKey, entry_at(now)));
}

TEST_CASE("a folder that is not there is an error") {
    FakeClock clock;
    const TempFolder folder;
    const auto purges = Purges::open({folder.path() + "/none/purges"}, clock);
    REQUIRE_FALSE(purges.has_value());
    CHECK(purges.error().code == ErrorCode::io);
    CHECK_FALSE(Purges::open({folder.path()}, clock).has_value());
}

TEST_CASE("too many marks: repeated ones go first, then the oldest become one purge of everything") {
    const TempFolder folder;
    const std::string file = folder.path() + "/purges";
    FakeClock clock;
    const Micros start = clock.unix_micros();
    {
        const auto purges = opened(file, clock, 16);
        for (int i = 0; i < 100; ++i) {
            clock.advance(1);
            REQUIRE(purges->add({MarkKind::tag, i % 2 == 0 ? "red" : "blue", "", ""}).has_value());
            CHECK(purges->marks() <= 16);
        }
        CHECK(purges->everything_until() == INT64_MIN);
        CHECK(purges->voids(kKey, entry_at(start + 100)));
        CHECK_FALSE(purges->voids(kKey, entry_at(start + 101)));
    }
    const Micros first = clock.unix_micros() + 1;
    const auto purges = opened(file, clock, 16);
    for (int i = 0; i < 40; ++i) {
        clock.advance(1);
        REQUIRE(purges->add({MarkKind::tag, "t" + std::to_string(i), "", ""}).has_value());
        CHECK(purges->marks() <= 16);
    }
    const Micros floor = purges->everything_until();
    CHECK(floor > first + 20);
    CHECK(floor < first + 36);
    const auto restarted = opened(file, clock, 16);
    CHECK(restarted->everything_until() == floor);
    for (int i = 0; i < 40; ++i) {
        CacheEntry entry;
        entry.created_unix_micros = first + i;
        entry.provenance.tags = {"t" + std::to_string(i)};
        CHECK(restarted->voids(kKey, entry));
        CHECK(purges->voids(kKey, entry));
        entry.created_unix_micros = first + i + 1;
        CHECK(purges->voids(kKey, entry) == (first + i + 1 <= floor));
        CHECK(restarted->voids(kKey, entry) == (first + i + 1 <= floor));
    }
}

TEST_CASE("marks do what a plain list of lines does, restarts and folding included") {
    CHECK(rc::check([] {
        const TempFolder folder;
        const std::string file = folder.path() + "/purges";
        FakeClock clock;
        auto purges = opened(file, clock, 8);
        std::vector<PurgeLine> lines;
        const int steps = *rc::gen::inRange(1, 40);
        for (int step = 0; step < steps; ++step) {
            clock.advance(*rc::gen::inRange(0, 3));
            if (*rc::gen::inRange(0, 6) == 0) purges = opened(file, clock, 8);
            Mark mark;
            mark.kind = *rc::gen::element(MarkKind::tenant, MarkKind::tag, MarkKind::source, MarkKind::writer);
            mark.value = std::string(1, *rc::gen::inRange('a', 'd'));
            if (mark.kind != MarkKind::tenant && *rc::gen::arbitrary<bool>())
                mark.tenant = std::string(1, *rc::gen::inRange('a', 'c'));
            if (mark.kind == MarkKind::source && *rc::gen::arbitrary<bool>())
                mark.keep = std::string(1, *rc::gen::inRange('1', '3'));
            lines.push_back({mark, *purges->add(mark)});

            CacheEntry entry;
            entry.created_unix_micros = clock.unix_micros() - *rc::gen::inRange(0, 6);
            Provenance& from = entry.provenance;
            from.tenant = std::string(1, *rc::gen::inRange('a', 'd'));
            from.tags = {std::string(1, *rc::gen::inRange('a', 'd'))};
            from.writer = std::string(1, *rc::gen::inRange('a', 'd'));
            const std::string name(1, *rc::gen::inRange('a', 'd'));
            const std::string version(1, *rc::gen::inRange('1', '4'));
            from.sources = {name + "@" + version};
            bool expected = entry.created_unix_micros <= purges->everything_until();
            for (const auto& [m, time] : lines) {
                if (entry.created_unix_micros > time || (!m.tenant.empty() && m.tenant != from.tenant)) continue;
                expected = expected || (m.kind == MarkKind::tenant && m.value == from.tenant) ||
                           (m.kind == MarkKind::tag && m.value == from.tags[0]) ||
                           (m.kind == MarkKind::writer && m.value == from.writer) ||
                           (m.kind == MarkKind::source && m.value == name && m.keep != version);
            }
            RC_ASSERT(purges->voids(kKey, entry) == expected);
        }
    }));
}

TEST_CASE("look-ups from many threads while purges are added") {
    FakeClock clock;
    const auto purges = opened("", clock, 64);
    const Micros start = clock.unix_micros();
    REQUIRE(purges->add({MarkKind::tag, "red", "", ""}).has_value());
    std::atomic<int> missed{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            for (int round = 0; round < 20'000; ++round) {
                if (!purges->voids(kKey, entry_at(start))) ++missed;  // also while the table is made anew
            }
        });
    }
    for (int i = 0; i < 2'000; ++i) {
        clock.advance(1);
        REQUIRE(purges->add({MarkKind::writer, "w" + std::to_string(i % 100), "", ""}).has_value());
    }
    for (std::thread& reader : readers) reader.join();
    CHECK(missed == 0);
}
