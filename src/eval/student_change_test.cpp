#include "eval/student_change.h"

#include <doctest/doctest.h>

using namespace weir::eval;

TEST_CASE("student change: what a row becomes") {
    const StudentRow row{"1", "t", "s", "Where is my parcel 7?", "card_arrival", "card_arrival"};
    const StudentRow renamed = changed(row, Change::rename);
    CHECK(renamed.prompt == row.prompt);
    CHECK(renamed.answer != row.answer);
    CHECK(renamed.answer.size() == row.answer.size());
    CHECK_FALSE(renamed.gold);
    const StudentRow foreign = changed(row, Change::language);
    CHECK(foreign.answer == row.answer);
    CHECK(foreign.gold == row.gold);
    CHECK(foreign.prompt != row.prompt);
    CHECK(foreign.prompt.ends_with(" 7?"));
    CHECK(changed(row, Change::none).prompt == row.prompt);
    std::size_t anew = 0;
    for (int i = 0; i < 800; ++i) {
        StudentRow one = row;
        one.prompt = std::to_string(i);
        const StudentRow same = changed(one, Change::new_label);
        anew += same.answer != one.answer ? 1 : 0;
        CHECK(same.gold.has_value() == (same.answer == one.answer));
    }
    CHECK(anew > 60);
    CHECK(anew < 140);
    CHECK(parse_change("new-label") == Change::new_label);
    CHECK_FALSE(parse_change("earthquake"));
}
