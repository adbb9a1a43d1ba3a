#include "tiers/student/context.h"

namespace weir::tiers::student {

std::optional<Context> context_of(const Question& question, const store::ExampleRules& rules) {
    const auto digest = [&](std::string_view text, bool redact) -> std::uint64_t {
        if (text.empty()) return 0;
        return store::example_digest(question.tenant, redact ? rules.redaction.apply(text) : std::string(text));
    };
    const std::string_view response_format = wire::prompt_parts(question.chat).response_format;
    if (question.chat.system_text.size() + response_format.size() > kMostLiveContextBytes) return std::nullopt;
    return Context{digest(question.chat.system_text, true), digest(response_format, false)};
}

}  // namespace weir::tiers::student
