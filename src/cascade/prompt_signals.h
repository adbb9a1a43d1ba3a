// What a request says of itself beside its words: what is asked for (code, a translation, a summary, ...), where its
// conversation stands, and whether the caller asks once more for what the last answer did not give. Further inputs of
// triage (triage_features.h); of a first message all but what is asked for are 0.
// Thread rule: pure functions. Limits: intents are looked for in the first and the last kIntentBytes of a text, in
// English; of the conversation at most wire::RecentTurns::kKept turns, kTurnBytes of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/chat_request.h"

namespace weir::cascade {

inline constexpr std::size_t kIntentBytes = 256;
inline constexpr std::size_t kTurnBytes = 1024;

enum class PromptSignal : std::uint8_t {
    // What is asked for, by the system's or the user's words.
    code,
    translation,
    summary,
    classification,
    arithmetic,
    rewriting,
    extraction,
    // The conversation. "log" is log(1 + x).
    log_turns,
    log_history_bytes,
    log_tool_results,
    answers_tool,  // the last turn is a tool's result
    tools_offered,
    log_answer_bytes,  // of the last answer
    answer_calls,      // it called tools
    answer_code,
    answer_json,
    answer_asks_back,
    answer_refused,
    // The caller asks again: share of the question's words that stood in one earlier turn of his, and turns of speech
    // such as "that is wrong".
    repeated_share,
    complaint,
    count
};
inline constexpr std::size_t kPromptIntents = static_cast<std::size_t>(PromptSignal::log_turns);
inline constexpr std::size_t kPromptSignals = static_cast<std::size_t>(PromptSignal::count);
using PromptSignals = std::array<float, kPromptSignals>;  // finite

inline float of(const PromptSignals& signals, PromptSignal which) {
    return signals[static_cast<std::size_t>(which)];
}

void add_intents(std::string_view system, std::string_view user, PromptSignals& to);

// Of a later message: `question` is what its last user turn says.
void add_conversation(const wire::ChatRequest& chat, std::string_view question, PromptSignals& to);

}  // namespace weir::cascade
