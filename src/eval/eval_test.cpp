// The evaluator's files and protocols.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/environment_testing.h"
#include "eval/cache_pairs.h"
#include "eval/cache_stream.h"
#include "eval/embed_texts.h"
#include "eval/kept_vectors.h"
#include "tiers/semantic_cache/shipped_verifier.h"

using namespace weir;
using namespace weir::eval;

namespace {

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-eval-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return (path_ / name).string();
    }
    std::string path(const std::string& name = "") const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

std::vector<std::vector<std::string>> rows_of(const std::string& text) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        std::vector<std::string> fields;
        std::istringstream parts(line);
        for (std::string field; std::getline(parts, field, '\t');) fields.push_back(field);
        rows.push_back(fields);
    }
    return rows;
}

const std::unordered_map<std::string, std::string> kNoAnswers;

}  // namespace

TEST_CASE("pairs are read with or without labels; wrong lines are named") {
    const Folder folder;
    const auto pairs = read_pairs(folder.file("a", "1\thow\twhy\n\n2\tx y\tz\r\n"), false);
    REQUIRE(pairs);
    REQUIRE(pairs->size() == 2);
    CHECK((*pairs)[1].text_b == "z");
    const auto labelled = read_pairs(folder.file("b", "1\ta\tb\t1\n2\ta\tb\t0\n"), true);
    REQUIRE(labelled);
    CHECK((*labelled)[0].label);
    CHECK_FALSE((*labelled)[1].label);

    const auto problem = [&](const std::string& content, bool with_label) {
        const std::string file = folder.file("bad", content);
        const auto read = read_pairs(file, with_label);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::invalid);
        CHECK(read.error().message.starts_with(file + ":"));
        return read.error().message.substr(file.size());
    };
    CHECK(problem("1\ta\tb\n2\ta\n", false) == ":2: expected 3 fields between tabs, found 2");
    CHECK(problem("1\ta\tb\t2\n", true) == ":1: the label is neither 0 nor 1");
    CHECK(problem("1\ta\tb\n1\tc\td\n", false) == ":2: the id 1 was there before");
    CHECK(problem("1\ta\t\n", false) == ":1: a text is empty");
    CHECK(problem("\ta\tb\n", false) == ":1: the id is empty");
    CHECK(problem("", false) == ": there are no rows");
    CHECK(read_pairs(folder.path("absent"), false).error().code == ErrorCode::io);
    const auto long_line = read_pairs(folder.file("long", "1\t" + std::string(kMostLineBytes, 'x') + "\ty\n"), false);
    CHECK(long_line.error().code == ErrorCode::too_large);
    CHECK(long_line.error().message.ends_with(":1: a line of more than 1 MiB"));
}

TEST_CASE("streams and answers") {
    const Folder folder;
    const auto stream = read_stream(folder.file("s", "a\tone\nb\ttwo\n"));
    REQUIRE(stream);
    CHECK(read_answers(folder.file("x", "a\t1\nb\t\n"), *stream)->at("b").empty());
    CHECK_FALSE(read_answers(folder.file("y", "a\t1\n"), *stream));
    CHECK_FALSE(read_stream(folder.file("z", "a\tone\na\ttwo\n")));
}

TEST_CASE("a pair is judged for itself, in the form that the scorer reads") {
    const std::vector<PairRow> pairs{{"p1", "How do I reset the alarm?", "how do i reset the alarm", false},
                                     {"p2", "Is it legal to fish here?", "Is it illegal to fish here?", false},
                                     {"p3", "What feeds a koala?", "Which bank is nearest?", false}};
    PairsSummary summary;
    const auto out = judge_pairs(pairs, TextVectors(), *tiers::semantic::shipped_verifier(),
                                 tiers::semantic::shipped_threshold(false), nullptr, summary);
    REQUIRE(out);
    const auto rows = rows_of(*out);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0][0] == "p1");
    CHECK(rows[0][1] == "1");
    CHECK(rows[0][2] == "p1");
    CHECK(rows[0][3] == "1.000000");
    CHECK(rows[0][4] == "explained");
    CHECK(rows[1][1] == "0");
    CHECK(rows[1][2].empty());
    CHECK(rows[1][4].starts_with("guards: "));
    CHECK(rows[2][1] == "0");
    CHECK(summary.pairs == 3);
    CHECK(summary.served == 1);
    const auto given_up = judge_pairs(
        pairs, TextVectors(), *tiers::semantic::shipped_verifier(), 0.9,
        [](std::string_view, std::size_t, std::size_t) { return false; }, summary);
    CHECK(given_up.error().code == ErrorCode::canceled);
}

TEST_CASE("a stream without answers: what was served names an entry that came before and was not served itself") {
    const std::vector<StreamRow> stream{{"a", "How do I reset the alarm?"},
                                        {"b", "How do I reset the alarm"},
                                        {"c", "how do I reset the alarm?"},
                                        {"d", "How do I set the alarm?"}};
    StreamOptions options;
    options.prior_threshold = tiers::semantic::kCertain;
    StreamSummary summary;
    const auto out =
        judge_stream(stream, kNoAnswers, TextVectors(), tiers::semantic::shipped_verifier(), options, nullptr, summary);
    REQUIRE(out);
    const auto rows = rows_of(*out);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0][1] == "0");
    CHECK(rows[1][1] == "1");
    CHECK(rows[1][2] == "a");
    CHECK(rows[2][2] == "a");
    CHECK(rows[3][1] == "0");
    CHECK(summary.served == 2);
    CHECK_FALSE(summary.learned);
}

TEST_CASE("a stream with answers learns, and keeps a broken promise closed") {
    // Every answer differs, so whatever is served is wrong: audits find it out.
    std::vector<StreamRow> stream;
    std::unordered_map<std::string, std::string> answers;
    for (int i = 0; i < 600; ++i) {
        const std::string id = std::to_string(i);
        stream.push_back({id, i % 2 == 0 ? "How do I reset the alarm?" : "how do i reset the alarm"});
        answers[id] = "It is " + std::string(static_cast<std::size_t>(i + 2), 'x') + ".";
    }
    StreamOptions options;
    options.promise = 0.05;
    options.audit = 0.5;
    options.prior_threshold = tiers::semantic::kCertain;
    StreamSummary summary;
    const auto out =
        judge_stream(stream, answers, TextVectors(), tiers::semantic::shipped_verifier(), options, nullptr, summary);
    REQUIRE(out);
    CHECK(summary.closures == 1);
    CHECK(summary.served < 60);
    CHECK(summary.threshold > 2);
    CHECK(summary.audits_wrong == summary.audits);

    // Every answer is the same: nothing is closed, nearly all is served.
    for (auto& [id, answer] : answers) answer = "always this";
    REQUIRE(
        judge_stream(stream, answers, TextVectors(), tiers::semantic::shipped_verifier(), options, nullptr, summary));
    CHECK(summary.closures == 0);
    CHECK(summary.served == 599);
}

TEST_CASE("a stream lives within the index' memory: what is put out is not served any more") {
    std::vector<StreamRow> stream;
    for (int i = 0; i < 400; ++i) {
        stream.push_back({std::to_string(i), "How far is town " + std::string(1, static_cast<char>('a' + i % 20)) +
                                                 std::string(static_cast<std::size_t>(i / 20 + 2), 'o') +
                                                 " from here?"});
    }
    stream.push_back({"last", stream[399].text});
    stream.push_back({"first", stream[0].text});
    StreamOptions options;
    options.prior_threshold = tiers::semantic::kCertain;
    StreamSummary summary;
    const auto served = [&] {
        const auto out = judge_stream(stream, kNoAnswers, TextVectors(), tiers::semantic::shipped_verifier(), options,
                                      nullptr, summary);
        REQUIRE(out);
        const auto rows = rows_of(*out);
        return std::pair(rows[400][1], rows[401][1]);
    };
    CHECK(served() == std::pair<std::string, std::string>("1", "1"));
    CHECK(summary.evicted == 0);
    options.memory_bytes = 64u << 10;
    CHECK(served() == std::pair<std::string, std::string>("1", "0"));
    CHECK(summary.evicted > 100);
}

TEST_CASE("training data: groups by text or by id, refused pairs counted") {
    const std::vector<PairRow> pairs{{"x:1", "How do I reset the alarm?", "how can I reset the alarm", true},
                                     {"x:2", "Is it legal to fish here?", "Is it illegal to fish here?", false},
                                     {"y:3", "What feeds a koala?", "Which bank is nearest?", false}};
    const auto training = training_of(pairs, TextVectors(), {}, nullptr);
    REQUIRE(training);
    CHECK(training->pairs() == 2);
    CHECK(training->refused() == 1);
    TrainingChoice generic;
    generic = {false, 0, true};
    CHECK(training_of(pairs, TextVectors(), generic, nullptr)->pairs() == 2);
}

TEST_CASE("vectors from a folder, and kept on disk") {
    const Folder folder;
    folder.file("texts.txt", "one\ntwo\nthree\n");
    const float numbers[] = {1, 0, 0, 1, 0.6F, 0.8F};
    folder.file("vectors.f32", std::string(reinterpret_cast<const char*>(numbers), sizeof numbers));
    const auto vectors = TextVectors::read_folder(folder.path(), {"one", "two", "three", "absent"}, 2);
    REQUIRE(vectors);
    CHECK(vectors->size() == 3);
    CHECK(cosine(vectors->of("one"), vectors->of("two"), 2) == doctest::Approx(0).epsilon(0.01));
    CHECK(cosine(vectors->of("one"), vectors->of("three"), 2) == doctest::Approx(0.6).epsilon(0.01));
    CHECK(std::isnan(cosine(vectors->of("one"), vectors->of("absent"), 2)));
    folder.file("texts.txt", "one\ntwo\nthree\nfour\n");
    CHECK_FALSE(TextVectors::read_folder(folder.path(), {"one"}, 2));
    CHECK_FALSE(TextVectors::read_folder(folder.path("absent"), {"one"}, 2));

    auto kept = KeptVectors::open(folder.path("kept"), "model-1", 2);
    REQUIRE(kept);
    const float vector[] = {0.6F, 0.8F};
    kept->keep("a text", embed::Int8Vector(vector));
    REQUIRE(kept->save());
    std::string file;
    for (const auto& each : std::filesystem::directory_iterator(folder.path("kept"))) file = each.path().string();
    std::ofstream(file, std::ios::binary | std::ios::app) << "cut off";
    auto again = KeptVectors::open(folder.path("kept"), "model-1", 2);
    REQUIRE(again);
    CHECK(again->has("a text"));
    CHECK_FALSE(again->has("another"));
    again->keep("another", embed::Int8Vector(vector));
    REQUIRE(again->save());
    CHECK(KeptVectors::open(folder.path("kept"), "model-1", 2)->has("another"));
    CHECK_FALSE(KeptVectors::open(folder.path("kept"), "model-2", 2)->has("a text"));
}

TEST_CASE("without a model: hashing alone, said so, or an error where one was demanded") {
    const Folder folder;
    const ScopedVariable cache("WEIR_CACHE", folder.path());
    const ScopedVariable model("WEIR_EMBEDDING_MODEL_FILE", std::nullopt);
    const ScopedVariable server("WEIR_LLAMA_SERVER", std::nullopt);
    std::ostringstream err;
    EmbeddingChoice choice;
    const auto none = embed_texts({"a"}, choice, nullptr, err);
    REQUIRE(none);
    CHECK(none->size() == 0);
    CHECK(err.str().find("no MiniLM model found") != std::string::npos);
    choice.kind = EmbeddingChoice::Kind::minilm;
    CHECK(embed_texts({"a"}, choice, nullptr, err).error().code == ErrorCode::unavailable);
    choice.kind = EmbeddingChoice::Kind::hashing;
    err.str("");
    CHECK(embed_texts({"a"}, choice, nullptr, err)->size() == 0);
    CHECK(err.str().empty());
}
