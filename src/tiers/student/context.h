// Which of the things made of a task's examples (students, indexes of examples) is made for a request: the one of its
// instruction and form of answers.
// Thread rule: pure functions. Limits: kMostLiveContextBytes of instruction and form together, where a task has
// several.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/example_store.h"
#include "tiers/tier.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostLiveContextBytes = 8 * 1024;
inline constexpr std::size_t kMostSpelled = 6;  // bytes of JSON for one of a text: "\u0061" for "a"

// store::example_digest() of each, as examples are kept; 0: there is none.
struct Context {
    std::uint64_t system = 0, response_format = 0;
};
// Nothing: they are too long to be looked at while a reactor waits.
std::optional<Context> context_of(const Question& question, const store::ExampleRules& rules);

// `of_task`: of the question's tenant, cascade, reference and task, each with a StudentKey as its `key`. Null: none.
template <class Entry>
std::shared_ptr<const Entry> entry_for(const Question& question,
                                       const std::vector<std::shared_ptr<const Entry>>& of_task,
                                       const store::ExampleRules& rules) {
    // A task that was found by its prompt has one instruction and one form, however they are spelled.
    if (!question.task_is_named && of_task.size() == 1) return of_task.front();
    const std::optional<Context> context = context_of(question, rules);
    if (!context) return nullptr;
    for (const auto& entry : of_task) {
        if (entry->key.system == context->system && entry->key.response_format == context->response_format) {
            return entry;
        }
    }
    return nullptr;
}

}  // namespace weir::tiers::student
