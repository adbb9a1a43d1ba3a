// Nearest vectors: every vector (ExactIndex), sketches (SketchIndex) and a graph (HNSW by hnswlib, Debian's
// libhnswlib-dev, which Weir is not built with). Not part of the build:
//   g++ -std=c++20 -O2 -Isrc bench/vector_rivals_bench.cpp src/embed/int8_vector.cpp src/embed/int8_rows.cpp
//     src/embed/sign_sketch.cpp src/embed/sketch_index.cpp -o vector_rivals_bench -pthread && ./vector_rivals_bench
//     FILE [ROWS]
// FILE: rows of 384 floats of length 1, as they come from a real model: made-up vectors say little about recall. Times
// are CPU time of the calling thread, medians and 99th percentiles of 500 look-ups of 10 neighbours; every 200th row is
// asked.
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <vector>

#include "embed/exact_index.h"
#include "embed/sketch_index.h"

using namespace weir::embed;

namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kNeighbours = 10;
constexpr std::size_t kQueries = 500;
constexpr float kNear = 0.75F;  // cosine: what a cache would care for

double cpu_micros() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

struct Score {
    std::vector<double> micros;
    std::size_t wanted = 0, hits = 0, near_wanted = 0, near_hits = 0;

    void add(const std::vector<Neighbour>& right, const std::vector<std::uint32_t>& found) {
        for (const Neighbour& neighbour : right) {
            const std::size_t hit = std::count(found.begin(), found.end(), neighbour.id) > 0 ? 1 : 0;
            ++wanted;
            hits += hit;
            if (neighbour.similarity < kNear) continue;
            ++near_wanted;
            near_hits += hit;
        }
    }
    void print(const char* name) {
        std::sort(micros.begin(), micros.end());
        std::printf("%-22s p50 %6.0f us  p99 %6.0f us  of the 10 nearest %5.1f %%, of those over %.2f %6.2f %%\n", name,
                    micros[micros.size() / 2], micros[micros.size() * 99 / 100],
                    100.0 * static_cast<double>(hits) / static_cast<double>(wanted), kNear,
                    100.0 * static_cast<double>(near_hits) / static_cast<double>(near_wanted));
    }
};

std::vector<std::uint32_t> ids_of(const std::vector<Neighbour>& neighbours) {
    std::vector<std::uint32_t> ids;
    for (const Neighbour& neighbour : neighbours) ids.push_back(neighbour.id);
    return ids;
}

}  // namespace

int main(int count, char** arguments) {
    std::ifstream file(count > 1 ? arguments[1] : "", std::ios::binary);
    const std::size_t rows_most = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 100'000;
    std::vector<Vector> vectors;
    Vector row(kDimensions);
    while (vectors.size() < rows_most && file.read(reinterpret_cast<char*>(row.data()), sizeof(float) * kDimensions)) {
        vectors.push_back(row);
    }
    if (vectors.size() < kQueries) return std::puts("too few rows; see the head of this file"), 2;
    const std::size_t step = vectors.size() / kQueries;

    ExactIndex exact(kDimensions);
    SketchIndex sketched(kDimensions);
    hnswlib::InnerProductSpace space(kDimensions);
    hnswlib::HierarchicalNSW<float> graph(&space, vectors.size(), 16, 200);
    double sketch_adds = 0, graph_adds = 0;
    for (std::uint32_t id = 0; id < vectors.size(); ++id) {
        const Int8Vector codes(vectors[id]);
        exact.set(id, codes.view());
        double began = cpu_micros();
        sketched.set(id, codes.view());
        sketch_adds += cpu_micros() - began;
        began = cpu_micros();
        graph.addPoint(vectors[id].data(), id);
        graph_adds += cpu_micros() - began;
    }
    const auto entries = static_cast<double>(vectors.size());
    std::printf("%zu vectors; an addition: sketches %.1f us, graph %.0f us\n", vectors.size(), sketch_adds / entries,
                graph_adds / entries);

    std::vector<std::vector<Neighbour>> right(kQueries);
    Score of_exact, of_sketches;
    std::vector<Neighbour> found;
    for (std::size_t i = 0; i < kQueries; ++i) {
        const Int8Vector query(vectors[i * step]);
        double began = cpu_micros();
        exact.nearest(query.view(), kNeighbours, right[i]);
        of_exact.micros.push_back(cpu_micros() - began);
        began = cpu_micros();
        sketched.nearest(query.view(), kNeighbours, found);
        of_sketches.micros.push_back(cpu_micros() - began);
        of_exact.add(right[i], ids_of(right[i]));
        of_sketches.add(right[i], ids_of(found));
    }
    of_exact.print("every vector");
    of_sketches.print("sketches");
    for (const std::size_t width : {32U, 64U, 128U}) {
        graph.setEf(width);
        Score score;
        for (std::size_t i = 0; i < kQueries; ++i) {
            const double began = cpu_micros();
            auto results = graph.searchKnn(vectors[i * step].data(), kNeighbours);
            score.micros.push_back(cpu_micros() - began);
            std::vector<std::uint32_t> ids;
            for (; !results.empty(); results.pop()) ids.push_back(static_cast<std::uint32_t>(results.top().second));
            score.add(right[i], ids);
        }
        score.print(("graph, ef " + std::to_string(width)).c_str());
    }
    return 0;
}
