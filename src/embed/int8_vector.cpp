#include "embed/int8_vector.h"

#include <algorithm>
#include <array>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::embed {
namespace {

void dot_rows_portable(const std::int8_t* query, const std::int8_t* rows, std::size_t count, std::size_t stride,
                       std::int32_t* products) {
    for (std::size_t row = 0; row < count; ++row) {
        const std::int8_t* codes = rows + row * stride;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < stride; ++i) sum += std::int32_t{query[i]} * std::int32_t{codes[i]};
        products[row] = sum;
    }
}

#if defined(__x86_64__)

std::int32_t sum_of_lanes(__m128i lanes) {
    lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, _MM_SHUFFLE(1, 0, 3, 2)));
    lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(lanes);
}

// 16 codes widened to 16 bits, multiplied and added in pairs.
__m128i products_of_16(const std::int8_t* a, const std::int8_t* b) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
    const __m128i y = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b));
    // Each byte into the upper half of 16 bits, then shifted down with its sign.
    const __m128i x_low = _mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8);
    const __m128i y_low = _mm_srai_epi16(_mm_unpacklo_epi8(y, y), 8);
    const __m128i x_high = _mm_srai_epi16(_mm_unpackhi_epi8(x, x), 8);
    const __m128i y_high = _mm_srai_epi16(_mm_unpackhi_epi8(y, y), 8);
    return _mm_add_epi32(_mm_madd_epi16(x_low, y_low), _mm_madd_epi16(x_high, y_high));
}

void dot_rows_sse2(const std::int8_t* query, const std::int8_t* rows, std::size_t count, std::size_t stride,
                   std::int32_t* products) {
    for (std::size_t row = 0; row < count; ++row) {
        const std::int8_t* codes = rows + row * stride;
        __m128i sum = _mm_setzero_si128();
        for (std::size_t i = 0; i < stride; i += 16) sum = _mm_add_epi32(sum, products_of_16(query + i, codes + i));
        products[row] = sum_of_lanes(sum);
    }
}

// |row| * (query with row's sign), in pairs: at most 2 * 127 * 127, which 16 bits hold.
__attribute__((target("avx2"))) __m256i products_of_32(const std::int8_t* a, const std::int8_t* b) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a));
    const __m256i y = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(y), _mm256_sign_epi8(x, y));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

__attribute__((target("avx2"))) void dot_rows_avx2(const std::int8_t* query, const std::int8_t* rows, std::size_t count,
                                                   std::size_t stride, std::int32_t* products) {
    for (std::size_t row = 0; row < count; ++row) {
        const std::int8_t* codes = rows + row * stride;
        __m256i even = _mm256_setzero_si256();
        __m256i odd = _mm256_setzero_si256();
        for (std::size_t i = 0; i < stride; i += 64) {
            even = _mm256_add_epi32(even, products_of_32(query + i, codes + i));
            odd = _mm256_add_epi32(odd, products_of_32(query + i + 32, codes + i + 32));
        }
        const __m256i sum = _mm256_add_epi32(even, odd);
        products[row] = sum_of_lanes(_mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
    }
}

// The instruction multiplies unsigned by signed: rows are taken as code + 128, and 128 * (sum of the query's codes) is
// taken off at the end. 256 bits at a time: memory is the limit, and GCC 12 warns about what adds up 512.
#define WEIR_TARGET_VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512vnni")))

WEIR_TARGET_VNNI __m256i load(const std::int8_t* codes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
}

WEIR_TARGET_VNNI std::int32_t sum_of_8(__m256i lanes) {
    return sum_of_lanes(_mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1)));
}

WEIR_TARGET_VNNI void dot_rows_vnni(const std::int8_t* query, const std::int8_t* rows, std::size_t count,
                                    std::size_t stride, std::int32_t* products) {
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(0x80));
    __m256i query_sum = _mm256_setzero_si256();
    for (std::size_t i = 0; i < stride; i += 32) {
        query_sum = _mm256_dpbusd_epi32(query_sum, _mm256_set1_epi8(1), load(query + i));
    }
    const std::int32_t offset = 128 * sum_of_8(query_sum);
    for (std::size_t row = 0; row < count; ++row) {
        const std::int8_t* codes = rows + row * stride;
        __m256i even = _mm256_setzero_si256();
        __m256i odd = _mm256_setzero_si256();
        for (std::size_t i = 0; i < stride; i += 64) {
            even = _mm256_dpbusd_epi32(even, _mm256_xor_si256(load(codes + i), flip), load(query + i));
            odd = _mm256_dpbusd_epi32(odd, _mm256_xor_si256(load(codes + i + 32), flip), load(query + i + 32));
        }
        products[row] = sum_of_8(_mm256_add_epi32(even, odd)) - offset;
    }
}

#endif

struct Kernels {
    std::array<DotKernel, 4> all{};
    std::size_t count = 0;

    Kernels() {
        all[count++] = {"portable", dot_rows_portable};
#if defined(__x86_64__)
        all[count++] = {"sse2", dot_rows_sse2};
        if (__builtin_cpu_supports("avx2")) all[count++] = {"avx2", dot_rows_avx2};
        const bool vnni = __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
        if (vnni && __builtin_cpu_supports("avx512bw")) all[count++] = {"avx512vnni", dot_rows_vnni};
#endif
    }
};

const Kernels& kernels() {
    static const Kernels found;
    return found;
}

}  // namespace

std::span<const DotKernel> dot_kernels() {
    return std::span(kernels().all).first(kernels().count);
}

void dot_rows(const std::int8_t* query, const std::int8_t* rows, std::size_t count, std::size_t stride,
              std::int32_t* products) {
    static const auto best = dot_kernels().back().dot_rows;
    best(query, rows, count, stride, products);
}

bool normalize(std::span<float> vector) {
    double squares = 0;
    for (const float x : vector) squares += double{x} * double{x};
    const double length = std::sqrt(squares);
    if (!(length > 0) || !std::isfinite(length)) {
        std::fill(vector.begin(), vector.end(), 0.0F);
        return false;
    }
    for (float& x : vector) x = static_cast<float>(double{x} / length);
    return true;
}

float quantize(std::span<const float> vector, std::int8_t* codes) {
    std::fill(codes, codes + padded(vector.size()), std::int8_t{0});
    float largest = 0;
    for (const float x : vector) {
        if (!std::isfinite(x)) return 0;
        largest = std::max(largest, std::abs(x));
    }
    if (largest == 0) return 0;
    std::int64_t squares = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
        const long code = std::lround(double{vector[i]} / double{largest} * 127);
        codes[i] = static_cast<std::int8_t>(code);
        squares += code * code;
    }
    return static_cast<float>(1 / std::sqrt(static_cast<double>(squares)));
}

Int8Vector::Int8Vector(std::span<const float> vector) : codes_(padded(vector.size())), dimensions_(vector.size()) {
    scale_ = quantize(vector, codes_.data());
}

Int8Vector::Int8Vector(std::span<const std::int8_t> codes, float scale)
    : codes_(padded(codes.size())), dimensions_(codes.size()), scale_(scale) {
    std::copy(codes.begin(), codes.end(), codes_.begin());
}

}  // namespace weir::embed
