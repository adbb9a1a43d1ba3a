// The sequence tagger: does it learn what only neighbours tell, keep to its chain, and say its true probability?
#include "learn/sequence_tagger.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <string>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::learn;

namespace {

// Labels 0, 1, 2. A token "on" (1) turns the labels behind it to 1, "off" (2) to 0; 3 is always 2; others keep it.
void add_sequence(RandomBits& random, TaggedSequences& to) {
    std::uint8_t state = 0;
    for (std::size_t left = 2 + random.below(8); left > 0; --left) {
        const auto word = static_cast<std::uint32_t>(random.below(8));
        to.tokens.hashes.push_back(word * 0x9E3779B9U);
        to.tokens.hashes.push_back(0x12345678U);
        to.tokens.end_token();
        if (word == 1) state = 1;
        if (word == 2) state = 0;
        to.labels.push_back(word == 3 ? std::uint8_t{2} : state);
    }
    to.sequence_ends.push_back(to.labels.size());
}

TaggedSequences puzzle(std::size_t count, std::uint64_t seed) {
    RandomBits random(seed);
    TaggedSequences examples;
    while (examples.sequence_ends.size() < count) add_sequence(random, examples);
    return examples;
}

TokenFeatures tokens_of(const TaggedSequences& from, std::size_t sequence) {
    TokenFeatures tokens;
    const std::size_t begin = sequence == 0 ? 0 : from.sequence_ends[sequence - 1];
    for (std::size_t token = begin; token < from.sequence_ends[sequence]; ++token) {
        const auto hashes = from.tokens.of(token);
        tokens.hashes.insert(tokens.hashes.end(), hashes.begin(), hashes.end());
        tokens.end_token();
    }
    return tokens;
}

std::string bytes_of(const SequenceTagger& model) {
    ModelWriter writer;
    model.write(writer);
    return writer.bytes();
}

// All that is in a model's bytes, read by the test itself.
struct Opened {
    std::size_t labels = 0;
    std::vector<float> first, last, next;
    float scale = 0;
    std::vector<std::uint32_t> hashes;
    std::vector<std::int8_t> weights;

    explicit Opened(std::string_view bytes) {
        ModelReader from(bytes);
        from.get<std::uint8_t>();
        labels = from.get<std::uint8_t>();
        for (std::size_t i = 0; i < (labels + 1) * (labels + 1); ++i) from.get<std::uint8_t>();
        for (std::size_t i = 0; i < labels; ++i) first.push_back(from.get<float>());
        for (std::size_t i = 0; i < labels; ++i) last.push_back(from.get<float>());
        for (std::size_t i = 0; i < labels * labels; ++i) next.push_back(from.get<float>());
        scale = from.get<float>();
        hashes.resize(from.get<std::uint32_t>());
        for (auto& each : hashes) each = from.get<std::uint32_t>();
        for (std::size_t i = 0; i < hashes.size() * labels; ++i) weights.push_back(from.get<std::int8_t>());
    }
    double score(const TokenFeatures& tokens, const std::vector<std::uint8_t>& tags) const {
        double sum = static_cast<double>(first[tags[0]] + last[tags.back()]);
        for (std::size_t token = 0; token < tokens.tokens(); ++token) {
            if (token > 0) sum += static_cast<double>(next[tags[token - 1] * labels + tags[token]]);
            for (const std::uint32_t hash : tokens.of(token)) {
                for (std::size_t i = 0; i < hashes.size(); ++i) {
                    if (hashes[i] == hash) sum += static_cast<double>(scale) * weights[i * labels + tags[token]];
                }
            }
        }
        return sum;
    }
};

}  // namespace

TEST_CASE("a tagger learns what stands far before a token, the same each time") {
    const TaggedSequences train = puzzle(800, 1), test = puzzle(300, 2);
    const auto model = SequenceTagger::fit(train, TagChain::all(3), {});
    REQUIRE(model);
    SequenceTagger::Scratch scratch;
    SequenceTagger::Tagging tagging;
    std::size_t right = 0, begin = 0;
    for (std::size_t i = 0; i < test.sequence_ends.size(); ++i) {
        REQUIRE(model->tag(tokens_of(test, i), scratch, tagging));
        for (const std::uint8_t label : tagging.labels) right += label == test.labels[begin++] ? 1 : 0;
    }
    // What a 3 stands between is forgotten by a first-order chain: no more than about nine tenths can be had.
    CHECK(static_cast<double>(right) > 0.85 * static_cast<double>(test.labels.size()));
    CHECK(bytes_of(*model) == bytes_of(*SequenceTagger::fit(train, TagChain::all(3), {})));
    SequenceTagger::Options other;
    other.seed = 2;
    CHECK(bytes_of(*model) != bytes_of(*SequenceTagger::fit(train, TagChain::all(3), other)));
}

TEST_CASE("the best labelling and its probability are those that trying all of them gives") {
    const TaggedSequences train = puzzle(200, 3);
    TagChain chain = TagChain::all(3);
    chain.forbid(3, 2);  // but then no example may begin so
    TaggedSequences allowed;
    for (std::size_t i = 0; i < train.sequence_ends.size(); ++i) {
        const std::size_t begin = i == 0 ? 0 : train.sequence_ends[i - 1];
        if (train.labels[begin] == 2) continue;
        const TokenFeatures tokens = tokens_of(train, i);
        for (std::size_t token = 0; token < tokens.tokens(); ++token) {
            for (const std::uint32_t hash : tokens.of(token)) allowed.tokens.hashes.push_back(hash);
            allowed.tokens.end_token();
            allowed.labels.push_back(train.labels[begin + token]);
        }
        allowed.sequence_ends.push_back(allowed.labels.size());
    }
    const auto model = SequenceTagger::fit(allowed, chain, {});
    REQUIRE(model);
    const Opened opened(bytes_of(*model));
    const TaggedSequences test = puzzle(40, 4);
    SequenceTagger::Scratch scratch;
    SequenceTagger::Tagging tagging;
    for (std::size_t i = 0; i < test.sequence_ends.size(); ++i) {
        const TokenFeatures tokens = tokens_of(test, i);
        if (tokens.tokens() > 6) continue;
        REQUIRE(model->tag(tokens, scratch, tagging));
        std::vector<std::uint8_t> tags(tokens.tokens(), 0);
        double sum = 0, most = -1e300;
        for (bool more = true; more;) {
            const double score = opened.score(tokens, tags);
            sum += std::exp(score);
            most = std::max(most, score);
            more = false;
            for (std::uint8_t& tag : tags) {
                if (++tag < 3) {
                    more = true;
                    break;
                }
                tag = 0;
            }
        }
        CHECK(tagging.labels[0] != 2);
        CHECK(opened.score(tokens, tagging.labels) == doctest::Approx(most).epsilon(1e-5));
        CHECK(tagging.log_probability == doctest::Approx(most - std::log(sum)).epsilon(1e-3));
    }
}

TEST_CASE("a tagger refuses what it can't learn, and declines what it can't tag") {
    TaggedSequences examples = puzzle(20, 5);
    CHECK_FALSE(SequenceTagger::fit({}, TagChain::all(3), {}));
    CHECK_FALSE(SequenceTagger::fit(examples, TagChain::all(2), {}));  // label 2
    CHECK_FALSE(SequenceTagger::fit(examples, TagChain::all(kMostTags + 1), {}));
    TagChain none = TagChain::all(3);
    for (std::size_t label = 0; label < 3; ++label) none.forbid(3, label);
    CHECK_FALSE(SequenceTagger::fit(examples, none, {}));
    const auto model = SequenceTagger::fit(examples, TagChain::all(3), {});
    REQUIRE(model);
    SequenceTagger::Scratch scratch;
    SequenceTagger::Tagging tagging;
    TokenFeatures tokens;
    CHECK_FALSE(model->tag(tokens, scratch, tagging));
    for (std::size_t i = 0; i <= kMostTaggedTokens; ++i) tokens.end_token();
    CHECK_FALSE(model->tag(tokens, scratch, tagging));
    CHECK_FALSE(SequenceTagger().tag(tokens_of(examples, 0), scratch, tagging));
}

TEST_CASE("a tagger of the longest sequence still knows its probability") {
    const auto model = SequenceTagger::fit(puzzle(50, 6), TagChain::all(3), {});
    REQUIRE(model);
    TokenFeatures tokens;
    RandomBits random(7);
    while (tokens.tokens() < kMostTaggedTokens) {
        tokens.hashes.push_back(static_cast<std::uint32_t>(random.below(8)) * 0x9E3779B9U);
        tokens.end_token();
    }
    SequenceTagger::Scratch scratch;
    SequenceTagger::Tagging tagging;
    REQUIRE(model->tag(tokens, scratch, tagging));
    CHECK(std::isfinite(tagging.log_probability));
    CHECK(tagging.log_probability < 0);
}

TEST_CASE("a tagger reads back what it wrote, and nothing else") {
    const auto model = SequenceTagger::fit(puzzle(50, 8), TagChain::all(3), {});
    REQUIRE(model);
    const std::string bytes = bytes_of(*model);
    ModelReader whole(bytes);
    const auto again = SequenceTagger::read(whole);
    REQUIRE(again);
    CHECK(whole.left() == 0);
    CHECK(bytes_of(*again) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ModelReader cut(std::string_view(bytes).substr(0, size));
        CHECK_FALSE(SequenceTagger::read(cut));
    }
    CHECK(rc::check("damaged bytes are refused or make a tagger that works", [&] {
        std::string damaged = bytes;
        damaged[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
        ModelReader from(damaged);
        const auto read = SequenceTagger::read(from);
        if (!read) return;
        SequenceTagger::Scratch scratch;
        SequenceTagger::Tagging tagging;
        if (read->tag(tokens_of(puzzle(1, 9), 0), scratch, tagging)) RC_ASSERT(tagging.log_probability <= 0);
    }));
}
