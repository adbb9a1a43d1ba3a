#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>

#include "admin/admin_handler.h"

namespace weir::admin {
namespace {

class Exposition {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        text_ += "# HELP weir_" + std::string(name) + " " + std::string(help) + "\n";
        text_ += "# TYPE weir_" + std::string(name) + " " + std::string(type) + "\n";
    }
    void sample(std::string_view name, std::string_view labels, const std::string& value) {
        text_ += "weir_" + std::string(name) + std::string(labels) + " " + value + "\n";
    }
    void single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
        family(name, type, help);
        sample(name, "", std::to_string(value));
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::uint64_t resident_bytes() {
    std::uint64_t total = 0, resident = 0;
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

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
        out.sample("semantic_tasks", "{gate=\"" + std::string(kNames[i]) + "\"}", std::to_string(states[i]));
    }
    out.single("semantic_labels", "gauge", "Labelled pairs that were learned from.", labels);
    out.single("semantic_fits", "gauge", "Verifiers fitted to tasks of their own.", fits);
    out.single("semantic_audits", "gauge", "Audited hits that the gates have judged by.", audits);
    out.single("semantic_audits_wrong", "gauge", "... of which the answer was another one.", wrong);
    out.single("semantic_gates_closed", "gauge", "Times that a gate closed because audits refuted its promise.",
               closures);
}

std::string quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

// Judges by cascade: what they cost, and whether their words can be believed.
void judges(const std::vector<gateway::JudgeRecord::View>& views, Exposition& out) {
    if (views.empty()) return;
    using View = gateway::JudgeRecord::View;
    const auto labels_of = [](const View& view, const std::string& more = {}) {
        return "{cascade=" + quoted(view.cascade) + ",judge=" + quoted(view.judge) + more + "}";
    };
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
            out.sample("judge_verdicts_total", labels_of(view, ",verdict=\"" + std::string(verdict) + "\""),
                       std::to_string(pairs));
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

void rate_limits(const gateway::Totals& totals, Exposition& out) {
    out.family("rate_limited_total", "counter", "Requests refused with 429, by the limit and whose it was.");
    for (std::size_t i = 0; i < limits::kLimits; ++i) {
        const std::string limit =
            "{limit=\"" + std::string(limits::to_string(static_cast<limits::Limit>(i))) + "\",of=";
        out.sample("rate_limited_total", limit + "\"key\"}", std::to_string(totals.limited_key[i]));
        out.sample("rate_limited_total", limit + "\"tenant\"}", std::to_string(totals.limited_tenant[i]));
    }
}

// By the state of their life (gateway/student_life.h).
void students(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out) {
    std::array<std::uint64_t, gateway::kStudentStates> states{};
    for (const gateway::StudentLife& life : gateway.student_lives()) ++states[static_cast<std::size_t>(life.state)];
    out.family("students", "gauge", "Students, and tasks on their way to one, by state.");
    for (std::size_t i = 0; i < states.size(); ++i) {
        const auto state = to_string(static_cast<gateway::StudentState>(i));
        out.sample("students", "{state=\"" + std::string(state) + "\"}", std::to_string(states[i]));
    }
    const gateway::Students::Counters counters = gateway.students().counters();
    out.single("students_trained_total", "counter", "Students trained.", counters.trained);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.6f", static_cast<double>(counters.training_micros) / 1e6);
    out.family("students_training_cpu_seconds_total", "counter", "Processor time that their training took.");
    out.sample("students_training_cpu_seconds_total", "", seconds);
    out.single("student_offers_total", "counter",
               "Requests for which a student had an answer to offer; those served are answers_total.",
               totals.student_offers);
    out.single("student_declined_total", "counter", "... and for which there was none.", totals.student_declined);
}

// Model tiers whose gates are learned, by cascade.
void cascades(const std::vector<cascade::CascadeLearner::View>& views, Exposition& out) {
    using View = cascade::CascadeLearner::View;
    const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
        out.family(name, type, help);
        for (const View& view : views) out.sample(name, "{course=" + quoted(view.name) + "}", value(view));
    };
    const auto real = [](double value) {
        char text[32];
        std::snprintf(text, sizeof text, "%.6g", value);
        return std::string(text);
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
    out.family("cascade_tasks", "gauge", "Tasks of a course by the state of their gate.");
    for (const View& view : views) {
        std::map<std::string_view, std::uint64_t> states{{"new", 0}, {"reference", 0}, {"serving", 0}, {"shadow", 0}};
        for (const View::Task& task : view.tasks) ++states[task.state];
        for (const auto& [state, tasks] : states) {
            out.sample("cascade_tasks", "{course=" + quoted(view.name) + ",gate=\"" + std::string(state) + "\"}",
                       std::to_string(tasks));
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
            if (text) out.sample(name, "{cascade=" + quoted(cascade) + "}", *text);
        }
    };
    using Text = std::optional<std::string>;
    using Budget = cascade::ProofBudget::View;
    each("cascade_proof_usd_last_day", "Spent on trials, audits and judges of model tiers in the last 24 hours.",
         [](const Budget& budget) { return Text(to_decimal(budget.spent)); });
    each("cascade_proof_cap_usd", "... and what may be spent, where there is a cap.",
         [](const Budget& budget) { return budget.cap ? Text(to_decimal(*budget.cap)) : Text(); });
    each("cascade_proof_share", "Share of the usual proof that is asked for, for the cap's sake.",
         [](const Budget& budget) {
             char text[32];
             std::snprintf(text, sizeof text, "%.6g", budget.share);
             return Text(text);
         });
    each("cascade_blind", "1 while nothing is served because the cap leaves no audits.",
         [](const Budget& budget) { return Text(budget.blind ? "1" : "0"); });
}

void decisions(const std::map<cascade::Decision::Kind, std::uint64_t>& counts, Exposition& out) {
    if (counts.empty()) return;
    out.family("cascade_decisions_total", "counter", "Decisions about model tiers since the start.");
    for (const auto& [kind, count] : counts) {
        out.sample("cascade_decisions_total", "{decision=\"" + std::string(to_string(kind)) + "\"}",
                   std::to_string(count));
    }
}

}  // namespace

std::string render_metrics(gateway::Gateway& gateway) {
    const gateway::Totals totals = gateway.totals();
    const auto cache = gateway.cache().counters();
    const auto ledger = gateway.ledger().counters();
    Exposition out;
    out.single("requests_total", "counter", "Chat requests settled.", totals.requests);
    out.family("answers_total", "counter", "Requests by the tier that answered.");
    for (std::size_t i = 0; i < totals.by_tier.size(); ++i) {
        const auto tier = store::to_string(static_cast<store::TierKind>(i));
        out.sample("answers_total", "{tier=\"" + std::string(tier) + "\"}", std::to_string(totals.by_tier[i]));
    }
    out.family("responses_total", "counter", "Requests by class of status.");
    for (std::size_t i = 1; i < totals.by_status.size(); ++i) {
        out.sample("responses_total", "{class=\"" + std::to_string(i) + "xx\"}", std::to_string(totals.by_status[i]));
    }
    out.family("triage_total", "counter", "Prompts before model tiers by what triage takes them for.");
    for (std::size_t i = 0; i < totals.by_class.size(); ++i) {
        const auto name = store::to_string(static_cast<store::PromptClass>(i));
        out.sample("triage_total", "{class=\"" + std::string(name) + "\"}", std::to_string(totals.by_class[i]));
    }
    out.family("cost_usd_total", "counter", "Spent on all attempts, where the price is known.");
    out.sample("cost_usd_total", "", to_decimal(totals.cost));
    // A gauge: a request may cost more than its reference would have.
    out.family("saved_usd", "gauge", "Counterfactual minus cost since start, where both are known.");
    out.sample("saved_usd", "", to_decimal(totals.saved));
    out.family("tokens_total", "counter", "Tokens of all attempts, as counted or estimated.");
    out.sample("tokens_total", "{direction=\"input\"}", std::to_string(totals.tokens_input));
    out.sample("tokens_total", "{direction=\"output\"}", std::to_string(totals.tokens_output));
    out.single("upstream_waiting", "gauge", "Requests that wait for a place at a provider.", totals.waiting);
    out.single("caller_gone_total", "counter", "Requests whose caller left before the end.", totals.caller_gone);
    out.single("overhead_microseconds_total", "counter", "Time in the gateway itself, not waiting for upstreams.",
               totals.overhead_micros);
    out.single("requests_active", "gauge", "Requests under way.", totals.active);
    out.single("connections", "gauge", "Open connections of callers.", totals.connections);
    out.family("exact_cache_lookups_total", "counter", "Look-ups in the exact cache by result.");
    out.sample("exact_cache_lookups_total", "{result=\"memory\"}", std::to_string(cache.memory_hits));
    out.sample("exact_cache_lookups_total", "{result=\"disk\"}", std::to_string(cache.disk_hits));
    out.sample("exact_cache_lookups_total", "{result=\"miss\"}", std::to_string(cache.misses));
    out.single("exact_cache_stored_total", "counter", "Answers stored.", cache.stored);
    out.single("exact_cache_evicted_total", "counter", "Answers put out of memory.", cache.evicted);
    out.single("exact_cache_not_persisted_total", "counter",
               "Answers kept in memory alone because the disk was behind.", cache.not_persisted);
    out.single("exact_cache_entries", "gauge", "Answers in memory.", cache.entries);
    out.single("exact_cache_bytes", "gauge", "Bytes of answers in memory.", cache.bytes);
    out.single("followers_total", "counter", "Requests answered by the same request's call under way.",
               totals.followers);
    out.single("upstream_retries_total", "counter", "Calls that were made once more after a failure.", totals.retries);
    out.single("upstream_fallbacks_total", "counter", "Times that another model was asked in the reference's place.",
               totals.fallbacks);
    out.single("upstream_queued_total", "counter", "Requests that waited for a place at a provider.", totals.queued);
    out.single("endpoint_ejections_total", "counter", "Times that an endpoint was left out after failures.",
               totals.ejections);
    out.single("flights_handed_over_total", "counter", "Calls that went on for others when their caller left.",
               totals.handed_over);
    out.single("audits_total", "counter", "Hits for which the reference was asked as well.", totals.audits);
    out.single("refreshes_total", "counter", "Entries asked for again because they were getting old.",
               totals.refreshes);
    out.single("background_dropped_total", "counter", "Audits and refreshes left out because too many were under way.",
               totals.background_dropped);
    if (const gateway::SemanticParts* const semantic = gateway.caches().semantic()) {
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
    judges(gateway.judges(), out);
    rate_limits(totals, out);
    students(gateway, totals, out);
    if (const auto views = gateway.cascades().views(); !views.empty()) {
        cascades(views, out);
        proof(views, out);
    }
    decisions(gateway.cascades().decisions().counts(), out);
    out.single("cascade_trials_dropped_total", "counter", "Trials left out because the learner was behind.",
               gateway.cascades().dropped());
    out.single("ledger_rows_total", "counter", "Rows written.", ledger.written);
    const store::ExampleCounters examples = gateway.examples().counters();
    out.single("examples_kept_total", "counter", "Answers of references kept to learn from.", examples.kept);
    out.single("examples_dropped_total", "counter", "Answers not kept because too many waited.", examples.dropped);
    out.single("examples_unfit_total", "counter", "Answers not kept because a text was empty or too long.",
               examples.unfit);
    out.single("examples_failed_total", "counter", "Answers not kept because the disk refused.", examples.failed);
    out.single("examples_indexed", "gauge", "Answers of references that models can be shown.",
               gateway.examples_indexed());
    out.single("ledger_dropped_total", "counter", "Rows lost because a ring was full.", ledger.dropped);
    out.single("ledger_failed_total", "counter", "Rows lost because the disk refused.", ledger.failed);
    out.single("ledger_waits_total", "counter", "Times a request waited for room in the ledger's ring.",
               totals.ledger_waits);
    out.single("resident_memory_bytes", "gauge", "Resident memory of the gateway itself.", resident_bytes());
    return out.take();
}

}  // namespace weir::admin
