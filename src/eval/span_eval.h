// `weir eval spans`: how well the student for extraction (tiers/student/span_student.h) learns a recorded task. It
// finds the prompts' varying part, learns from the first rows and is scored on those behind them.
// Thread rule: one thread; seconds. Limits: kMostRows rows, kMostLineBytes a line (tsv.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace weir::eval {

struct SpanRow {
    std::string prompt, answer, gold;  // gold: the answer, where the row has none
};
// JSONL {"id","task","system","prompt","answer","gold"?}; other members are ignored. Errors: file:line.
Result<std::vector<SpanRow>> read_span_rows(const std::string& file);

struct SpanPlay {
    std::size_t train = 5000;  // rows from the start
    std::uint64_t seed = 1;
    bool nearest = false;  // nearest_copy.h instead; of a task that is no extraction, F1 is 0
};

struct SpanSummary {
    std::size_t trained = 0, scored = 0, declined = 0;
    double precision = 0, recall = 0, f1 = 0;  // spans that are exactly those of gold, in the same place of the form
    double same = 0;                           // share of answers that are the teacher's, byte by byte
    double same_said = 0;                      // the same, as the student's probabilities say
    double served_2 = 0, served_5 = 0;  // largest shares that can be served with 2 %, 5 % differing: in hindsight
    double calibration_error = 0;       // mean of |said - seen| over ten equal parts by probability
    double train_seconds = 0, answer_micros = 0, answer_micros_p99 = 0;
    std::size_t bytes = 0, features = 0;
    std::size_t slots = 0;  // of the prompts' template; 0: they have none
};

// Errors: no rows behind those to learn from, or nothing that the student can learn (invalid).
Result<SpanSummary> evaluate_spans(const std::vector<SpanRow>& rows, const SpanPlay& play, const Clock& clock);

}  // namespace weir::eval
