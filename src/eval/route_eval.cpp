#include "eval/route_eval.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/route_curve.h"
#include "learn/random_bits.h"
#include "text/word_table.h"

namespace weir::eval {
namespace {

using cascade::PromptFeatures;
using cascade::TriageModel;
using cascade::TriageRow;

constexpr std::size_t kLeastScored = 2;

struct Rows {
    std::vector<PromptFeatures> prompts;
    std::vector<const embed::Int8Vector*> vectors;
    std::vector<std::uint64_t> groups;
    std::vector<double> bytes;
    std::vector<bool> weak, strong;
    double micros_a_prompt = 0;
};

Result<Rows> features_of(const std::vector<CascadeRow>& rows, const TextVectors& vectors, const Clock& clock) {
    Rows to;
    const Micros began = clock.steady_micros();
    for (const CascadeRow& row : rows) to.prompts.push_back(cascade::prompt_features(row.system, row.prompt));
    to.micros_a_prompt = static_cast<double>(clock.steady_micros() - began) / static_cast<double>(rows.size());
    for (const CascadeRow& row : rows) {
        if (row.models.size() != 2 || !row.models[0].correct || !row.models[1].correct) {
            return fail(ErrorCode::invalid, "row " + row.id + ": \"correct\" is missing");
        }
        to.groups.push_back(text::word_id(row.task + '\n' + row.system));
        to.vectors.push_back(vectors.find(row.prompt));
        to.bytes.push_back(static_cast<double>(row.prompt.size()));
        to.weak.push_back(*row.models[0].correct);
        to.strong.push_back(*row.models[1].correct);
    }
    return to;
}

struct Scored {
    std::vector<double> benefit, agree, gain, bytes;
    std::vector<bool> weak, strong, agreed, gained;
};

struct Times {
    double fit = 0, predict = 0;  // microseconds, sums
    std::size_t fits = 0, predictions = 0;
};

class Draw {
  public:
    Draw(const Rows& rows, const RoutePlay& play, const Clock& clock, Times& times)
        : rows_(rows), play_(play), clock_(clock), times_(times) {}

    Result<void> learn_and_score(std::span<const std::size_t> known, std::span<const std::size_t> asked, Scored& to) {
        std::vector<TriageRow> labelled;
        for (const std::size_t i : known) {
            TriageRow row;
            row.prompt = &rows_.prompts[i];
            row.group = rows_.groups[i];
            row.embedding = rows_.vectors[i];
            row.agreed = rows_.weak[i] == rows_.strong[i];
            row.benefit = static_cast<float>(int{rows_.strong[i]} - int{rows_.weak[i]});
            labelled.push_back(row);
        }
        const Micros began = clock_.steady_micros();
        const auto model = TriageModel::fit(labelled, play_.triage);
        if (!model) return tl::unexpected(model.error());
        const Micros fitted = clock_.steady_micros();
        for (const std::size_t i : asked) {
            const TriageModel::Prediction made = model->predict(rows_.prompts[i], rows_.groups[i], rows_.vectors[i]);
            to.benefit.push_back(made.benefit);
            to.agree.push_back(made.agree);
            to.gain.push_back(made.gain);
        }
        times_.predict += static_cast<double>(clock_.steady_micros() - fitted);
        times_.fit += static_cast<double>(fitted - began);
        times_.predictions += asked.size();
        ++times_.fits;
        for (const std::size_t i : asked) {
            to.bytes.push_back(rows_.bytes[i]);
            to.weak.push_back(rows_.weak[i]);
            to.strong.push_back(rows_.strong[i]);
            to.agreed.push_back(rows_.weak[i] == rows_.strong[i]);
            to.gained.push_back(rows_.strong[i] && !rows_.weak[i]);
        }
        return {};
    }

    Result<Scored> labels(std::span<const std::size_t> order) {
        Scored to;
        const auto done = learn_and_score(order.first(play_.labels), order.subspan(play_.labels), to);
        if (!done) return tl::unexpected(done.error());
        return to;
    }

    // Predictions of different folds' models are compared as they are: that is part of what is measured.
    Result<Scored> folds(std::span<const std::size_t> order, std::size_t folds) {
        Scored to;
        for (std::size_t fold = 0; fold < folds; ++fold) {
            const std::size_t from = fold * order.size() / folds, behind = (fold + 1) * order.size() / folds;
            std::vector<std::size_t> known(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(from));
            known.insert(known.end(), order.begin() + static_cast<std::ptrdiff_t>(behind), order.end());
            const auto done = learn_and_score(known, order.subspan(from, behind - from), to);
            if (!done) return tl::unexpected(done.error());
        }
        return to;
    }

  private:
    const Rows& rows_;
    const RoutePlay& play_;
    const Clock& clock_;
    Times& times_;
};

RouteSummary::Spread spread_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
        return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
    };
    return {std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), at(0.05),
            at(0.95)};
}

Result<void> check(const std::vector<CascadeRow>& rows, const RoutePlay& play) {
    if (play.redraws == 0) return fail(ErrorCode::invalid, "there is no re-draw to be made");
    if (play.folds) {
        if (*play.folds >= 2 && *play.folds <= rows.size()) return {};
        return fail(ErrorCode::invalid, "there are from 2 folds to as many as rows: " + std::to_string(rows.size()));
    }
    if (play.labels > 0 && play.labels + kLeastScored <= rows.size()) return {};
    return fail(ErrorCode::invalid, std::to_string(play.labels) + " labels of " + std::to_string(rows.size()) +
                                        " rows leave none to score; cross-validate with --folds");
}

}  // namespace

Result<RouteSummary> evaluate_router(const std::vector<CascadeRow>& rows, const RoutePlay& play, const Clock& clock,
                                     const TextVectors& vectors) {
    if (const auto good = check(rows, play); !good) return tl::unexpected(good.error());
    const auto known = features_of(rows, vectors, clock);
    if (!known) return tl::unexpected(known.error());
    Times times;
    Draw draw(*known, play, clock, times);
    std::vector<double> apgrs, lengths;
    RouteSummary summary;
    for (std::size_t redraw = 0; redraw < play.redraws; ++redraw) {
        std::vector<std::size_t> order(rows.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        learn::RandomBits random(play.seed * 1'000'003 + redraw);
        random.shuffle(std::span(order));
        const auto scored = play.folds ? draw.folds(order, *play.folds) : draw.labels(order);
        if (!scored) return tl::unexpected(scored.error());
        apgrs.push_back(apgr(scored->benefit, scored->weak, scored->strong));
        lengths.push_back(apgr(scored->bytes, scored->weak, scored->strong));
        if (std::isnan(apgrs.back())) {
            return fail(ErrorCode::invalid, "both models are equally often right: there is no gap to recover");
        }
        summary.agree_calibration_error += calibration_error(scored->agree, scored->agreed);
        summary.gain_calibration_error += calibration_error(scored->gain, scored->gained);
    }
    const auto redraws = static_cast<double>(play.redraws), count = static_cast<double>(rows.size());
    summary.rows = rows.size();
    summary.labels = play.folds ? rows.size() - rows.size() / *play.folds : play.labels;
    summary.redraws = play.redraws;
    summary.weak_accuracy = static_cast<double>(std::count(known->weak.begin(), known->weak.end(), true)) / count;
    summary.strong_accuracy = static_cast<double>(std::count(known->strong.begin(), known->strong.end(), true)) / count;
    summary.apgr = spread_of(apgrs);
    summary.length_apgr = spread_of(lengths);
    summary.agree_calibration_error /= redraws;
    summary.gain_calibration_error /= redraws;
    summary.fit_millis = times.fit / static_cast<double>(times.fits) / 1000;
    summary.decision_micros = known->micros_a_prompt + times.predict / static_cast<double>(times.predictions);
    return summary;
}

}  // namespace weir::eval
