#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <random>

#include "embed/exact_index.h"
#include "embed/sketch_index.h"

using namespace weir::embed;

namespace {

constexpr std::size_t kDimensions = 40;  // no multiple of anything

Int8Vector random_vector(std::mt19937_64& random, std::size_t dimensions = kDimensions) {
    std::normal_distribution<float> normal;
    Vector vector(dimensions);
    for (float& x : vector) x = normal(random);
    return Int8Vector(vector);
}

// A vector at some angle from another.
Int8Vector near(const Int8Vector& to, float spread, std::mt19937_64& random) {
    std::normal_distribution<float> normal;
    Vector vector;
    for (const std::int8_t code : to.codes()) vector.push_back(static_cast<float>(code) + spread * 50 * normal(random));
    return Int8Vector(vector);
}

using Model = std::map<std::uint32_t, Int8Vector>;

std::vector<Neighbour> slow_nearest(const Model& model, const Int8Vector& query, std::size_t k) {
    std::vector<Neighbour> all;
    for (const auto& [id, vector] : model) {
        all.push_back({id, similarity(query.view(), vector.view(), padded(query.dimensions()))});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Neighbour& a, const Neighbour& b) { return a.similarity > b.similarity; });
    if (all.size() > k) all.resize(k);
    return all;
}

bool same(const std::vector<Neighbour>& a, const std::vector<Neighbour>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Neighbour& x, const Neighbour& y) {
        return x.id == y.id && std::abs(x.similarity - y.similarity) < 1e-5F;
    });
}

// Random changes and questions; `check` gets index, model, query and k.
template <class Index, class Check>
void walk(Index& index, std::uint64_t seed, std::uint32_t ids, int steps, Check check) {
    std::mt19937_64 random(seed);
    Model model;
    for (int step = 0; step < steps; ++step) {
        const auto id = static_cast<std::uint32_t>(random() % ids);
        switch (random() % 5) {
            case 0:
                index.remove(id);
                model.erase(id);
                break;
            case 1:
            case 2: {
                const Int8Vector vector = random_vector(random);
                index.set(id, vector.view());
                model[id] = vector;
                break;
            }
            default:
                check(index, model, random_vector(random), 1 + random() % 20);
        }
        RC_ASSERT(index.size() == model.size());
    }
}

}  // namespace

TEST_CASE("the exact index answers as the slow way does, through sets, replacements and removals") {
    CHECK(rc::check([] {
        ExactIndex index(kDimensions);
        const auto ids = *rc::gen::element<std::uint32_t>(3, 50, 3000);
        walk(index, *rc::gen::arbitrary<std::uint64_t>(), ids, 300,
             [](const ExactIndex& asked, const Model& model, const Int8Vector& query, std::size_t k) {
                 std::vector<Neighbour> found;
                 asked.nearest(query.view(), k, found);
                 RC_ASSERT(same(found, slow_nearest(model, query, k)));
             });
    }));
}

TEST_CASE("the sketch index answers the same while it holds fewer than it compares exactly") {
    CHECK(rc::check([] {
        SketchIndex index(kDimensions, *rc::gen::element<std::size_t>(0, 10, 100));
        walk(index, *rc::gen::arbitrary<std::uint64_t>(), 150, 400,
             [](const SketchIndex& asked, const Model& model, const Int8Vector& query, std::size_t k) {
                 std::vector<Neighbour> found;
                 asked.nearest(query.view(), k, found);
                 RC_ASSERT(same(found, slow_nearest(model, query, k)));
             });
    }));
}

TEST_CASE("the sketch index among 12,000: all near ones, nearly all of the 10 nearest, nothing removed") {
    constexpr std::size_t dimensions = 384;
    constexpr std::uint32_t entries = 12'000;
    std::mt19937_64 random(7);
    ExactIndex exact(dimensions);
    SketchIndex sketched(dimensions);
    std::vector<Int8Vector> centres;
    for (int i = 0; i < 1500; ++i) centres.push_back(random_vector(random, dimensions));
    for (std::uint32_t id = 0; id < entries; ++id) {
        const Int8Vector vector = near(centres[id % centres.size()], 0.7F, random);
        exact.set(id, vector.view());
        sketched.set(id, vector.view());
    }
    for (std::uint32_t id = 0; id < entries; id += 7) {
        exact.remove(id);
        sketched.remove(id);
    }
    std::size_t wanted = 0, found_of_wanted = 0, near_wanted = 0, near_found = 0;
    std::vector<Neighbour> right, found;
    for (int i = 0; i < 200; ++i) {
        const Int8Vector query = near(centres[random() % centres.size()], 0.7F, random);
        exact.nearest(query.view(), 10, right);
        sketched.nearest(query.view(), 10, found);
        REQUIRE(found.size() == 10);
        for (const Neighbour& neighbour : found) {
            CHECK(neighbour.id % 7 != 0);
            CHECK(neighbour.similarity ==
                  doctest::Approx(similarity(query.view(), exact.at(neighbour.id), padded(dimensions))));
        }
        for (const Neighbour& neighbour : right) {
            const bool hit =
                std::any_of(found.begin(), found.end(), [&](const Neighbour& x) { return x.id == neighbour.id; });
            ++wanted;
            found_of_wanted += hit ? 1 : 0;
            if (neighbour.similarity < 0.5F) continue;
            ++near_wanted;
            near_found += hit ? 1 : 0;
        }
    }
    REQUIRE(near_wanted > 1000);
    CHECK(near_found == near_wanted);
    CHECK(static_cast<double>(found_of_wanted) > 0.9 * static_cast<double>(wanted));
}

TEST_CASE("a slot that is used again is found by what it holds now, in the sketched part too") {
    SketchIndex index(64, 0);
    std::mt19937_64 random(3);
    std::vector<Int8Vector> vectors;
    for (std::uint32_t id = 0; id < 2000; ++id) {
        vectors.push_back(random_vector(random, 64));
        index.set(id, vectors.back().view());
    }
    std::vector<Neighbour> found;
    for (const std::uint32_t id : {0U, 7U, 8U, 1023U, 1024U, 1999U}) {
        const Int8Vector fresh = random_vector(random, 64);
        index.set(id, fresh.view());
        index.nearest(fresh.view(), 1, found);
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == id);
        CHECK(found[0].similarity == doctest::Approx(1).epsilon(1e-4));
        index.nearest(vectors[id].view(), 1, found);
        CHECK(found[0].similarity < 0.9F);
    }
}

TEST_CASE("nothing to find, nothing to ask, and the limits of k") {
    SketchIndex sketched(kDimensions);
    ExactIndex exact(kDimensions);
    std::mt19937_64 random(1);
    const Int8Vector vector = random_vector(random);
    std::vector<Neighbour> found{{1, 1}};
    for (VectorIndex* index : {static_cast<VectorIndex*>(&sketched), static_cast<VectorIndex*>(&exact)}) {
        index->nearest(vector.view(), 5, found);
        CHECK(found.empty());
        index->remove(17);
        CHECK(index->at(17).scale == 0);
        index->set(5000, vector.view());
        CHECK(index->size() == 1);
        CHECK(index->at(4999).scale == 0);
        index->nearest(vector.view(), 5, found);
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == 5000);
        index->nearest(Int8View{}, 5, found);
        CHECK(found.empty());
        index->nearest(vector.view(), 0, found);
        CHECK(found.empty());
        index->set(5000, Int8View{});
        CHECK(index->size() == 0);
        for (std::uint32_t id = 0; id < 100; ++id) index->set(id, vector.view());
        index->nearest(vector.view(), 1000, found);
        CHECK(found.size() == kNeighboursMost);
        for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].id == i);  // equal ones by id
    }
}

TEST_CASE("bytes are those of the rows, and a lone row takes no block") {
    ExactIndex index(384);
    std::mt19937_64 random(1);
    index.set(0, random_vector(random, 384).view());
    CHECK(index.bytes() < 384 + 200);
    for (std::uint32_t id = 1; id < 3000; ++id) index.set(id, random_vector(random, 384).view());
    CHECK(index.bytes() >= 3000 * 388);
    CHECK(index.bytes() < 3072 * 388 + 1000);
}
