#include <doctest/doctest.h>

#include "cli/report_command.h"

using namespace weir;
using namespace weir::cli;

namespace {

store::TaskProfile task() {
    store::TaskProfile made;
    made.tenant = "acme";
    made.ledger.task = 255;
    made.ledger.task_name = "reviews";
    made.ledger.cascade = "c";
    made.ledger.reference = "p/big";
    made.examples.examples = 1'234;
    made.examples.content = made.examples.may_distil = 1'234;
    made.examples.answers = 77;
    made.examples.answers_once = 12;
    made.examples.answer_bytes = 12'340;
    made.examples.repeats = 10;
    made.examples.repeated = 9;
    made.requests_per_day = 411.4;
    made.per_day = Usd{1'500'000'000};
    made.score = 0.625;
    made.eligible = true;
    made.could_save = Usd{1'250'000'000};
    return made;
}

bool says(const std::string& text, std::string_view words) {
    CAPTURE(text);
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("what students could learn, for people") {
    store::TaskProfile other = task();
    other.ledger.task_name.clear();
    other.eligible = false;
    other.why_not = "no answers are kept (store:)";
    other.examples = {};
    const std::string text = render_tasks({task(), other}, 2);
    CHECK(says(text, "What students could learn:"));
    CHECK(says(text,
               "reviews              1,234       77     10         99 %        90 %    411       $1.50   0.62  "
               "eligible: at most $1.25"));
    CHECK(says(text, "00000000000000ff"));
    CHECK(says(text, "no: no answers are kept (store:)"));
    CHECK(render_tasks({other}, 2).empty());
    CHECK(render_tasks({}, 2).empty());
    CHECK(says(render_tasks(std::vector<store::TaskProfile>(25, task()), 2), "5 more tasks score less."));
}

TEST_CASE("the same as JSON") {
    const std::string json = tasks_json({task()});
    for (const char* words : {R"("task": "00000000000000ff", "name": "reviews", "tenant": "acme", "cascade": "c")",
                              R"("eligible": true, "why_not": "", "score": 0.625000)", R"("could_save_usd": "1.25")",
                              R"("same_again": 0.900000})"}) {
        CHECK(says(json, words));
    }
    CHECK(tasks_json({}) == "  \"students\": []");
}
