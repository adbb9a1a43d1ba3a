// Any bytes as prompts, cut at the byte 0: a template that is learned from them gives each prompt back whole, and is
// the same after it was written and read. And any bytes as a template: refused, or one that gives back what it cuts.
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tiers/student/prompt_slot.h"

namespace {

void check(const weir::tiers::student::PromptSlot& slot, std::string_view prompt) {
    std::vector<std::string_view> slots;
    if (!slot.cut(prompt, slots)) return;
    if (slots.size() != slot.slots() || slot.put(slots) != prompt) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir;
    using namespace weir::tiers::student;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::vector<std::string_view> prompts;
    for (std::size_t at = 0; at <= bytes.size();) {
        const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
        prompts.push_back(bytes.substr(at, end - at));
        at = end + 1;
    }
    const PromptSlot slot = PromptSlot::learn(prompts);
    for (const std::string_view prompt : prompts) check(slot, prompt);
    learn::ModelWriter writer;
    slot.write(writer);
    learn::ModelReader reader(writer.bytes());
    if (!PromptSlot::read(reader) || reader.left() != 0) std::abort();
    learn::ModelReader any(bytes);
    if (const auto read = PromptSlot::read(any)) {
        for (const std::string_view prompt : prompts) check(*read, prompt);
    }
    return 0;
}
