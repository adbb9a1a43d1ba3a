// Training, the part of a file, answers.
#include "tiers/student/student_model.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tiers/student/student_testing.h"
#include "tiers/student/student_trainer.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

std::string trained(std::size_t rows, std::uint64_t seed = 1) {
    const Tickets tickets(rows, 5);
    TrainingOptions options;
    options.seed = seed;
    auto bytes = train_student(tickets.examples(), options);
    REQUIRE(bytes);
    return *bytes;
}

}  // namespace

TEST_CASE("student: learns a narrow task and knows when it does") {
    const auto model = StudentModel::load(trained(400));
    REQUIRE(model);
    CHECK((*model)->examples() == 400);
    const Tickets asked(200, 6);
    std::size_t sure = 0, right = 0;
    for (const Tickets::Row& row : asked.rows) {
        const StudentAnswer answer = (*model)->answer(row.text);
        if (answer.declined != Declined::no || answer.log_probability < std::log(0.9)) continue;
        ++sure;
        right += answer.text == row.answer ? 1 : 0;
        CHECK(answer.log_probability <= 0);
        CHECK(answer.margin > 0);
    }
    CHECK(sure > 120);
    CHECK(right >= sure * 95 / 100);
    CHECK((*model)->could_say("billing"));
    CHECK_FALSE((*model)->could_say("weather"));
}

TEST_CASE("student: what it declines, and what is its word worth on strange texts") {
    const auto model = StudentModel::load(trained(300));
    REQUIRE(model);
    CHECK((*model)->answer("").declined == Declined::nothing);
    CHECK((*model)->answer("\u6F22\u5B57 \u4E2D\u6587").declined == Declined::nothing);
    CHECK((*model)->answer(std::string(kMostTextBytes + 1, 'a')).declined == Declined::too_long);
    const StudentAnswer strange =
        (*model)->answer("wir haben gestern ein ganz anderes Vorhaben besprochen, und es ging um Gemuese und Obst");
    CHECK(strange.log_probability < std::log(0.5));
    CHECK(strange.novelty > 0.5);
}

TEST_CASE("student: the same bytes by the same seed, others by another") {
    CHECK(trained(120, 1) == trained(120, 1));
    CHECK(trained(120, 1) != trained(120, 2));
    const Tickets a(50, 1), b(51, 1);
    CHECK(training_set_digest(a.examples()) != training_set_digest(b.examples()));
}

TEST_CASE("student: too few examples, no narrow task, stopped") {
    const Tickets tickets(10, 1);
    CHECK(train_student(tickets.examples(), {}).error().code == ErrorCode::invalid);
    std::vector<std::string> prose;
    std::vector<StudentExample> examples;
    for (int i = 0; i < 60; ++i) prose.push_back("an answer like no other, number " + std::to_string(i));
    for (const std::string& each : prose) examples.push_back({"question", each});
    CHECK(train_student(examples, {}).error().code == ErrorCode::invalid);
    std::stop_source stop;
    stop.request_stop();
    const Tickets more(100, 1);
    CHECK(train_student(more.examples(), {}, stop.get_token()).error().code == ErrorCode::canceled);
}

TEST_CASE("student: a part of a file that is cut, or too long, is refused") {
    const std::string bytes = trained(40);
    const auto viewed = StudentModel::view(bytes), loaded = StudentModel::load(bytes);
    REQUIRE(viewed);
    REQUIRE(loaded);
    CHECK((*viewed)->form() == (*loaded)->form());
    const std::size_t step = std::max<std::size_t>(1, bytes.size() / 1'500);
    for (std::size_t at = 0; at < bytes.size(); at += at < 400 ? 1 : step) {
        CHECK_FALSE(StudentModel::load(bytes.substr(0, at)));
    }
    CHECK_FALSE(StudentModel::load(bytes + "x"));
}

TEST_CASE("student: a large vocabulary is cut to the limit") {
    const Tickets tickets(300, 3);
    TrainingOptions options;
    const auto whole = train_student(tickets.examples(), options);
    options.most_weight_bytes = 20'000;
    const auto cut = train_student(tickets.examples(), options);
    REQUIRE(whole);
    REQUIRE(cut);
    CHECK(cut->size() < 22'000);
    CHECK(cut->size() < whole->size());
    CHECK(StudentModel::load(*cut));
}

namespace {

struct Score {
    std::size_t sure = 0, right = 0;
};
// Answers of which it is sure, of those all right ones.
Score score_of(const StudentModel& model, const Vague& asked, bool with_embeddings) {
    Score score;
    for (std::size_t i = 0; i < asked.tickets.rows.size(); ++i) {
        const StudentAnswer answer =
            model.answer(asked.tickets.rows[i].text, with_embeddings ? asked.embedding(i) : TextEmbedding{});
        if (answer.declined != Declined::no || answer.log_probability < std::log(0.9)) continue;
        ++score.sure;
        score.right += answer.text == asked.tickets.rows[i].answer ? 1 : 0;
    }
    return score;
}

}  // namespace

TEST_CASE("student: what the words do not tell its embedding does") {
    const Vague known(300, 5), asked(200, 6);
    const auto bytes = train_student(known.examples(), {});
    REQUIRE(bytes);
    CHECK(*bytes == *train_student(known.examples(), {}));
    const auto model = StudentModel::load(*bytes);
    REQUIRE(model);
    CHECK((*model)->dense().model() == Vague::kModel);
    CHECK((*model)->dense().dimensions() == Vague::kDimensions);
    const Score with = score_of(**model, asked, true), without = score_of(**model, asked, false);
    CHECK(with.sure > 150);
    CHECK(with.right >= with.sure * 95 / 100);
    CHECK(without.sure < 20);
}

TEST_CASE("student: without an embedding it answers as one that never knew of any") {
    const Vague known(200, 5);
    const auto with = StudentModel::load(*train_student(known.examples(), {}));
    const auto without = StudentModel::load(*train_student(known.examples(0), {}));
    REQUIRE(with);
    REQUIRE(without);
    CHECK((*without)->dense().model() == 0);
    const Vague asked(1, 9);
    const std::string& text = asked.tickets.rows[0].text;
    const StudentAnswer plain = (*without)->answer(text);
    TextEmbedding other = asked.embedding(0), shorter = other, none = other;
    other.model += 1;
    shorter.codes = shorter.codes.first(Vague::kDimensions - 1);
    none.scale = 0;
    for (const TextEmbedding& embedding : {TextEmbedding{}, other, shorter, none}) {
        const StudentAnswer answer = (*with)->answer(text, embedding);
        CHECK(answer.text == plain.text);
        CHECK(answer.log_probability == plain.log_probability);
    }
    CHECK((*without)->answer(text, asked.embedding(0)).log_probability == plain.log_probability);
    CHECK((*with)->answer(text, asked.embedding(0)).log_probability != plain.log_probability);
}

TEST_CASE("student: embeddings of enough examples, and of the latest one's model") {
    const Vague known(200, 5);
    const auto dense_of = [](const std::vector<StudentExample>& examples) {
        return StudentModel::load(*train_student(examples, {})).value()->dense().model();
    };
    CHECK(dense_of(known.examples(80)) == Vague::kModel);
    CHECK(dense_of(known.examples(50)) == 0);  // less than three in ten
    std::vector<StudentExample> changed = known.examples();
    for (std::size_t i = 120; i < 200; ++i) changed[i].embedding.model = 7;
    CHECK(dense_of(changed) == 7);
    for (std::size_t i = 120; i < 190; ++i) changed[i].embedding.model = Vague::kModel;
    CHECK(dense_of(changed) == 0);  // a new model's first ten
}

TEST_CASE("student: a part for embeddings that is cut, longer or no number is refused") {
    const std::string bytes = *train_student(Vague(60, 1).examples(), {});
    REQUIRE(StudentModel::load(bytes));
    // Its weights (a byte each of 16 columns), its scales and its bias come last.
    constexpr std::size_t kWeights = Vague::kDimensions * 16, kScales = 4 * Vague::kDimensions, kBias = 4 * 16;
    for (std::size_t cut = 1; cut < kWeights + kScales + kBias; ++cut) {
        CHECK_FALSE(StudentModel::load(bytes.substr(0, bytes.size() - cut)));
    }
    CHECK_FALSE(StudentModel::load(bytes + "x"));
    const std::string not_a_number("\0\0\xC0\x7F", 4);
    for (std::size_t from_end :
         {kWeights + 4, kWeights + kScales, kWeights + kScales + 4, kWeights + kScales + kBias}) {
        std::string other = bytes;
        other.replace(bytes.size() - from_end, 4, not_a_number);
        CHECK_FALSE(StudentModel::load(other));
    }
}
