// An answer by the length of the text, best of many rounds: of a student of 77 labels, of one
// for extraction (four lists) and of one that copies (4,096 rows); and what finding a slot in a long prompt takes.
//   ninja -C build/release student_bench && build/release/student_bench
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/clock.h"
#include "learn/random_bits.h"
#include "text/redaction.h"
#include "tiers/student/student.h"

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

// A sentence in which some kinds of names stand behind words that tell them, and the lists of them.
struct Sentence {
    std::string text, answer;
};
Sentence sentence_of(std::size_t words, std::size_t kinds, learn::RandomBits& random) {
    Sentence made;
    std::vector<std::string> lists(kinds);
    for (std::size_t i = 0; i < words; ++i) {
        const std::size_t kind = random.below(5 * kinds);
        if (kind >= kinds) {
            made.text += word_of(random.below(2'000)) + " ";
            continue;
        }
        std::string name = word_of(3'000 + random.below(5'000));
        name[0] = static_cast<char>(name[0] - 'a' + 'A');
        made.text += word_of(10'000 + kind) + " " + name + " ";
        if (lists[kind].find('"' + name + '"') == std::string::npos) {
            lists[kind] += (lists[kind].empty() ? "\"" : ", \"") + name + "\"";
        }
    }
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        made.answer += (kind == 0 ? "{\"" : ", \"") + word_of(10'000 + kind) + "\": [" + lists[kind] + "]";
    }
    made.answer += "}";
    return made;
}

embed::Int8Vector vector_of(std::size_t number) {
    learn::RandomBits random(number);
    std::vector<float> vector(384);
    for (float& each : vector) each = static_cast<float>(random.normal());
    return embed::Int8Vector(vector);
}

std::shared_ptr<const Student> trained(const char* what, const std::vector<Sentence>& rows, bool embedded = false) {
    std::vector<StudentExample> examples;
    std::vector<embed::Int8Vector> vectors;
    for (std::size_t i = 0; embedded && i < rows.size(); ++i) vectors.push_back(vector_of(i));
    for (const Sentence& row : rows) {
        const std::size_t i = examples.size();
        examples.push_back({row.text, row.answer, embedded ? view_of(vectors[i], 1) : TextEmbedding{}});
    }
    const std::clock_t begin = std::clock();
    auto bytes = Student::train(examples, {});
    const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (!bytes) {
        std::printf("%s: %s\n", what, bytes.error().message.c_str());
        return nullptr;
    }
    const auto made = *Student::load(std::move(*bytes));
    std::printf("%s: %zu rows, %s: %.2f s of processor time, %.1f MiB\n", what, rows.size(),
                std::string(to_string(made->kind())).c_str(), took, static_cast<double>(made->bytes()) / (1 << 20));
    return made;
}

void ask(const Student& student, const std::vector<std::string>& texts) {
    Student::Scratch scratch;
    std::size_t sum = 0;
    for (const std::string& text : texts) {
        const embed::Int8Vector vector = vector_of(1);
        const double all = best_us([&] { sum += student.answer(text, scratch, view_of(vector, 1)).text.size(); });
        std::printf("  %5zu bytes: %.1f us%s\n", text.size(), all, sum == 0 ? " (declined)" : "");
    }
}

}  // namespace

int main() {
    learn::RandomBits random(1);
    std::vector<Sentence> labels, many, few, extraction, fine, copied;
    std::vector<std::string> prompts, sentences, others, orders;
    for (std::size_t i = 0; i < 3'000; ++i) {
        labels.push_back(
            {word_of(i % 77 * 20 + random.below(6)) + " " + text_of(11, random), "label_" + word_of(5'000 + i % 77)});
        many.push_back({word_of(i % 500) + " " + text_of(11, random), "label_" + word_of(5'000 + i % 500)});
        few.push_back({word_of(i % 4 * 20 + random.below(6)) + " " + text_of(11, random), "label_" + word_of(i % 4)});
        extraction.push_back(sentence_of(10 + random.below(10), 4, random));
        if (i < 600) fine.push_back(sentence_of(10 + random.below(10), 31, random));
    }
    const auto order = [&random](std::size_t words) {
        std::string text;
        for (std::size_t i = 0; i < words; ++i) text += word_of(random.below(40)) + " ";
        const std::string number = "A-" + std::to_string(random.below(100'000));
        return Sentence{"my order " + number + " " + text, "We look into order " + number + " at once."};
    };
    for (std::size_t i = 0; i < 4'096; ++i) copied.push_back(order(25));
    for (const std::size_t bytes : {80U, 280U, 640U, 768U, 896U, 2'048U}) {
        prompts.push_back(text_of(bytes / 3, random).substr(0, bytes));
        sentences.push_back(sentence_of(bytes / 4, 4, random).text.substr(0, bytes));
        others.push_back(sentence_of(bytes / 4, 31, random).text.substr(0, bytes));
        orders.push_back(order(bytes / 3).text.substr(0, bytes));
    }
    if (const auto made = trained("77 labels", labels)) ask(*made, prompts);
    if (const auto made = trained("77 labels, with embeddings", labels, true)) ask(*made, prompts);
    if (const auto made = trained("500 labels", many)) ask(*made, prompts);
    if (const auto made = trained("four labels", few)) ask(*made, prompts);
    if (const auto made = trained("four lists", extraction)) ask(*made, sentences);
    if (const auto made = trained("31 lists", fine)) ask(*made, others);
    if (const auto made = trained("templated answers", copied)) ask(*made, orders);

    // 16 KiB of instruction around a text of 80 bytes.
    const std::string before = text_of(3'000, random).substr(0, 15'000) + "\nText: ";
    std::vector<Sentence> inside = labels;
    for (Sentence& each : inside) each.text = before + each.text + "\nLabel:";
    if (const auto made = trained("77 labels in an instruction", inside)) {
        ask(*made, {before + prompts.front() + "\nLabel:"});
        const text::Redaction redaction = text::Redaction::usual();
        std::size_t sum = 0;
        const std::string prompt = before + prompts.front();
        std::printf("  its redaction: %.1f us\n", best_us([&] { sum += redaction.apply(prompt).size(); }));
    }
    return 0;
}
