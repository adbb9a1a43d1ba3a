#include "store/task_profile.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "store/example_files.h"

namespace weir::store {
namespace {

constexpr double kMicrosPerDay = 24.0 * 3600 * 1e6;
constexpr double kLeastDays = 1;  // a busy first hour is not a busy day

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percent(double of) {
    return std::to_string(std::lround(of * 100)) + " %";
}

std::string too_few(std::uint64_t examples) {
    return std::to_string(examples) + " of " + std::to_string(kLeastExamples) + " examples";
}

// The first thing that stands in the way; empty: nothing does. What the task is comes before what may be kept of it: a
// task of which it is said that its provider must allow it would be eligible then.
std::string obstacle(const ExampleSummary& examples) {
    if (examples.examples == 0) return "no answers are kept (store:)";
    if (examples.examples < kLeastExamples) return too_few(examples.examples);
    if (examples.closed() < kLeastClosed) return percent(1 - examples.closed()) + " of the answers are free text";
    // JSON of one form is open in its values and closed in what can be checked.
    const bool json = share(examples.json, examples.examples) >= kLeastClosed;
    if (!json && examples.seen_before() < kLeastSeenBefore) {
        return percent(1 - examples.seen_before()) + " of the answers are new";
    }
    const std::optional<double> stability = examples.stability();
    if (stability && examples.repeats >= kLeastRepeats && *stability < kLeastStability) {
        return "asked again it says the same in " + percent(*stability);
    }
    if (!examples.newest_may_distil) return "its provider does not say may_distil";
    if (!examples.newest_has_content) return "only hashes are kept";
    return examples.content < kLeastExamples ? too_few(examples.content) : std::string();
}

using TaskKey = std::tuple<std::string, std::string, std::uint64_t>;  // cascade, reference, task

}  // namespace

double ExampleSummary::seen_before() const {
    return examples == 0 ? 0 : 1 - share(answers_once, examples);
}

double ExampleSummary::closed() const {
    return share(brief, examples);
}

std::optional<double> ExampleSummary::stability() const {
    return repeats == 0 ? std::nullopt : std::optional(share(repeated, repeats));
}

ExampleSummary summarize(std::span<const Example> examples) {
    using Asked = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;
    ExampleSummary sum;
    std::unordered_map<std::uint64_t, std::uint64_t> answers;
    std::map<Asked, std::uint64_t> first_answers;
    std::set<std::pair<std::uint64_t, std::uint64_t>> forms;
    for (const Example& one : examples) {
        ++sum.examples;
        sum.content += one.content ? 1U : 0U;
        sum.may_distil += one.may_distil ? 1U : 0U;
        sum.json += one.json ? 1U : 0U;
        sum.brief += one.json || one.answer_bytes <= kBriefBytes ? 1U : 0U;
        sum.answer_bytes += one.answer_bytes;
        ++answers[one.answer_digest];
        forms.emplace(one.system, one.response_format);
        const auto [before, fresh] =
            first_answers.try_emplace({one.system, one.response_format, one.prompt_digest}, one.answer_digest);
        if (!fresh) {
            ++sum.repeats;
            sum.repeated += before->second == one.answer_digest ? 1U : 0U;
        }
    }
    sum.prompts = first_answers.size();
    sum.answers = answers.size();
    sum.forms = forms.size();
    for (const auto& [answer, count] : answers) sum.answers_once += count == 1 ? 1U : 0U;
    if (examples.empty()) return sum;
    sum.newest_has_content = examples.back().content;
    sum.newest_may_distil = examples.back().may_distil;
    const auto older = [](const Example& a, const Example& b) { return a.unix_micros < b.unix_micros; };
    const auto [first, last] = std::minmax_element(examples.begin(), examples.end(), older);
    sum.first_unix_micros = first->unix_micros;
    sum.last_unix_micros = last->unix_micros;
    return sum;
}

TaskProfile profile_task(const CostLine& ledger, const ExampleSummary& examples, double days) {
    TaskProfile task;
    task.ledger = ledger;
    task.examples = examples;
    const double time = std::max(days, kLeastDays);
    task.requests_per_day = static_cast<double>(ledger.past_caches) / time;
    const double usd = to_dollars(ledger.past_caches_counterfactual) / time;
    task.per_day = from_dollars(usd);
    const double stability = examples.stability().value_or(1);
    const bool json = share(examples.json, examples.examples) >= kLeastClosed;
    task.narrow = json ? std::max(examples.seen_before(), 0.5) : examples.seen_before();
    task.frequent = task.requests_per_day / (task.requests_per_day + kHalfRequests);
    task.checkable = examples.closed() * stability;
    task.costly = usd <= 0 ? 0 : usd / (usd + kHalfUsd);
    task.score = task.narrow * task.frequent * task.checkable * task.costly;
    task.why_not = obstacle(examples);
    task.eligible = task.why_not.empty();
    const double most = static_cast<double>(ledger.past_caches_counterfactual.nanos) * task.narrow * stability;
    task.could_save = Usd{std::llround(std::max(0.0, most))};
    return task;
}

std::vector<TaskProfile> profile_tasks(const std::string& data_folder, const std::vector<CostLine>& costs,
                                       Micros since_unix_micros, Micros until_unix_micros) {
    struct Kept {
        std::string tenant;
        ExampleSummary summary;
    };
    std::map<TaskKey, Kept> kept;
    for_each_example_file(examples_folder(data_folder), [&](const std::string&, ExampleFile& file) {
        std::map<std::uint64_t, std::vector<Example>> tasks;
        for (Example& example : file.examples) tasks[example.task].push_back(std::move(example));
        for (const auto& [task, examples] : tasks) {
            const ExampleCourse& course = file.header.course;
            kept[{course.cascade, course.reference, task}] = {file.header.tenant, summarize(examples)};
        }
    });
    std::vector<TaskProfile> tasks;
    for (const CostLine& line : costs) {
        const auto found = kept.find({line.cascade, line.reference, line.task});
        if (found == kept.end() && line.past_caches == 0) continue;
        const Kept& examples = found == kept.end() ? Kept{} : found->second;
        const Micros from = std::max(since_unix_micros, examples.summary.first_unix_micros);
        const double days = static_cast<double>(until_unix_micros - from) / kMicrosPerDay;
        tasks.push_back(profile_task(line, examples.summary, days));
        tasks.back().tenant = examples.tenant;
    }
    std::stable_sort(tasks.begin(), tasks.end(),
                     [](const TaskProfile& a, const TaskProfile& b) { return a.score > b.score; });
    return tasks;
}

}  // namespace weir::store
