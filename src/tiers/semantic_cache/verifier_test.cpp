// Pair features, verifier, training, matcher, online learner.
#include "tiers/semantic_cache/verifier.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "learn/random_bits.h"
#include "tiers/semantic_cache/matcher.h"
#include "tiers/semantic_cache/online_learner.h"
#include "tiers/semantic_cache/shipped_verifier.h"
#include "tiers/semantic_cache/verifier_training.h"

using namespace weir;
using namespace weir::tiers::semantic;

namespace {

float at(const PairFeatures& features, PairFeature feature) {
    return features[static_cast<std::size_t>(feature)];
}

PairFeatures features_of(std::string_view cached, std::string_view asked, Similarities similarities = {}) {
    const Question a = read_question(cached), b = read_question(asked);
    return pair_features(a, b, check_guards(a, b), similarities, WordRarity());
}

bool all_finite(const PairFeatures& features) {
    return std::all_of(features.begin(), features.begin() + kLonePairFeatures,
                       [](float value) { return std::isfinite(value); });
}

// Pairs out of a made-up world: the topic decides, the verb doesn't. Answers agree if the topics do.
struct World {
    static constexpr std::array topics{"granite",  "tobacco", "violins", "harbour",
                                       "lanterns", "mustard", "tunnels", "orchids"};
    static constexpr std::array openings{"tell me something about the trade in",
                                         "what is there to say about the market for", "describe the business of",
                                         "how does commerce work for"};
    static std::string text(std::size_t topic, std::size_t opening) {
        return std::string(openings[opening]) + " " + topics[topic];
    }
};

VerifierTraining training_on_world(std::size_t pairs, std::uint64_t seed, RefusalSet overrules) {
    learn::RandomBits random(seed);
    VerifierTraining training(overrules);
    for (std::size_t i = 0; i < pairs; ++i) {
        const std::size_t a = random.below(World::topics.size());
        const std::size_t b = random.chance(0.5) ? a : random.below(World::topics.size());
        const Question cached = read_question(World::text(a, random.below(4))),
                       asked = read_question(World::text(b, random.below(4)));
        Similarities similarities;
        similarities.dense = static_cast<float>((a == b ? 0.9 : 0.7) + 0.05 * random.normal());
        similarities.hashing = 0.5F;
        training.add(cached, asked, check_guards(cached, asked), similarities, a == b, 1,
                     static_cast<std::uint32_t>(i));
    }
    return training;
}

VerifierTraining::Options small_options() {
    VerifierTraining::Options options;
    options.trees = 20;
    options.depth = 3;
    options.least_leaf_weight = 2;
    return options;
}

const Verifier& small_verifier() {
    static const Verifier verifier = *training_on_world(600, 1, rebuttable_refusals()).train(small_options());
    return verifier;
}

}  // namespace

TEST_CASE("features: the same text, nothing in common, and empty texts") {
    const PairFeatures same = features_of("How do I descale the kettle?", "How do I descale the kettle?", {1, 1});
    for (const PairFeature each :
         {PairFeature::content_jaccard, PairFeature::content_rarity_jaccard, PairFeature::word_jaccard,
          PairFeature::bigram_jaccard, PairFeature::trigram_dice, PairFeature::common_prefix,
          PairFeature::common_sequence_of_longer, PairFeature::first_word_equal, PairFeature::explained}) {
        CAPTURE(feature_name(static_cast<std::size_t>(each)));
        CHECK(at(same, each) == doctest::Approx(1));
    }
    CHECK(at(same, PairFeature::edit_distance) == 0);
    CHECK(at(same, PairFeature::rarest_difference) == 0);

    const PairFeatures none = features_of("purple elephants dance", "quarterly tax forms");
    CHECK(at(none, PairFeature::content_jaccard) == 0);
    CHECK(at(none, PairFeature::edit_distance) == 1);
    CHECK(at(none, PairFeature::cached_differences) == 3);
    CHECK(std::isnan(at(none, PairFeature::dense_cosine)));

    for (const std::string_view text : {"", "?", "...", "a"}) {
        CHECK(all_finite(features_of(text, "how are you", {0, 0})));
        CHECK(all_finite(features_of(text, text, {0, 0})));
    }
    CHECK(feature_name(0) == "dense_cosine");
    CHECK(feature_name(kLonePairFeatures - 1) == "lexical_margin");
    CHECK(feature_name(kPairFeatures - 1) == "same_answers");
    CHECK(feature_name(kPairFeatures).empty());
}

TEST_CASE("features: known values") {
    const PairFeatures features = features_of("best red wine with fish", "best white wine with fish");
    CHECK(at(features, PairFeature::content_jaccard) == doctest::Approx(3.0 / 5));
    CHECK(at(features, PairFeature::edit_distance) == doctest::Approx(1.0 / 5));
    CHECK(at(features, PairFeature::common_sequence_of_longer) == doctest::Approx(4.0 / 5));
    CHECK(at(features, PairFeature::common_prefix) == doctest::Approx(1.0 / 5));
    CHECK(at(features, PairFeature::common_suffix) == doctest::Approx(3.0 / 5));
    CHECK(at(features, PairFeature::word_length_difference) == 0);
}

TEST_CASE("features: how a candidate stands among those found with it") {
    const float none = std::numeric_limits<float>::quiet_NaN();
    const std::vector<FoundBeside> found{{{0.5F, 0.9F}, 7}, {{0.7F, 0.8F}, 7}, {{0.1F, none}, 0},    {{0.3F, 0.2F}, 8},
                                         {{0.2F, 0.6F}, 7}, {{0.4F, 0.4F}, 9}, {{0.05F, 0.1F}, 7777}};
    PairFeatures features = features_of("a", "b");
    CHECK(std::isnan(at(features, PairFeature::dense_lead)));
    CHECK(std::isnan(at(features, PairFeature::same_answers)));
    set_surroundings(found, 0, features);
    CHECK(at(features, PairFeature::dense_lead) == doctest::Approx(0.1));
    CHECK(at(features, PairFeature::others_dense_mean) == doctest::Approx((0.8 + 0.6 + 0.4 + 0.2) / 4));
    CHECK(at(features, PairFeature::hashing_lead) == doctest::Approx(-0.2));
    CHECK(at(features, PairFeature::others_hashing_mean) == doctest::Approx((0.7 + 0.4 + 0.3 + 0.2) / 4));
    CHECK(at(features, PairFeature::same_answers) == 2);
    set_surroundings(found, 1, features);
    CHECK(at(features, PairFeature::dense_lead) == doctest::Approx(-0.1));
    CHECK(at(features, PairFeature::hashing_lead) == doctest::Approx(0.2));
    set_surroundings(found, 2, features);  // no vector, no answer known
    CHECK(std::isnan(at(features, PairFeature::dense_lead)));
    features = features_of("a", "b");
    set_surroundings(found, 2, features);
    CHECK(std::isnan(at(features, PairFeature::same_answers)));
    set_surroundings(std::span(found).first(1), 0, features);  // alone
    CHECK(std::isnan(at(features, PairFeature::dense_lead)));
    CHECK(std::isnan(at(features, PairFeature::others_hashing_mean)));
    CHECK(at(features, PairFeature::same_answers) == 0);
    set_surroundings(std::span(found).first(2), 0, features);
    CHECK(at(features, PairFeature::others_dense_mean) == doctest::Approx(0.8));
}

TEST_CASE("a verifier learns from surroundings where there are some, and knows nothing of them where there were none") {
    learn::RandomBits random(3);
    const PairFeatures pair = features_of("what feeds a koala in spring", "what feeds a koala in summer", {0.5F, 0.8F});
    VerifierTraining training;
    for (std::uint32_t i = 0; i < 600; ++i) {
        const std::size_t others = random.below(3);
        const std::vector<FoundBeside> found{
            {{0.5F, 0.8F}, 1}, {{0.2F, 0.5F}, others > 0 ? 1U : 2U}, {{0.1F, 0.4F}, others > 1 ? 1U : 3U}};
        PairFeatures features = pair;
        set_surroundings(found, 0, features);
        training.add(features, {}, false, others > 0, 1, i);
    }
    const auto verifier = training.train(small_options());
    REQUIRE(verifier.has_value());
    const auto again = Verifier::load(verifier->save());
    REQUIRE(again.has_value());
    const auto score = [&](const Verifier& by, std::uint64_t other) {
        PairFeatures features = pair;
        set_surroundings(std::vector<FoundBeside>{{{0.5F, 0.8F}, 1}, {{0.2F, 0.5F}, other}, {{0.1F, 0.4F}, 3}}, 0,
                         features);
        return by.score(features, {});
    };
    for (const Verifier* each : {&*verifier, &*again}) {
        CHECK(score(*each, 1) > 0.9);
        CHECK(score(*each, 2) < 0.1);
    }
    CHECK(score(small_verifier(), 1) == score(small_verifier(), 2));
    CHECK(score(*shipped_verifier(), 1) == score(*shipped_verifier(), 2));
}

TEST_CASE("without vectors, a verifier that was trained with vectors alone serves nothing") {
    VerifierTraining::Options options = small_options();
    options.dense_if_there = true;
    const auto verifier = training_on_world(600, 1, rebuttable_refusals()).train(options);
    REQUIRE(verifier.has_value());
    PairFeatures features = features_of(World::text(0, 0), World::text(0, 1), {0.5F, 0.95F});
    CHECK(verifier->score(features, {}) > 0.5);
    features = features_of(World::text(0, 0), World::text(0, 1), {0.5F, std::numeric_limits<float>::quiet_NaN()});
    CHECK(verifier->score(features, {}) == 0);
}

TEST_CASE("features: any two texts give finite numbers, symmetric ones are symmetric") {
    rc::check("arbitrary bytes", [](const std::string& a, const std::string& b) {
        const PairFeatures one = features_of(a, b, {0.3F, 0.4F}), other = features_of(b, a, {0.3F, 0.4F});
        RC_ASSERT(all_finite(one));
        for (const PairFeature each :
             {PairFeature::content_jaccard, PairFeature::edit_distance, PairFeature::trigram_dice,
              PairFeature::rarest_difference, PairFeature::common_sequence_of_longer}) {
            RC_ASSERT(std::abs(at(one, each) - at(other, each)) < 1e-5F);
        }
        std::vector<learn::SparseValue> lexical;
        lexical_features(read_question(a), read_question(b), lexical);
        for (const learn::SparseValue& each : lexical) RC_ASSERT(each.feature < (1U << kLexicalBits));
    });
}

TEST_CASE("rarity: counted words, guessed words, and back from bytes") {
    WordRarity rarity;
    const Question common = read_question("the harbour"), rare = read_question("the zeppelin");
    const auto of = [&](const WordRarity& from, const Question& question) {
        const text::Word& word = question.words[question.words.size() - 1];
        return from.rarity(word, text::word_id(word.stem));
    };
    CHECK(rarity.rarity(common.words[0], text::word_id("the")) < 3);
    for (int i = 0; i < 2000; ++i) rarity.count(common);
    CHECK(of(rarity, common) < 0.3F);
    CHECK(of(rarity, rare) > 6);
    learn::ModelWriter writer;
    rarity.write(writer);
    learn::ModelReader reader(writer.bytes());
    const auto read = WordRarity::read(reader);
    REQUIRE(read);
    CHECK(of(*read, common) == doctest::Approx(of(rarity, common)).epsilon(0.1));
    CHECK(of(*read, rare) == of(rarity, rare));
    learn::ModelReader cut(std::string_view(writer.bytes()).substr(0, 100));
    CHECK_FALSE(WordRarity::read(cut));
}

TEST_CASE("training finds what decides, and the held-out curve says so") {
    const Verifier& verifier = small_verifier();
    CHECK(verifier.knows_dense());
    const auto point = verifier.point(0.1, true);
    REQUIRE(point);
    CHECK(point->recall > 0.9);
    CHECK(point->false_share <= 0.1);
    CHECK(verifier.point(0.07, true)->wanted_false_share == 0.05);
    CHECK_FALSE(verifier.point(0.001, true));
    const auto same = training_on_world(600, 1, rebuttable_refusals()).train(small_options());
    CHECK(same->save() == verifier.save());
    // Labels of one kind, and nothing at all.
    CHECK_FALSE(VerifierTraining().train(small_options()));
    auto options = small_options();
    options.progress = [](std::string_view, std::size_t, std::size_t) { return false; };
    CHECK(training_on_world(50, 1, 0).train(options).error().code == ErrorCode::canceled);
}

TEST_CASE("held-out scores come from models without the pair's group") {
    // Labels are noise: whoever peeks finds them again, whoever doesn't is right half the time.
    learn::RandomBits random(3);
    VerifierTraining training;
    std::vector<bool> labels;
    for (std::uint32_t i = 0; i < 400; ++i) {
        const Question cached = read_question(World::text(random.below(8), random.below(4)));
        const Question asked = read_question(World::text(random.below(8), random.below(4)));
        Similarities similarities{static_cast<float>(random.uniform()), static_cast<float>(random.uniform())};
        GuardReport report;
        labels.push_back(random.chance(0.5));
        training.add(cached, asked, report, similarities, labels.back(), 1, i);
    }
    auto options = small_options();
    options.trees = 100;
    options.depth = 5;
    std::vector<double> held_out;
    REQUIRE(training.train(options, &held_out));
    REQUIRE(held_out.size() == labels.size());
    double right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += (held_out[i] > 0.5) == labels[i] ? 1 : 0;
    CHECK(right / 400 < 0.6);
}

TEST_CASE("groups: pairs that share a text, directly or by others") {
    const std::array<std::uint32_t, 2> pairs[] = {{0, 1}, {2, 3}, {1, 4}, {5, 6}, {4, 7}};
    const auto groups = join_texts(pairs, 8);
    CHECK(groups[0] == groups[2]);
    CHECK(groups[0] == groups[4]);
    CHECK(groups[0] != groups[1]);
    CHECK(groups[1] != groups[3]);
}

TEST_CASE("a verifier's file: back as it was, and nothing else is taken") {
    const Verifier& verifier = small_verifier();
    const std::string bytes = verifier.save();
    const auto read = Verifier::load(bytes);
    REQUIRE(read);
    CHECK(read->save() == bytes);
    CHECK(read->overrules() == verifier.overrules());
    CHECK(read->judges_explained() == verifier.judges_explained());
    CHECK_FALSE(Verifier::load(""));
    CHECK_FALSE(Verifier::load(bytes + "x"));
    CHECK_FALSE(Verifier::load(std::string(kMostVerifierBytes + 1, 'x')));
    rc::check("one byte changed", [&] {
        std::string changed = bytes;
        changed[*rc::gen::inRange<std::size_t>(0, changed.size())] ^= static_cast<char>(*rc::gen::inRange(1, 256));
        RC_ASSERT(!Verifier::load(changed));
    });
    // With the checksum made right again it has to be found out by what is read.
    rc::check("one byte changed, checksum right: an error or a verifier that can be asked", [&] {
        std::string changed = bytes.substr(0, bytes.size() - 32);
        changed[*rc::gen::inRange<std::size_t>(0, changed.size())] ^= static_cast<char>(*rc::gen::inRange(1, 256));
        const Digest256 digest = sha256(changed);
        changed.append(reinterpret_cast<const char*>(digest.data()), digest.size());
        const auto maybe = Verifier::load(changed);
        if (!maybe) return;
        PairFeatures features = features_of("a b c", "a b d", {0.5F, 0.5F});
        const double score = maybe->score(features, {});
        RC_ASSERT(score >= 0 && score <= 1);
    });
}

TEST_CASE("the shipped verifier: there, strict, and free of anybody's words") {
    const auto shipped = shipped_verifier();
    REQUIRE(shipped);
    CHECK(shipped->overrules() == 0);
    CHECK_FALSE(shipped->judges_explained());
    CHECK_FALSE(shipped->knows_words());
    CHECK(shipped->rarity().texts() == 0);
    for (const bool dense : {false, true}) {
        CHECK(shipped_threshold(dense) > 0.9);
        const auto point = shipped->point(0.02, dense);
        REQUIRE(point);
        CHECK(point->threshold > 0.9);
        CHECK(shipped_prior(0.02, dense) == kCertain);
        CHECK(shipped_prior(0.05, dense) < kCertain);
        CHECK(shipped_prior(0.05, dense) == doctest::Approx(shipped->point(0.01, dense)->threshold));
        CHECK(shipped_prior(0.09, dense) < shipped_prior(0.05, dense));
        CHECK(shipped_prior(0.09, dense) > shipped_prior(0.5, dense));
    }
}

TEST_CASE("matcher: the stages") {
    const auto shipped = shipped_verifier();
    const Matcher matcher(*shipped);
    const Question cached = read_question("How do I turn on the heating?");
    const auto judge = [&](const Question& asked, double threshold, float similarity) {
        const Candidate candidate{42, &cached, {similarity, similarity}};
        return matcher.judge(std::span(&candidate, 1), asked, {threshold, true});
    };
    const Question opposite = read_question("How do I turn off the heating?");
    const Match refused = judge(opposite, 0, 0.99F);
    CHECK_FALSE(refused.serve);
    CHECK(refused.stage == MatchStage::guards);
    CHECK(refused.score == 0);
    CHECK(refused.reason(0, true).starts_with("guards: "));
    CHECK(refused.reason(0, false).find('(') == std::string::npos);

    const Question same = read_question("how do I turn on the heating");
    const Match explained = judge(same, kCertain, 0.99F);
    CHECK(explained.serve);
    CHECK(explained.stage == MatchStage::explained);
    CHECK(explained.entry == 42);
    CHECK(explained.reason(kCertain, true) == "explained");
    CHECK_FALSE(judge(same, 2, 0.99F).serve);  // closed

    const Question other = read_question("Which colour suits a small kitchen?");
    const Match far = judge(other, 0.5, 0.05F);
    CHECK_FALSE(far.serve);
    CHECK(matcher.judge({}, same, {0.5, true}).stage == MatchStage::no_candidate);
}

TEST_CASE("matcher: no verifier overrules numbers, negation, names or opposites, a trained one may the rest") {
    const Verifier& trained = small_verifier();
    for (const Refusal refusal : {Refusal::numbers, Refusal::negation, Refusal::name, Refusal::antonym, Refusal::dates,
                                  Refusal::units, Refusal::versions, Refusal::direction, Refusal::quoted, Refusal::code,
                                  Refusal::language, Refusal::too_long}) {
        CHECK_FALSE(contains(trained.overrules(), refusal));
    }
    CHECK(contains(trained.overrules(), Refusal::word));
    const Matcher matcher(trained);
    const std::pair<std::string_view, std::string_view> pairs[] = {
        {"Is it safe to eat 3 eggs a day?", "Is it safe to eat 4 eggs a day?"},
        {"Why do people like opera?", "Why do people not like opera?"},
        {"Was Maria Weber a good mayor?", "Was Maria Kruger a good mayor?"},
        {"How long is the flight from Oslo to Lima?", "How long is the flight from Oslo to Quito?"}};
    for (const auto& [a, b] : pairs) {
        CAPTURE(a);
        const Question cached = read_question(a), asked = read_question(b);
        const Candidate candidate{0, &cached, {1, 1}};
        CHECK_FALSE(matcher.judge(std::span(&candidate, 1), asked, {0, true}).serve);
    }
}

TEST_CASE("matcher: a question that leans on what was said before is not served where that may differ") {
    const auto shipped = shipped_verifier();
    const Question cached = read_question("And the second one?"), asked = read_question("and the second one?");
    const Candidate candidate{0, &cached, {1, 1}};
    const Matcher matcher(*shipped);
    CHECK(asked.leans_on_context);
    CHECK_FALSE(matcher.judge(std::span(&candidate, 1), asked, {0.5, false}).serve);
    CHECK(matcher.judge(std::span(&candidate, 1), asked, {0.5, true}).serve);
}

TEST_CASE("online learner: from nothing to a threshold that serves what is right") {
    OnlineLearner::Options options;
    options.gate.promise = 0.1;
    options.first_fit = 300;
    options.least_right = 20;
    options.trees = 20;
    options.gate.prior_threshold = 2;
    OnlineLearner learner(shipped_verifier(), options);
    learn::RandomBits random(9);
    std::size_t served_late = 0, wrong_late = 0;
    for (int i = 0; i < 4000; ++i) {
        const std::size_t a = random.below(8), b = random.chance(0.4) ? a : random.below(8);
        const Question cached = read_question(World::text(a, random.below(4))),
                       asked = read_question(World::text(b, random.below(4)));
        learner.count_words(asked);
        Similarities similarities{0.5F, static_cast<float>((a == b ? 0.9 : 0.6) + 0.04 * random.normal())};
        const Candidate candidate{0, &cached, similarities};
        std::vector<JudgedPair> kept;
        const Match match = Matcher(learner.verifier(), learner.rarity())
                                .judge(std::span(&candidate, 1), asked, {learner.threshold(), true}, &kept);
        if (i > 3000 && match.serve) {
            ++served_late;
            wrong_late += a == b ? 0 : 1;
        }
        if (kept.empty()) continue;
        const std::uint64_t id = learner.looked_up(std::move(kept));
        const bool audited = match.serve && random.chance(0.1);
        const std::uint8_t right = a == b ? 1 : 0;
        if (!match.serve || audited) {
            learner.revealed(id, std::span(&right, 1), audited ? std::optional(0.1) : std::nullopt);
        }
        learner.revealed(id + 1000, std::span(&right, 1), std::nullopt);  // never given: ignored
        if (learner.refit_due()) REQUIRE(learner.refit());
    }
    CHECK(learner.fits() >= 2);
    CHECK(served_late > 200);
    CHECK(wrong_late * 10 <= served_late);
}
