#include "embed/int8_vector.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "embed/sign_sketch.h"

using namespace weir::embed;

namespace {

std::int32_t slow_dot(const std::int8_t* a, const std::int8_t* b, std::size_t count) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += a[i] * b[i];
    return sum;
}

std::vector<std::int8_t> random_codes(std::size_t count) {
    return *rc::gen::container<std::vector<std::int8_t>>(
        count, rc::gen::map(rc::gen::inRange(-127, 128), [](int code) { return static_cast<std::int8_t>(code); }));
}

Vector random_vector(std::size_t dimensions) {
    return *rc::gen::container<Vector>(
        dimensions, rc::gen::map(rc::gen::inRange(-1000, 1001), [](int x) { return static_cast<float>(x) / 997; }));
}

}  // namespace

TEST_CASE("every kernel of this processor multiplies as the slow way does") {
    REQUIRE(dot_kernels().size() >= 1);
    CHECK(rc::check([] {
        const std::size_t stride = kCodesAlignment * *rc::gen::inRange<std::size_t>(1, 9);
        const std::size_t rows = *rc::gen::inRange<std::size_t>(0, 6);
        const std::vector<std::int8_t> query = random_codes(stride);
        const std::vector<std::int8_t> codes = random_codes(stride * rows);
        for (const DotKernel& kernel : dot_kernels()) {
            std::vector<std::int32_t> products(rows + 1, 4711);
            kernel.dot_rows(query.data(), codes.data(), rows, stride, products.data());
            for (std::size_t row = 0; row < rows; ++row) {
                RC_ASSERT(products[row] == slow_dot(query.data(), codes.data() + row * stride, stride));
            }
            RC_ASSERT(products[rows] == 4711);
        }
    }));
}

TEST_CASE("the largest products of the most dimensions do not overflow, in any kernel") {
    for (const int a : {-127, 127}) {
        for (const int b : {-127, 127}) {
            const std::vector<std::int8_t> x(kDimensionsMost, static_cast<std::int8_t>(a));
            const std::vector<std::int8_t> y(kDimensionsMost, static_cast<std::int8_t>(b));
            for (const DotKernel& kernel : dot_kernels()) {
                CAPTURE(kernel.name);
                std::int32_t product = 0;
                kernel.dot_rows(x.data(), y.data(), 1, kDimensionsMost, &product);
                CHECK(product == a * b * static_cast<int>(kDimensionsMost));
            }
        }
    }
}

TEST_CASE("similarities of codes are those of the vectors, and 1 with itself") {
    CHECK(rc::check([] {
        const std::size_t dimensions = *rc::gen::inRange<std::size_t>(1, 200);
        Vector a = random_vector(dimensions);
        Vector b = random_vector(dimensions);
        RC_PRE(normalize(a) && normalize(b));
        const Int8Vector x(a);
        const Int8Vector y(b);
        const double exact = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
        const float found = similarity(x.view(), y.view(), padded(dimensions));
        RC_ASSERT(std::abs(found - exact) < 0.02);
        RC_ASSERT(std::abs(similarity(x.view(), x.view(), padded(dimensions)) - 1) < 1e-5);
        RC_ASSERT(found == similarity(y.view(), x.view(), padded(dimensions)));
    }));
}

TEST_CASE("codes stay clear of -128, and what is behind the dimensions is 0") {
    const Vector vector{-1, 1, 0.5F, -0.25F, 0};
    std::vector<std::int8_t> codes(padded(vector.size()), 99);
    const float scale = quantize(vector, codes.data());
    CHECK(codes[0] == -127);
    CHECK(codes[1] == 127);
    CHECK(codes[2] == 64);
    CHECK(codes[3] == -32);
    for (std::size_t i = 4; i < codes.size(); ++i) CHECK(codes[i] == 0);
    CHECK(scale == doctest::Approx(1 / std::sqrt(127.0 * 127 * 2 + 64 * 64 + 32 * 32)));
}

TEST_CASE("no vector: zeros, infinities, not-a-numbers, nothing at all") {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const Vector& vector : {Vector{}, Vector{0, 0}, Vector{1, infinity}, Vector{std::nanf(""), 1}}) {
        const Int8Vector codes(vector);
        CHECK(codes.empty());
        for (const std::int8_t code : codes.codes()) CHECK(code == 0);
        Vector copy = vector;
        CHECK_FALSE(normalize(copy));
        for (const float x : copy) CHECK(x == 0);
    }
    const Int8Vector none(Vector{0, 0});
    const Int8Vector some(Vector{1, 0});
    CHECK(similarity(none.view(), some.view(), padded(2)) == 0);
    CHECK(similarity(some.view(), none.view(), padded(2)) == 0);
}

TEST_CASE("very small and very large components keep their direction") {
    for (const float size : {1e-30F, 1e30F}) {
        Vector vector{size, -size, size / 2};
        CHECK(similarity(Int8Vector(vector).view(), Int8Vector(Vector{1, -1, 0.5F}).view(), padded(3)) ==
              doctest::Approx(1).epsilon(1e-4));
        CHECK(normalize(vector));
        CHECK(vector[0] == doctest::Approx(2.0 / 3));
    }
}

TEST_CASE("sketch distances: as counted bit by bit") {
    CHECK(rc::check([] {
        const std::size_t words = *rc::gen::element<std::size_t>(1, 2, 4, 8, 16);
        const std::size_t groups = *rc::gen::inRange<std::size_t>(1, 5);
        const auto words_of = [](std::size_t count) {
            return *rc::gen::container<std::vector<std::uint64_t>>(count, rc::gen::arbitrary<std::uint64_t>());
        };
        const std::vector<std::uint64_t> query = words_of(words);
        const std::vector<std::uint64_t> rows = words_of(groups * words * kSketchGroup);
        std::vector<std::uint16_t> distances(groups * kSketchGroup);
        sketch_distances(query.data(), rows.data(), groups, words, distances.data());
        for (std::size_t row = 0; row < distances.size(); ++row) {
            int expected = 0;
            for (std::size_t word = 0; word < words; ++word) {
                const std::size_t at = (row / kSketchGroup * words + word) * kSketchGroup + row % kSketchGroup;
                expected += std::popcount(rows[at] ^ query[word]);
            }
            RC_ASSERT(distances[row] == expected);
        }
    }));
}

TEST_CASE("a sketch tells the angle: equal, opposite, at right angles") {
    constexpr std::size_t dimensions = 384;
    const auto sketch_of = [](const Vector& vector) {
        std::array<std::uint64_t, sketch_words(dimensions)> sketch{};
        make_sketch(Int8Vector(vector).view().codes, dimensions, sketch.data());
        return sketch;
    };
    const auto differing = [](const auto& a, const auto& b) {
        int bits = 0;
        for (std::size_t i = 0; i < a.size(); ++i) bits += std::popcount(a[i] ^ b[i]);
        return bits;
    };
    // Two basis vectors each, so that no component of the rotation is 0.
    Vector a(dimensions), b(dimensions), between(dimensions), opposite(dimensions);
    for (std::size_t i = 0; i < dimensions; ++i) {
        a[i] = i % 2 == 0 ? std::sin(static_cast<float>(i + 1)) : 0;
        b[i] = i % 2 == 1 ? std::cos(static_cast<float>(i * i)) : 0;
        between[i] = a[i] + b[i];
        opposite[i] = -a[i];
    }
    CHECK(differing(sketch_of(a), sketch_of(a)) == 0);
    CHECK(differing(sketch_of(a), sketch_of(opposite)) >= 500);
    CHECK(differing(sketch_of(a), sketch_of(b)) == doctest::Approx(256).epsilon(0.2));
    CHECK(differing(sketch_of(a), sketch_of(between)) == doctest::Approx(128).epsilon(0.3));
}
