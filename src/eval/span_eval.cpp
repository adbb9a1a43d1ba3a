#include "eval/span_eval.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "eval/json_lines.h"
#include "json/scan.h"
#include "tiers/student/nearest_copy.h"
#include "tiers/student/prompt_slot.h"
#include "tiers/student/span_student.h"

namespace weir::eval {
namespace {

using namespace tiers::student;

constexpr std::size_t kParts = 10;  // of the calibration's check

Result<SpanRow> read_row(std::string_view line) {
    std::vector<json::Member> members;
    if (auto found = json::members(line, members, 64); !found) return tl::unexpected(found.error());
    SpanRow row;
    std::vector<std::string_view> seen;
    for (const json::Member& member : members) {
        std::string* const to = member.key == "prompt"   ? &row.prompt
                                : member.key == "answer" ? &row.answer
                                : member.key == "gold"   ? &row.gold
                                                         : nullptr;
        if (to == nullptr) continue;
        if (std::find(seen.begin(), seen.end(), member.key) != seen.end()) {
            return fail(ErrorCode::invalid, "\"" + member.key + "\" stands there twice");
        }
        seen.push_back(member.key);
        if (member.key == "gold" && json::is_null(member.raw(line))) continue;
        if (!json::append_string(member.raw(line), *to)) {
            return fail(ErrorCode::invalid, "\"" + member.key + "\" is no string");
        }
    }
    if (row.prompt.empty() || row.answer.empty()) return fail(ErrorCode::invalid, "no \"prompt\" or no \"answer\"");
    if (row.gold.empty()) row.gold = row.answer;
    return row;
}

struct Judged {
    double probability = 0;
    bool same = false;
};

// The largest share that can be served, surest first, with at most `differ` of it different.
double servable(const std::vector<Judged>& sorted, std::size_t rows, double differ) {
    std::size_t wrong = 0, served = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        wrong += sorted[i].same ? 0 : 1;
        if (static_cast<double>(wrong) <= differ * static_cast<double>(i + 1)) served = i + 1;
    }
    return static_cast<double>(served) / static_cast<double>(rows);
}

double calibration_error(const std::vector<Judged>& sorted) {
    double error = 0;
    for (std::size_t part = 0; part < kParts; ++part) {
        const std::size_t begin = sorted.size() * part / kParts, end = sorted.size() * (part + 1) / kParts;
        double said = 0, seen = 0;
        for (std::size_t i = begin; i < end; ++i) {
            said += sorted[i].probability;
            seen += sorted[i].same ? 1 : 0;
        }
        error += std::abs(said - seen);
    }
    return sorted.empty() ? 0 : error / static_cast<double>(sorted.size());
}

std::size_t in_common(std::vector<SpanValue> found, const std::vector<SpanValue>& wanted) {
    std::size_t count = 0;
    for (const SpanValue& each : wanted) {
        const auto at = std::find(found.begin(), found.end(), each);
        if (at == found.end()) continue;
        ++count;
        found.erase(at);
    }
    return count;
}

double over(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Result<std::vector<SpanRow>> read_span_rows(const std::string& file) {
    std::vector<SpanRow> rows;
    const auto read = read_json_lines(file, [&](std::string_view line) -> Result<void> {
        auto row = read_row(line);
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
        return {};
    });
    if (!read) return tl::unexpected(read.error());
    return rows;
}

namespace {

// One student and how it is asked.
class Pupil {
  public:
    Result<void> learn(std::span<const StudentExample> examples, const SpanPlay& play) {
        form_ = SpanForm::learn(examples);
        if (play.nearest) {
            auto made = NearestCopy::train(examples);
            if (!made) return tl::unexpected(made.error());
            nearest_ = std::move(*made);
            return {};
        }
        SpanStudent::Options options;
        options.tagger.seed = play.seed;
        auto made = SpanStudent::train(examples, options);
        if (!made) return tl::unexpected(made.error());
        spans_ = std::move(*made);
        return {};
    }

    bool answer(std::string_view slot, std::string& text, double& log_probability) {
        const bool answered =
            spans_ ? spans_->answer(slot, scratch_, answer_) : nearest_->answer(slot, nearest_scratch_, answer_);
        text = answer_.text;
        log_probability = answer_.log_probability;
        return answered;
    }

    // The spans of an answer; none where it is of another form, or the task is no extraction.
    void read(std::string_view text, std::vector<SpanValue>& out) const {
        out.clear();
        if (form_) form_->read(text, out);
    }
    std::size_t trained() const { return spans_ ? spans_->training().learned : nearest_->rows(); }
    std::size_t bytes() const { return spans_ ? spans_->bytes().size() : nearest_->bytes().size(); }
    std::size_t features() const { return spans_ ? spans_->features() : 0; }

  private:
    std::optional<SpanForm> form_;
    std::optional<SpanStudent> spans_;
    std::optional<NearestCopy> nearest_;
    SpanStudent::Scratch scratch_;
    NearestCopy::Scratch nearest_scratch_;
    StudentAnswer answer_;
};

void score(std::vector<Judged>& judged, std::vector<double>& micros, SpanSummary& summary) {
    std::stable_sort(judged.begin(), judged.end(),
                     [](const Judged& a, const Judged& b) { return a.probability > b.probability; });
    std::size_t same = 0;
    for (const Judged& each : judged) {
        same += each.same ? 1 : 0;
        summary.same_said += each.probability / static_cast<double>(summary.scored);
    }
    summary.same = over(same, summary.scored);
    summary.served_2 = servable(judged, summary.scored, 0.02);
    summary.served_5 = servable(judged, summary.scored, 0.05);
    summary.calibration_error = calibration_error(judged);
    for (const double each : micros) summary.answer_micros += each / static_cast<double>(micros.size());
    std::sort(micros.begin(), micros.end());
    summary.answer_micros_p99 = micros[micros.size() * 99 / 100];
}

}  // namespace

Result<SpanSummary> evaluate_spans(const std::vector<SpanRow>& rows, const SpanPlay& play, const Clock& clock) {
    if (play.train >= rows.size()) return fail(ErrorCode::invalid, "no rows behind those to learn from");
    // The prompts' varying part first, as it would be known after the same rows.
    std::vector<std::string_view> prompts, slots;
    for (std::size_t i = 0; i < play.train; ++i) prompts.push_back(rows[i].prompt);
    const PromptSlot cutter = PromptSlot::learn(prompts);
    std::vector<std::string> buffers(play.train);
    std::vector<StudentExample> examples;
    for (std::size_t i = 0; i < play.train; ++i) {
        if (cutter.cut(rows[i].prompt, slots)) examples.push_back({slot_text(slots, buffers[i]), rows[i].answer});
    }
    SpanSummary summary;
    Pupil pupil;
    const Micros began = clock.steady_micros();
    if (auto learned = pupil.learn(examples, play); !learned) return tl::unexpected(learned.error());
    summary.train_seconds = static_cast<double>(clock.steady_micros() - began) * 1e-6;
    summary.trained = pupil.trained();
    summary.bytes = pupil.bytes();
    summary.features = pupil.features();
    summary.slots = cutter.whole() ? 0 : cutter.slots();

    std::vector<Judged> judged;
    std::vector<double> micros;
    std::vector<SpanValue> found, wanted;
    std::string buffer, text;
    double log_probability = 0;
    std::size_t common = 0, found_count = 0, wanted_count = 0;
    for (std::size_t i = play.train; i < rows.size(); ++i) {
        const Micros start = clock.steady_micros();
        const bool answered =
            cutter.cut(rows[i].prompt, slots) && pupil.answer(slot_text(slots, buffer), text, log_probability);
        micros.push_back(static_cast<double>(clock.steady_micros() - start));
        ++summary.scored;
        pupil.read(rows[i].gold, wanted);
        wanted_count += wanted.size();
        if (!answered) {
            ++summary.declined;
            continue;
        }
        pupil.read(text, found);
        found_count += found.size();
        common += in_common(found, wanted);
        judged.push_back({std::exp(log_probability), text == rows[i].answer});
    }
    summary.precision = over(common, found_count);
    summary.recall = over(common, wanted_count);
    summary.f1 = over(2 * common, found_count + wanted_count);
    score(judged, micros, summary);
    return summary;
}

}  // namespace weir::eval
