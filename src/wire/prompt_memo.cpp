#include "wire/prompt_memo.h"

#include <algorithm>
#include <cstring>

#include "wire/neutral.h"

namespace weir::wire {
namespace {

// A few bytes of each part: enough to spread prompts over slots, whatever their length.
std::size_t slot_of(const std::array<std::string_view, 4>& parts) {
    std::uint64_t hash = 0;
    const auto mix = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * 0x9E37'79B9'7F4A'7C15U;  // 2^64 divided by the golden ratio
        hash ^= hash >> 32;
    };
    for (const std::string_view part : parts) {
        mix(part.size());
        if (part.empty()) continue;
        for (const std::size_t at :
             {std::size_t{0}, part.size() / 2, part.size() - std::min<std::size_t>(part.size(), 8)}) {
            std::uint64_t word = 0;
            std::memcpy(&word, part.data() + at, std::min<std::size_t>(part.size() - at, sizeof word));
            mix(word);
        }
    }
    return hash % PromptMemo::kSlots;
}

}  // namespace

PromptMemo::Prompt PromptMemo::look_up(const PromptParts& prompt) {
    const std::array<std::string_view, 4> parts = {prompt.system_text, prompt.tools, prompt.functions,
                                                   prompt.response_format};
    Slot& slot = slots_[slot_of(parts)];
    if (slot.used && std::equal(parts.begin(), parts.end(), slot.parts.begin())) return slot.prompt;
    ++computed_;
    const Prompt fresh{prompt_digest(prompt), is_about_spelling(prompt.system_text)};
    remember(slot, parts, fresh);
    return fresh;
}

void PromptMemo::remember(Slot& slot, const std::array<std::string_view, 4>& parts, const Prompt& prompt) {
    std::size_t before = 0;
    std::size_t bytes = 0;
    for (const std::string& part : slot.parts) before += part.size();
    for (const std::string_view part : parts) bytes += part.size();
    if (bytes > kMaxBytes / 2) return;
    if (bytes_ - before + bytes > kMaxBytes) {
        slots_ = {};
        bytes_ = before = 0;
    }
    slot = Slot{};
    for (std::size_t i = 0; i < parts.size(); ++i) slot.parts[i] = parts[i];
    bytes_ = bytes_ - before + bytes;
    slot.prompt = prompt;
    slot.used = true;
}

}  // namespace weir::wire
