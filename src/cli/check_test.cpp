#include "cli/check.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace weir;
using namespace weir::cli;

namespace {

class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text) {
        char name[] = "/tmp/weir-check-XXXXXX";
        const int descriptor = mkstemp(name);
        REQUIRE(descriptor >= 0);
        close(descriptor);
        path_ = name;
        std::ofstream(path_) << text;
    }
    ~TemporaryFile() { unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

struct Outcome {
    int code;
    std::string out, err;
};

Outcome check(const std::string& path, OutputFormat format) {
    std::ostringstream out, err;
    const int code = check_command({path, format}, {}, out, err);
    return {code, out.str(), err.str()};
}

constexpr const char* kGood = R"(providers: { p: { api: openai, base_url: http://127.0.0.1:1/v1 } }
cascades:
  chat:
    match: { model: [gpt-4o, "gpt-4o-*"] }
    tiers: [exact, { model: p/small, min_mean_logprob: -0.05 }, p/mid]
    mode: serve
  rest: { match: { model: "*" }, reference_provider: p }
)";

}  // namespace

TEST_CASE("a good configuration is shown as its cascades") {
    const TemporaryFile file(kGood);
    const Outcome outcome = check(file.path(), OutputFormat::table);
    CHECK(outcome.code == 0);
    CHECK(outcome.out == file.path() + R"table(: fine, with 1 warning; 1 provider, 2 models, 2 cascades, 0 caller keys

CASCADE  MODE     MATCHES           TIERS, IN ORDER
chat     serve    gpt-4o, gpt-4o-*  exact > p/small (>= -0.05) > p/mid (no gate) > reference
rest     observe  *                 reference (p)
)table");
    CHECK(outcome.err == file.path() +
                             ":5: warning: cascades.chat.tiers: p/mid has no gate: it is not asked until it "
                             "has one ({ model: p/mid, min_mean_logprob: ... }, or a promise: for the cascade)\n");
}

TEST_CASE("and as JSON") {
    const TemporaryFile file(kGood);
    const Outcome outcome = check(file.path(), OutputFormat::json);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    const std::string where = "{\"file\": \"" + file.path() + "\", ";
    CHECK(
        outcome.out ==
        "{\n  \"file\": \"" + file.path() + R"json(",
  "ok": true,
  "errors": [],
  "warnings": [
    )json" + where +
            R"json("line": 5, "message": "cascades.chat.tiers: p/mid has no gate: it is not asked until it has one ({ model: p/mid, min_mean_logprob: ... }, or a promise: for the cascade)"}
  ],
  "cascades": [
    {"name": "chat", "mode": "serve", "match": ["gpt-4o", "gpt-4o-*"], "tiers": [{"tier": "exact"}, {"tier": "model", "model": "p/small", "min_mean_logprob": -0.05, "gate": "threshold"}, {"tier": "model", "model": "p/mid", "min_mean_logprob": null, "gate": null}, {"tier": "reference"}], "promise": null},
    {"name": "rest", "mode": "observe", "match": ["*"], "tiers": [{"tier": "reference", "provider": "p"}], "promise": null}
  ],
  "inference": [],
  "budgets": []
}
)json");
}

namespace {

constexpr const char* kPromised = R"(providers: { p: { api: openai, base_url: http://127.0.0.1:1/v1 } }
cascades:
  chat:
    match: { model: big }
    tiers: [student, p/small, { model: p/mid, samples: 3 }]
    promise: { disagreement: 2%, over: task }
    mode: serve
  rest: { match: { model: "*" } }
inference:
  rank:
    path: /rank
    reference: { url: "http://127.0.0.1:2/rank", price: { per_call: 0.01 } }
    tiers: [{ name: quick, url: "http://127.0.0.1:3/rank", price: { per_call: 0.001 } }]
    cache: {}
    promise: { disagreement: 1.5%, confidence: 90% }
  score: { model: resnet, reference: { url: "http://127.0.0.1:2" } }
budgets:
  - { name: all, limit_usd: 500, window: month, time_zone: Europe/Berlin }
  - { name: teams, of: { each: tenant }, limit_usd: 0.5, window: day, rolling: true, at_80: downgrade, at_100: queue }
  - { name: soft, of: { task: triage }, limit_usd: 1, window: day, hard: false }
)";

}  // namespace

TEST_CASE("what stands under a promise is no tier without a gate; inference routes and budgets are shown") {
    const TemporaryFile file(kPromised);
    const Outcome table = check(file.path(), OutputFormat::table);
    CHECK(table.code == 0);
    CHECK(
        table.out ==
        file.path() +
            R"table(: fine, with 1 warning; 1 provider, 2 models, 2 cascades, 0 caller keys, 2 inference routes, 3 budgets

CASCADE  MODE     MATCHES  TIERS, IN ORDER                                                                 PROMISE
chat     serve    big      student (learned) > p/small (learned) > p/mid (3 samples, learned) > reference  disagreement 2%, confidence 95%, over task
rest     observe  *        reference                                                                       -

INFERENCE  MODE     PATH OR MODEL  TIERS, IN ORDER                      PROMISE
rank       observe  /rank          exact > quick (learned) > reference  disagreement 1.5%, confidence 90%
score      observe  resnet         reference                            -

BUDGET  OF           USD  WINDOW                AT 80 %    AT 100 %
all     all          500  month, Europe/Berlin  -          refuse
teams   each tenant  0.5  day, rolling          downgrade  queue
soft    task triage    1  day                   -          -
)table");

    const Outcome json = check(file.path(), OutputFormat::json);
    CHECK(json.code == 0);
    const auto has = [&json](std::string_view text) { return json.out.find(text) != std::string::npos; };
    CHECK(has(R"("promise": {"disagreement": 0.02, "confidence": 0.95, "over": "task", "yardstick": "exact"})"));
    CHECK(has(R"({"tier": "student", "gate": "learned"})"));
    CHECK(has(R"("model": "p/small", "min_mean_logprob": null, "gate": "learned"})"));
    CHECK(has(R"({"name": "rank", "mode": "observe", "path": "/rank", "cache": true, "tiers": ["quick", "reference"], )"
              R"("promise": {"disagreement": 0.015, "confidence": 0.9, "over": "route", "yardstick": "exact"}})"));
    CHECK(has(R"({"name": "score", "mode": "observe", "model": "resnet", "cache": false, "tiers": ["reference"], )"
              R"("promise": null})"));
    CHECK(has(R"({"name": "soft", "of": "task", "whose": "triage", "each": false, "limit_usd": 1, "window": "day", )"
              R"("rolling": false, "time_zone": "UTC", "hard": false, "at_80": "none", "at_100": "none"})"));
}

TEST_CASE("a bad one is shown as its errors, exit code 2") {
    const TemporaryFile file("reactors: many\nbogus: 1\n");
    const Outcome outcome = check(file.path(), OutputFormat::table);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.starts_with(file.path() + ":1: "));
    CHECK(outcome.err.find("\n" + file.path() + ":2: unknown key \"bogus\"") != std::string::npos);
    CHECK(outcome.err.ends_with("\n" + file.path() + ": 3 errors\n"));

    const Outcome json = check(file.path(), OutputFormat::json);
    CHECK(json.code == 2);
    CHECK(json.err.empty());
    CHECK(json.out.find("\"ok\": false") != std::string::npos);
    CHECK(json.out.find("\"line\": 2, \"message\": \"unknown key \\\"bogus\\\"") != std::string::npos);
}

TEST_CASE("a file that is not there") {
    const Outcome outcome = check("/nonexistent.yaml", OutputFormat::table);
    CHECK(outcome.code == 2);
    CHECK(outcome.err == "/nonexistent.yaml: cannot be read: No such file or directory\n/nonexistent.yaml: 1 error\n");
}
