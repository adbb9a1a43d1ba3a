// How long a question takes to read and a pair to judge. Bars: 10 us for a question of 12 words, 5 us a pair.
#include <cstdio>

#include "json/bench.h"
#include "tiers/semantic_cache/guards.h"

using namespace weir::tiers::semantic;

int main() {
    constexpr std::string_view texts[] = {
        "How can I get a visa for Portugal without leaving my country?",
        "What is the best way to get a visa for Spain without leaving my country?",
        "Is it possible to obtain a visa for Portugal before I leave the country?",
    };
    for (const auto text : texts) {
        std::printf("read_question, %2zu words: %6.2f us\n", read_question(text).words.size(),
                    weir::json::nanoseconds_each([&] { weir::json::keep(read_question(text).canonical_id); }) / 1000);
    }
    const Question a = read_question(texts[0]);
    for (const auto text : texts) {
        const Question b = read_question(text);
        std::printf("check_guards: %6.2f us (%s)\n",
                    weir::json::nanoseconds_each([&] { weir::json::keep(check_guards(a, b).explained); }) / 1000,
                    std::string(to_string(check_guards(a, b).refusal)).c_str());
    }
    std::string longest;
    while (longest.size() + 60 < max_analysed_bytes) longest += "a (b \"c 'd `e 1/2 $3 and or not more good than ";
    std::printf("read_question, 8 KiB of marks: %.0f us\n",
                weir::json::nanoseconds_each([&] { weir::json::keep(read_question(longest).canonical_id); }) / 1000);
}
