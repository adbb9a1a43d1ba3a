// The part of a report that is about what students could learn.
#include <algorithm>

#include "base/hash.h"
#include "cli/report_command.h"
#include "cli/report_text.h"

namespace weir::cli {
namespace {

using store::TaskProfile;
using Align = Table::Align;

constexpr std::size_t kMostLines = 20;

std::string name_of(const TaskProfile& task) {
    return shortened(task.ledger.task_name.empty() ? to_hex(task.ledger.task) : task.ledger.task_name);
}

std::string mean_bytes(const store::ExampleSummary& examples) {
    if (examples.examples == 0) return "-";
    return with_thousands((examples.answer_bytes + examples.examples / 2) / examples.examples);
}

std::string verdict(const TaskProfile& task, int digits) {
    return task.eligible ? "eligible: at most " + format_dollars(task.could_save, digits) : "no: " + task.why_not;
}

}  // namespace

std::string render_tasks(const std::vector<TaskProfile>& tasks, int digits) {
    const bool any =
        std::any_of(tasks.begin(), tasks.end(), [](const TaskProfile& task) { return task.examples.examples > 0; });
    if (!any) return {};
    Table table({{"TASK"},
                 {"EXAMPLES", Align::right},
                 {"ANSWERS", Align::right},
                 {"BYTES", Align::right},
                 {"SEEN BEFORE", Align::right},
                 {"SAME AGAIN", Align::right},
                 {"A DAY", Align::right},
                 {"COST A DAY", Align::right},
                 {"SCORE", Align::right},
                 {"STUDENT"}});
    for (std::size_t i = 0; i < std::min(tasks.size(), kMostLines); ++i) {
        const TaskProfile& task = tasks[i];
        const store::ExampleSummary& examples = task.examples;
        const std::optional<double> stability = examples.stability();
        table.add({name_of(task), with_thousands(examples.examples), with_thousands(examples.answers),
                   mean_bytes(examples), examples.examples == 0 ? "-" : percent(examples.seen_before(), 0),
                   stability ? percent(*stability, 0) : "-", fixed(task.requests_per_day, 0),
                   format_dollars(task.per_day, digits), fixed(task.score, 2), verdict(task, digits)});
    }
    std::string out = "What students could learn:\n\n" + table.render();
    if (tasks.size() > kMostLines) out += with_thousands(tasks.size() - kMostLines) + " more tasks score less.\n";
    return out + "\n";
}

std::string tasks_json(const std::vector<TaskProfile>& tasks) {
    std::string out = "  \"students\": [";
    for (const TaskProfile& task : tasks) {
        const store::ExampleSummary& examples = task.examples;
        const std::optional<double> stability = examples.stability();
        out += std::string(out.back() == '[' ? "\n" : ",\n") +
               "    {\"task\": " + json_string(to_hex(task.ledger.task)) +
               ", \"name\": " + json_string(task.ledger.task_name) + ", \"tenant\": " + json_string(task.tenant) +
               ", \"cascade\": " + json_string(task.ledger.cascade) +
               ", \"reference\": " + json_string(task.ledger.reference) +
               ", \"eligible\": " + (task.eligible ? "true" : "false") + ", \"why_not\": " + json_string(task.why_not) +
               ", \"score\": " + fixed(task.score, 6) + ", \"narrow\": " + fixed(task.narrow, 6) +
               ", \"frequent\": " + fixed(task.frequent, 6) + ", \"checkable\": " + fixed(task.checkable, 6) +
               ", \"costly\": " + fixed(task.costly, 6) + ", \"could_save_usd\": \"" + to_decimal(task.could_save) +
               "\", \"requests_per_day\": " + fixed(task.requests_per_day, 3) + ", \"usd_per_day\": \"" +
               to_decimal(task.per_day) + "\", \"examples\": " + std::to_string(examples.examples) +
               ", \"content\": " + std::to_string(examples.content) +
               ", \"may_distil\": " + std::to_string(examples.may_distil) +
               ", \"prompts\": " + std::to_string(examples.prompts) +
               ", \"answers\": " + std::to_string(examples.answers) +
               ", \"answers_once\": " + std::to_string(examples.answers_once) +
               ", \"json\": " + std::to_string(examples.json) +
               ", \"answer_bytes\": " + std::to_string(examples.answer_bytes) +
               ", \"repeats\": " + std::to_string(examples.repeats) +
               ", \"same_again\": " + (stability ? fixed(*stability, 6) : "null") + "}";
    }
    return out + (out.back() == '[' ? "]" : "\n  ]");
}

}  // namespace weir::cli
