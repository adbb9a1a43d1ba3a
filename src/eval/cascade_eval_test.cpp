// `weir eval cascade`: its files, and what it makes of rows whose truth is simple.
#include "eval/cascade_eval.h"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <string>

#include "base/folder_testing.h"
#include "eval/cascade_rows.h"
#include "eval/tsv.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::eval;

namespace {

using Measure = CascadePlay::Measure;

const std::vector<std::string> kNames = {"small", "large"};
constexpr float kSure = -1e-7F, kDoubtful = -1.0F;

Result<std::vector<CascadeRow>> read(const std::string& content, const std::vector<std::string>& names = kNames) {
    const TemporaryFolder folder;
    std::ofstream(folder.file("rows.jsonl"), std::ios::binary) << content;
    return read_cascade_rows(folder.file("rows.jsonl"), names);
}

std::string line_of(const std::string& small, const std::string& large = R"({"answer":"b","correct":1})") {
    return R"({"id":"1","task":"t","system":"s","prompt":"p","models":{"small":)" + small + R"(,"large":)" + large +
           "}}\n";
}

RecordedAnswer answer_of(bool correct, float logconf, double cost_usd) {
    RecordedAnswer answer;
    answer.answer = correct ? "yes" : "no";
    answer.correct = correct;
    answer.logconf = logconf;
    answer.cost_usd = cost_usd;
    return answer;
}

// A tier at a tenth of the reference's price, which is always right.
CascadeRow row_of(std::size_t number, bool right, float logconf, const std::string& task = "t") {
    CascadeRow row;
    row.id = std::to_string(number);
    row.task = task;
    row.prompt = "Is it so?";
    row.models = {answer_of(right, logconf, 0.1), answer_of(true, kSure, 1)};
    return row;
}

// Right exactly where it is sure: in three rows of four.
std::vector<CascadeRow> honest_rows(std::size_t count) {
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < count; ++i) rows.push_back(row_of(i, i % 4 != 3, i % 4 != 3 ? kSure : kDoubtful));
    return rows;
}

CascadePlay play_of(double promise = 0.05) {
    CascadePlay play;
    play.learner.promise = promise;
    return play;
}

}  // namespace

TEST_CASE("rows are read: members in any order, numbers for ids, other models and members passed over") {
    const auto rows = read(
        "\n" + line_of(R"({"logconf":-0.5,"cost_usd":2e-6,"correct":false,"answer":"a\u00e9","tok_in":3})") + "  \t\n" +
        R"({"models":{"other":7,"large":{},"small":{"correct":1,"logconf":null}},"id":17,"more":[1]})" + "\r\n");
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 2);
    const CascadeRow& first = rows->front();
    CHECK(first.id == "1");
    CHECK(first.task == "t");
    CHECK(first.system == "s");
    CHECK(first.prompt == "p");
    REQUIRE(first.models.size() == 2);
    CHECK(first.models[0].answer == "a\u00e9");
    CHECK(first.models[0].correct == false);
    CHECK(first.models[0].logconf == -0.5F);
    CHECK(first.models[0].cost_usd == 2e-6);
    CHECK(first.models[1].answer == "b");
    CHECK(first.models[1].correct == true);
    CHECK_FALSE(first.models[1].logconf.has_value());
    const CascadeRow& second = rows->back();
    CHECK(second.id == "17");
    CHECK(second.task == "");
    CHECK(second.models[0].correct == true);
    CHECK_FALSE(second.models[0].logconf.has_value());
    CHECK_FALSE(second.models[1].correct.has_value());
    CHECK(second.models[1].cost_usd == 0);
    // The last line needs no end.
    std::string open = line_of("{}");
    open.pop_back();
    CHECK(read(open).has_value());
}

TEST_CASE("what is wrong with a row is said with file and line") {
    struct Case {
        std::string line, message;
    };
    const Case cases[] = {
        {"{", ""},
        {"nonsense", ""},
        {"[1]", ""},
        {R"({"id":"1"} x)", ""},
        {R"({"id":"1","id":"2","models":{"small":{},"large":{}}})", "\"id\" stands there twice"},
        {R"({"models":{"small":{},"large":{}},"models":{}})", "\"models\" stands there twice"},
        {R"({"id":"1","models":{"small":{},"small":{},"large":{}}})", "\"small\" stands there twice"},
        {R"({"id":"1"})", "no answer of small"},
        {R"({"id":"1","models":[]})", "\"models\" is no object"},
        {R"({"id":"1","models":"small"})", "\"models\" is no object"},
        {R"({"id":"1","models":{"small":{}}})", "no answer of large"},
        {line_of("7"), "small is no object"},
        {line_of("null"), "small is no object"},
        {line_of(R"("text")"), "small is no object"},
        {line_of("[]"), "small is no object"},
        {line_of(R"({"answer":7})"), "small: \"answer\" is no string"},
        {line_of(R"({"correct":2})"), "small: \"correct\" is neither 0 nor 1"},
        {line_of(R"({"correct":0.5})"), "\"correct\" is neither 0 nor 1"},
        {line_of(R"({"correct":-1})"), "\"correct\" is neither 0 nor 1"},
        {line_of(R"({"correct":"1"})"), "\"correct\" is neither 0 nor 1"},
        {line_of("{}", R"({"correct":"yes"})"), "large: \"correct\" is neither 0 nor 1"},
        {line_of(R"({"logconf":0.001})"), "\"logconf\" is no number up to 0"},
        {line_of(R"({"logconf":"-1"})"), "\"logconf\" is no number up to 0"},
        {line_of(R"({"logconf":NaN})"), ""},
        {line_of(R"({"cost_usd":-0.1})"), "\"cost_usd\" is no number from 0"},
        {line_of(R"({"cost_usd":"1"})"), "\"cost_usd\" is no number from 0"},
        {line_of(R"({"correct":1,"correct":0})"), "small: \"correct\" stands there twice"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.line);
        std::string content = line_of("{}") + "\n" + each.line;
        if (content.back() != '\n') content += '\n';
        const auto rows = read(content + line_of("{}"));
        REQUIRE_FALSE(rows.has_value());
        CAPTURE(rows.error().message);
        CHECK(rows.error().code == ErrorCode::invalid);
        CHECK(rows.error().message.find("rows.jsonl:3: ") != std::string::npos);
        CHECK(rows.error().message.find(each.message) != std::string::npos);
    }
}

TEST_CASE("files without rows, too long a line, no file") {
    CHECK(read("").error().code == ErrorCode::invalid);
    CHECK(read("\n \n\r\n").error().message.find("no rows") != std::string::npos);
    const auto long_line = read(line_of(R"({"answer":")" + std::string(kMostLineBytes, 'x') + "\"}"));
    REQUIRE_FALSE(long_line.has_value());
    CHECK(long_line.error().code == ErrorCode::too_large);
    CHECK(long_line.error().message.find(":1: ") != std::string::npos);
    const TemporaryFolder folder;
    CHECK(read_cascade_rows(folder.file("none"), kNames).error().code == ErrorCode::io);
}

TEST_CASE("too few rows to prove anything: everything is asked and paid for, nothing is served") {
    // Ten rows, two segments; the tier costs 0.1 a row, the reference 1 in one segment and 3 in the other.
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < 10; ++i) {
        rows.push_back(row_of(i, i != 2 && i != 8, kSure, i < 6 ? "a" : "b"));
        if (i >= 6) rows.back().models[1].cost_usd = 3;
    }
    rows[5].models[1].correct = false;  // right where the reference is wrong: no harm
    rows[9].models[0].correct.reset();  // nobody knows: no harm
    rows[9].models[0].answer = "no";    // ... but another answer
    const CascadeSummary summary = evaluate_cascade(rows, kNames, play_of());
    CHECK(summary.rows == 10);
    CHECK(summary.saved.mean == doctest::Approx(-1.0 / 18));
    CHECK(summary.saved_last_third.mean == doctest::Approx(-0.4 / 12));  // rows 6 to 9
    CHECK(summary.harm.mean == 0);
    CHECK(summary.disagreement.mean == 0);
    CHECK(summary.served.mean == 0);
    CHECK(summary.quality.mean == 1);
    CHECK(summary.broken.mean == 0);
    CHECK(summary.audits == 0);
    CHECK(summary.shuffled_worse == 0);
    REQUIRE(summary.segments.size() == 2);
    CHECK(summary.segments[0].task == "a");
    CHECK(summary.segments[0].rows == 6);
    CHECK(summary.segments[0].saved.mean == doctest::Approx(-0.1));
    CHECK(summary.segments[1].rows == 4);
    CHECK(summary.segments[1].saved.mean == doctest::Approx(-0.4 / 12));
    REQUIRE(summary.fixed.size() == 1);
    CHECK(summary.fixed[0].model == "small");
    CHECK(summary.fixed[0].saved == doctest::Approx(1 - 1.0 / 18));
    CHECK(summary.fixed[0].harm == doctest::Approx(0.2));
    CHECK(summary.fixed[0].disagreement == doctest::Approx(0.3));
    CHECK(summary.plans.size() == 2);
}

TEST_CASE("labels: what a tier is sure of is served, and the sums are those of the rows that were left") {
    CascadePlay play = play_of();
    play.labels = 400;
    play.redraws = 8;
    const CascadeSummary summary = evaluate_cascade(honest_rows(2000), kNames, play);
    CHECK(summary.redraws == 8);
    CHECK(summary.served.mean == doctest::Approx(0.75).epsilon(0.02));
    // Every row costs the tier's 0.1, every row that is not served the reference's 1 on top.
    CHECK(summary.saved.mean == doctest::Approx(summary.served.mean - 0.1));
    CHECK(summary.saved.low == doctest::Approx(summary.served.low - 0.1));
    CHECK(summary.saved.high == doctest::Approx(summary.served.high - 0.1));
    CHECK(summary.harm.mean == 0);
    CHECK(summary.disagreement.mean == 0);
    CHECK(summary.quality.mean == 1);
    CHECK(summary.broken.mean == 0);
    CHECK(summary.broken.low == 0);
    CHECK(summary.broken.high > 0.2);  // eight draws prove little
    CHECK(summary.audits == 0);
    // At random as many of its answers would be wrong in a quarter of cases.
    CHECK(summary.shuffled_worse == doctest::Approx(0.25 * summary.served.mean));
    CHECK(summary.fixed[0].harm == doctest::Approx(0.25));
    REQUIRE(summary.segments.size() == 1);
    CHECK(summary.segments[0].rows == 1600);
    CHECK(summary.segments[0].saved.mean == doctest::Approx(summary.saved.mean));
}

TEST_CASE("labels: beside it stands one threshold by Clopper and Pearson, which never splits a tie") {
    CascadePlay play = play_of();
    play.labels = 400;
    play.redraws = 4;
    const CascadeSummary honest = evaluate_cascade(honest_rows(2000), kNames, play);
    REQUIRE(honest.plain.has_value());
    CHECK(honest.plain->served.mean == doctest::Approx(0.75).epsilon(0.02));
    CHECK(honest.plain->saved.mean == doctest::Approx(honest.plain->served.mean - 0.1));
    CHECK(honest.plain->worse.mean == 0);
    CHECK(honest.plain->broken == 0);
    std::vector<CascadeRow> tied;
    for (std::size_t i = 0; i < 2000; ++i) tied.push_back(row_of(i, i % 10 != 0, kSure));
    const CascadeSummary none = evaluate_cascade(tied, kNames, play);
    CHECK(none.plain->served.mean == 0);
    CHECK(none.plain->saved.mean == 0);
    play.labels.reset();
    CHECK_FALSE(evaluate_cascade(tied, kNames, play).plain.has_value());
}

TEST_CASE("labels that count are answered by the reference, and what they leave of the promise is spent on the rest") {
    learn::RandomBits random(3);
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < 1000; ++i) {
        const bool sure = random.chance(0.6);
        rows.push_back(row_of(i, random.chance(sure ? 0.88 : 0.4), sure ? kSure : kDoubtful));
    }
    CascadePlay play = play_of();
    play.labels = 500;
    play.redraws = 20;
    const CascadeSummary rest = evaluate_cascade(rows, kNames, play);
    play.count_labels = true;
    const CascadeSummary whole = evaluate_cascade(rows, kNames, play);
    CHECK(rest.segments[0].rows == 500);
    CHECK(whole.segments[0].rows == 1000);
    // Of the rest 7 % would be worse, of the whole half as many.
    CHECK(rest.served.mean < 0.1);
    CHECK(whole.served.mean > 0.25);
    CHECK(whole.served.high < 0.35);
    CHECK(whole.broken.mean <= 0.1);
    CHECK(whole.plain->served.mean < whole.served.mean);
}

TEST_CASE("order by tasks: one after another as they first come, shuffled within") {
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < 3000; ++i) {
        const bool hopeless = i % 3 == 1;
        rows.push_back(row_of(i, !hopeless && i % 4 != 3, i % 4 != 3 ? kSure : kDoubtful, hopeless ? "bad" : "good"));
    }
    CascadePlay play = play_of();
    play.order = CascadePlay::Order::tasks;
    play.redraws = 3;
    const CascadeSummary summary = evaluate_cascade(rows, kNames, play);
    REQUIRE(summary.segments.size() == 2);
    CHECK(summary.segments[0].task == "good");
    // The last third is the hopeless task alone.
    CHECK(summary.saved_last_third.mean == doctest::Approx(summary.segments[1].saved.mean));
    CHECK(summary.segments[0].saved.mean > 0.4);
    CHECK(summary.segments[1].saved.mean < 0.1);
    CHECK(summary.segments[0].saved.low < summary.segments[0].saved.high);
}

TEST_CASE("a tier whose evidence says nothing is not served, and in time hardly asked") {
    learn::RandomBits random(7);
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < 3000; ++i)
        rows.push_back(row_of(i, random.chance(0.6), random.chance(0.5) ? kSure : kDoubtful));
    CascadePlay play = play_of(0.02);
    play.order = CascadePlay::Order::random;
    play.redraws = 5;
    const CascadeSummary in_order = evaluate_cascade(rows, kNames, play);
    CHECK(in_order.harm.high <= 0.005);
    CHECK(in_order.served.high <= 0.01);
    CHECK(in_order.saved.low > -0.1);
    CHECK(in_order.broken.mean == 0);
    play.labels = 500;
    const CascadeSummary labels = evaluate_cascade(rows, kNames, play);
    CHECK(labels.served.mean == 0);
    // Served by the reference; the tier, if it is asked at all, is paid for.
    CHECK(labels.saved.mean <= 0);
    CHECK(labels.saved.mean >= -0.1 - 1e-9);
}

TEST_CASE("one pass in order: served once it is proved, audits paid for") {
    const CascadeSummary summary = evaluate_cascade(honest_rows(2000), kNames, play_of());
    CHECK(summary.served.mean > 0.55);
    CHECK(summary.served.mean < 0.75);
    CHECK(summary.saved_last_third.mean > summary.saved.mean);
    CHECK(summary.harm.mean == 0);
    CHECK(summary.audits > 0.02);
    CHECK(summary.alarms == 0);
    // Tier 0.1 a row, and the reference for all that were not served, and for the audits. Rows that the plan passed
    // over would save a little more.
    CHECK(summary.saved.mean == doctest::Approx(summary.served.mean - 0.1 - summary.audits).epsilon(0.001));
}

TEST_CASE("a tier that gets worse: the damage stays bounded, and is counted where it was done") {
    // Right where it is sure while it is learned; then what it is sure of is wrong every time.
    std::vector<CascadeRow> rows = honest_rows(2000);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i >= 1000) rows[i].models[0] = answer_of(false, kSure, 0.1);
    }
    CascadePlay play = play_of(0.02);
    std::uint64_t alarms = 0;  // where a certificate does not come first
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        play.seed = seed;
        const CascadeSummary summary = evaluate_cascade(rows, kNames, play);
        alarms += summary.alarms;
        CHECK(summary.harm.mean > 0);
        CHECK(summary.harm.mean < 0.075);
        CHECK(summary.broken.mean == (summary.harm.mean > 0.02 ? 1 : 0));
        CHECK(summary.segments[0].worse.mean == summary.harm.mean);
        CHECK(summary.segments[0].broken == summary.broken.mean);
        CHECK(summary.disagreement.mean == summary.harm.mean);
        CHECK(summary.quality.mean == doctest::Approx(1 - summary.harm.mean));
    }
    CHECK(alarms > 0);
}

TEST_CASE("the same seed gives the same result, another one another order") {
    const std::vector<CascadeRow> rows = honest_rows(800);
    CascadePlay play = play_of();
    play.order = CascadePlay::Order::random;
    play.redraws = 2;
    const auto saved = [&](std::uint64_t seed, std::optional<std::size_t> labels) {
        play.seed = seed;
        play.labels = labels;
        const CascadeSummary summary = evaluate_cascade(rows, kNames, play);
        return std::array<double, 4>{summary.saved.low, summary.saved.high, summary.served.mean, summary.audits};
    };
    for (const std::optional<std::size_t> labels : {std::optional<std::size_t>(), std::optional<std::size_t>(250)}) {
        CHECK(saved(1, labels) == saved(1, labels));
        CHECK(saved(1, labels) != saved(2, labels));
    }
}

TEST_CASE("each measure goes by its own marks alone") {
    learn::RandomBits random(3);
    std::vector<CascadeRow> rows = honest_rows(1500);
    const auto decisions = [](const CascadeSummary& summary) {
        return std::array<double, 5>{summary.saved.mean, summary.saved_last_third.mean, summary.served.mean,
                                     summary.audits, static_cast<double>(summary.alarms)};
    };
    for (const bool labels : {false, true}) {
        CascadePlay play = play_of();
        if (labels) play.labels = 400;
        // Whatever a grader would say, a promise on disagreement does not hear it.
        play.measure = Measure::disagreement;
        std::vector<CascadeRow> changed = rows;
        for (CascadeRow& row : changed) {
            for (RecordedAnswer& answer : row.models) answer.correct = random.chance(0.5);
        }
        CHECK(decisions(evaluate_cascade(rows, kNames, play)) == decisions(evaluate_cascade(changed, kNames, play)));
        // A promise on harm does not see the answers' texts.
        play.measure = Measure::harm;
        changed = rows;
        for (CascadeRow& row : changed) row.models[0].answer = random.chance(0.5) ? "yes" : "no";
        const CascadeSummary as_is = evaluate_cascade(rows, kNames, play),
                             other = evaluate_cascade(changed, kNames, play);
        CHECK(decisions(as_is) == decisions(other));
        CHECK(as_is.disagreement.mean == 0);
        CHECK(other.disagreement.mean > 0.2);
    }
}

TEST_CASE("what comes later changes nothing of what was decided before") {
    std::vector<CascadeRow> rows = honest_rows(1200);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].task = i < 600 ? "early" : "late";
    std::vector<CascadeRow> changed = rows;
    for (std::size_t i = 600; i < rows.size(); ++i) changed[i].models[0] = answer_of(i % 4 == 3, kSure, 0.1);
    const CascadeSummary as_is = evaluate_cascade(rows, kNames, play_of());
    const CascadeSummary other = evaluate_cascade(changed, kNames, play_of());
    CHECK(as_is.segments[0].saved.mean == other.segments[0].saved.mean);
    CHECK(as_is.segments[0].saved.mean > 0);
    CHECK(as_is.segments[1].saved.mean != other.segments[1].saved.mean);
}

TEST_CASE("what a grader would say of an answer that was served and not audited is never looked at") {
    std::vector<CascadeRow> rows = honest_rows(2000);
    CascadePlay play = play_of();
    // Once proved, what is served is as good as never asked about again.
    play.learner.hold_out = 1e-9;
    play.learner.audits = {1e-9, 1e-9, 1e-9, 800};
    play.triage = false;  // all it would hear of is what was not served
    const CascadeSummary as_is = evaluate_cascade(rows, kNames, play);
    REQUIRE(as_is.audits == 0);
    REQUIRE(as_is.served.mean > 0.5);
    std::size_t flipped = 0;
    for (std::size_t i = 1000; i < rows.size(); ++i) {
        if (rows[i].models[0].logconf != kSure) continue;
        rows[i].models[0].correct = false;
        ++flipped;
    }
    const CascadeSummary other = evaluate_cascade(rows, kNames, play);
    CHECK(other.saved.mean == as_is.saved.mean);
    CHECK(other.served.mean == as_is.served.mean);
    CHECK(other.plans == as_is.plans);
    // The score knows.
    CHECK(as_is.harm.mean == 0);
    CHECK(other.harm.mean == doctest::Approx(static_cast<double>(flipped) / 2000));
    CHECK(other.broken.mean == 1);
}

TEST_CASE("labels are all there is to learn from: what the rows left say changes the score alone") {
    std::vector<CascadeRow> rows = honest_rows(1000);
    CascadePlay play = play_of();
    play.labels = 300;
    const CascadeSummary as_is = evaluate_cascade(rows, kNames, play);
    // Rows that are flipped one by one in the second half: decisions change only through labelled ones.
    std::size_t same = 0, harmed = 0;
    for (std::size_t i = 0; i < 40; ++i) {
        if (i % 4 == 3) continue;
        std::vector<CascadeRow> changed = rows;
        changed[i].models[0].correct = false;
        const CascadeSummary other = evaluate_cascade(changed, kNames, play);
        if (other.harm.mean > 0) {  // it was among those left, and served
            ++harmed;
            CHECK(other.harm.mean == doctest::Approx(1.0 / 700));
            CHECK(other.saved.mean == as_is.saved.mean);
            CHECK(other.served.mean == as_is.served.mean);
        } else {
            ++same;
        }
    }
    // About three in ten are labels.
    CHECK(same > 2);
    CHECK(harmed > 10);
}

TEST_CASE("of two tiers the cheaper is served where it is sure, the other where that one is not") {
    const std::vector<std::string> names = {"small", "middle", "large"};
    std::vector<CascadeRow> rows = honest_rows(1500);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].models.insert(rows[i].models.begin() + 1,
                              answer_of(i % 40 != 39, i % 40 != 39 ? kSure : kDoubtful, 0.3));
    }
    CascadePlay play = play_of();
    play.labels = 500;
    const CascadeSummary summary = evaluate_cascade(rows, names, play);
    CHECK(summary.harm.mean == 0);
    // small, then middle: 0.1 + a quarter of 0.3 + a fortieth of 1.
    CHECK(summary.served.mean == doctest::Approx(0.975).epsilon(0.01));
    CHECK(summary.saved.mean == doctest::Approx(0.8).epsilon(0.02));
    REQUIRE(summary.fixed.size() == 2);
    CHECK(summary.fixed[1].model == "middle");
    CHECK(summary.fixed[1].saved == doctest::Approx(0.7));
    REQUIRE(summary.plans.size() == 1);
    CHECK(summary.plans[0] == "t: 0 1");
}
