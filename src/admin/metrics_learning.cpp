#include <array>
#include <cstdio>
#include <map>

#include "admin/metrics.h"

namespace weir::admin {
namespace {

// By the state of their gates: a number an operator watches.
void semantic_tasks(const std::vector<cascade::SemanticLearner::View>& views, Exposition& out) {
    std::array<std::uint64_t, 3> states{};
    std::uint64_t labels = 0, fits = 0, audits = 0, wrong = 0, closures = 0;
    for (const cascade::SemanticLearner::View& view : views) {
        ++states[static_cast<std::size_t>(view.state)];
        labels += view.labels;
        fits += view.fits;
        audits += view.audits;
        wrong += view.audits_wrong;
        closures += view.closures;
    }
    out.family("semantic_tasks", "gauge", "Tasks that the semantic cache has labels of, by the state of their gate.");
    constexpr std::array<std::string_view, 3> kNames{"prior", "proven", "closed"};
    for (std::size_t i = 0; i < states.size(); ++i) {
        out.sample("semantic_tasks", {{"gate", kNames[i]}}, states[i]);
    }
    out.single("semantic_labels", "gauge", "Labelled pairs that were learned from.", labels);
    out.single("semantic_fits", "gauge", "Verifiers fitted to tasks of their own.", fits);
    out.single("semantic_audits", "gauge", "Audited hits that the gates have judged by.", audits);
    out.single("semantic_audits_wrong", "gauge", "... of which the answer was another one.", wrong);
    out.single("semantic_gates_closed", "gauge", "Times that a gate closed because audits refuted its promise.",
               closures);
}

// Judges by cascade: what they cost, and whether their words can be believed.
void judges(const std::vector<gateway::JudgeRecord::View>& views, Exposition& out) {
    if (views.empty()) return;
    using View = gateway::JudgeRecord::View;
    const auto labels_of = [](const View& view) { return Labels{{"cascade", view.cascade}, {"judge", view.judge}}; };
    const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
        out.family(name, type, help);
        for (const View& view : views) out.sample(name, labels_of(view), value(view));
    };
    const auto count = [&](std::string_view name, std::string_view help, std::uint64_t View::*member) {
        each(name, "counter", help, [&](const View& view) { return std::to_string(view.*member); });
    };
    out.family("judge_verdicts_total", "counter", "Pairs of answers that a judge was asked about, by what it said.");
    for (const View& view : views) {
        const std::array<std::pair<std::string_view, std::uint64_t>, 4> verdicts{
            {{"same", view.same}, {"a", view.a}, {"b", view.b}, {"none", view.none}}};
        for (const auto& [verdict, pairs] : verdicts) {
            Labels labels = labels_of(view);
            labels.add("verdict", verdict);
            out.sample("judge_verdicts_total", labels, pairs);
        }
    }
    count("judge_calls_total", "Calls to judges.", &View::calls);
    count("judge_failed_total", "... that brought no answer.", &View::failed);
    count("judge_both_orders_total", "Pairs that a judge answered in both orders.", &View::twice);
    count("judge_consistent_total", "... and said the same of.", &View::agreed);
    count("judge_unreadable_total", "Pairs of which a judge said something that is no verdict.", &View::unreadable);
    count("judge_remembered_total", "Pairs that had been judged before.", &View::remembered);
    count("judge_passed_over_total", "Pairs left out because the judge fails or contradicts itself.",
          &View::passed_over);
    count("judge_dropped_total", "Pairs left out because too many waited.", &View::dropped);
    each("judge_cost_usd_total", "counter", "Spent on judges, where the price is known.",
         [](const View& view) { return to_decimal(view.cost); });
}

// By the state of their life (gateway/student_life.h).
void students(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out) {
    std::array<std::uint64_t, gateway::kStudentStates> states{};
    for (const gateway::StudentLife& life : gateway.student_lives()) ++states[static_cast<std::size_t>(life.state)];
    out.family("students", "gauge", "Students, and tasks on their way to one, by state.");
    for (std::size_t i = 0; i < states.size(); ++i) {
        const auto state = to_string(static_cast<gateway::StudentState>(i));
        out.sample("students", {{"state", state}}, states[i]);
    }
    const gateway::Students::Counters counters = gateway.students().counters();
    out.single("students_trained_total", "counter", "Students trained.", counters.trained);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.6f", static_cast<double>(counters.training_micros) / 1e6);
    out.family("students_training_cpu_seconds_total", "counter", "Processor time that their training took.");
    out.sample("students_training_cpu_seconds_total", {}, seconds);
    out.single("student_offers_total", "counter",
               "Requests for which a student had an answer to offer; those served are answers_total.",
               totals.student_offers);
    out.single("student_declined_total", "counter", "... and for which there was none.", totals.student_declined);
}

// What callers got of model tiers and was audited, by the course's tiers in order: the disagreement that was seen.
void audited(const std::vector<cascade::CascadeLearner::View>& views, Exposition& out) {
    using View = cascade::CascadeLearner::View;
    const auto each = [&](std::string_view name, std::string_view help, auto value) {
        out.family(name, "gauge", help);
        for (const View& view : views) {
            for (std::size_t tier = 0; tier < view.options.tiers; ++tier) {
                std::uint64_t count = 0;
                for (const View::Task& task : view.tasks) count += value(task.audited[tier]);
                out.sample(name, {{"course", view.name}, {"position", std::to_string(tier + 1)}}, count);
            }
        }
    };
    each("cascade_audited_answers", "Answers of model tiers that callers got and that were audited.",
         [](const cascade::GradedCount& graded) { return graded.count(); });
    each("cascade_audited_worse", "... of which the reference's was another one, or better.",
         [](const cascade::GradedCount& graded) { return graded.worse(); });
}

// Model tiers whose gates are learned, by cascade.
void cascades(const std::vector<cascade::CascadeLearner::View>& views, Exposition& out) {
    using View = cascade::CascadeLearner::View;
    const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
        out.family(name, type, help);
        for (const View& view : views) out.sample(name, {{"course", view.name}}, value(view));
    };
    each("cascade_serving", "gauge", "1 while a certificate lets cheaper tiers answer.",
         [](const View& view) { return std::string(view.certificate.harm_price_usd ? "1" : "0"); });
    each("cascade_trials", "gauge", "Requests that the last certificate rests on.",
         [](const View& view) { return std::to_string(view.certificate.trials); });
    each("cascade_worse_at_most", "gauge", "Share of all answers that may be worse at most, by the last certificate.",
         [&](const View& view) { return real(view.certificate.worse_bound); });
    each("cascade_worse_allowed", "gauge", "... and the share that the promise leaves at present.",
         [&](const View& view) { return real(view.certificate.promise_now); });
    each("cascade_alarms_total", "counter",
         "Times that a broken promise or other inputs were noticed, of the cascade or of a task.",
         [](const View& view) { return std::to_string(view.alarms.cascade + view.alarms.task + view.alarms.inputs); });
    audited(views, out);
    out.family("cascade_tasks", "gauge", "Tasks of a course by the state of their gate.");
    for (const View& view : views) {
        std::map<std::string_view, std::uint64_t> states{{"new", 0}, {"reference", 0}, {"serving", 0}, {"shadow", 0}};
        for (const View::Task& task : view.tasks) ++states[task.state];
        for (const auto& [state, tasks] : states) {
            out.sample("cascade_tasks", {{"course", view.name}, {"gate", state}}, tasks);
        }
    }
}

// What proving their gates costs: of the cascade, however many courses it has.
void proof(const std::vector<cascade::CascadeLearner::View>& views, Exposition& out) {
    std::map<std::string, cascade::ProofBudget::View> budgets;
    for (const cascade::CascadeLearner::View& view : views) {
        const auto name = cascade::parse_course_name(view.name);
        budgets[name ? name->cascade : view.name] = view.proof;
    }
    const auto each = [&](std::string_view name, std::string_view help, auto value) {
        out.family(name, "gauge", help);
        for (const auto& [cascade, budget] : budgets) {
            const std::optional<std::string> text = value(budget);
            if (text) out.sample(name, {{"cascade", cascade}}, *text);
        }
    };
    using Text = std::optional<std::string>;
    using Budget = cascade::ProofBudget::View;
    each("cascade_proof_usd_last_day", "Spent on trials, audits and judges of model tiers in the last 24 hours.",
         [](const Budget& budget) { return Text(to_decimal(budget.spent)); });
    each("cascade_proof_cap_usd", "... and what may be spent, where there is a cap.",
         [](const Budget& budget) { return budget.cap ? Text(to_decimal(*budget.cap)) : Text(); });
    each("cascade_proof_share", "Share of the usual proof that is asked for, for the cap's sake.",
         [](const Budget& budget) { return Text(real(budget.share)); });
    each("cascade_blind", "1 while nothing is served because the cap leaves no audits.",
         [](const Budget& budget) { return Text(budget.blind ? "1" : "0"); });
}

void decisions(const std::map<cascade::Decision::Kind, std::uint64_t>& counts, Exposition& out) {
    if (counts.empty()) return;
    out.family("cascade_decisions_total", "counter", "Decisions about model tiers since the start.");
    for (const auto& [kind, count] : counts) {
        out.sample("cascade_decisions_total", {{"decision", to_string(kind)}}, count);
    }
}

void semantic_cache(gateway::Gateway& gateway, Exposition& out) {
    const gateway::SemanticParts* const semantic = gateway.caches().semantic();
    if (semantic == nullptr) return;
    out.single("semantic_cache_entries", "gauge", "Questions in the semantic index.",
               semantic->memory->index().entries());
    out.single("semantic_cache_bytes", "gauge", "Bytes of the semantic index.", semantic->memory->index().bytes());
    semantic_tasks(semantic->learner->views(), out);
    out.single("semantic_lessons_dropped_total", "counter", "Lessons left out because the learner was behind.",
               semantic->learner->dropped());
    out.single("semantic_lessons_asked_total", "counter", "Lessons that embeddings or a judge were asked about.",
               semantic->learner->asked());
    out.single("semantic_lessons_unanswered_total", "counter", "... and said nothing of that counts.",
               semantic->learner->unanswered());
    out.single("semantic_lessons_passed_over_total", "counter",
               "Misses that could have been asked about, but were not drawn or came too fast.",
               semantic->learner->passed_over());
}

void examples(gateway::Gateway& gateway, Exposition& out) {
    const store::ExampleCounters examples = gateway.examples().counters();
    out.single("examples_kept_total", "counter", "Answers of references kept to learn from.", examples.kept);
    out.single("examples_dropped_total", "counter", "Answers not kept because too many waited.", examples.dropped);
    out.single("examples_unfit_total", "counter", "Answers not kept because a text was empty or too long.",
               examples.unfit);
    out.single("examples_failed_total", "counter", "Answers not kept because the disk refused.", examples.failed);
    out.single("examples_indexed", "gauge", "Answers of references that models can be shown.",
               gateway.examples_indexed());
}

}  // namespace

void add_learning(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out) {
    semantic_cache(gateway, out);
    judges(gateway.judges(), out);
    students(gateway, totals, out);
    if (const auto views = gateway.cascades().views(); !views.empty()) {
        cascades(views, out);
        proof(views, out);
    }
    decisions(gateway.cascades().decisions().counts(), out);
    out.single("cascade_trials_dropped_total", "counter", "Trials left out because the learner was behind.",
               gateway.cascades().dropped());
    examples(gateway, out);
}

}  // namespace weir::admin
