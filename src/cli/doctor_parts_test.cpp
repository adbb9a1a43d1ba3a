#include "cli/doctor_parts.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/files.h"
#include "base/folder_testing.h"
#include "cli/report_command.h"
#include "json/scan.h"
#include "store/ledger.h"

using namespace weir;
using namespace weir::cli;

namespace {

constexpr Micros kNow = 1'800'000'000'000'000;  // 2027-01-15
using Level = Finding::Level;

// The finding about a topic; an empty one where there is none.
Finding about(const Findings& findings, std::string_view topic) {
    for (const Finding& each : findings.all()) {
        if (each.topic == topic) return each;
    }
    return {};
}

gateway::Options with_data(const std::string& folder) {
    gateway::Options options;
    options.data_folder = folder;
    return options;
}

Findings data_of(const gateway::Options& options, bool gateway_runs = false) {
    Findings findings;
    examine_data(options, kNow, gateway_runs, findings);
    return findings;
}

bool mentions(const Finding& finding, std::string_view text) {
    return finding.text.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("doctor: findings as a table and as JSON") {
    Findings findings;
    CHECK(findings.table().ends_with("\nAll is fine.\n"));
    findings.ok("versions", "weir \"1\"");
    findings.warn("prices", "old", "renew them");
    CHECK(findings.fine());
    findings.add({Level::fail, "provider", "openai", "refuses", "set a key", 12'340});
    CHECK_FALSE(findings.fine());
    const std::string table = findings.table();
    CHECK(table.find("fail   provider openai  refuses (12.3 ms)\n                        -> set a key\n") !=
          std::string::npos);
    CHECK(table.ends_with("\n1 failure, 1 warning.\n"));
    const std::string json = findings.json("weir.yaml");
    std::vector<json::Member> members;
    CHECK(json::members(json, members));
    CHECK(json.find(R"("ok": false,)") != std::string::npos);
    CHECK(json.find(R"({"level": "ok", "topic": "versions", "subject": null, "text": "weir \"1\"", "advice": null, )"
                    R"("took_ms": null})") != std::string::npos);
    CHECK(json.find(R"("subject": "openai", "text": "refuses", "advice": "set a key", "took_ms": 12.3})") !=
          std::string::npos);
}

TEST_CASE("doctor: the clock, and how many files may be open") {
    Findings findings;
    examine_clock(kNow, findings);
    CHECK(about(findings, "clock").level == Level::ok);
    Findings early;
    examine_clock(1'700'000'000'000'000, early);
    CHECK(about(early, "clock").level == Level::fail);
    for (const auto& [limit, level] :
         {std::pair<std::uint64_t, Level>{100, Level::fail}, {1024, Level::warn}, {2200, Level::ok}}) {
        Findings files;
        examine_open_files(1000, limit, files);
        CHECK(about(files, "limits").level == level);
    }
}

TEST_CASE("doctor: a data folder that is not there, is none, or holds what is damaged") {
    const TemporaryFolder folder;
    CHECK(mentions(about(data_of(with_data(folder.file("new/data"))), "data"), "made at the first start"));
    CHECK_FALSE(std::filesystem::exists(folder.file("new")));
    REQUIRE(write_file(folder.file("file"), "x"));
    CHECK(about(data_of(with_data(folder.file("file"))), "data").level == Level::fail);

    const std::string data = folder.file("data");
    std::filesystem::create_directory(data);
    const Findings fresh = data_of(with_data(data));
    CHECK(fresh.fine());
    CHECK(mentions(about(fresh, "ledger"), "none yet"));
    CHECK(mentions(about(fresh, "keys"), "none"));
    CHECK(std::filesystem::is_empty(data));  // it leaves nothing behind

    REQUIRE(write_file(data + "/ledger.sqlite", "no ledger at all, however long it may be"));
    REQUIRE(write_file(data + "/keys.jsonl", "{}\n"));
    const Findings damaged = data_of(with_data(data));
    CHECK(about(damaged, "ledger").level == Level::fail);
    CHECK(about(damaged, "keys").level == Level::fail);
}

TEST_CASE("doctor: what is kept in the data folder is read, and neither made nor changed") {
    const TemporaryFolder folder;
    gateway::Options options = with_data(folder.file("data"));
    const std::string data = options.data_folder + "/";
    std::filesystem::create_directory(data);
    CHECK(mentions(about(data_of(options), "state"), "nothing is kept yet"));
    for (const char* const name : {"budgets.jsonl", "purges", "trials", "decisions", "proof", "lessons"}) {
        CAPTURE(name);
        REQUIRE(write_file(data + name, "{}\nthis is no such file\n"));
        const bool read = std::string_view(name) != "lessons";  // of the semantic tier, which no cascade has
        const Findings damaged = data_of(options);
        CHECK(damaged.fine() == !read);
        CHECK(about(damaged, "state").subject == (read ? name : ""));
        CHECK(read_file(data + name, 100) == "{}\nthis is no such file\n");
        std::filesystem::remove(data + name);
    }
    CHECK(std::filesystem::is_empty(data));

    options.cascades.emplace_back().tiers.emplace_back().kind = cascade::TierKind::semantic;
    REQUIRE(write_file(data + "lessons", "{}\nthis is no such file\n"));
    CHECK(about(data_of(options), "state").subject == "lessons");
    REQUIRE(write_file(data + "lessons", ""));  // as a gateway that was killed at birth leaves it
    CHECK(data_of(options).fine());
    CHECK(mentions(about(data_of(options), "state"), "lessons can be read"));
}

TEST_CASE("doctor: an access log that can't be written") {
    const TemporaryFolder folder;
    const auto level = [](const std::string& file) {
        Findings findings;
        examine_access_log(file, findings);
        return about(findings, "access log").level;
    };
    Findings none;
    examine_access_log("", none);
    examine_access_log("-", none);
    CHECK(none.all().empty());
    CHECK(level(folder.file("access.jsonl")) == Level::ok);
    CHECK(std::filesystem::is_empty(folder.file("")));
    REQUIRE(write_file(folder.file("access.jsonl"), "x"));
    CHECK(level(folder.file("access.jsonl")) == Level::ok);
    CHECK(level(folder.file("nowhere/access.jsonl")) == Level::fail);
    CHECK(level(folder.file("")) == Level::fail);                     // a folder
    CHECK(level(folder.file("access.jsonl/access")) == Level::fail);  // below a file
    REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
    CHECK(level(folder.file("pipe")) == Level::warn);
}

TEST_CASE("doctor: who writes in the data folder, and rows of the future") {
    const TemporaryFolder folder;
    store::SqliteLedger::Options settings;
    settings.folder = folder.file("data");
    auto ledger = store::SqliteLedger::open(settings);
    REQUIRE(ledger.has_value());
    store::LedgerRow row;
    const FakeClock future(kNow + 3'600'000'000);
    row.id = RequestIds(future, 0).next();
    REQUIRE((*ledger)->append(0, row));
    REQUIRE((*ledger)->flush());
    const gateway::Options options = with_data(settings.folder);
    const Findings alone = data_of(options);
    CHECK(about(alone, "lock").level == Level::warn);
    CHECK(about(alone, "clock").level == Level::fail);
    CHECK(mentions(about(alone, "clock"), "1 rows of the ledger"));
    CHECK(about(data_of(options, true), "lock").level == Level::ok);
    ledger->reset();
    CHECK(about(data_of(options), "lock").level == Level::ok);
    CHECK(about(data_of(options, true), "lock").level == Level::warn);
    CHECK(mentions(about(data_of(options), "ledger"), "1 requests"));
}

TEST_CASE("doctor: prices that are not known, and old ones") {
    gateway::Options options;
    gateway::ProviderOptions provider;
    provider.name = "openai";
    options.providers.emplace("openai", provider);
    for (const char* const name : {"gpt-4o", "nobody-knows"}) {
        gateway::ModelOptions model;
        model.provider = "openai";
        model.name = model.upstream_name = name;
        options.models.push_back(model);
    }
    Findings findings;
    examine_prices(options, 1'700'000'000'000'000, findings);  // before the table was read: nothing is old
    REQUIRE(findings.all().size() == 2);
    CHECK(mentions(findings.all()[0], "openai/nobody-knows"));
    CHECK(mentions(findings.all()[1], "1 of 2"));
    Findings later;
    examine_prices(options, 2'000'000'000'000'000, later);  // 2033
    CHECK(mentions(later.all()[1], "openai/gpt-4o were read more than 90 days ago"));
    options.prices_file = "/nonexistent.json";
    Findings broken;
    examine_prices(options, kNow, broken);
    CHECK_FALSE(broken.fine());
}

TEST_CASE("doctor: lists of models in each API's form") {
    using Names = std::vector<std::string>;
    CHECK(models_listed(R"({"object":"list","data":[{"id":"a"},{"id":"b"},7,{"x":1}]})") == Names{"a", "b"});
    CHECK(models_listed(R"({"models":[{"name":"models/gemini-x"}]})") == Names{"gemini-x"});
    CHECK(models_listed(R"({"data":[{"id":"a"}],"has_more":false})") == Names{"a"});
    CHECK(models_listed(R"({"data":[{"id":"a"}],"has_more":true})").empty());
    CHECK(models_listed(R"({"models":[{"name":"models/a"}],"nextPageToken":"x"})").empty());
    for (const char* const other : {"", "[]", "x", "{}", R"({"data":{"id":"a"}})"}) CHECK(models_listed(other).empty());
}
