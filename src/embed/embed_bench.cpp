// What embedding and looking up vectors cost. Times are CPU time of the calling thread, the best of some rounds.
//   ninja -C build/release embed_bench && build/release/embed_bench
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "embed/exact_index.h"
#include "embed/hashing_embedder.h"
#include "embed/sketch_index.h"

using namespace weir::embed;

namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kFamily = 8;
constexpr int kQueries = 300;

// Of this thread alone, so that a busy machine counts as little as it can.
double cpu_micros() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class Work>
double best_of(int rounds, int times, Work work) {
    double best = 1e18;
    for (int round = 0; round < rounds; ++round) {
        const double began = cpu_micros();
        for (int i = 0; i < times; ++i) work();
        best = std::min(best, (cpu_micros() - began) / times);
    }
    return best;
}

Int8Vector near(std::uint64_t family, float spread, std::mt19937_64& random) {
    std::mt19937_64 of_family(family);
    std::normal_distribution<float> normal;
    Vector vector(kDimensions);
    for (float& x : vector) x = normal(of_family) + spread * normal(random);
    return Int8Vector(vector);
}

void measure_embedder() {
    const HashingEmbedder embedder;
    const std::string ten = "how do i reset my password on the new phone";
    const std::string thirty =
        "Could you please tell me which documents I have to bring to the appointment at the passport office if my old "
        "passport was stolen while I was travelling abroad last summer?";
    double sum = 0;
    for (const std::string& text : {ten, thirty}) {
        const double micros = best_of(20, 200, [&] { sum += embedder.embed_now(text)[0]; });
        std::printf("hashing embedder, %3zu bytes: %5.1f us\n", text.size(), micros);
    }
    if (sum == 4711) std::puts("");
}

void measure_kernels() {
    std::mt19937_64 random(1);
    constexpr std::size_t rows = 10'000;
    std::vector<std::int8_t> codes(rows * kDimensions);
    for (std::int8_t& code : codes) code = static_cast<std::int8_t>(random() % 255 - 127);
    std::vector<std::int32_t> products(rows);
    for (const DotKernel& kernel : dot_kernels()) {
        const double micros =
            best_of(20, 3, [&] { kernel.dot_rows(codes.data(), codes.data(), rows, kDimensions, products.data()); });
        std::printf("10,000 x 384 dot products, %-10s: %6.0f us\n", kernel.name, micros);
    }
}

void measure_indexes(std::uint32_t entries) {
    std::mt19937_64 random(entries);
    ExactIndex exact(kDimensions);
    SketchIndex sketched(kDimensions);
    for (std::uint32_t id = 0; id < entries; ++id) {
        const Int8Vector vector = near(id / kFamily, 0.5F, random);
        exact.set(id, vector.view());
        sketched.set(id, vector.view());
    }
    std::vector<double> exact_micros, sketch_micros;
    std::vector<Neighbour> right, found;
    std::size_t wanted = 0, hits = 0, near_wanted = 0, near_hits = 0;
    for (int i = 0; i < kQueries; ++i) {
        const Int8Vector query = near(random() % (entries / kFamily), 0.5F, random);
        double began = cpu_micros();
        exact.nearest(query.view(), 10, right);
        exact_micros.push_back(cpu_micros() - began);
        began = cpu_micros();
        sketched.nearest(query.view(), 10, found);
        sketch_micros.push_back(cpu_micros() - began);
        for (const Neighbour& neighbour : right) {
            const bool hit =
                std::any_of(found.begin(), found.end(), [&](const Neighbour& x) { return x.id == neighbour.id; });
            ++wanted;
            hits += hit ? 1 : 0;
            near_wanted += neighbour.similarity > 0.5F ? 1 : 0;
            near_hits += hit && neighbour.similarity > 0.5F ? 1 : 0;
        }
    }
    std::sort(exact_micros.begin(), exact_micros.end());
    std::sort(sketch_micros.begin(), sketch_micros.end());
    const auto middle = static_cast<std::size_t>(kQueries / 2);
    const auto late = static_cast<std::size_t>(kQueries * 99 / 100);
    std::printf(
        "%7u vectors, 10 nearest: exact p50 %6.0f us p99 %6.0f us, sketches p50 %6.0f us p99 %6.0f us, of the 10 "
        "nearest %.1f %%, of the near (cosine over 0.5) %.2f %%; %.0f and %.0f bytes a vector\n",
        entries, exact_micros[middle], exact_micros[late], sketch_micros[middle], sketch_micros[late],
        100.0 * static_cast<double>(hits) / static_cast<double>(wanted),
        100.0 * static_cast<double>(near_hits) / static_cast<double>(near_wanted),
        static_cast<double>(exact.bytes()) / entries, static_cast<double>(sketched.bytes()) / entries);
}

}  // namespace

int main() {
    measure_embedder();
    measure_kernels();
    for (const std::uint32_t entries : {1'000U, 10'000U, 20'000U, 100'000U}) measure_indexes(entries);
}
