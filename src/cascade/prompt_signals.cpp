#include "cascade/prompt_signals.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "text/complaint.h"
#include "text/refusal.h"
#include "text/word_table.h"

namespace weir::cascade {
namespace {

using Role = wire::RecentTurns::Role;

constexpr std::size_t kEarlierTurns = 3;  // of the user's, that the question is compared with
constexpr std::size_t kLeastWords = 3;    // in a question of fewer nothing is a repetition
constexpr std::size_t kSeenBits = 1U << 13U;

constexpr std::array<std::string_view, kPromptIntents> kIntents{
    // In the order of PromptSignal.
    "code python javascript typescript java rust golang sql regex function script implement debug compile refactor "
    "unittest html css bash",
    "translate translated translation translating",
    "summarize summarise summary summarizing summaries tldr condense synopsis",
    "classify classification categorize categorise label labels sentiment category categories",
    "calculate compute sum multiply divide subtract arithmetic",
    "rewrite rephrase paraphrase proofread reword polish shorten",
    "extract extraction entities parse",
};

constexpr std::size_t count_all() {
    std::size_t count = 0;
    for (const std::string_view list : kIntents) count += text::count_words(list);
    return count;
}
using IntentTable = text::WordTable<std::uint8_t, count_all()>;

constexpr IntentTable make_intents() {
    std::array<IntentTable::Entry, count_all()> entries{};
    std::size_t count = 0;
    for (std::size_t intent = 0; intent < kIntents.size(); ++intent) {
        text::for_each_word(kIntents[intent], [&](std::string_view word) {
            entries[count++] = {text::word_id(word), static_cast<std::uint8_t>(intent)};
        });
    }
    return IntentTable(entries);
}
constexpr IntentTable kTable = make_intents();
static_assert(kTable.unique());

// Calls use(id) for each run of letters and digits, small letters for capitals (ASCII; others as they are).
template <class Use>
void for_each_id(std::string_view text, const Use& use) {
    std::uint64_t id = text::word_id("");
    std::size_t bytes = 0;
    for (const char c : text) {
        const bool capital = c >= 'A' && c <= 'Z';
        if (capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
            id = text::word_id_step(id, capital ? static_cast<char>(c - 'A' + 'a') : c);
            ++bytes;
        } else if (bytes > 0) {
            use(id);
            id = text::word_id("");
            bytes = 0;
        }
    }
    if (bytes > 0) use(id);
}

// The words of one turn, as bits.
class Seen {
  public:
    bool add(std::uint64_t id) {  // false: it was there
        std::uint64_t& word = bits_[at(id) / 64];
        const std::uint64_t bit = std::uint64_t{1} << (at(id) % 64);
        const bool fresh = (word & bit) == 0;
        word |= bit;
        return fresh;
    }
    bool has(std::uint64_t id) const { return (bits_[at(id) / 64] >> (at(id) % 64) & 1U) != 0; }

  private:
    static std::size_t at(std::uint64_t id) { return ((id ^ (id >> 32U)) * 0x9E37'79B9'7F4A'7C15U >> 40U) % kSeenBits; }
    std::array<std::uint64_t, kSeenBits / 64> bits_{};
};

// The distinct words of a question's beginning.
std::vector<std::uint64_t> words_of(std::string_view question) {
    Seen seen;
    std::vector<std::uint64_t> words;
    for_each_id(question.substr(0, kTurnBytes), [&](std::uint64_t id) {
        if (seen.add(id)) words.push_back(id);
    });
    return words;
}

double repeated_share(const std::vector<std::uint64_t>& words, std::string_view earlier) {
    if (words.size() < kLeastWords) return 0;
    Seen before;
    for_each_id(earlier, [&](std::uint64_t id) { before.add(id); });
    const auto again = std::count_if(words.begin(), words.end(), [&](std::uint64_t id) { return before.has(id); });
    return static_cast<double>(again) / static_cast<double>(words.size());
}

std::string said(const wire::ChatRequest& chat, const wire::RecentTurns::Turn& turn, std::size_t& bytes) {
    std::string text;
    bytes = wire::append_content(chat, turn.content, kTurnBytes, text);
    return text;
}

void set(PromptSignals& to, PromptSignal which, double value) {
    to[static_cast<std::size_t>(which)] = static_cast<float>(value);
}

void add_answer(const wire::ChatRequest& chat, const wire::RecentTurns::Turn& turn, PromptSignals& to) {
    using S = PromptSignal;
    std::size_t bytes = 0;
    const std::string text = said(chat, turn, bytes);
    const std::size_t begin = text.find_first_not_of(" \n\r\t"), last = text.find_last_not_of(" \n\r\t");
    set(to, S::log_answer_bytes, std::log1p(static_cast<double>(bytes)));
    set(to, S::answer_calls, turn.calls);
    set(to, S::answer_code, text.find("```") != std::string::npos);
    if (begin == std::string::npos) return;
    set(to, S::answer_json, text[begin] == '{' || text[begin] == '[');
    set(to, S::answer_asks_back, text[last] == '?');
    set(to, S::answer_refused, text::refuses(text));
}

}  // namespace

void add_intents(std::string_view system, std::string_view user, PromptSignals& to) {
    const auto look = [&to](std::string_view part) {
        for_each_id(part, [&to](std::uint64_t id) {
            if (const std::uint8_t* const intent = kTable.find(id)) to[*intent] = 1;
        });
    };
    for (const std::string_view whole : {system, user}) {
        look(whole.substr(0, kIntentBytes));
        if (whole.size() > kIntentBytes) {
            look(whole.substr(std::max(kIntentBytes, whole.size() - std::min(whole.size(), kIntentBytes))));
        }
    }
}

void add_conversation(const wire::ChatRequest& chat, std::string_view question, PromptSignals& to) {
    using S = PromptSignal;
    set(to, S::tools_offered, chat.has_tools);
    const wire::RecentTurns& turns = chat.recent;
    if (turns.count < 2) return;
    set(to, S::log_turns, std::log1p(static_cast<double>(turns.count - 1)));
    set(to, S::log_history_bytes, std::log1p(static_cast<double>(chat.history.size())));
    set(to, S::log_tool_results, std::log1p(static_cast<double>(turns.by_tool)));
    set(to, S::answers_tool, turns.back(0).role == Role::tool);
    set(to, S::complaint, text::complains(question));
    const std::vector<std::uint64_t> words = words_of(question);
    bool answered = false, asked = turns.back(0).role != Role::user;
    std::size_t earlier = 0, bytes = 0;
    double share = 0;
    for (std::size_t back = asked ? 0 : 1; back < turns.kept(); ++back) {
        const wire::RecentTurns::Turn& turn = turns.back(back);
        if (turn.role == Role::assistant && !answered) {
            answered = true;
            add_answer(chat, turn, to);
        } else if (turn.role == Role::user && earlier < kEarlierTurns) {
            // Where a tool was the last to speak, the first user turn met is the question itself.
            if (std::exchange(asked, false)) continue;
            ++earlier;
            share = std::max(share, repeated_share(words, said(chat, turn, bytes)));
        }
    }
    set(to, S::repeated_share, share);
}

}  // namespace weir::cascade
