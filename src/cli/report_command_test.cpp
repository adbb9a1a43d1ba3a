#include "cli/report_command.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <sstream>

#include "base/decimal.h"

using namespace weir;
using namespace weir::cli;
using store::GroupBy;
using store::ReportLine;
using store::ReportResult;

namespace {

constexpr Micros kNow = 1'738'324'800'000'000;  // 2025-01-31 12:00 UTC

ReportContext context(GroupBy by = GroupBy::task) {
    return {"./weir-data", "24h", by, kNow - 86'400'000'000, kNow};
}

ReportLine line(std::string key, std::uint64_t requests, std::map<std::string, std::uint64_t> by_tier,
                std::int64_t cost, std::int64_t counterfactual) {
    ReportLine out;
    out.key = std::move(key);
    out.requests = requests;
    out.by_tier = std::move(by_tier);
    out.input = static_cast<Tokens>(requests) * 412;
    out.output = static_cast<Tokens>(requests) * 37;
    out.cost = Usd{cost};
    out.counterfactual = Usd{counterfactual};
    out.saved = Usd{counterfactual - cost};
    out.latency_sum_micros = static_cast<Micros>(requests) * 312'400;
    return out;
}

ReportResult typical() {
    ReportResult report;
    report.lines.push_back(line("Classify the message \xC3\xBC", 1'200,
                                {{"exact", 700}, {"model", 300}, {"reference", 200}}, 40'123'456, 160'500'000));
    report.lines.push_back(line("chat", 34, {{"reference", 30}}, 9'000'000, 9'000'000));
    report.lines[1].errors = 4;
    report.total = line("total", 1'234, {{"exact", 700}, {"model", 300}, {"reference", 230}}, 49'123'456, 169'500'000);
    report.total.errors = 4;
    return report;
}

struct Outcome {
    int code;
    std::string out, err;
};

Outcome run(const ReportArguments& arguments, const Result<ReportResult>& result, store::ReportQuery* asked = nullptr,
            std::string* folder_asked = nullptr) {
    std::ostringstream out, err;
    FakeClock clock(kNow);
    const int code = report_command(
        arguments, clock, {},
        [&](const std::string& folder, const store::ReportQuery& query) {
            if (asked != nullptr) *asked = query;
            if (folder_asked != nullptr) *folder_asked = folder;
            return result;
        },
        out, err);
    return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("the report, as people see it first") {
    CHECK(
        render_table(typical(), context()) ==
        R"table(Weir report by task, from 2025-01-30 12:00 to 2025-01-31 12:00 UTC (--since 24h), ledger in ./weir-data

1,234 requests, 4 errors, 508,408 tokens in and 45,658 out.
Saved $0.120377, which is 71.0 % of the $0.169500 that the reference would have cost; spent $0.049123.

TASK                    REQUESTS  ERRORS   EXACT   MODEL  REFERENCE  MEAN TIME       COST  INSTEAD OF      SAVED  SAVED %
Classify the message ü     1,200       -  58.3 %  25.0 %     16.7 %     312 ms  $0.040123   $0.160500  $0.120377   75.0 %
chat                          34       4       -       -     88.2 %     312 ms  $0.009000   $0.009000  $0.000000    0.0 %
-------------------------------------------------------------------------------------------------------------------------
total                      1,234       4  56.7 %  24.3 %     18.6 %     312 ms  $0.049123   $0.169500  $0.120377   71.0 %

ANSWERED BY  REQUESTS   SHARE
exact             700  56.7 %  █████████████████
model             300  24.3 %  ███████
reference         230  18.6 %  ██████
nobody              4   0.3 %

INSTEAD OF is what the reference, the model asked for, would have cost: where it answered itself, its own
cost; for a cache hit, what that answer cost when it was made; for another model's answer, its token counts
at the reference's price (an estimate). SAVED is that minus all that was spent, failed attempts included.
)table");
}

TEST_CASE("a report by tier does not repeat the tiers as columns; observed savings are shown") {
    ReportResult report;
    report.lines.push_back(line("reference", 10, {{"reference", 10}}, 20'000'000'000, 20'000'000'000));
    report.lines[0].would_have = {{"exact", 4}};
    report.lines[0].unpriced = 1;
    report.total = report.lines[0];
    report.total.key = "total";
    CHECK(
        render_table(report, context(GroupBy::tier)) ==
        R"table(Weir report by tier, from 2025-01-30 12:00 to 2025-01-31 12:00 UTC (--since 24h), ledger in ./weir-data

10 requests, no errors, 4,120 tokens in and 370 out.
Saved $0.0000, which is 0.0 % of the $20.0000 that the reference would have cost; spent $20.0000.

TIER       REQUESTS  ERRORS  MEAN TIME      COST  INSTEAD OF    SAVED  SAVED %
reference        10       -     312 ms  $20.0000    $20.0000  $0.0000    0.0 %
------------------------------------------------------------------------------
total            10       -     312 ms  $20.0000    $20.0000  $0.0000    0.0 %

ANSWERED BY  REQUESTS    SHARE
reference          10  100.0 %  ██████████████████████████████

WOULD HAVE ANSWERED  REQUESTS   SHARE
exact                       4  40.0 %  ████████████

INSTEAD OF is what the reference, the model asked for, would have cost: where it answered itself, its own
cost; for a cache hit, what that answer cost when it was made; for another model's answer, its token counts
at the reference's price (an estimate). SAVED is that minus all that was spent, failed attempts included.
1 request has a part without a known price: that part is in no sum, and no saving is claimed. Prices can be given
under models: in the configuration.
)table");
}

TEST_CASE("unknown and lost money is called that") {
    ReportResult report;
    report.total = line("total", 1, {{"reference", 1}}, 0, 0);
    report.total.unpriced = 1;
    const std::string unknown = render_table(report, context());
    CHECK(unknown.find("1 request, no errors, 412 tokens in and 37 out.\nThey cost $0.000000000; what the reference "
                       "would have cost is not known.") != std::string::npos);
    CHECK(unknown.find("1 request has a part without a known price") != std::string::npos);

    report.total = line("total", 2, {{"model", 2}}, 3'000'000'000, 1'000'000'000);
    report.total.errors = 1;
    const std::string lost = render_table(report, context());
    CHECK(lost.find("2 requests, 1 error, 824 tokens in and 74 out.\nThey cost $2.0000 more than the $1.0000 that the "
                    "reference would have cost.") != std::string::npos);
    CHECK(lost.find("-$2.0000  -200.0 %") != std::string::npos);
}

TEST_CASE("an empty ledger has nothing to report") {
    CHECK(render_table({}, context()) ==
          "Weir report by task, from 2025-01-30 12:00 to 2025-01-31 12:00 UTC (--since 24h), ledger in ./weir-data\n\n"
          "No requests in this time: nothing to report yet. `--since all` looks further back.\n");
    CHECK(render_json({}, context()).find("\"lines\": [],") != std::string::npos);
}

TEST_CASE("the report as JSON is exact") {
    CHECK(render_json(typical(), context()) == R"json({
  "data": "./weir-data",
  "since": "2025-01-30T12:00:00Z",
  "until": "2025-01-31T12:00:00Z",
  "by": "task",
  "lines": [
    {"key": "Classify the message ü", "requests": 1200, "errors": 0, "unpriced": 0,
     "by_tier": {"exact": 700, "model": 300, "reference": 200}, "would_have": {},
     "input_tokens": 494400, "input_cached_tokens": 0, "output_tokens": 44400, "latency_sum_micros": 374880000,
     "cost_usd": "0.040123456", "counterfactual_usd": "0.1605", "saved_usd": "0.120376544", "saved_share": 0.750010},
    {"key": "chat", "requests": 34, "errors": 4, "unpriced": 0,
     "by_tier": {"reference": 30}, "would_have": {},
     "input_tokens": 14008, "input_cached_tokens": 0, "output_tokens": 1258, "latency_sum_micros": 10621600,
     "cost_usd": "0.009", "counterfactual_usd": "0.009", "saved_usd": "0", "saved_share": 0.000000}
  ],
  "total":
    {"key": "total", "requests": 1234, "errors": 4, "unpriced": 0,
     "by_tier": {"exact": 700, "model": 300, "reference": 230}, "would_have": {},
     "input_tokens": 508408, "input_cached_tokens": 0, "output_tokens": 45658, "latency_sum_micros": 385501600,
     "cost_usd": "0.049123456", "counterfactual_usd": "0.1695", "saved_usd": "0.120376544", "saved_share": 0.710186}
}
)json");
}

TEST_CASE("names can't break the table or the JSON") {
    ReportResult report;
    report.lines.push_back(line("two\nlines \"quoted\" \x1B[31m", 1, {{"exact", 1}}, 1, 2));
    report.lines.push_back(line("", 1, {}, 1, 2));
    report.total = line("total", 2, {{"exact", 1}}, 2, 4);
    const std::string table = render_table(report, context());
    CHECK(table.find("two?lines \"quoted\" ?[31m") != std::string::npos);
    CHECK(table.find("\n(none) ") != std::string::npos);
    CHECK(table.find("\nnobody ") != std::string::npos);
    report.lines[0].key = std::string(30, 'x') + "\xC3\xBC\xC3\xBC";
    CHECK(render_table(report, context()).find("\n" + report.lines[0].key + "  ") != std::string::npos);
    report.lines[0].key += "y";
    CHECK(render_table(report, context()).find("\n" + std::string(29, 'x') + "...  ") != std::string::npos);
    report.lines[0].key = "two\nlines \"quoted\" \x1B[31m";
    CHECK(render_json(report, context()).find("\"two\\nlines \\\"quoted\\\" \\u001b[31m\"") != std::string::npos);
}

TEST_CASE("dollars for people") {
    CHECK(format_dollars(Usd{0}, 2) == "$0.00");
    CHECK(format_dollars(Usd{12'345'678}, 4) == "$0.0123");
    CHECK(format_dollars(Usd{1'234'567'995'000'000}, 2) == "$1,234,568.00");
    CHECK(format_dollars(Usd{1'500'000'000}, 0) == "$2");
    CHECK(format_dollars(Usd{-1'500'000'000}, 1) == "-$1.5");
    CHECK(format_dollars(Usd{-1}, 2) == "$0.00");
    CHECK(format_dollars(Usd{1}, 9) == "$0.000000001");
    CHECK(format_dollars(Usd{INT64_MIN}, 9) == "-$9,223,372,036.854775808");
    CHECK(format_dollars(Usd{INT64_MAX}, 0) == "$9,223,372,037");
    CHECK(rc::check([](std::int64_t nanos) {
        std::string text = format_dollars(Usd{nanos}, 9);
        std::erase_if(text, [](char c) { return c == '$' || c == ','; });
        const Result<std::int64_t> back = parse_decimal_scaled(text, 9);
        RC_ASSERT(back.has_value());
        RC_ASSERT(*back == nanos);
    }));
}

TEST_CASE("since when") {
    constexpr Micros kHour = 3'600'000'000;
    CHECK(parse_since("24h", kNow) == kNow - 24 * kHour);
    CHECK(parse_since("90m", kNow) == kNow - 90 * kHour / 60);
    CHECK(parse_since("99999d", kNow) == 0);
    CHECK(parse_since("all", kNow) == 0);
    CHECK(parse_since("2025-01-31", kNow) == kNow - 12 * kHour);
    CHECK(parse_since("2025-01-31T11:00", kNow) == kNow - kHour);
    CHECK(parse_since("2025-01-31T11:59:59Z", kNow) == kNow - 1'000'000);
    CHECK(parse_since("2024-02-29Z", kNow) == 1'709'164'800'000'000);
    CHECK(parse_since("1970-01-01", kNow) == 0);
    for (const char* bad : {"", "24", "yesterday", "2025-02-01", "2025-02-30", "2025-13-01", "2025-1-31", "2025-01-31T",
                            "2025-01-31T24:00", "2025-01-31T11", "2025-01-31T11:60", "2025-01-31 11:00", "2025/01/31",
                            "0000-01-01", "1969-12-31", "2025-01-31T11:00+01:00", "2025-01-3x", "-1h", "Z"}) {
        CAPTURE(bad);
        CHECK(parse_since(bad, kNow) == std::nullopt);
    }
    CHECK(iso_time(1'709'164'801'999'999) == "2024-02-29T00:00:01Z");
    CHECK(iso_time(0) == "1970-01-01T00:00:00Z");
}

TEST_CASE("the command asks for what it was told to") {
    ReportArguments arguments;
    arguments.data_folder = "/data/weir";
    arguments.since = "2025-01-31";
    arguments.by = GroupBy::day;
    arguments.format = OutputFormat::json;
    store::ReportQuery asked;
    std::string folder;
    const Outcome outcome = run(arguments, typical(), &asked, &folder);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    CHECK(folder == "/data/weir");
    CHECK(asked.by == GroupBy::day);
    CHECK(asked.since_unix_micros == kNow - 12ll * 3'600'000'000);
    CHECK(outcome.out.starts_with("{\n  \"data\": \"/data/weir\",\n  \"since\": \"2025-01-31T00:00:00Z\",\n"));
}

TEST_CASE("the command says what is wrong") {
    ReportArguments arguments;
    arguments.data_folder = "d";
    arguments.since = "tomorrow";
    CHECK(run(arguments, typical()).code == 2);
    CHECK(run(arguments, typical()).err ==
          "weir report: --since \"tomorrow\" is neither a duration (24h, 7d), a past date (2025-01-31, "
          "2025-01-31T12:00; UTC), nor all\n");
    arguments.since = "24h";
    const Outcome missing = run(arguments, fail(ErrorCode::not_found, "d/ledger.sqlite: no ledger"));
    CHECK(missing.code == 1);
    CHECK(missing.out.empty());
    CHECK(missing.err ==
          "weir report: d/ledger.sqlite: no ledger (`weir serve` writes the ledger; --data or -c say where)\n");
    CHECK(run(arguments, fail(ErrorCode::io, "disk on fire")).err == "weir report: disk on fire\n");
    arguments.data_folder.clear();
    arguments.config_file = "/nonexistent.yaml";
    CHECK(run(arguments, typical()).code == 2);
    CHECK(run(arguments, typical()).err == "/nonexistent.yaml: cannot be read: No such file or directory\n");
}
