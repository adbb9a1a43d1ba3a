#include "tiers/model/example_source.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "tiers/student/context.h"
#include "wire/example_turns.h"

namespace weir::tiers {
namespace {

constexpr std::size_t kBytesPerToken = 4;
constexpr std::size_t kTurnTokens = 8;       // what stands around a question and its answer
constexpr std::size_t kMostRedacted = 1024;  // bytes of a question that is looked up; more does not count

// As the prompts of the examples are: nothing of what counts of a long one is missing (ExampleIndex::kBeginBytes).
std::string looked_up(std::string_view question, const store::ExampleRules& rules) {
    if (rules.redaction.empty()) return std::string(question);
    if (question.size() <= 2 * kMostRedacted) return rules.redaction.apply(question);
    return rules.redaction.apply(question.substr(0, kMostRedacted)) + "\n" +
           rules.redaction.apply(question.substr(question.size() - kMostRedacted));
}

}  // namespace

std::size_t tokens_of(const ExampleIndex::Entry& entry) {
    return (entry.prompt.size() + entry.answer.size() + kBytesPerToken - 1) / kBytesPerToken + kTurnTokens;
}

std::vector<ExampleIndex::Near> chosen(const ExampleIndex& index, std::span<const ExampleIndex::Near> near,
                                       const Showing& showing) {
    std::vector<ExampleIndex::Near> shown;
    std::vector<bool> taken(near.size());
    std::map<std::uint32_t, std::size_t> alike;
    std::size_t room = showing.most_tokens;
    const auto take = [&](std::size_t most_alike) {
        for (std::size_t i = 0; i < near.size() && shown.size() < showing.examples; ++i) {
            const ExampleIndex::Entry& entry = index.entry(near[i]);
            const std::size_t tokens = tokens_of(entry);
            if (taken[i] || tokens > room || alike[entry.answers] >= most_alike) continue;
            taken[i] = true;
            room -= tokens;
            ++alike[entry.answers];
            shown.push_back(near[i]);
        }
    };
    if (index.has_labels()) take((showing.examples + 1) / 2);
    take(showing.examples);
    std::sort(shown.begin(), shown.end(), [](const ExampleIndex::Near& a, const ExampleIndex::Near& b) {
        return a.similarity != b.similarity ? a.similarity < b.similarity : a.entry > b.entry;
    });
    return shown;
}

ExampleSource::Shown ExampleSource::show(const Question& question, Micros before) const {
    const wire::ChatRequest& chat = question.chat;
    // What the provider allowed once it may have forbidden since.
    if (!rules_ || !rules_->content || !rules_->may_distil) return {"", "no examples may be shown", false};
    if (!wire::takes_examples(chat)) return {"", "not one question alone", false};
    const store::ExampleCourse& course = rules_->course;
    const auto of_task = shelf_.find(question.tenant, course.cascade, course.reference, question.task);
    const auto examples = student::entry_for(question, of_task, *rules_);
    if (!examples) return {"", "no examples yet", true};
    const bool fits = chat.question.size() <= student::kMostSpelled * kMostExamplePromptBytes;
    const std::optional<std::string> asked = fits ? wire::question_text(chat) : std::nullopt;
    if (!asked || asked->size() > kMostExamplePromptBytes) return {"", "too long, or no one text", false};
    std::vector<ExampleIndex::Near> near;
    examples->index->nearest(looked_up(*asked, *rules_), before, showing_.least_similarity, near);
    if (near.empty()) return {"", "no example is similar", false};
    const std::vector<ExampleIndex::Near> shown = chosen(*examples->index, near, showing_);
    if (shown.empty()) return {"", "no room for an example", false};
    std::vector<wire::ExampleTurn> turns;
    for (const ExampleIndex::Near& each : shown) {
        const ExampleIndex::Entry& entry = examples->index->entry(each);
        turns.push_back({entry.prompt, entry.answer});
    }
    char why[64];
    std::snprintf(why, sizeof why, "%zu example%s, the nearest %.2f", shown.size(), shown.size() == 1 ? "" : "s",
                  static_cast<double>(shown.back().similarity));
    return {wire::with_examples(chat, turns), why, false};
}

}  // namespace weir::tiers
