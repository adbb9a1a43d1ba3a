#include "admin/alert_file.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::admin;

namespace {

AlertRecords sample() {
    AlertRecords records;
    records.book.firing = {{AlertKind::budget_near, "teams/acme", "81 % of \"50\" USD\n", 7, 100, 0, true}};
    records.book.history = {{AlertKind::errors, "", "5 %", 6, 50, 90, false}};
    records.book.told[{AlertKind::budget_near, "teams/acme"}] = 100;
    records.prices["p/m"] = {"2 / 4", "1 / 2", 30};
    records.messages = {{"ops", "a-1", 100, R"({"text":"x"})"}};
    return records;
}

}  // namespace

TEST_CASE("what alerts remember comes back, and what is not exactly that is refused") {
    const AlertRecords records = sample();
    const std::string text = render_alert_file(records);
    const auto read = parse_alert_file(text);
    REQUIRE(read);
    CHECK(*read == records);
    CHECK(*parse_alert_file(render_alert_file({})) == AlertRecords());
    for (std::size_t cut = 0; cut < text.size(); ++cut) CHECK_FALSE(parse_alert_file(text.substr(0, cut)));
    std::string changed = text;
    changed[text.find("81 %")] = '9';
    CHECK_FALSE(parse_alert_file(changed));
    CHECK_FALSE(parse_alert_file(text + "{}\n"));
}

TEST_CASE("on the disk: none, one, a damaged one") {
    const store::testing::TempFolder folder;
    const std::string file = folder.path() + "/alerts.jsonl";
    REQUIRE(load_alerts(file));
    CHECK(*load_alerts(file) == AlertRecords());
    REQUIRE(save_alerts(file, sample()));
    CHECK(*load_alerts(file) == sample());
    REQUIRE(write_file(file, "what is this\n"));
    const auto damaged = load_alerts(file);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().message.find("damaged") != std::string::npos);
    CHECK_FALSE(save_alerts(folder.path() + "/no/such/alerts.jsonl", sample()));
}
