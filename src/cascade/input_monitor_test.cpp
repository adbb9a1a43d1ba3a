#include "cascade/input_monitor.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

// A sentence of an invented language: frequent words first, each language its own.
PromptFeatures sentence(std::uint64_t language, learn::RandomBits& random) {
    std::string text;
    const std::size_t words = 8 + random.below(40);
    for (std::size_t i = 0; i < words; ++i) {
        const double rank = std::exp(8 * random.uniform());  // frequencies as in languages: Zipf's
        std::uint64_t word = static_cast<std::uint64_t>(rank) * 0x9E3779B97F4A7C15U * (2 * language + 1);
        for (std::size_t letters = 3 + word % 6; letters > 0; --letters, word /= 7) {
            text += static_cast<char>('a' + word % 26);
        }
        text += ' ';
    }
    return prompt_features("Answer briefly.", text);
}

// Prompts until an alarm, `most` if there is none.
std::size_t until_alarm(InputMonitor& monitor, std::size_t most, learn::RandomBits& random, std::uint64_t language) {
    for (std::size_t i = 1; i <= most; ++i) {
        if (monitor.seen(sentence(language, random))) return i;
    }
    return most;
}

InputMonitor::Options with_run_length(double run_length) {
    InputMonitor::Options options;
    options.run_length = run_length;
    return options;
}

}  // namespace

TEST_CASE("another language is noticed within sixty prompts, once") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        learn::RandomBits random(seed);
        InputMonitor monitor({});
        CHECK(until_alarm(monitor, 600, random, 1) == 600);
        CHECK(monitor.watches());
        CHECK(until_alarm(monitor, 100, random, 2) <= 60);
        CHECK_FALSE(monitor.watches());
        CHECK(until_alarm(monitor, 600, random, 2) == 600);  // that is what is usual now
        CHECK(until_alarm(monitor, 100, random, 1) <= 60);
    }
}

TEST_CASE("half of the prompts in another language are noticed") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        learn::RandomBits random(seed);
        InputMonitor monitor({});
        CHECK(until_alarm(monitor, 600, random, 1) == 600);
        std::size_t until = 0;
        for (bool alarm = false; !alarm && until < 800; ++until) {
            alarm = monitor.seen(sentence(random.chance(0.5) ? 2 : 1, random));
        }
        CHECK(until <= 600);
    }
}

TEST_CASE("false alarms of like prompts are rarer than promised") {
    // 40 runs of 2,000 prompts at a run length of 1,000: 80 are allowed.
    std::size_t alarms = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        learn::RandomBits random(seed);
        InputMonitor monitor(with_run_length(1'000));
        for (std::size_t i = 0; i < 2'000; ++i) alarms += monitor.seen(sentence(1, random)) ? 1 : 0;
    }
    CHECK(alarms <= 2);
}

TEST_CASE("near the edge of what is tolerated false alarms are seldomer than promised") {
    constexpr double kRunLength = 200;
    std::size_t alarms = 0, watched = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        learn::RandomBits random(seed);
        InputMonitor monitor(with_run_length(kRunLength));
        for (std::size_t i = 0; i < 1'000; ++i) {
            // Of the usual ones a twentieth is novel by itself.
            const bool other = monitor.watches() && random.chance(0.2);
            watched += monitor.watches() ? 1 : 0;
            alarms += monitor.seen(sentence(other ? 2 : 1, random)) ? 1 : 0;
        }
    }
    CHECK(static_cast<double>(alarms) <= static_cast<double>(watched) / kRunLength);
}

TEST_CASE("prompts that are all the same, or empty, are no news") {
    InputMonitor monitor(with_run_length(1'000));
    const PromptFeatures one = prompt_features("Answer.", "ping");
    for (int i = 0; i < 3'000; ++i) CHECK_FALSE(monitor.seen(one));
    InputMonitor empty(with_run_length(1'000));
    for (int i = 0; i < 3'000; ++i) CHECK_FALSE(empty.seen(PromptFeatures{}));
}
