#include "tiers/student/student_tier.h"

#include <doctest/doctest.h>

#include <cmath>

#include "json/scan.h"
#include "tiers/student/span_testing.h"
#include "tiers/student/student_testing.h"
#include "wire/answer_text.h"

using namespace weir;
using namespace weir::tiers;
using namespace weir::tiers::student;

namespace {

constexpr std::uint64_t kTask = 7;
const std::string kSystem = "Which desk?";
const std::string kTicket = "hello my invoice was charged again, a refund of the payment";

// A request's members after its model.
std::string body_of(const std::string& members) {
    return R"({"model":"big",)" + members + "}";
}
std::string messages(const std::string& user, const std::string& system = kSystem) {
    std::string text = R"("messages":[{"role":"system","content":)";
    json::write_string(system, text);
    text += R"(},{"role":"user","content":)";
    json::write_string(user, text);
    return text + "}]";
}

struct World {
    World() {
        auto made = std::make_shared<store::ExampleRules>();
        made->course = {"default", "fake/big"};
        made->may_distil = true;
        made->redaction = text::Redaction::usual();
        rules = std::move(made);
    }
    std::shared_ptr<const Student> taught(const std::vector<StudentExample>& examples) {
        return *Student::load(*Student::train(examples, {}));
    }
    void put(const std::string& system, const std::string& form, std::shared_ptr<const Student> model,
             const std::string& tenant = "acme") {
        const auto digest = [&](const std::string& text) {
            return text.empty() ? 0 : store::example_digest(tenant, text);
        };
        shelf.put(std::make_shared<ShelvedStudent>(
            StudentKey{tenant, "default", "fake/big", kTask, digest(system), digest(form)}, std::move(model), 1));
    }
    Climb ask(const std::string& members, bool named = false, const std::string& tenant = "acme") {
        body = body_of(members);
        std::string param;
        const auto chat = wire::parse_chat_request(body, param);
        REQUIRE(chat);
        Question question{*chat, tenant};
        question.task = kTask;
        question.task_is_named = named;
        question.embedding = embedding;
        question.embedding_model = Vague::kModel;
        StudentTier tier(shelf, rules, 3, clock);
        Climb climb;
        REQUIRE(tier.offer_at_once(question, climb));
        CHECK(climb.attempt.tier == store::TierKind::student);
        CHECK(climb.attempt.outcome == store::Outcome::declined);  // until a gate opens
        CHECK(climb.offer.has_value() == (climb.because.said == store::Said::nothing));
        return climb;
    }
    std::string said(const Climb& climb) {
        return climb.offer ? wire::answer_text(climb.offer->answer->body).value_or("?") : climb.words();
    }

    FakeClock clock;
    StudentShelf shelf;
    std::shared_ptr<const store::ExampleRules> rules;
    const embed::Int8Vector* embedding = nullptr;
    std::string body;
};

const Tickets kTickets(300, 5);

// The same labels in other words.
std::vector<StudentExample> renamed(std::vector<std::string>& answers, const std::string& before,
                                    const std::string& after) {
    std::vector<StudentExample> all = kTickets.examples();
    answers.clear();
    for (const StudentExample& example : all) answers.push_back(before + std::string(example.answer) + after);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].answer = answers[i];
    return all;
}

}  // namespace

TEST_CASE("student tier: an answer with how sure it is") {
    World world;
    CHECK(world.ask(messages(kTicket)).words() == "no student yet");
    world.put(kSystem, "", world.taught(kTickets.examples()));
    const Climb climb = world.ask(messages(kTicket));
    CHECK(world.said(climb) == "billing");
    REQUIRE(climb.offer->sure);
    CHECK(*climb.offer->sure <= 0);
    CHECK(*climb.offer->sure > std::log(0.9));
    CHECK(climb.offer->answer->model == kStudentName);
    CHECK(climb.offer->answer->cost.nanos == 0);
    CHECK(climb.attempt.priced);
    CHECK(world.ask(messages(kTicket), false, "birch").words() == "no student yet");
}

TEST_CASE("student tier: what it declines") {
    World world;
    world.put(kSystem, "", world.taught(kTickets.examples()));
    const std::string asked = messages(kTicket);
    for (const char* const more :
         {R"("n":2)", R"("logprobs":true)", R"("modalities":["text","audio"])", R"("audio":{"voice":"alloy"})",
          R"("tools":[{"type":"function","function":{"name":"f"}}])"}) {
        CAPTURE(more);
        CHECK(world.ask(asked + "," + more).words() == "not a student's question");
    }
    CHECK(world
              .ask(R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},)"
                   R"({"role":"user","content":"my invoice"}])")
              .words() == "not a student's question");
    const std::string picture =
        R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}])";
    CHECK(world.ask(picture).words().starts_with("declined"));
    CHECK(world.ask(messages("\u6F22\u5B57")).words().starts_with("declined"));  // not one gram that it knows
    auto forbidden = std::make_shared<store::ExampleRules>(*world.rules);
    forbidden->may_distil = false;
    world.rules = forbidden;
    CHECK(world.ask(asked).words() == "not a student's question");
    world.rules = nullptr;
    CHECK(world.ask(asked).words() == "not a student's question");
}

TEST_CASE("student tier: a text has a limit, however it is spelled") {
    World world;
    const auto model = world.taught(kTickets.examples());
    world.put(kSystem, "", model);
    std::string text = kTicket;
    text.resize(most_live_bytes(*model), ' ');
    CHECK(world.said(world.ask(messages(text))) == "billing");
    CHECK(world.ask(messages(text + " ")).words().starts_with("declined: too long"));
    CHECK(world.ask(messages(std::string(1 << 20, 'a'))).words().starts_with("declined: too long"));
    std::string escaped = kTicket;
    for (std::size_t i = text.size() - kTicket.size(); i > 0; --i) escaped += "\\u0020";
    CHECK(world.said(world.ask(R"("messages":[{"role":"user","content":")" + escaped + R"("}])")) == "billing");
}

TEST_CASE("student tier: it is shown what its examples were: redacted texts") {
    World world;
    std::vector<std::string> texts;
    std::vector<StudentExample> examples;
    for (int i = 0; i < 120; ++i) {
        texts.push_back((i % 2 == 0 ? "reach [email] " : "ring [phone] ") + std::to_string(i * 7919 % 1'000));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) examples.push_back({texts[i], i % 2 == 0 ? "mail" : "call"});
    world.put(kSystem, "", world.taught(examples));
    CHECK(world.said(world.ask(messages("jane@example.com"))) == "mail");
    CHECK(world.said(world.ask(messages("+49 30 901820 17"))) == "call");
}

TEST_CASE("student tier: a task that the caller names has a student for each instruction and form") {
    World world;
    std::vector<std::string> shouted, json;
    const std::string form = R"({"type":"json_object"})";
    const std::string asked_form = R"(,"response_format":)" + form;
    world.put(kSystem, "", world.taught(kTickets.examples()));
    CHECK(world.said(world.ask(messages(kTicket), true)) == "billing");
    CHECK(world.ask(messages(kTicket, "What else?"), true).words() == "no student yet");
    CHECK(world.ask(messages(kTicket) + asked_form, true).words() == "no student yet");
    world.put("What else?", "", world.taught(renamed(shouted, "", " desk")));
    world.put(kSystem, form, world.taught(renamed(json, R"({"desk":")", R"("})")));
    CHECK(world.said(world.ask(messages(kTicket), true)) == "billing");
    CHECK(world.said(world.ask(messages(kTicket, "What else?"), true)) == "billing desk");
    CHECK(world.said(world.ask(messages(kTicket) + asked_form, true)) == R"({"desk":"billing"})");
    CHECK(world.ask(messages(kTicket), true, "birch").words() == "no student yet");
    const std::string long_system(kMostLiveContextBytes + 1, 'a');
    CHECK(world.ask(messages(kTicket, long_system), true).words() == "no student yet");
}

TEST_CASE("student tier: instructions are told apart as they are kept, redacted") {
    World world;
    world.put("Write to [email].", "", world.taught(kTickets.examples()));
    CHECK(world.said(world.ask(messages(kTicket, "Write to jane@example.com."), true)) == "billing");
}

TEST_CASE("student tier: what is not of the form that is asked for is not offered") {
    World world;
    world.put(kSystem, "", world.taught(kTickets.examples()));
    const Climb climb = world.ask(messages(kTicket) + R"(,"response_format":{"type":"json_object"})");
    CHECK(climb.words().starts_with("declined: not of the form"));
}

TEST_CASE("student tier: an extraction from the text inside an instruction, in the teacher's form") {
    World world;
    const std::vector<Errand> taught = errands(300, 2);
    std::vector<std::string> prompts;
    std::vector<StudentExample> examples;
    for (const Errand& each : taught) prompts.push_back(instruction(each.slot));
    for (std::size_t i = 0; i < taught.size(); ++i) examples.push_back({prompts[i], taught[i].answer});
    const auto model = world.taught(examples);
    world.put(kSystem, "", model);
    const std::string asked = instruction("Then Andorka slept in Boclel.");
    const Climb climb = world.ask(messages(asked));
    CHECK(world.said(climb) == R"({"person": ["Andorka"], "place": "Boclel"})");
    CHECK(*climb.offer->sure > std::log(0.9));
    CHECK(world.said(world.ask(messages(asked) + R"(,"response_format":{"type":"json_object"})")) ==
          R"({"person": ["Andorka"], "place": "Boclel"})");
    CHECK(world.ask(messages("Then Andorka slept in Boclel.")).words() == "declined: a prompt of another template");
    CHECK(world.ask(messages("Translate into French. " + asked)).words() == "declined: a prompt of another template");
    // What varies has a limit, and the whole prompt has another.
    const std::size_t most = most_live_bytes(*model);
    CHECK(world.ask(messages(instruction(std::string(most, 'a')))).offer);
    CHECK(world.ask(messages(instruction(std::string(most + 1, 'a')))).words() == "declined: too long");
    CHECK(world.ask(messages(instruction(std::string(kMostLivePromptBytes, 'a')))).words().starts_with("declined"));
}

TEST_CASE("student tier: a long instruction around a short text is no obstacle") {
    World world;
    const std::string rules(7'000, 'r');
    std::vector<std::string> prompts;
    std::vector<StudentExample> examples;
    for (const Tickets::Row& row : kTickets.rows) prompts.push_back(rules + "\nThe ticket: " + row.words());
    for (std::size_t i = 0; i < prompts.size(); ++i) examples.push_back({prompts[i], kTickets.rows[i].answer});
    world.put(kSystem, "", world.taught(examples));
    CHECK(world.said(world.ask(messages(rules + "\nThe ticket: " + kTicket))) == "billing");
    CHECK(world.ask(messages(kTicket)).words() == "declined: a prompt of another template");
}

TEST_CASE("student tier: an answer that needs what was taken out of the question is not given") {
    World world;
    std::vector<std::string> prompts, answers;
    std::vector<StudentExample> examples;
    for (const Errand& each : errands(200, 2)) {
        const bool mail = prompts.size() % 2 == 0;
        prompts.push_back("Whom to write to? " + each.slot + (mail ? " Mail [email], please." : " Ring us."));
        answers.push_back(mail ? R"({"to": "[email]"})" : R"({"to": null})");
    }
    for (std::size_t i = 0; i < prompts.size(); ++i) examples.push_back({prompts[i], answers[i]});
    world.put(kSystem, "", world.taught(examples));
    CHECK(world.said(world.ask(messages("Whom to write to? Then Bo slept. Ring us."))) == R"({"to": null})");
    CHECK(world.ask(messages("Whom to write to? Then Bo slept. Mail jane@example.com, please.")).words() ==
          "declined: its answer needs what it was not shown");
}

TEST_CASE("student tier: a question's embedding is shown, but not that of a text from which something was taken out") {
    const Vague known(300, 5), asked(1, 6);
    World world;
    world.put(kSystem, "", world.taught(known.examples()));
    const std::string& text = asked.tickets.rows[0].text;
    const Climb without = world.ask(messages(text));
    world.embedding = &asked.vectors[0];
    const Climb with = world.ask(messages(text));
    REQUIRE(without.offer);
    REQUIRE(with.offer);
    CHECK(world.said(with) == asked.tickets.rows[0].answer);
    CHECK(with.attempt.evidence > std::log(0.8F));
    CHECK(without.attempt.evidence < std::log(0.8F));
    const Climb redacted = world.ask(messages(text + " ann@example.org"));
    REQUIRE(redacted.offer);
    CHECK(redacted.attempt.evidence < std::log(0.8F));
    const embed::Int8Vector none;
    world.embedding = &none;
    CHECK(world.ask(messages(text)).attempt.evidence == without.attempt.evidence);
}
