#include "cli/replay_command.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/folder_testing.h"
#include "cli/config_testing.h"
#include "store/ledger.h"

using namespace weir;
using namespace weir::cli;

namespace {

constexpr Micros kNow = 1'738'324'800'000'000;  // 2025-01-31 12:00 UTC

constexpr const char* kConfig = R"(
providers:
  p: { api: openai, base_url: "http://127.0.0.1:9/v1", key: "${NOT_SET_ANYWHERE}" }
models:
  p/small: { price: { input: 0.1, output: 0.2 } }
  p/large: { price: { input: 20, output: 40 } }
cascades:
  main:
    match: { model: "large*" }
    tiers: [exact, semantic, { model: p/small, min_mean_logprob: -0.5 }, p/mid, p/large]
    promise: { harm: 3%, confidence: 90% }
    agreement: { judge: p/small }
    mode: serve
)";

gateway::Options options_of(const std::string& text) {
    LoadSettings settings = testing::test_settings();
    settings.secrets = false;
    const LoadResult loaded = load_config_text(text, "weir.yaml", settings);
    REQUIRE(loaded.has_value());
    return loaded->options;
}

struct Ran {
    int code = 0;
    std::string out, err;
};

Ran run(const ReplayArguments& arguments) {
    std::ostringstream out, err;
    const FakeClock clock(kNow);
    const int code = replay_command(arguments, testing::test_settings(), clock, out, err);
    return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("a configuration says what it would do with each reference of the log") {
    eval::ReplayLog log;
    for (const char* const name : {"p/large-2", "p/else"}) {
        log.references.emplace_back();
        log.references.back().name = name;
    }
    eval::ModelTimes& small = log.models["p/small"];
    small.tokens.input_uncached = 1'000'000;
    small.usd = 0.2;
    const auto candidates = candidates_of(options_of(kConfig), log);
    REQUIRE(candidates.has_value());
    REQUIRE(candidates->size() == 2);
    const eval::ReplayCandidate& taken = (*candidates)[0];
    CHECK(taken.cascade == "main");
    CHECK(taken.exact);
    CHECK(taken.semantic);
    REQUIRE(taken.fixed.size() == 1);
    CHECK(taken.fixed[0].model == "p/small");
    CHECK(taken.fixed[0].least_evidence == doctest::Approx(-0.5));
    CHECK(taken.learned == std::vector<std::string>{"p/mid", "p/large"});
    CHECK(taken.promise->by_harm);
    CHECK(taken.price_factor.at("p/small") == doctest::Approx(0.5));
    CHECK((*candidates)[1].cascade.empty());
    CHECK((*candidates)[1].mode == cascade::Mode::off);
}

TEST_CASE("a tier that is the reference itself is none") {
    eval::ReplayLog log;
    log.references.emplace_back();
    log.references.back().name = "p/large";
    const auto candidates = candidates_of(options_of(kConfig), log);
    REQUIRE(candidates.has_value());
    CHECK((*candidates)[0].learned == std::vector<std::string>{"p/mid"});
}

TEST_CASE("from a ledger to an answer, without secrets; what is wrong is told") {
    const TemporaryFolder folder;
    ReplayArguments arguments;
    arguments.config_file = folder.file("candidate.yaml");
    arguments.data_folder = folder.path() + "/data";
    CHECK(run(arguments).code == 2);
    std::ofstream(arguments.config_file) << kConfig;
    Ran ran = run(arguments);
    CHECK(ran.code == 1);
    CHECK(ran.err.find("weir replay: ") == 0);
    arguments.since = "yesterday";
    ran = run(arguments);
    CHECK(ran.code == 2);
    CHECK(ran.err.find("--since \"yesterday\" is neither") != std::string::npos);
    arguments.since = "all";
    {
        store::SqliteLedger::Options options;
        options.folder = arguments.data_folder;
        auto ledger = store::SqliteLedger::open(options);
        REQUIRE(ledger.has_value());
        const FakeClock clock(kNow - 1'000'000);
        RequestIds ids(clock, 0);
        for (int i = 0; i < 10; ++i) {
            store::LedgerRow row;
            row.id = ids.next();
            row.status = 200;
            row.reference = row.served_model = (*ledger)->intern("p/large");
            row.task = 5;
            row.tier = store::TierKind::reference;
            row.latency_micros = 1'000'000;
            row.counterfactual_how = store::Counterfactual::measured;
            row.cost = row.counterfactual = Usd{10'000'000};
            row.attempt_count = 1;
            row.attempts[0].outcome = store::Outcome::served;
            row.attempts[0].model = row.reference;
            row.attempts[0].priced = true;
            row.attempts[0].input_uncached = 1'000;
            row.attempts[0].cost = row.cost;
            row.attempts[0].latency_micros = row.latency_micros;
            REQUIRE((*ledger)->append(0, row));
        }
    }
    ran = run(arguments);
    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    // At the candidate's price of $20 a million tokens ten requests of 1,000 cost $0.20.
    CHECK(ran.out.find("p/large    main           10  reference alone  $0.200000") != std::string::npos);
    CHECK(ran.out.find("as it was        $0.100000") != std::string::npos);
    CHECK(ran.out.find("can't tell: what exact would have answered") != std::string::npos);
    CHECK(ran.out.find("can't tell: p/mid: the log has no trials of it that look for harm") != std::string::npos);
    arguments.format = OutputFormat::json;
    ran = run(arguments);
    CHECK(ran.out.find("\"reference\": \"p/large\", \"cascade\": \"main\", \"requests\": 10") != std::string::npos);
    CHECK(ran.out.find("\"usd\": null") != std::string::npos);
    arguments.since = "2025-01-31T12:00";
    arguments.format = OutputFormat::table;
    CHECK(run(arguments).out.find("No requests in ") == 0);
}
