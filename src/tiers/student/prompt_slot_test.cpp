// The template of a task's prompts: found, cut out, put back.
#include "tiers/student/prompt_slot.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

// Some words, never the same ones, sometimes over several lines.
std::string words(learn::RandomBits& random) {
    std::string text;
    for (std::size_t left = 1 + random.below(20); left > 0; --left) {
        if (!text.empty()) text += random.chance(0.1) ? "\n" : random.chance(0.1) ? ", " : " ";
        for (std::size_t letters = 1 + random.below(7); letters > 0; --letters) {
            text += static_cast<char>('a' + random.below(26));
        }
    }
    return text;
}

PromptSlot learned(const std::vector<std::string>& prompts) {
    const std::vector<std::string_view> views(prompts.begin(), prompts.end());
    return PromptSlot::learn(views);
}

std::vector<std::string> cut(const PromptSlot& slot, const std::string& prompt) {
    std::vector<std::string_view> slots;
    if (!slot.cut(prompt, slots)) return {};
    CHECK(slot.put(slots) == prompt);
    return {slots.begin(), slots.end()};
}

}  // namespace

TEST_CASE("slot: an instruction before and behind") {
    learn::RandomBits random(1);
    std::vector<std::string> prompts;
    while (prompts.size() < 20) prompts.push_back("Classify this text.\n\nText: \"" + words(random) + "\"\nLabel:");
    const PromptSlot slot = learned(prompts);
    CHECK(slot.slots() == 1);
    CHECK(cut(slot, "Classify this text.\n\nText: \"something new\"\nLabel:") ==
          std::vector<std::string>{"something new"});
    CHECK(cut(slot, "Classify this text.\n\nText: \"\"\nLabel:") == std::vector<std::string>{""});
    CHECK(cut(slot, "Summarise this text.\n\nText: \"something new\"\nLabel:").empty());
    CHECK(cut(slot, "Classify this text.\n\nText: \"\nLabel:").empty());  // before and behind overlap
}

TEST_CASE("slot: a full stop that all texts have is theirs, not the template's") {
    learn::RandomBits random(7);
    std::vector<std::string> prompts;
    while (prompts.size() < 40) {
        prompts.push_back("First:\n" + words(random) + ".\nSecond:\n" + words(random) + "! \nAre they the same?");
    }
    const PromptSlot slot = learned(prompts);
    CHECK(cut(slot, "First:\na b.\nSecond:\nc! \nAre they the same?") == std::vector<std::string>{"a b.", "c! "});
    CHECK(cut(slot, "First:\na b\nSecond:\nc\nAre they the same?") == std::vector<std::string>{"a b", "c"});
}

TEST_CASE("slot: pieces between") {
    learn::RandomBits random(2);
    std::vector<std::string> prompts;
    while (prompts.size() < 20) {
        prompts.push_back("Subject: " + words(random) + "\nFrom: " + words(random) + "\n\n<body>" + words(random) +
                          "</body>\nWho is meant?");
    }
    const PromptSlot slot = learned(prompts);
    CHECK(slot.slots() == 3);
    CHECK(cut(slot, "Subject: a b\nFrom: c\n\n<body>d\ne</body>\nWho is meant?") ==
          std::vector<std::string>{"a b", "c", "d\ne"});
    CHECK(cut(slot, "Subject: a b\n\n<body>d\ne</body>\nWho is meant?").empty());
}

TEST_CASE("slot: texts without a template are their own slot, and words are not cut through") {
    learn::RandomBits random(3);
    std::vector<std::string> prompts;
    while (prompts.size() < 30) prompts.push_back(words(random));
    CHECK(learned(prompts).whole());
    CHECK(learned({}).whole());
    CHECK(learned({"Say: a", "Say: b"}).whole());                               // too few
    CHECK(learned(std::vector<std::string>(30, "the same")).whole());           // nothing varies
    CHECK(learned({"Hi Anna!", "Hi Anton!", "Hi Andi!", "Hi Anke!"}).whole());  // by chance, as far as one can tell
    const PromptSlot names = learned(
        {"Write to Anna\nkindly!", "Write to Anton\nkindly!", "Write to Andi\nkindly!", "Write to Anke\nkindly!"});
    CHECK(cut(names, "Write to Bo\nkindly!") == std::vector<std::string>{"Bo"});
    CHECK(cut(PromptSlot(), "x") == std::vector<std::string>{"x"});
}

TEST_CASE("slot: a few prompts of another template, and a few texts that begin alike, change nothing") {
    learn::RandomBits random(4);
    std::vector<std::string> prompts;
    while (prompts.size() < 38) {
        prompts.push_back("Label the text.\nText: " + std::string(prompts.size() > 35 ? "" : "the ") + words(random));
    }
    prompts.push_back("Something else");
    prompts.insert(prompts.begin(), "Please help me");
    const PromptSlot slot = learned(prompts);
    CHECK(cut(slot, "Label the text.\nText: other") == std::vector<std::string>{"other"});
    CHECK(cut(slot, "Something else").empty());
}

TEST_CASE("slot: any pieces and slots: what was put together is cut the same way, or at least comes back whole") {
    CHECK(rc::check("put back", [](std::uint64_t seed) {
        learn::RandomBits random(seed);
        const std::size_t slots = 1 + random.below(3);
        std::vector<std::string> pieces;
        for (std::size_t i = 0; i <= slots; ++i) pieces.push_back("\n[rule " + words(random) + "] ");
        std::vector<std::string> prompts;
        for (int i = 0; i < 30; ++i) {
            std::string prompt = pieces[0];
            for (std::size_t j = 1; j <= slots; ++j) prompt += words(random) + pieces[j];
            prompts.push_back(prompt);
        }
        const PromptSlot slot = learned(prompts);
        RC_ASSERT(slot.slots() == slots);
        std::vector<std::string_view> found;
        for (const std::string& prompt : prompts) {
            RC_ASSERT(slot.cut(prompt, found));
            RC_ASSERT(slot.put(found) == prompt);
        }
    }));
    CHECK(rc::check("any bytes", [](const std::vector<std::string>& prompts, const std::string& other) {
        const PromptSlot slot = learned(prompts);
        std::vector<std::string_view> found;
        for (const std::string& prompt : prompts) {
            if (slot.cut(prompt, found)) RC_ASSERT(slot.put(found) == prompt);
        }
        if (slot.cut(other, found)) RC_ASSERT(slot.put(found) == other);
    }));
}

TEST_CASE("slot: bytes") {
    learn::RandomBits random(5);
    std::vector<std::string> prompts;
    while (prompts.size() < 20) prompts.push_back("Q: " + words(random) + "\nContext: " + words(random) + "\nA:");
    const PromptSlot slot = learned(prompts);
    learn::ModelWriter writer;
    slot.write(writer);
    learn::ModelReader reader(writer.bytes());
    const auto again = PromptSlot::read(reader);
    REQUIRE(again);
    CHECK(reader.left() == 0);
    for (const std::string& prompt : prompts) CHECK(cut(*again, prompt) == cut(slot, prompt));
    for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
        learn::ModelReader part(std::string_view(writer.bytes()).substr(0, size));
        CHECK_FALSE(PromptSlot::read(part));
    }
}

TEST_CASE("slot: several slots as one text") {
    std::string buffer;
    CHECK(slot_text(std::vector<std::string_view>{"a"}, buffer) == "a");
    CHECK(slot_text(std::vector<std::string_view>{"a", "", "b"}, buffer) == "a\n\nb");
}
