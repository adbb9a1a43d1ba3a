#include "cli/import_command.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "base/folder_testing.h"
#include "cli/config_testing.h"
#include "cli/import_lines.h"
#include "local/gguf_testing.h"
#include "local/trained_file.h"

using namespace weir;
using namespace weir::cli;
using local::testing::adapter_head;
using local::testing::base_model;
using local::testing::fitting_adapter;
using local::testing::lora_pair;

namespace {

struct Outcome {
    int code;
    std::string out, err;
};

struct Place {
    Place() : clock(1'000'000'000) {
        base_model().write(folder.file("base.gguf"));
        fitting_adapter().write(folder.file("Tags v1.gguf"));
        config();
    }
    // `tiers`: of the cascade.
    void config(const std::string& tiers = "[exact, p/small]", const std::string& more = "") const {
        std::ofstream(folder.file("weir.yaml"))
            << "data: " << folder.file("data") << "\nproviders:\n"
            << "  p: { api: openai, base_url: http://127.0.0.1:1/v1, key: \"${NOWHERE_SET}\" }\n"
            << "  local: { api: llama-server, model_file: " << folder.file("base.gguf") << ", context: 2048 }\n"
            << "models: { local/tiny: { price: { input: 0.01, output: 12.5 } }, p/small: {} }\n"
            << "cascades:\n  chat: { match: { model: \"*\" }, reference_provider: p, tiers: " << tiers << more
            << " }\n";
    }
    ImportArguments arguments() const {
        ImportArguments arguments;
        arguments.config_file = folder.file("weir.yaml");
        arguments.file = folder.file("Tags v1.gguf");
        arguments.provider = "local";
        return arguments;
    }
    Outcome run(const ImportArguments& arguments) const {
        std::ostringstream out, err;
        LoadSettings settings;
        settings.adapter_fits = local::check_adapter_file;
        const int code = import_command(arguments, settings, clock, out, err);
        return {code, out.str(), err.str()};
    }
    TemporaryFolder folder;
    FakeClock clock;
};

bool says(const std::string& text, std::string_view words) {
    CAPTURE(text);
    CAPTURE(words);
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a LoRA that fits is kept under its name, with a record, and the lines for weir.yaml are told") {
    const Place place;
    ImportArguments arguments = place.arguments();
    arguments.cascade = "chat";
    const Outcome done = place.run(arguments);
    CHECK(done.err.empty());
    REQUIRE(done.code == 0);
    const std::string kept = place.folder.file("data/adapters/tags-v1.gguf");
    CHECK(says(done.out, "a LoRA of rank 2, llama, 4 tensors; fits " + place.folder.file("base.gguf")));
    CHECK(says(done.out, "kept: " + kept));
    CHECK(says(done.out, "\n  tags-v1: { api: llama-server, model_file: " + place.folder.file("base.gguf") +
                             ", adapter_file: " + kept + ", context: 2048 }\n"));
    CHECK(says(done.out, "\n  tags-v1/tiny: { price: { input: 0.01, output: 12.5 } }\n"));
    CHECK(says(done.out, "\n    tiers: [exact, tags-v1/tiny, p/small]\n"));
    CHECK(says(done.out, "note: cascade chat (line 7) has no promise"));
    CHECK(says(done.out, "note: cascade chat (line 7) is in mode observe"));
    const auto bytes = read_file(kept, 1u << 20), record = read_file(kept + ".json", 1u << 20);
    REQUIRE(bytes);
    CHECK(*bytes == fitting_adapter().bytes());
    REQUIRE(record);
    CHECK(says(*record, "\"sha256\": \"" + to_hex(sha256(*bytes)) + "\""));
    CHECK(says(*record, "\"imported_at\": \"1970-01-01T00:16:40Z\""));
    CHECK_FALSE(std::filesystem::exists(kept + ".part" + std::to_string(::getpid())));

    // What was told, put in: it is accepted, and the same import again is refused, as the name is taken.
    std::ofstream(place.folder.file("weir.yaml"), std::ios::app)
        << "  more: { match: { model: never }, reference_provider: p }\n";
    std::string text = *read_file(arguments.config_file, 1u << 20);
    text.insert(text.find("models: {"), "  tags-v1: { api: llama-server, model_file: " +
                                            place.folder.file("base.gguf") + ", adapter_file: " + kept + " }\n");
    std::ofstream(arguments.config_file) << text;
    CHECK(place.run(arguments).err ==
          "weir import-adapter: there is a provider \"tags-v1\" already; --as gives another name\n");
    arguments.name = "again";
    CHECK(place.run(arguments).code == 0);
    // And once the file is another: `check` and the next import tell.
    std::ofstream(kept, std::ios::app) << "x";
    const Outcome changed = place.run(arguments);
    CHECK(changed.code == 2);
    CHECK(says(changed.err, ":5: providers.tags-v1.adapter_file: " + kept + ": it is not what was imported"));
}

TEST_CASE("as JSON, and twice the same is the same") {
    const Place place;
    ImportArguments arguments = place.arguments();
    arguments.format = OutputFormat::json;
    arguments.name = "a";
    const Outcome once = place.run(arguments);
    REQUIRE(once.code == 0);
    CHECK(says(once.out, "\"kind\": \"lora\", \"architecture\": \"llama\""));
    CHECK(says(once.out, "\"rank\": 2, \"alpha\": 16.000, \"provider\": \"local\""));
    CHECK(says(once.out, "\"model\": \"a/tiny\", \"add_to_providers\": \"a: { api: llama-server, "));
    CHECK(says(once.out, "\"tiers\": {}"));
    CHECK(place.run(arguments).out == once.out);
    lora_pair(lora_pair(adapter_head(), "blk.0.attn_q.weight", 8, 8), "blk.0.ffn_up.weight", 8, 16)
        .write(arguments.file);
    const Outcome other = place.run(arguments);
    CHECK(other.code == 2);
    CHECK(says(other.err, "is there already, with another content; --as gives another name"));
}

TEST_CASE("a full model takes the place of its base's file") {
    const Place place;
    ImportArguments arguments = place.arguments();
    base_model().write(arguments.file);
    arguments.name = "whole";
    const Outcome done = place.run(arguments);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(says(done.out, "a model, llama, 10 tensors; fits "));
    CHECK(says(done.out, "\n  whole: { api: llama-server, model_file: " +
                             place.folder.file("data/adapters/whole.gguf") + ", context: 2048 }\n"));
    CHECK(says(done.out, "in a cascade's tiers, before those that cost more:\n    whole/tiny\n"));
}

TEST_CASE("what does not fit is refused and leaves nothing") {
    const Place place;
    ImportArguments arguments = place.arguments();
    const auto refused = [&](int code, std::string_view why) {
        const Outcome outcome = place.run(arguments);
        CHECK(outcome.code == code);
        CHECK(says(outcome.err, why));
        CHECK(outcome.out.empty());
        CHECK_FALSE(std::filesystem::exists(place.folder.file("data/adapters")));
    };
    fitting_adapter().text("tokenizer.chat_template", "another").write(arguments.file);
    refused(2, "its chat template is not its base's");
    lora_pair(adapter_head(), "blk.0.attn_q.weight", 16, 16).write(arguments.file);
    refused(2, "its pair for tensor blk.0.attn_q.weight is 16 x 2 and 2 x 16; its base's tensor is 8 x 8");
    std::ofstream(arguments.file) << "no model";
    refused(2, "not a sound GGUF file: it does not begin with GGUF");
    arguments.file = place.folder.file("absent.gguf");
    refused(1, "absent.gguf: No such file");
    arguments = place.arguments();
    fitting_adapter().write(arguments.file);
    arguments.provider = "nobody";
    refused(2,
            "--provider \"nobody\": there is no such provider; its model_file is what the file is checked against; "
            "there are: local");
    arguments.provider = "p";
    refused(2, "--provider \"p\" is no model of this machine");
    arguments.provider = "local";
    arguments.name = "No Name";
    refused(2, "--as \"No Name\" is no name");
    arguments.name = "local";
    refused(2, "there is a provider \"local\" already");
    arguments.name = "";
    arguments.cascade = "none";
    refused(2, "--cascade: there is no cascade \"none\"");
    arguments.cascade = "";
    arguments.task = "reviews";
    refused(1, "there is no task \"reviews\"");
    arguments.task = "0000000000000005";
    refused(1, "no examples of task \"0000000000000005\" are kept");
    arguments.task = "";
    arguments.config_file = place.folder.file("absent.yaml");
    refused(2, "absent.yaml: cannot be read");
}

TEST_CASE("an export's manifest: the same task, and made for this model") {
    const Place place;
    ImportArguments arguments = place.arguments();
    arguments.manifest_file = place.folder.file("m.json");
    const auto manifest = [&](const std::string& base) {
        std::ofstream(arguments.manifest_file)
            << "\n {\"task\": \"0000000000000005\", \"name\": \"tags\", \"tenant\": \"acme\", \"cascades\": [\"gone\", "
               "\"chat\"], \"base\": "
            << base << "}";
    };
    const local::ModelMarks marks = local::marks_of(*local::read_gguf_header(place.folder.file("base.gguf")));
    const auto base = [&](auto change) {
        local::ModelMarks changed = marks;
        change(changed);
        return "{\"architecture\": \"" + changed.architecture + "\", \"chat_template_sha256\": \"" +
               changed.chat_template + "\", \"tokenizer_sha256\": \"" + changed.tokenizer +
               "\", \"shapes_sha256\": \"" + changed.shapes + "\"}";
    };
    const auto err = [&] {
        const Outcome outcome = place.run(arguments);
        CHECK(outcome.code == (outcome.err.empty() ? 0 : 2));
        return outcome.err;
    };
    manifest(base([](auto& m) { m.architecture = "qwen2"; }));
    CHECK(says(err(), "the export was made for a model of another architecture than that of"));
    manifest(base([](auto& m) { m.chat_template = "0"; }));
    CHECK(says(err(), "of another chat template than that of"));
    manifest(base([](auto& m) { m.tokenizer = "0"; }));
    CHECK(says(err(), "of another tokenizer than"));
    manifest(base([](auto& m) { m.shapes = "0"; }));
    CHECK(says(err(), "of another size than"));
    manifest("{}");
    CHECK(says(err(), "its `base` is incomplete"));
    std::ofstream(arguments.manifest_file) << "{}";
    CHECK(says(err(), "it is no manifest of `weir export`: it names no task"));
    std::ofstream(arguments.manifest_file) << "[";
    CHECK(says(err(), "m.json: "));
    arguments.manifest_file = place.folder.file("absent.json");
    CHECK(place.run(arguments).code == 1);
    arguments.manifest_file = place.folder.file("m.json");

    manifest(base([](auto&) {}));
    arguments.task = "others";
    CHECK(says(err(), "is of task 0000000000000005 (\"tags\"), not of \"others\""));
    arguments.task = "tags";
    const Outcome done = place.run(arguments);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(says(done.out, "in cascades.chat, instead of its tiers:"));
    CHECK_FALSE(says(done.out, "gone"));
    CHECK(says(*read_file(place.folder.file("data/adapters/tags-v1.gguf.json"), 1u << 20),
               "\"task\": \"0000000000000005\""));
    manifest("null");
    CHECK(says(place.run(arguments).out, "names no base model (`weir export --base`)"));
}

TEST_CASE("the lines: where the tier goes, and what would keep it from being asked") {
    const Place place;
    place.config(
        "[exact, student, { model: p/a, min_mean_logprob: -0.05 }, { model: p/b, samples: 5 }, { model: p/c, verify: "
        "true }]",
        ", promise: { disagreement: 2% }, mode: serve, canary: 10%");
    ImportArguments arguments = place.arguments();
    arguments.cascade = "chat";
    const Outcome done = place.run(arguments);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(says(
        done.out,
        "tiers: [exact, student, tags-v1/tiny, { model: p/a, min_mean_logprob: -0.050000 }, { model: p/b, samples: "
        "5 }, { model: p/c, verify: true }]"));
    CHECK_FALSE(says(done.out, "note: "));
    gateway::Options options = testing::good(
        "providers:\n  local: { api: llama-server, model_file: \"a b.gguf\", program: ./ls, threads: 3, parallel: 1, "
        "memory: 1GiB, cache_ram: 0, arguments: [--no-warmup], start_timeout: 30s }\n");
    const ImportLines lines = import_lines(options, options.providers.at("local"), "t", "x.gguf", true, {});
    CHECK(
        lines.provider ==
        "t: { api: llama-server, model_file: \"a b.gguf\", adapter_file: x.gguf, program: ./ls, threads: 3, parallel: "
        "1, memory: 1073741824, cache_ram: 0MiB, arguments: [\"--no-warmup\"], start_timeout: 30s }");
    CHECK(lines.model.empty());
    CHECK(lines.notes == std::vector<std::string>{"give t/model a price under models:, or what it saves is unknown"});
    // It is read as what it says.
    const gateway::Options read = testing::good("providers:\n  " + lines.provider + "\n");
    CHECK(read.providers.at("t").child->adapter_file == "x.gguf");
    CHECK(read.providers.at("t").child->memory_bytes == 1ull << 30);
    CHECK(read.providers.at("t").child->cache_ram_mib == 0);
}
