// A look-up of the nearest of 4,096 examples, by the length of the question, and how long the index takes to make.
//   ninja -C build/release example_index_bench && build/release/example_index_bench [TEXTS]
// TEXTS: a file of one prompt a line, of which the last 500 are asked and those before are the examples; without it
// words are made up, with the frequencies of a language's.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/clock.h"
#include "learn/random_bits.h"
#include "tiers/model/example_index.h"

using namespace weir;
using namespace weir::tiers;

namespace {

std::string word_of(std::size_t number) {
    learn::RandomBits random(number);
    std::string word;
    for (std::size_t i = 2 + random.below(7); i > 0; --i) word += static_cast<char>('a' + random.below(26));
    return word;
}

// As often as its rank says (Zipf): few words make most of a text.
std::string text_of(std::size_t bytes, learn::RandomBits& random) {
    std::string text;
    while (text.size() < bytes) {
        const double rank = std::exp(std::log(20'000.0) * static_cast<double>(random.below(1'000'000)) / 1e6);
        text += word_of(static_cast<std::size_t>(rank)) + " ";
    }
    return text.substr(0, bytes);
}

struct Times {
    double mean = 0, most = 0;
};
Times look_up(const ExampleIndex& index, const std::vector<std::string>& questions, std::vector<double>* best) {
    const SystemClock clock;
    Times times;
    std::vector<ExampleIndex::Near> near;
    for (const std::string& question : questions) {
        double least = 1e9;  // of some rounds: the machine has other things to do
        for (int round = 0; round < 5; ++round) {
            const Micros begin = clock.steady_micros();
            for (int i = 0; i < 4; ++i) index.nearest(question, 1'000'000'000, 0, near);
            least = std::min(least, static_cast<double>(clock.steady_micros() - begin) / 4);
        }
        times.mean += least / static_cast<double>(questions.size());
        times.most = std::max(times.most, least);
        if (best != nullptr) best->push_back(near.empty() ? 0 : static_cast<double>(near.front().similarity));
    }
    return times;
}

std::shared_ptr<const ExampleIndex> made_of(const std::vector<std::string>& texts) {
    std::vector<ExampleIndex::Example> examples;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        examples.push_back({texts[i], "an answer", static_cast<Micros>(i)});
    }
    const SystemClock clock;
    const Micros begin = clock.steady_micros();
    auto index = ExampleIndex::make(examples);
    std::printf("%zu examples of %zu: made in %.2f s, %.1f MiB\n", index->size(), examples.size(),
                static_cast<double>(clock.steady_micros() - begin) / 1e6,
                static_cast<double>(index->bytes()) / (1 << 20));
    return index;
}

}  // namespace

int main(int argc, char** argv) {
    learn::RandomBits random(1);
    if (argc > 1) {
        constexpr std::size_t kAsked = 500;
        std::vector<std::string> texts, asked;
        std::ifstream file(argv[1]);
        for (std::string line; std::getline(file, line);) texts.push_back(line);
        if (texts.size() <= kAsked) return 1;
        asked.assign(texts.end() - kAsked, texts.end());
        texts.resize(texts.size() - kAsked);
        std::vector<double> best;
        const Times times = look_up(*made_of(texts), asked, &best);
        std::sort(best.begin(), best.end());
        std::printf("a look-up: mean %.1f us, most %.1f us; the nearest's similarity, tenths:", times.mean, times.most);
        for (std::size_t tenth = 1; tenth < 10; ++tenth) std::printf(" %.2f", best[tenth * best.size() / 10]);
        std::printf("\n");
        return 0;
    }
    for (const std::size_t length : {80U, 200U, 500U, 4'000U}) {
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < ExampleIndex::kMostExamples; ++i) texts.push_back(text_of(length, random));
        const auto index = made_of(texts);
        for (const std::size_t bytes : {80U, 200U, 512U, 8'000U}) {
            std::vector<std::string> asked;
            for (std::size_t i = 0; i < 50; ++i) asked.push_back(text_of(bytes, random));
            const Times times = look_up(*index, asked, nullptr);
            std::printf("  a question of %4zu bytes: mean %.1f us, most %.1f us\n", bytes, times.mean, times.most);
        }
    }
    return 0;
}
