#include "cli/export_command.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/folder_testing.h"
#include "base/hash.h"
#include "store/example_files.h"
#include "store/example_store.h"

using namespace weir;
using namespace weir::cli;

namespace {

struct Outcome {
    int code;
    std::string out, err;
};

struct Data {
    explicit Data() : clock(1'000'000'000) {}

    // `count` prompts of the task, a second between them.
    void keep(std::uint64_t task, int count, const std::string& tenant = "acme", bool may_distil = true,
              bool content = true) {
        store::ExampleStore::Options options;
        options.folder = store::examples_folder(folder.path());
        options.clock = &clock;
        const auto store = store::ExampleStore::open(options);
        auto rules = std::make_shared<store::ExampleRules>();
        rules->course = {"default", "p/big"};
        rules->content = content;
        rules->may_distil = may_distil;
        rules->keep_micros = 1'000'000'000'000;
        rules->most = 10'000;
        for (int i = 0; i < count; ++i) {
            store::ExampleDraft draft;
            draft.rules = rules;
            draft.tenant = tenant;
            draft.unix_micros = 1'000'000ll * i;
            draft.task = task;
            draft.model = "p/big";
            draft.api = "openai.chat";
            draft.system = "Classify.";
            draft.prompt = "prompt " + std::to_string(i);
            draft.answer = i % 2 == 0 ? "spam" : "ham";
            store->offer(std::move(draft));
        }
        store->flush();
    }
    Outcome run(ExportArguments arguments) {
        arguments.data_folder = folder.path();
        if (arguments.out.empty()) arguments.out = folder.file("out");
        std::ostringstream out, err;
        const int code = export_command(arguments, clock, {}, out, err);
        return {code, out.str(), err.str()};
    }
    std::string read(const std::string& name) const {
        std::ifstream file(folder.file(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    TemporaryFolder folder;
    FakeClock clock;
};

bool says(const std::string& text, std::string_view words) {
    CAPTURE(text);
    return text.find(words) != std::string::npos;
}

ExportArguments of_task(const std::string& task) {
    ExportArguments arguments;
    arguments.task = task;
    return arguments;
}

constexpr const char* kFive = "0000000000000005";

}  // namespace

TEST_CASE("a task is exported as three files, with where each row comes from and a manifest") {
    Data data;
    data.keep(5, 20);
    data.keep(6, 20);
    const Outcome done = data.run(of_task(kFive));
    CHECK(done.err.empty());
    REQUIRE(done.code == 0);
    CHECK(says(done.out, "task 0000000000000005 of tenant acme: 20 examples, 20 different prompts"));
    const std::string train = data.read("out.train.jsonl"), valid = data.read("out.valid.jsonl");
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    CHECK(lines(train) == 16);
    CHECK(lines(valid) == 2);
    CHECK(lines(data.read("out.test.jsonl")) == 2);
    CHECK(lines(data.read("out.train.provenance.jsonl")) == 16);
    CHECK(train.starts_with(R"({"messages": [{"role": "system", "content": "Classify."}, {"role": "user", "content": )"
                            R"("prompt 0"}, {"role": "assistant", "content": "spam", "weight": 1}]})"));
    const std::string manifest = data.read("out.manifest.json");
    CHECK(says(manifest, "{\"file\": \"out.train.jsonl\", \"split\": \"train\", \"rows\": 16, \"bytes\": " +
                             std::to_string(train.size()) + ", \"sha256\": \"" + to_hex(sha256(train)) + "\"}"));
    CHECK(says(manifest,
               "\"left_out\": {\"not_allowed\": 0, \"hashes_only\": 0, \"texts_missing\": 0, \"duplicates\": 0}"));
    CHECK(says(manifest, "\"answered_by\": {\"p/big\": 20}"));
    CHECK(says(manifest, "\"train\": [\"1970-01-01T00:00:00Z\", \"1970-01-01T00:00:15Z\"]"));

    ExportArguments json = of_task(kFive);
    json.format = OutputFormat::json;
    json.out = data.folder.file("named.jsonl");
    json.split = "1,0,1";
    CHECK(says(data.run(json).out, "\"file\": \"named.train.jsonl\", \"split\": \"train\", \"rows\": 10"));
    CHECK(lines(data.read("named.valid.jsonl")) == 0);
}

TEST_CASE("one tenant's examples are never put together with another's") {
    Data data;
    data.keep(5, 3);
    data.keep(5, 4, "birch");
    const Outcome both = data.run(of_task(kFive));
    CHECK(both.code == 2);
    CHECK(says(both.err,
               "is more than one task: 0000000000000005 of \"acme\", 0000000000000005 of \"birch\"; give its "
               "number, and --tenant"));
    ExportArguments birch = of_task(kFive);
    birch.tenant = "birch";
    CHECK(says(data.run(birch).out, "of tenant birch: 4 examples"));
    birch.tenant = "carl";
    CHECK(data.run(birch).code == 1);
    CHECK(says(data.run(birch).err, "no examples of task \"0000000000000005\" are kept for tenant \"carl\""));
}

TEST_CASE("what may not be learned from is not exported") {
    Data data;
    data.keep(5, 3, "acme", false);
    data.keep(5, 2, "acme", true, false);
    const Outcome nothing = data.run(of_task(kFive));
    CHECK(nothing.code == 1);
    CHECK(nothing.err ==
          "weir export: nothing may be exported of 5 examples: for 3 the provider did not say may_distil: true, of 2 "
          "only hashes are kept\n");
    CHECK_FALSE(std::filesystem::exists(data.folder.file("out.train.jsonl")));
    data.keep(5, 4);
    CHECK(data.run(of_task(kFive)).code == 0);
    CHECK(says(data.read("out.manifest.json"), "\"left_out\": {\"not_allowed\": 3, \"hashes_only\": 2"));
}

TEST_CASE("what is wrong is said") {
    Data data;
    CHECK(
        says(data.run(of_task("reviews")).err, "there is no task \"reviews\"; `weir report --by task --format json`"));
    CHECK(data.run(of_task("reviews")).code == 1);
    CHECK(says(data.run(of_task(kFive)).err, "no examples of task \"0000000000000005\" are kept in"));
    data.keep(5, 3);
    ExportArguments wrong = of_task(kFive);
    wrong.split = "80,20";
    CHECK(data.run(wrong).code == 2);
    CHECK(says(data.run(wrong).err, "--split \"80,20\" is not three shares"));
    wrong = of_task(kFive);
    wrong.out = data.folder.file("no/such/folder/x");
    CHECK(data.run(wrong).code == 1);
    CHECK(says(data.run(wrong).err, "can't write"));
    CHECK_FALSE(parse_split("0,0,0"));
    CHECK_FALSE(parse_split("1,2,3,4"));
    CHECK_FALSE(parse_split("1,-2,3"));
    CHECK_FALSE(parse_split(""));
    CHECK(parse_split("80,10,10") == std::array<std::uint32_t, 3>{80, 10, 10});
}
