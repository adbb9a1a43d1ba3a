// An answer of a student of 77 labels, by the length of the text: grams alone, and all of it. Best of many rounds.
//   ninja -C build/release student_bench && build/release/student_bench
#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "learn/random_bits.h"
#include "tiers/student/student_trainer.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

std::string word_of(std::size_t number) {
    learn::RandomBits random(number);
    std::string word;
    for (std::size_t i = 3 + random.below(6); i > 0; --i) word += static_cast<char>('a' + random.below(26));
    return word;
}

std::string text_of(std::size_t words, learn::RandomBits& random) {
    std::string text;
    for (std::size_t i = 0; i < words; ++i) text += word_of(random.below(2'000)) + " ";
    return text;
}

template <class Work>
double best_us(const Work& work) {
    const SystemClock clock;
    double best = 1e9;
    for (int round = 0; round < 200; ++round) {
        const Micros begin = clock.steady_micros();
        for (int i = 0; i < 20; ++i) work();
        best = std::min(best, static_cast<double>(clock.steady_micros() - begin) / 20);
    }
    return best;
}

}  // namespace

int main() {
    learn::RandomBits random(1);
    std::vector<std::string> texts, answers;
    std::vector<StudentExample> examples;
    for (std::size_t i = 0; i < 3'000; ++i) {
        texts.push_back(word_of(i % 77 * 20 + random.below(6)) + " " + text_of(11, random));
        answers.push_back("label_" + word_of(5'000 + i % 77));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) examples.push_back({texts[i], answers[i]});
    const SystemClock clock;
    const Micros begin = clock.steady_micros();
    const auto bytes = train_student(examples, {});
    const double trained = static_cast<double>(clock.steady_micros() - begin) / 1e6;
    if (!bytes) return 1;
    const auto model = StudentModel::load(*bytes);
    if (!model) return 1;
    std::printf("3,000 rows, %zu labels, %zu features: %.2f s, %.1f MiB\n", (*model)->form().columns(),
                (*model)->features(), trained, static_cast<double>(bytes->size()) / (1 << 20));
    for (const std::size_t words : {12U, 50U, 100U, 1'000U}) {
        const std::string text = text_of(words, random).substr(0, kMostTextBytes);
        std::vector<Gram> grams;
        std::size_t sum = 0;
        const double cut = best_us([&] { text_grams(text, grams), sum += grams.size(); });
        const double all = best_us([&] { sum += (*model)->answer(text).text.size(); });
        std::printf("%5zu words, %5zu bytes, %5zu grams: grams %.1f us, answer %.1f us%s\n", words, text.size(),
                    grams.size(), cut, all, sum == 0 ? "!" : "");
    }
    return 0;
}
