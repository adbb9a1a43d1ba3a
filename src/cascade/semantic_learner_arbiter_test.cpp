// Lessons whose answers do not tell themselves whether they agree.
#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "cascade/semantic_learner.h"
#include "tiers/semantic_cache/semantic_tier_testing.h"

using namespace weir;
using namespace weir::cascade;
using namespace weir::tiers::semantic::testing;
namespace semantic = weir::tiers::semantic;

namespace {

constexpr std::string_view kCached = "Begin with open chords and practise a quarter of an hour each day.";
constexpr std::string_view kOtherWords =
    "Learn simple songs first; daily sessions, even short ones, bring you forward.";

// Says what it is told to, at once or when the test wants.
class FakeArbiter final : public Arbiter {
  public:
    bool takes_misses() const override { return takes; }
    bool ask(Pair pair, std::function<void(Agreed)> then) override {
        {
            const std::lock_guard lock(mutex_);
            pairs_.push_back(std::move(pair));
            if (!word) waiting_.push_back(then);
        }
        if (word) then(*word);
        return !refuses;
    }
    std::vector<Pair> pairs() {
        const std::lock_guard lock(mutex_);
        return pairs_;
    }
    void answer_all(Agreed agreed) {
        std::vector<std::function<void(Agreed)>> waiting;
        {
            const std::lock_guard lock(mutex_);
            waiting.swap(waiting_);
        }
        for (const auto& then : waiting) then(agreed);
    }

    bool takes = true, refuses = false;
    std::optional<Agreed> word;  // nothing: later

  private:
    std::mutex mutex_;
    std::vector<Pair> pairs_;
    std::vector<std::function<void(Agreed)>> waiting_;
};

struct World {
    TierWorld caches;
    SemanticLearner::Options options;
    SemanticLearner::Promise promise;
    std::shared_ptr<FakeArbiter> arbiter = std::make_shared<FakeArbiter>();
    std::shared_ptr<const semantic::Look> look;
    std::unique_ptr<SemanticLearner> learner;

    explicit World(std::string file = {}) {
        options.file = std::move(file);
        options.learner.first_fit = 1'000'000;  // the shipped verifier judges throughout
        promise.false_share = 0.1;
        promise.prior_threshold = 0.99;
        caches.store(kUncertain.cached, kCached);
        tiers::SemanticTier::Rules rules;
        rules.prior_plain = rules.prior_dense = promise.prior_threshold;
        rules.promise = promise.bound();
        look = caches.ask(rules, caches.question(kUncertain.asked)).look;
        REQUIRE(look);
        REQUIRE(look->seen.size() == 1);
        start();
    }
    void start() {
        learner.reset();
        auto started = SemanticLearner::start(options, caches.judges, caches.cache);
        REQUIRE(started.has_value());
        learner = std::move(*started);
    }
    void misses(int count, std::string_view answer) { tell(look, count, answer, std::nullopt); }
    void audits(int count, std::string_view answer) { tell(look, count, answer, promise.audit_share); }
    void tell(const std::shared_ptr<const semantic::Look>& of, int count, std::string_view answer,
              std::optional<double> share) {
        const auto fresh = caches.entry_of(kUncertain.asked, answer);
        for (int i = 0; i < count; ++i) learner->answered(of, promise, fresh, share, arbiter);
    }
    SemanticLearner::View view() {
        learner->wait_until_idle();
        for (const SemanticLearner::View& view : learner->views()) {
            if (view.task == caches.task) return view;
        }
        return {};
    }
    // Until that many questions have come to the arbiter.
    void asked(std::size_t count) {
        while (arbiter->pairs().size() < count) std::this_thread::yield();
    }
};

}  // namespace

TEST_CASE("an arbiter's word labels answers in other words, and opens the gate") {
    World world;
    world.arbiter->word = Agreed::agree;
    world.misses(150, kOtherWords);
    CHECK(world.view().state == learn::HitGate::State::proven);
    CHECK(world.view().labels == 150);
    REQUIRE(world.arbiter->pairs().size() == 150);
    const Arbiter::Pair pair = world.arbiter->pairs().front();
    CHECK(pair.question == kUncertain.asked);
    CHECK(pair.a == kCached);
    CHECK(pair.b == kOtherWords);
    CHECK(world.learner->asked() == 150);
    CHECK(world.learner->unanswered() == 0);
}

TEST_CASE("without a word answers in other words count as different") {
    const std::vector<std::pair<std::string_view, void (*)(World&)>> ways{
        {"it says that they differ", [](World& world) { world.arbiter->word = Agreed::differ; }},
        {"it does not know", [](World& world) { world.arbiter->word = Agreed::undecided; }},
        {"it can't be asked", [](World& world) { world.arbiter->refuses = true; }},
        {"it never answers",
         [](World& world) {
             world.options.word_micros = 1;
             world.start();
         }},
        {"there is none", [](World& world) { world.arbiter.reset(); }},
    };
    for (const auto& [name, set] : ways) {
        CAPTURE(name);
        World audited;
        set(audited);
        audited.audits(3, kOtherWords);
        CHECK(audited.view().audits == 3);
        CHECK(audited.view().audits_wrong == 3);
        World missed;
        set(missed);
        missed.misses(600, kOtherWords);
        CHECK(missed.view().labels == 600);
        CHECK(missed.view().threshold >= missed.promise.prior_threshold);
    }
}

TEST_CASE("an audit that agrees is no fault") {
    World world;
    world.arbiter->word = Agreed::agree;
    world.audits(5, kOtherWords);
    CHECK(world.view().audits == 5);
    CHECK(world.view().audits_wrong == 0);
    CHECK(world.caches.judges.of(world.caches.task)->suspect.load() == 0);
}

TEST_CASE("nobody is asked what the answers tell themselves") {
    World world;
    world.arbiter->word = Agreed::differ;
    world.misses(3, kCached);
    world.misses(2, "begin with open chords, and practise a quarter of an hour each day");
    CHECK(world.view().labels == 5);
    CHECK(world.arbiter->pairs().empty());
}

TEST_CASE("a lesson waits for its word; the others go on") {
    World world;
    world.misses(1, kOtherWords);
    world.asked(1);
    world.misses(1, kCached);
    while (world.learner->views().empty()) std::this_thread::yield();
    CHECK(world.learner->views().front().labels == 1);
    world.arbiter->answer_all(Agreed::agree);
    CHECK(world.view().labels == 2);
    world.arbiter->answer_all(Agreed::agree);  // nobody waits
    CHECK(world.view().labels == 2);
}

TEST_CASE("of misses a share is asked about; those beyond it reveal nothing, whatever their form would tell") {
    World world;
    world.arbiter->word = Agreed::agree;
    world.arbiter->takes = false;
    world.misses(4, kCached);
    CHECK(world.view().labels == 4);  // answers of the task have told themselves so far
    world.misses(3, kOtherWords);
    CHECK(world.view().labels == 4);
    CHECK(world.learner->passed_over() == 3);
    world.misses(2, kCached);
    CHECK(world.view().labels == 4);
    CHECK(world.learner->passed_over() == 5);
    CHECK(world.arbiter->pairs().empty());
    world.audits(2, kOtherWords);  // always
    CHECK(world.view().audits == 2);
    CHECK(world.view().audits_wrong == 0);
    world.arbiter->takes = true;
    world.misses(1, kOtherWords);
    CHECK(world.view().labels == 7);
}

TEST_CASE("a bounded number waits: misses beyond it reveal nothing, audits beyond it count as different") {
    World world;
    constexpr int kMost = static_cast<int>(SemanticLearner::kMostWaiting);
    world.misses(kMost + 10, kOtherWords);
    while (world.learner->passed_over() < 10) std::this_thread::yield();
    CHECK(world.arbiter->pairs().size() == SemanticLearner::kMostWaiting);
    world.audits(kMost + 1, kOtherWords);
    while (world.learner->views().empty()) std::this_thread::yield();
    world.asked(2 * SemanticLearner::kMostWaiting);
    world.arbiter->answer_all(Agreed::agree);
    CHECK(world.view().labels == 2 * SemanticLearner::kMostWaiting + 1);
    CHECK(world.view().audits == SemanticLearner::kMostWaiting + 1);
    CHECK(world.view().audits_wrong == 1);
}

TEST_CASE("what waits for a word at the end teaches nothing; what tells itself is kept") {
    TemporaryFolder folder;
    {
        World world(folder.file("lessons"));
        world.misses(5, kOtherWords);
        world.audits(5, kOtherWords);
        world.asked(10);
        world.misses(200, kCached);
        world.misses(20, kOtherWords);  // still in the queue, or asked about
        world.learner.reset();
    }
    World world(folder.file("lessons"));
    const SemanticLearner::View view = world.view();
    CHECK(view.labels == 200);
    CHECK(view.state == learn::HitGate::State::proven);
    CHECK(view.audits == 0);
    CHECK(world.learner->asked() == 0);
}

TEST_CASE("what has hardly a chance is not asked about") {
    World world;
    world.arbiter->word = Agreed::agree;
    auto far = std::make_shared<semantic::Look>(*world.look);
    far->seen[0].question = "Why does wood swell when it rains on a boat?";
    far->seen[0].similarities = {0.05F, std::numeric_limits<float>::quiet_NaN()};
    const semantic::Question asked = semantic::read_question(far->asked);
    const semantic::Question cached = semantic::read_question(far->seen[0].question);
    const semantic::Candidate candidate{0, &cached, far->seen[0].similarities, 0};
    const auto verifier = semantic::shipped_verifier();
    const semantic::Match match = semantic::Matcher(*verifier).judge(std::span(&candidate, 1), asked, {2, true});
    REQUIRE(match.judged());
    REQUIRE(match.score < SemanticLearner::kAskedScore);
    world.tell(far, 3, kOtherWords, std::nullopt);
    CHECK(world.view().labels == 3);
    CHECK(world.arbiter->pairs().empty());
    world.tell(far, 1, kOtherWords, 0.05);  // a hit that was served is another matter
    world.view();
    CHECK(world.arbiter->pairs().size() == 1);
}

TEST_CASE("where the best agrees, the others that may be right as well are not called wrong") {
    World world;
    world.arbiter->word = Agreed::agree;
    auto look = std::make_shared<semantic::Look>(*world.look);
    const auto add = [&](std::string_view key, std::string_view answer) {
        semantic::Look::Seen seen = look->seen[0];
        seen.key = sha256(key);
        seen.similarities.hashing -= 0.01F;
        world.caches.cache.store(seen.key, world.caches.entry_of(kUncertain.cached, answer));
        look->seen.push_back(seen);
    };
    add("as the best", kCached);
    add("in words of its own", "Pick one tune that you love and repeat its hardest bar slowly.");
    world.tell(look, 1, kOtherWords, std::nullopt);
    CHECK(world.view().labels == 2);  // two right, one not known
    CHECK(world.arbiter->pairs().size() == 1);
    world.arbiter->word = Agreed::differ;
    world.tell(look, 1, kOtherWords, std::nullopt);
    CHECK(world.view().labels == 5);
}
