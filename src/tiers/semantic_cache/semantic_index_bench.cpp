// The semantic index in one partition: look-ups, additions and memory an entry, at 10,000 and 100,000 entries.
//   ninja -C build/release semantic_index_bench && build/release/semantic_index_bench [entries ...]
// Entries come in families of 8 with cosines of 0.7 to 0.95 within a family, in two spaces (256 and 384 dimensions);
// asked is a vector near a family's. Times are CPU time of the calling thread. Look-ups find 10 candidates by each way
// and copy them out. Bars: 200 us at 10,000, p99 of 2 ms at 100,000, 1.2 KiB an entry.
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "tiers/semantic_cache/semantic_index.h"

using namespace weir;
using namespace weir::tiers::semantic;

namespace {

constexpr std::size_t kFamily = 8;
constexpr std::size_t kQueries = 2000;
constexpr std::size_t kCandidates = 10;
constexpr std::array<std::size_t, kSpacesMost> kDimensions{256, 384};

// Of this thread alone, so that a busy machine does not count.
double cpu_micros() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

struct Times {
    std::vector<double> micros;
    double at(double share) {
        std::sort(micros.begin(), micros.end());
        return micros[static_cast<std::size_t>(share * static_cast<double>(micros.size() - 1))];
    }
};

embed::Vector near(std::uint64_t family, std::size_t dimensions, float spread, std::mt19937_64& random) {
    std::mt19937_64 of_family(family * 2 + dimensions);
    std::normal_distribution<float> normal;
    embed::Vector vector(dimensions);
    for (float& x : vector) x = normal(of_family) + spread * normal(random);
    embed::normalize(vector);
    return vector;
}

std::array<embed::Int8Vector, kSpacesMost> vectors_near(std::uint64_t family, std::mt19937_64& random) {
    std::array<embed::Int8Vector, kSpacesMost> vectors;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        vectors[space] = embed::Int8Vector(near(family, kDimensions[space], 0.4F, random));
    }
    return vectors;
}

std::uint64_t memory_in_use() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

void measure(std::size_t entries) {
    std::mt19937_64 random(entries);
    const std::uint64_t before = memory_in_use();
    SemanticIndex::Options options;
    options.identities = {"hashing", "model"};
    options.dimensions = kDimensions;
    options.bytes_most = std::uint64_t{4} << 30U;
    SemanticIndex index(options);
    Times adds;
    SemanticRecord record;
    for (std::size_t i = 0; i < entries; ++i) {
        record.key = sha256(std::to_string(i));
        record.bag = i / 2 + 1;
        record.question.assign(60 + i % 40, 'q');  // a short question, 80 bytes in the mean
        record.vectors = vectors_near(i / kFamily, random);
        const double began = cpu_micros();
        index.add(record);
        adds.micros.push_back(cpu_micros() - began);
    }
    const auto lookups = [&] {
        Times times;
        std::vector<Found> found;
        std::size_t families = 0;
        for (std::size_t i = 0; i < kQueries; ++i) {
            const std::uint64_t family = random() % (entries / kFamily);
            const auto asked = vectors_near(family, random);
            const double began = cpu_micros();
            index.candidates(record.partition, family + 1, asked, kCandidates, found);
            times.micros.push_back(cpu_micros() - began);
            families += found.size();
        }
        std::printf("%8zu entries, look-up p50 %7.1f us  p99 %7.1f us  max %7.1f us  (%.1f candidates)\n", entries,
                    times.at(0.5), times.at(0.99), times.at(1), static_cast<double>(families) / kQueries);
    };
    lookups();
    const double measured = static_cast<double>(memory_in_use() - before - adds.micros.capacity() * sizeof(double));
    std::printf("%8zu entries, add p50 %.1f us  p99 %.1f us  max %.1f us; %.0f bytes an entry (counted: %.0f)\n",
                entries, adds.at(0.5), adds.at(0.99), adds.at(1), measured / static_cast<double>(entries),
                static_cast<double>(index.bytes()) / static_cast<double>(entries));
}

// Partitions of one entry each: what conversations make.
void measure_lone(std::size_t entries) {
    std::mt19937_64 random(1);
    const std::uint64_t before = memory_in_use();
    SemanticIndex::Options options;
    options.identities = {"hashing", "model"};
    options.dimensions = kDimensions;
    options.bytes_most = std::uint64_t{4} << 30U;
    SemanticIndex index(options);
    SemanticRecord record;
    record.question.assign(80, 'q');
    record.vectors = vectors_near(0, random);
    for (std::size_t i = 0; i < entries; ++i) {
        record.partition = record.key = sha256(std::to_string(i));
        index.add(record);
    }
    std::printf("%8zu partitions of one entry: %.0f bytes each (counted: %.0f)\n", entries,
                static_cast<double>(memory_in_use() - before) / static_cast<double>(entries),
                static_cast<double>(index.bytes()) / static_cast<double>(entries));
}

}  // namespace

int main(int count, char** arguments) {
    std::vector<std::size_t> sizes;
    for (int i = 1; i < count; ++i) {
        const std::string_view text = arguments[i];
        std::size_t entries = 0;
        std::from_chars(text.data(), text.data() + text.size(), entries);
        if (entries >= kFamily) sizes.push_back(entries);
    }
    if (sizes.empty()) sizes = {10'000, 100'000};
    for (const std::size_t entries : sizes) measure(entries);
    measure_lone(10'000);
}
