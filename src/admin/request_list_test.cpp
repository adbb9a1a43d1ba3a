#include "admin/request_list.h"

#include <doctest/doctest.h>

#include <limits>
#include <thread>
#include <vector>

#include "json/scan.h"
#include "store/ledger_testing.h"

using namespace weir;
using store::testing::open_ledger;
using store::testing::TempFolder;

TEST_CASE("a filter that little passes: a call looks at so many rows, and says where to go on") {
    constexpr Micros kStart = 1'767'225'540'000'000;
    const TempFolder folder;
    const auto ledger = open_ledger(folder.path());
    const store::NameId acme = ledger->intern("acme");
    FakeClock clock(kStart);
    RequestIds ids(clock, 0);
    RequestId first = 0;
    for (std::size_t i = 0; i < admin::kMostLooked + 500; ++i) {
        clock.advance(1'000);
        store::LedgerRow row;
        row.id = ids.next();
        row.status = 200;
        if (i == 0) first = row.id;
        if (i == 0) row.tenant = acme;  // the oldest of all
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
    REQUIRE(ledger->flush());
    const std::string query = "tenant=acme&since_unix_us=" + std::to_string(kStart);
    const Micros now = kStart + 3600 * Micros{1'000'000};
    const auto page = admin::render_requests(*ledger, folder.path(), query, now);
    REQUIRE(page.has_value());
    constexpr std::string_view kNext = R"({"requests":[],"next":")";
    REQUIRE(page->starts_with(kNext));
    const std::string next = page->substr(kNext.size(), 16);
    const auto rest = admin::render_requests(*ledger, folder.path(), query + "&before=" + next, now);
    REQUIRE(rest.has_value());
    CHECK(rest->starts_with(R"({"requests":[{"id":")" + to_hex(static_cast<std::uint64_t>(first))));
    CHECK(rest->ends_with(R"("next":null})"));
}

TEST_CASE("what an upstream made infinite is left out: JSON has no word for it") {
    const TempFolder folder;
    const auto ledger = open_ledger(folder.path());
    store::LedgerRow row;
    row.attempt_count = 1;
    row.attempts[0].evidence = -std::numeric_limits<float>::infinity();
    std::string out;
    admin::write_request(*ledger, row, "", out);
    CHECK(out.find("mean_logprob") == std::string::npos);
    CHECK(out.find("inf") == std::string::npos);
    row.attempts[0].evidence = -0.5F;
    out.clear();
    admin::write_request(*ledger, row, "", out);
    CHECK(out.find(R"("mean_logprob":-0.5)") != std::string::npos);
    std::vector<json::Member> members;
    CHECK(json::members(out, members));
}
