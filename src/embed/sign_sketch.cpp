#include "embed/sign_sketch.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::embed {
namespace {

constexpr std::size_t kBitsMost = sketch_bits(kDimensionsMost);

// One bit a component, from SplitMix64.
struct RandomSigns {
    std::array<float, kBitsMost> all{};
    RandomSigns() {
        std::uint64_t state = kSketchSeed;
        for (std::size_t i = 0; i < kBitsMost; i += 64) {
            std::uint64_t bits = state += 0x9e3779b97f4a7c15u;
            bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9u;
            bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebu;
            bits ^= bits >> 31U;
            for (std::size_t bit = 0; bit < 64; ++bit) all[i + bit] = (bits >> bit & 1U) != 0 ? 1.0F : -1.0F;
        }
    }
};

void walsh_hadamard(float* values, std::size_t count) {
    for (std::size_t half = 1; half < count; half *= 2) {
        for (std::size_t begin = 0; begin < count; begin += 2 * half) {
            for (std::size_t i = begin; i < begin + half; ++i) {
                const float a = values[i];
                const float b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
        }
    }
}

using Distances = void (*)(const std::uint64_t* query, const std::uint64_t* rows, std::size_t groups, std::size_t words,
                           std::uint16_t* distances);

// Inlined into a function for each set of instructions.
[[gnu::always_inline]] inline void count_bits(const std::uint64_t* query, const std::uint64_t* rows, std::size_t groups,
                                              std::size_t words, std::uint16_t* distances) {
    for (std::size_t group = 0; group < groups; ++group) {
        std::array<std::uint64_t, kSketchGroup> sums{};
        for (std::size_t word = 0; word < words; ++word) {
            for (std::size_t row = 0; row < kSketchGroup; ++row) {
                const std::uint64_t different = rows[row] ^ query[word];
                sums[row] += static_cast<std::uint64_t>(__builtin_popcountll(different));
            }
            rows += kSketchGroup;
        }
        for (const std::uint64_t sum : sums) *distances++ = static_cast<std::uint16_t>(sum);
    }
}

void distances_portable(const std::uint64_t* query, const std::uint64_t* rows, std::size_t groups, std::size_t words,
                        std::uint16_t* distances) {
    count_bits(query, rows, groups, words, distances);
}

#if defined(__x86_64__)

__attribute__((target("popcnt"))) void distances_popcnt(const std::uint64_t* query, const std::uint64_t* rows,
                                                        std::size_t groups, std::size_t words,
                                                        std::uint16_t* distances) {
    count_bits(query, rows, groups, words, distances);
}

__attribute__((target("avx2,avx512f,avx512vl,avx512vpopcntdq"))) void distances_avx512(const std::uint64_t* query,
                                                                                       const std::uint64_t* rows,
                                                                                       std::size_t groups,
                                                                                       std::size_t words,
                                                                                       std::uint16_t* distances) {
    for (std::size_t group = 0; group < groups; ++group) {
        __m256i lower = _mm256_setzero_si256();
        __m256i upper = _mm256_setzero_si256();
        for (std::size_t word = 0; word < words; ++word) {
            const __m256i asked = _mm256_set1_epi64x(static_cast<long long>(query[word]));
            const auto* here = reinterpret_cast<const __m256i*>(rows);
            lower = _mm256_add_epi64(lower, _mm256_popcnt_epi64(_mm256_xor_si256(_mm256_loadu_si256(here), asked)));
            upper = _mm256_add_epi64(upper, _mm256_popcnt_epi64(_mm256_xor_si256(_mm256_loadu_si256(here + 1), asked)));
            rows += kSketchGroup;
        }
        _mm_storel_epi64(reinterpret_cast<__m128i*>(distances), _mm256_cvtepi64_epi16(lower));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(distances + 4), _mm256_cvtepi64_epi16(upper));
        distances += kSketchGroup;
    }
}

#endif

Distances best_distances() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq")) return distances_avx512;
    if (__builtin_cpu_supports("popcnt")) return distances_popcnt;
#endif
    return distances_portable;
}

}  // namespace

void make_sketch(const std::int8_t* codes, std::size_t dimensions, std::uint64_t* sketch) {
    static const RandomSigns signs;
    std::array<float, kBitsMost> values;
    const std::size_t bits = sketch_bits(dimensions);
    for (std::size_t i = 0; i < dimensions; ++i) values[i] = static_cast<float>(codes[i]) * signs.all[i];
    for (std::size_t i = dimensions; i < bits; ++i) values[i] = 0;
    walsh_hadamard(values.data(), bits);
    for (std::size_t word = 0; word < bits / 64; ++word) {
        sketch[word] = 0;
        for (std::size_t bit = 0; bit < 64; ++bit) {
            sketch[word] |= std::uint64_t{values[word * 64 + bit] > 0} << bit;
        }
    }
}

void sketch_distances(const std::uint64_t* query, const std::uint64_t* rows, std::size_t groups, std::size_t words,
                      std::uint16_t* distances) {
    static const Distances best = best_distances();
    best(query, rows, groups, words, distances);
}

}  // namespace weir::embed
