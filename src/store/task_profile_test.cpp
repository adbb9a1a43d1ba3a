#include "store/task_profile.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/folder_testing.h"
#include "store/example_files.h"
#include "store/example_store.h"

using namespace weir;
using namespace weir::store;

namespace {

constexpr Micros kDay = 24ll * 3600 * 1'000'000;

CostLine line(std::uint64_t requests, std::int64_t nanos) {
    CostLine made;
    made.cascade = "default";
    made.reference = "p/big";
    made.task = 5;
    made.requests = made.past_caches = requests;
    made.past_caches_counterfactual = made.counterfactual = Usd{nanos};
    return made;
}

// `labels` different answers, in turn.
std::vector<Example> labelled(std::size_t count, std::size_t labels) {
    std::vector<Example> examples(count);
    for (std::size_t i = 0; i < count; ++i) {
        Example& one = examples[i];
        one.unix_micros = static_cast<Micros>(i);
        one.prompt_digest = i + 1;
        one.answer_digest = i % labels + 1;
        one.answer_bytes = 8;
        one.content = one.may_distil = true;
    }
    return examples;
}

TaskProfile profile(const std::vector<Example>& examples, std::uint64_t requests = 1'000,
                    std::int64_t nanos = 2'000'000'000) {
    return profile_task(line(requests, nanos), summarize(examples), 1);
}

}  // namespace

TEST_CASE("labels said again and again are eligible") {
    const TaskProfile task = profile(labelled(400, 10));
    CHECK(task.eligible);
    CHECK(task.why_not.empty());
    CHECK(task.examples.answers == 10);
    CHECK(task.examples.answers_once == 0);
    CHECK(task.narrow == 1);
    CHECK(task.checkable == 1);
    CHECK(task.frequent == doctest::Approx(1'000.0 / 1'100));
    CHECK(task.costly == doctest::Approx(2.0 / 2.1));
    CHECK(task.score == doctest::Approx(1'000.0 / 1'100 * 2.0 / 2.1));
    CHECK(task.could_save == Usd{2'000'000'000});
    CHECK(task.requests_per_day == 1'000);
}

TEST_CASE("what stands in the way is said") {
    CHECK(profile({}).why_not == "no answers are kept (store:)");
    CHECK(profile({}).score == 0);
    CHECK(profile(labelled(199, 10)).why_not == "199 of 200 examples");
    CHECK(profile(labelled(400, 400)).why_not == "100 % of the answers are new");
    std::vector<Example> examples = labelled(400, 10);
    examples.back().content = false;
    CHECK(profile(examples).why_not == "only hashes are kept");
    examples.back().may_distil = false;
    CHECK(profile(examples).why_not == "its provider does not say may_distil");
    examples = labelled(400, 10);
    for (std::size_t i = 0; i < 300; ++i) examples[i].content = false;  // `content` is new
    CHECK(profile(examples).why_not == "100 of 200 examples");
    examples = labelled(400, 10);
    for (std::size_t i = 0; i < 100; ++i) examples[i].answer_bytes = 500;
    CHECK(profile(examples).why_not == "25 % of the answers are free text");
    for (std::size_t i = 0; i < 100; ++i) examples[i].json = true;
    CHECK(profile(examples).eligible);
}

TEST_CASE("a reference that does not agree with itself is no teacher") {
    std::vector<Example> examples = labelled(400, 10);
    for (std::size_t i = 0; i < 40; ++i) {
        Example again = examples[i];
        if (i < 10) again.answer_digest = 99;
        examples.push_back(again);
    }
    TaskProfile task = profile(examples);
    CHECK(task.examples.repeats == 40);
    CHECK(task.examples.repeated == 30);
    CHECK(*task.examples.stability() == 0.75);
    CHECK(task.why_not == "asked again it says the same in 75 %");
    CHECK(task.could_save.nanos == doctest::Approx(2e9 * 0.75 * 1.0));
    // Too few repeats do not tell.
    examples = labelled(400, 10);
    examples.push_back(examples.front());
    examples.back().answer_digest = 99;
    CHECK(profile(examples).eligible);
    // The same prompt under another system text is another question.
    examples = labelled(400, 10);
    examples.push_back(examples.front());
    examples.back().system = 7;
    examples.back().answer_digest = 2;
    CHECK(profile(examples).examples.repeats == 0);
    CHECK(profile(examples).examples.forms == 2);
}

TEST_CASE("JSON is open in its values and closed in its form") {
    std::vector<Example> examples = labelled(400, 400);
    for (Example& one : examples) one.json = true, one.answer_bytes = 300;
    const TaskProfile task = profile(examples);
    CHECK(task.eligible);
    CHECK(task.narrow == 0.5);
}

TEST_CASE("scores are shares, and more of the same is not less") {
    rc::check([](std::uint32_t requests, std::uint32_t nanos, std::uint8_t labels, std::uint8_t count) {
        const auto examples = labelled(count, std::size_t{labels} + 1);
        const TaskProfile task = profile(examples, requests, nanos);
        for (const double part : {task.narrow, task.frequent, task.checkable, task.costly, task.score}) {
            RC_ASSERT(part >= 0 && part <= 1);
        }
        RC_ASSERT(task.could_save.nanos <= std::int64_t{nanos});
        RC_ASSERT(profile(examples, std::uint64_t{requests} * 2, std::int64_t{nanos} * 2).score >= task.score);
    });
}

TEST_CASE("ledger and store are put together by cascade, reference and task") {
    TemporaryFolder folder;
    FakeClock clock(10 * kDay);
    ExampleStore::Options options;
    options.folder = examples_folder(folder.path());
    options.clock = &clock;
    auto store = ExampleStore::open(options);
    auto rules = std::make_shared<ExampleRules>();
    rules->course = {"default", "p/big"};
    rules->content = rules->may_distil = true;
    rules->keep_micros = 30 * kDay;
    rules->most = 1'000;
    for (int i = 0; i < 250; ++i) {
        ExampleDraft draft;
        draft.rules = rules;
        draft.tenant = "acme";
        draft.unix_micros = 8 * kDay + i;
        draft.task = 5;
        draft.prompt = "prompt " + std::to_string(i);
        draft.answer = i % 2 == 0 ? "spam" : "ham";
        store->offer(std::move(draft));
    }
    store->flush();
    std::vector<CostLine> costs{line(10, 100), line(2'000, 4'000'000'000), line(0, 0)};
    costs[0].task = 6;
    costs[2].task = 7;
    const auto tasks = profile_tasks(folder.path(), costs, 0, 10 * kDay);
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].ledger.task == 5);
    CHECK(tasks[0].tenant == "acme");
    CHECK(tasks[0].eligible);
    CHECK(tasks[0].requests_per_day == doctest::Approx(1'000));
    CHECK(tasks[0].per_day.nanos == doctest::Approx(2e9));
    CHECK(tasks[1].why_not == "no answers are kept (store:)");
    CHECK(profile_tasks(folder.file("nowhere"), {}, 0, kDay).empty());
}
