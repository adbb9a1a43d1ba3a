// `weir train verifier` and `weir eval cache`, from their arguments to their files.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/eval_command.h"
#include "cli/train_command.h"

using namespace weir;
using namespace weir::cli;

namespace {

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-train-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string path(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return path(name);
    }
    std::string read(const std::string& name) const {
        std::ifstream in(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }

  private:
    std::filesystem::path path_;
};

// Things in two wordings; what is asked about decides.
std::string pairs(std::size_t count, bool labelled) {
    const char* things[] = {"marmalade", "saddles", "lanterns", "turbines", "violins", "harbours", "tunnels"};
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t a = i % 7, b = i % 2 == 0 ? a : (i / 2 + 3) % 7;
        text += std::to_string(i) + "\twhat is there to know about the trade in " + things[a] + " of type " +
                static_cast<char>('a' + i % 26) + "\ttell me something on the trade in " + things[b] +
                (labelled ? (a == b ? "\t1\n" : "\t0\n") : "\n");
    }
    return text;
}

}  // namespace

TEST_CASE("train verifier, then judge pairs with it") {
    const Folder folder;
    TrainVerifierArguments train;
    train.pairs_file = folder.write("pairs.tsv", pairs(400, true));
    train.out_file = folder.path("v.bin");
    train.embedding.kind = eval::EmbeddingChoice::Kind::hashing;
    std::ostringstream out, err;
    REQUIRE(train_verifier_command(train, FakeClock(), out, err) == 0);
    CHECK(err.str().empty());
    CHECK(out.str().find("of duplicates served") != std::string::npos);
    CHECK(out.str().find("10.0 %") != std::string::npos);

    train.format = OutputFormat::json;
    train.out_file = folder.path("w.bin");
    out.str("");
    REQUIRE(train_verifier_command(train, FakeClock(), out, err) == 0);
    CHECK(out.str().starts_with("{\"pairs\": 400, "));
    CHECK(out.str().find("\"duplicates_served\": ") != std::string::npos);
    CHECK(folder.read("v.bin") == folder.read("w.bin"));

    EvalCacheArguments eval;
    eval.in_file = folder.write("ask.tsv", pairs(40, false));
    eval.out_file = folder.path("d.tsv");
    eval.verifier_file = train.out_file;
    eval.false_share = "10%";
    eval.embedding.kind = eval::EmbeddingChoice::Kind::hashing;
    out.str("");
    REQUIRE(eval_pairs_command(eval, FakeClock(), out, err) == 0);
    const std::string decisions = folder.read("d.tsv");
    CHECK(std::count(decisions.begin(), decisions.end(), '\n') == 40);

    eval.threshold = "nonsense";
    CHECK(eval_pairs_command(eval, FakeClock(), out, err) == 2);
    CHECK(err.str().find("--threshold \"nonsense\"") != std::string::npos);
    eval.threshold.clear();
    eval.verifier_file = folder.write("broken.bin", "WEIRVER1 and nothing");
    err.str("");
    CHECK(eval_pairs_command(eval, FakeClock(), out, err) == 2);
    CHECK(err.str().find("broken.bin: ") != std::string::npos);
}

TEST_CASE("train verifier: wrong input is named by file and line") {
    const Folder folder;
    TrainVerifierArguments train;
    train.embedding.kind = eval::EmbeddingChoice::Kind::hashing;
    train.out_file = folder.path("v.bin");
    std::ostringstream out, err;
    train.pairs_file = folder.write("pairs.tsv", "1\ta\tb\t1\n2\tc\td\n");
    CHECK(train_verifier_command(train, FakeClock(), out, err) == 2);
    CHECK(err.str() == train.pairs_file + ":2: expected 4 fields between tabs, found 3\n");
    err.str("");
    train.pairs_file = folder.write("pairs.tsv", "1\tgood pasta\tgreat pasta\t1\n");
    CHECK(train_verifier_command(train, FakeClock(), out, err) == 2);
    CHECK(err.str().starts_with(train.pairs_file + ": training needs pairs of both labels"));
    CHECK_FALSE(std::filesystem::exists(train.out_file));
    train.pairs_file = folder.path("absent");
    CHECK(train_verifier_command(train, FakeClock(), out, err) == 1);
}

TEST_CASE("eval cache stream: files in, decisions out") {
    const Folder folder;
    EvalCacheArguments eval;
    eval.in_file = folder.write("s.tsv", "a\tHow do I reset the alarm?\nb\thow do i reset the alarm\n");
    eval.answers_file = folder.write("answers.tsv", "a\tPress it.\nb\tPress it.\n");
    eval.out_file = folder.path("d.tsv");
    eval.threshold = "1.5";
    eval.embedding.kind = eval::EmbeddingChoice::Kind::hashing;
    eval.format = OutputFormat::json;
    std::ostringstream out, err;
    REQUIRE(eval_stream_command(eval, FakeClock(), out, err) == 0);
    CHECK(out.str().starts_with("{\"questions\": 2, \"served\": 1, "));
    CHECK(folder.read("d.tsv").find("b\t1\ta\t") != std::string::npos);
    eval.promise = "0%";
    CHECK(eval_stream_command(eval, FakeClock(), out, err) == 2);
    eval.promise = "2%";
    eval.answers_file = folder.write("answers.tsv", "a\tPress it.\n");
    CHECK(eval_stream_command(eval, FakeClock(), out, err) == 2);
}
