// `weir eval examples`: which earlier rows a model would be shown beside each row (tiers/model/example_source.h), in
// the file's order, and how much these alone say of the teacher's answer. Thread rule: one thread; seconds. Limits:
// those of student_rows.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/student_rows.h"
#include "tiers/model/gathering.h"

namespace weir::eval {

struct ExamplePlay {
    tiers::Showing showing = tiers::kUsualShowing;
    std::size_t from = 0;  // rows before that are examples alone
};

struct ShownRows {
    struct Row {
        std::string id;
        double similarity = 0;
    };
    std::string id;         // beside which row
    std::vector<Row> rows;  // in the order in which they are shown; empty: the tier would decline
};

struct ExampleSummary {
    std::size_t rows = 0, shown = 0;  // scored; of those, with an example
    double examples = 0, tokens = 0;  // means over those with an example
    double similarity = 0;            // the median of the nearest one's
    double nearest_same = 0;          // share of those with an example whose nearest one has the teacher's answer
    double vote_same = 0;             // ... of whose examples, by similarity, most have it
};

// Of each task and instruction the examples are indexed anew when they have grown by an eighth, as the gateway does it.
ExampleSummary play_examples(const std::vector<StudentRow>& rows, const ExamplePlay& play,
                             const std::function<void(const ShownRows&)>& visit);

}  // namespace weir::eval
