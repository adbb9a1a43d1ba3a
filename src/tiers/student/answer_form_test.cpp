#include "tiers/student/answer_form.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "learn/softmax_regression.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

constexpr std::int32_t kUnknown = learn::SoftmaxRegression::kUnknown;

std::optional<AnswerForm> form_of(const std::vector<std::string>& answers) {
    std::vector<std::string_view> views(answers.begin(), answers.end());
    return AnswerForm::find(views);
}

std::vector<std::string> often(std::vector<std::string> answers, std::size_t times = 4) {
    const std::vector<std::string> once = answers;
    for (std::size_t i = 1; i < times; ++i) answers.insert(answers.end(), once.begin(), once.end());
    return answers;
}

// Probabilities that say what the answer says.
std::string said_back(const AnswerForm& form, std::string_view answer) {
    std::vector<std::int32_t> targets;
    form.targets(answer, targets);
    std::vector<float> probabilities;
    for (std::size_t head = 0; head < targets.size(); ++head) {
        for (std::uint32_t i = 0; i < form.heads()[head]; ++i) {
            const bool hit = form.heads()[head] == 1 ? targets[head] == 1 : targets[head] == static_cast<int>(i);
            probabilities.push_back(hit ? 0.9F : 0.05F);
        }
    }
    return form.choose(probabilities).text;
}

}  // namespace

TEST_CASE("form: one label, as it is mostly written") {
    const auto form = form_of({"Refund.", "refund", "refund", "Refund.", "Refund.", "card arrival", "card arrival ",
                               "card  arrival", "lost"});
    REQUIRE(form);
    CHECK(form->kind() == AnswerKind::label);
    REQUIRE(form->fields().size() == 1);
    REQUIRE(form->fields()[0].labels.size() == 2);
    CHECK(form->heads().size() == 1);
    CHECK(said_back(*form, " REFUND") == "Refund.");
    CHECK(said_back(*form, "card arrival.") == "card arrival");
    std::vector<std::int32_t> targets;
    CHECK(form->targets("refund!", targets));
    CHECK_FALSE(form->targets("lost", targets));  // seen once
    CHECK(targets == std::vector<std::int32_t>{kUnknown});
}

TEST_CASE("form: numbers in their order, equal ones as one") {
    const auto form = form_of({"10", "10", "2", "2.0", "2", "-1", "-1", "3", "3", "3"});
    REQUIRE(form);
    CHECK(form->kind() == AnswerKind::number);
    const auto& labels = form->fields()[0].labels;
    REQUIRE(labels.size() == 4);
    CHECK(labels[0].text == "-1");
    CHECK(labels[1].text == "2");
    CHECK(labels[3].text == "10");
}

TEST_CASE("form: several labels, in the teacher's order and writing") {
    const auto list =
        form_of(often({"billing, urgent", "billing", "urgent", "login, urgent", "billing, login, urgent"}));
    REQUIRE(list);
    CHECK(list->kind() == AnswerKind::labels);
    CHECK(list->heads().size() == 3);
    CHECK(said_back(*list, "urgent,login") == "login, urgent");
    const auto array = form_of(often({"[\"a\",\"b\"]", "[\"b\"]", "[]", "[\"a\"]", "[\"a\",\"c\"]", "[\"c\"]"}));
    REQUIRE(array);
    CHECK(array->kind() == AnswerKind::labels);
    CHECK(said_back(*array, "[ \"a\", \"c\" ]") == "[\"a\",\"c\"]");
    CHECK(said_back(*array, "[]") == "[]");
    // One label with a comma in it is one label.
    const auto one = form_of(often({"yes, please", "no, thanks"}));
    REQUIRE(one);
    CHECK(one->kind() == AnswerKind::label);
    CHECK(form_of(often({"1,000", "2,000"}))->kind() == AnswerKind::label);
}

TEST_CASE("form: an object's fields, rendered in its own frame") {
    std::vector<std::string> answers;
    for (int i = 0; i < 24; ++i) {
        const std::string mood = i % 2 == 0 ? "good" : "bad", tags = i % 3 == 0   ? "[]"
                                                                     : i % 3 == 1 ? "[\"x\"]"
                                                                                  : "[\"x\", \"y\"]";
        answers.push_back("```json\n{\n  \"mood\": \"" + mood + "\",\n  \"meta\": {\"stars\": " +
                          std::to_string(i % 4) + ", \"v\": 1},\n  \"tags\": " + tags + "\n}\n```");
    }
    const auto form = form_of(answers);
    REQUIRE(form);
    CHECK(form->kind() == AnswerKind::object);
    CHECK(form->fields().size() == 4);
    CHECK(form->heads().size() == 4);  // mood, stars, and two tags; "v" is always 1
    for (const std::string& answer : answers) CHECK(said_back(*form, answer) == answer);
    // Members in another order and spacing say the same.
    CHECK(said_back(*form, "{\"tags\":[\"x\"],\"meta\":{\"v\":1,\"stars\":1},\"mood\":\"bad\"}") == answers[1]);
    std::vector<std::int32_t> targets;
    CHECK_FALSE(form->targets("{\"mood\": \"good\"}", targets));
    CHECK_FALSE(form->targets("good", targets));
}

TEST_CASE("form: what is not narrow") {
    std::vector<std::string> prose, reasons, one;
    for (int i = 0; i < 20; ++i) {
        prose.push_back("The answer to this is rather long and number " + std::to_string(i * 37 + 5) + " of its kind");
        reasons.push_back("{\"label\": \"a\", \"reason\": \"because " + std::to_string(i) + "\"}");
        one.push_back("ok");
    }
    CHECK_FALSE(form_of(prose));
    CHECK_FALSE(form_of(reasons));  // one field is free text
    CHECK_FALSE(form_of(one));      // nothing varies
    CHECK_FALSE(form_of({"a", "a", "b", "b"}));
    CHECK_FALSE(form_of({}));
}

TEST_CASE("form: written and read back") {
    const auto form = form_of(often({"{\"a\": 1, \"b\": [\"x\"]}", "{\"a\": 2, \"b\": [\"x\", \"y\"]}",
                                     "{\"a\": 1, \"b\": []}", "{\"a\": 2, \"b\": [\"y\"]}"}));
    REQUIRE(form);
    learn::ModelWriter to;
    form->write(to);
    learn::ModelReader from(to.bytes());
    const auto read = AnswerForm::read(from);
    REQUIRE(read);
    CHECK(*read == *form);
    for (std::size_t size = 0; size < to.bytes().size(); ++size) {
        learn::ModelReader cut(std::string_view(to.bytes()).substr(0, size));
        CHECK_FALSE(AnswerForm::read(cut));
    }
}

TEST_CASE("form: log-probability and margin") {
    const auto form = form_of(often({"{\"a\": 1, \"b\": 1}", "{\"a\": 2, \"b\": 2}"}));
    REQUIRE(form);
    const std::vector<float> p = {0.25F, 0.75F, 0.5F, 0.5F};
    const auto choice = form->choose(p);
    CHECK(choice.text == "{\"a\": 2, \"b\": 1}");
    CHECK(choice.log_probability == doctest::Approx(std::log(0.375)));
    CHECK(choice.margin == doctest::Approx(0));
}
