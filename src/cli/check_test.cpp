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
    {"name": "chat", "mode": "serve", "match": ["gpt-4o", "gpt-4o-*"], "tiers": [{"tier": "exact"}, {"tier": "model", "model": "p/small", "min_mean_logprob": -0.05}, {"tier": "model", "model": "p/mid", "min_mean_logprob": null}, {"tier": "reference"}]},
    {"name": "rest", "mode": "observe", "match": ["*"], "tiers": [{"tier": "reference", "provider": "p"}]}
  ]
}
)json");
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
