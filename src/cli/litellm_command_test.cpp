#include "cli/litellm_command.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/files.h"

using namespace weir;
using namespace weir::cli;

namespace {

class Folder {
  public:
    Folder() {
        char name[] = "/tmp/weir-litellm-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name)) << text;
        return file(name);
    }

  private:
    std::string path_;
};

struct Outcome {
    int code;
    std::string out, err;
};

Outcome run(const ImportLitellmArguments& arguments) {
    std::ostringstream out, err;
    const int code = import_litellm_command(arguments, out, err);
    return {code, out.str(), err.str()};
}

constexpr const char* kSmall = R"(model_list:
  - model_name: gpt
    litellm_params: { model: openai/gpt-4o, api_key: sk-1, rpm: 5, temperature: 0.1 }
  - model_name: titan
    litellm_params: { model: bedrock/titan }
litellm_settings: { set_verbose: true, telemetry: false }
)";

}  // namespace

TEST_CASE("the list for people, with the configuration in a file") {
    const Folder folder;
    const std::string in = folder.write("config.yaml", kSmall), to = folder.file("weir.yaml");
    const Outcome outcome = run({in, to, false, OutputFormat::table});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    CHECK(outcome.out == to + ": 1 provider, 1 model of " + in +
                             R"(; 5 settings carried over, 1 changed, 3 not carried over

not carried over:
line  what                                      why
   3  model_list[0].litellm_params.rpm          Weir does not limit a deployment by the minute: a provider's in_flight limits its calls at a time, callers' keys have limits of their own
   3  model_list[0].litellm_params.temperature  Weir adds no parameters to requests; callers have to send it (what they send goes up as it is)
   4  model_list[1]                             "titan": provider "bedrock": Weir can't sign requests for AWS; where the model is offered in OpenAI's or Anthropic's API with a key, name that

carried over, but:
line  what                                  why
   3  model_list[0].litellm_params.api_key  a key in the file: set OPENAI_API_KEY_1 in Weir's environment to it

Weir needs nothing in place of: set_verbose, telemetry

to be set in Weir's environment: OPENAI_API_KEY_1
Then: weir check -c )" + to + "\n");
    CHECK(read_file(to, 10'000)->find("openai/gpt:  # line 2\n    upstream_name: gpt-4o\n") != std::string::npos);

    SUBCASE("is not written over unless that is said") {
        folder.write("weir.yaml", "mine");
        const Outcome again = run({in, to, false, OutputFormat::table});
        CHECK(again.code == 2);
        CHECK(again.out.empty());
        CHECK(again.err ==
              "weir import litellm: " + to + " is there already; --out names another, --force writes over it\n");
        CHECK(*read_file(to, 10'000) == "mine");
        CHECK(run({in, to, true, OutputFormat::table}).code == 0);
        CHECK(*read_file(to, 10'000) != "mine");
    }
}

TEST_CASE("for programs") {
    const Folder folder;
    const std::string in = folder.write("config.yaml", kSmall), to = folder.file("weir.yaml");
    const Outcome outcome = run({in, to, false, OutputFormat::json});
    CHECK(outcome.code == 0);
    CHECK(outcome.out.starts_with("{\"file\": \"" + to +
                                  "\", \"providers\": 1, \"models\": 1, \"carried\": [{\"path\": "));
    CHECK(outcome.out.find(R"("not_carried": [{"path": "model_list[0].litellm_params.rpm", "line": 3, "why": "Weir)") !=
          std::string::npos);
    CHECK(outcome.out.ends_with(R"("not_needed": [{"path": "litellm_settings.set_verbose", "line": 6}, )"
                                R"({"path": "litellm_settings.telemetry", "line": 6}], )"
                                R"("environment": ["OPENAI_API_KEY_1"]})"
                                "\n"));
}

TEST_CASE("to standard output the configuration, and the list beside it") {
    const Folder folder;
    const Outcome outcome = run({folder.write("config.yaml", kSmall), "-", false, OutputFormat::table});
    CHECK(outcome.code == 0);
    CHECK(outcome.out.starts_with("# From "));
    CHECK(outcome.err.starts_with("1 provider, 1 model of "));
}

TEST_CASE("files that can't be imported: exit code 2, nothing written") {
    const Folder folder;
    const std::string to = folder.file("weir.yaml");
    const Outcome absent = run({folder.file("absent"), to, false, OutputFormat::table});
    CHECK(absent.code == 2);
    CHECK(absent.err.find("absent") != std::string::npos);
    const std::string wrong = folder.write("wrong.yaml", "model_list:\n  - [\n");
    const Outcome broken = run({wrong, to, false, OutputFormat::table});
    CHECK(broken.code == 2);
    CHECK(broken.err.starts_with(wrong + ":3: not YAML"));
    const std::string none =
        folder.write("none.yaml", "model_list: [{ model_name: a, litellm_params: { model: bedrock/b } }]\n");
    const Outcome nothing = run({none, to, false, OutputFormat::table});
    CHECK(nothing.code == 2);
    CHECK(nothing.out.find("model_list[0]") != std::string::npos);
    CHECK(nothing.err == none + ": nothing in its model_list that Weir could serve; nothing is written\n");
    CHECK(!std::filesystem::exists(to));
    CHECK(run({folder.write("good.yaml", kSmall), folder.file("no/such/folder"), false, OutputFormat::table}).code ==
          1);
}
