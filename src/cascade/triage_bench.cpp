// What triage costs a request, and what fitting it costs. CPU time of the calling thread; the prompts and the
// questions' words are made up. Caches are warm but for what 2,000 different prompts leave of them.
//   ninja -C build/release triage_bench && build/release/triage_bench
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "cascade/prompt_classes.h"
#include "json/scan.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

constexpr std::size_t kPrompts = 2'000;

double cpu_micros() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Words of an invented language, frequent ones first, with numbers, signs and listed choices.
std::string made_up_prompt(std::size_t bytes, learn::RandomBits& random) {
    std::string text;
    while (text.size() + 80 < bytes) {
        const double skewed = random.uniform() * random.uniform() * random.uniform();
        auto word = static_cast<std::uint64_t>(skewed * 20'000) * 0x9E3779B97F4A7C15U;
        const std::size_t letters = 2 + word % 9;
        for (std::size_t i = 0; i < letters; ++i, word /= 7) text += static_cast<char>('a' + word % 26);
        text += random.chance(0.08) ? ". The " : random.chance(0.05) ? " 1,250 " : random.chance(0.05) ? ", " : " ";
    }
    return text + "\nWhich of the following?\nA. one of them\nB. 12.5\nC. both of the others\nD. none";
}

struct Row {
    PromptFeatures prompt;
    bool agreed = false;
    float benefit = 0;
};

TriageModel fit(const std::vector<Row>& rows, std::size_t count, double& millis) {
    std::vector<TriageRow> labelled;
    for (std::size_t i = 0; i < count; ++i) {
        const Row& row = rows[i];
        labelled.push_back({&row.prompt, i % 5, {}, row.agreed, row.benefit, 1});
    }
    const double began = cpu_micros();
    auto model = TriageModel::fit(labelled, {});
    millis = (cpu_micros() - began) / 1000;
    if (!model) std::puts(model.error().message.c_str());
    return model ? std::move(*model) : TriageModel();
}

double at(std::vector<double>& sorted, double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void measure(const TriageModel& model, std::size_t bytes, learn::RandomBits& random) {
    std::vector<std::string> prompts;
    for (std::size_t i = 0; i < kPrompts; ++i) prompts.push_back(made_up_prompt(bytes, random));
    std::vector<double> features, all;
    double sum = 0;
    for (int round = 0; round < 3; ++round) {
        for (const std::string& prompt : prompts) {
            const double began = cpu_micros();
            const PromptFeatures found = prompt_features("Answer with one letter.", prompt);
            const double between = cpu_micros();
            sum += model.predict(found, 3).benefit;
            all.push_back(cpu_micros() - began);
            features.push_back(between - began);
        }
    }
    std::sort(features.begin(), features.end());
    std::sort(all.begin(), all.end());
    std::printf(
        "a prompt of %5zu bytes: features p50 %5.1f us, p99 %5.1f us; with prediction p50 %5.1f us, p99 %5.1f us\n",
        bytes, at(features, 0.5), at(features, 0.99), at(all, 0.5), at(all, 0.99));
    if (sum == 4711) std::puts("");
}

embed::Int8Vector made_up_vector(learn::RandomBits& random) {
    std::vector<float> numbers(384);
    for (float& each : numbers) each = static_cast<float>(random.uniform() - 0.5);
    embed::normalize(numbers);
    return embed::Int8Vector(numbers);
}

// As the live path does it: once for all tiers; with an embedding where one is at hand.
void measure_live(const std::vector<Row>& rows, std::size_t tiers, std::size_t bytes, bool embedded,
                  learn::RandomBits& random) {
    PromptClassLearner learner;
    for (std::size_t i = 0; i < PromptClassLearner::kMostRows; ++i) {
        Trial trial;
        trial.task = i % 5;
        for (std::size_t tier = 0; tier < tiers; ++tier) {
            trial.tiers[tier].asked = trial.tiers[tier].graded = true;
            trial.tiers[tier].worse = random.chance(0.2);
        }
        SeenPrompt seen{rows[i].prompt, true};
        if (embedded) seen.embedding = made_up_vector(random);
        learner.add(std::make_shared<const SeenPrompt>(std::move(seen)), trial);
    }
    const double began = cpu_micros();
    const auto classes = learner.fitting(std::make_shared<const Policy>())();
    const double fitted = cpu_micros() - began;
    std::vector<double> all;
    double sum = 0;
    for (std::size_t i = 0; i < kPrompts; ++i) {
        const std::string prompt = made_up_prompt(bytes, random);
        embed::Int8Vector vector;
        if (embedded) vector = made_up_vector(random);
        const double asked = cpu_micros();
        SeenPrompt made{prompt_features("Answer with one letter.", prompt), true, std::move(vector)};
        const auto seen = std::make_shared<const SeenPrompt>(std::move(made));
        sum += classes->judge(*seen, 3, Policy()).agree[0];
        all.push_back(cpu_micros() - asked);
    }
    std::sort(all.begin(), all.end());
    std::printf("live, %zu tiers, %5zu bytes%s: p50 %5.1f us, p99 %5.1f us (fit: %.0f ms)\n", tiers, bytes,
                embedded ? ", embedded" : "", at(all, 0.5), at(all, 0.99), fitted / 1000);
    if (sum == 4711) std::puts("");
}

// What a conversation of so many bytes says, as the live path reads it; the body is parsed before.
void measure_conversation(std::size_t bytes, learn::RandomBits& random) {
    std::vector<double> all;
    double sum = 0;
    for (std::size_t i = 0; i < kPrompts; ++i) {
        std::string body = R"({"model":"m","messages":[{"role":"system","content":"Answer with one letter."})";
        for (std::size_t turn = 0; turn < 9; ++turn) {
            body += turn % 2 == 0 ? R"(,{"role":"user","content":)" : R"(,{"role":"assistant","content":)";
            json::write_string(made_up_prompt(bytes / 9, random), body);
            body += '}';
        }
        body += "]}";
        std::string param;
        const auto request = wire::parse_chat_request(body, param);
        if (!request) return;
        const double asked = cpu_micros();
        sum += prompt_features(*request).numbers[0];
        all.push_back(cpu_micros() - asked);
    }
    std::sort(all.begin(), all.end());
    std::printf("a conversation of %6zu bytes: features p50 %5.1f us, p99 %5.1f us\n", bytes, at(all, 0.5),
                at(all, 0.99));
    if (sum == 4711) std::puts("");
}

}  // namespace

int main() {
    learn::RandomBits random(1);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < 5'000; ++i) {
        Row row;
        row.prompt = prompt_features("Answer with one letter.", made_up_prompt(300 + random.below(900), random));
        row.agreed = random.chance(0.8);
        row.benefit = row.agreed ? 0.0F : random.chance(0.8) ? 1.0F : -1.0F;
        rows.push_back(std::move(row));
    }
    TriageModel model;
    for (const std::size_t count : {std::size_t{1'000}, std::size_t{5'000}}) {
        double millis = 0;
        model = fit(rows, count, millis);
        std::printf("fit on %5zu rows: %6.0f ms\n", count, millis);
    }
    for (const std::size_t bytes : {std::size_t{200}, std::size_t{1'024}, std::size_t{8'192}, std::size_t{100'000}}) {
        measure(model, bytes, random);
    }
    for (const std::size_t bytes : {std::size_t{1'024}, std::size_t{100'000}}) measure_conversation(bytes, random);
    for (const std::size_t tiers : {std::size_t{2}, kMostModelTiers}) {
        for (const std::size_t bytes : {std::size_t{1'024}, std::size_t{100'000}}) {
            measure_live(rows, tiers, bytes, false, random);
        }
        measure_live(rows, tiers, 1'024, true, random);
    }
    return 0;
}
