#include "admin/task_list.h"

#include <doctest/doctest.h>

#include <thread>

#include "json/scan.h"
#include "store/ledger_testing.h"

using namespace weir;
using admin::TaskKnowledge;
using admin::TaskList;
using store::testing::open_ledger;
using store::testing::TempFolder;

namespace {

constexpr Micros kStart = 1'767'225'540'000'000;
constexpr Micros kHour = Micros{3600} * 1'000'000;

struct Listed {
    TempFolder folder;
    std::unique_ptr<store::SqliteLedger> ledger = open_ledger(folder.path());
    FakeClock clock{kStart};
    RequestIds ids{clock, 0};
    TaskList list;

    void add(std::uint64_t task, std::int64_t nanos, store::TierKind tier = store::TierKind::reference,
             const char* cascade = "default") {
        clock.advance(1'000);
        store::LedgerRow row;
        row.id = ids.next();
        row.status = 200;
        row.task = task;
        row.tenant = ledger->intern("acme");
        row.cascade = ledger->intern(cascade);
        row.reference = ledger->intern("p/big");
        row.tier = tier;
        row.cost = Usd{nanos};
        row.cost_complete = true;
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
    Result<std::string> ask(const std::string& query, const TaskKnowledge& known = {}) {
        return list.render(folder.path(), query, clock.unix_micros() + 1, known);
    }
    // The tasks' numbers, in order, and the total behind them.
    std::string numbers(const std::string& query, const TaskKnowledge& known = {}) {
        const auto told = ask(query, known);
        if (!told) return told.error().message;
        std::string out;
        for (std::size_t at = 0; (at = told->find(R"("task":")", at)) != std::string::npos; ++at) {
            out += told->substr(at + 8 + 14, 2) + " ";
        }
        return out + told->substr(told->find(R"("total":)") + 8, 1);
    }
};

cascade::CascadeLearner::View course(const std::string& name) {
    cascade::CascadeLearner::View view;
    view.name = name;
    view.options.promise = 0.02;
    view.options.confidence = 0.95;
    return view;
}

}  // namespace

TEST_CASE("tasks by cost, requests, disagreement and name; searched, page by page") {
    Listed it;
    it.add(1, 500);
    it.add(2, 100);
    it.add(2, 100, store::TierKind::exact);
    it.add(3, 900);
    it.add(0, 999);
    it.ledger->name_task(0, 2, "alpha labels");
    it.ledger->name_task(0, 3, "Beta labels");
    REQUIRE(it.ledger->flush());
    CHECK(it.numbers("") == "03 01 02 3");
    CHECK(it.numbers("sort=requests") == "02 01 03 3");
    CHECK(it.numbers("sort=name") == "03 02 01 3");
    CHECK(it.numbers("most=1&offset=1") == "01 3");
    CHECK(it.numbers("most=5&offset=9") == "3");
    CHECK(it.numbers("search=LABELS%20beta") == "03 1");
    CHECK(it.numbers("search=0000001") == "01 1");
    CHECK(it.numbers("search=gamma") == "0");
    CHECK(it.numbers("task=0000000000000002") == "02 1");
    CHECK(it.numbers("tenant=nobody") == "0");
    CHECK(it.numbers("since_unix_us=0&until_unix_us=9") == "0");
    const auto one = it.ask("task=0000000000000002");
    REQUIRE(one);
    CHECK(one->find(R"("name":"alpha labels","tenant":"acme","cascade":"default","reference":"p/big","mode":null)") !=
          std::string::npos);
    CHECK(one->find(R"("state":"none","promise":null)") != std::string::npos);
    CHECK(one->find(R"("requests":2,"errors":0,"cost_usd":0.0000002,)") != std::string::npos);
    CHECK(one->find(R"("by_tier":{"exact":1,"reference":1},"student":null,"tiers":[])") != std::string::npos);
    for (const char* const wrong : {"most=0", "most=201", "offset=-1", "sort=moon", "task=1", "colour=red"}) {
        CAPTURE(wrong);
        REQUIRE_FALSE(it.ask(wrong));
        CHECK(it.ask(wrong).error().code == ErrorCode::invalid);
    }
}

TEST_CASE("a task is its cascade's that had most of its requests, however they were spread") {
    Listed it;
    for (int i = 0; i < 3; ++i) it.add(1, 10, store::TierKind::exact, "before");
    for (const auto tier : {store::TierKind::exact, store::TierKind::semantic, store::TierKind::student,
                            store::TierKind::model, store::TierKind::reference}) {
        it.add(1, 10, tier, "now");
    }
    it.clock.advance(kHour);  // of another sum
    it.add(1, 10, store::TierKind::exact, "now");
    REQUIRE(it.ledger->flush());
    const auto told = it.ask("");
    REQUIRE(told);
    CHECK(told->find(R"("cascade":"now")") != std::string::npos);
    CHECK(told->find(R"("requests":9,)") != std::string::npos);
}

TEST_CASE("what the course knows of a task, its mode and its student") {
    Listed it;
    it.add(1, 10);
    it.add(2, 20);
    it.add(3, 30);
    REQUIRE(it.ledger->flush());
    cascade::CascadeOptions cascade;
    cascade.name = "default";
    cascade.mode = store::Mode::serve;
    cascade.tasks["0000000000000001"].mode = store::Mode::shadow;
    TaskKnowledge known;
    known.cascades.push_back(&cascade);
    known.courses.push_back(course("default disagreement p/small student > p/big"));
    cascade::CascadeLearner::View::Task seen;
    seen.state = "shadow";
    seen.trials = 40;
    seen.plan.rungs = 1;
    for (int i = 0; i < 30; ++i) seen.audited[0].add(i < 3, 1);
    seen.audited[1].add(false, 1);
    for (std::uint64_t task : {1, 2}) {
        seen.task = task;
        known.courses[0].tasks.push_back(seen);
        seen.audited[0].add(true, 1);
    }
    gateway::Students::View student;
    student.key = {"acme", "default", "p/big", 2, 0, 0};
    known.students.push_back(student);
    CHECK(it.numbers("sort=disagreement", known) == "02 01 03 3");
    const auto first = it.ask("task=0000000000000001", known);
    REQUIRE(first);
    std::vector<json::Member> members;
    CHECK(json::members(*first, members));
    CHECK(first->find(R"("mode":"shadow","mode_of_cascade":"serve","mode_of_task":"shadow","state":"shadow",)"
                      R"("promise":0.02,"confidence":0.95,"certified":false,"disagreement":0.0967741935)") !=
          std::string::npos);
    CHECK(first->find(R"("audits":31,"trials":40,)") != std::string::npos);
    CHECK(first->find(R"("tiers":[{"tier":"p/small","in_ladder":true,"compared":{"answers":0,)") != std::string::npos);
    const auto second = it.ask("task=0000000000000002", known);
    CHECK(second->find(R"("student":")" + file_name(student.key)) != std::string::npos);
    CHECK(second->find(R"("mode":"serve","mode_of_cascade":"serve","mode_of_task":null)") != std::string::npos);
    CHECK(it.ask("task=0000000000000003", known)->find(R"("state":"new","promise":0.02)") != std::string::npos);
}

TEST_CASE("the sums of one question are kept for some seconds") {
    Listed it;
    it.add(1, 10);
    REQUIRE(it.ledger->flush());
    const std::string range =
        "since_unix_us=" + std::to_string(kStart) + "&until_unix_us=" + std::to_string(kStart + kHour);
    CHECK(it.numbers(range) == "01 1");
    it.add(2, 20);
    REQUIRE(it.ledger->flush());
    CHECK(it.numbers(range + "&sort=name&search=0") == "01 1");
    CHECK(it.numbers(range + "&tenant=acme") == "02 01 2");  // another question
    it.clock.advance(TaskList::kKeptMicros);
    CHECK(it.numbers(range) == "02 01 2");
}
