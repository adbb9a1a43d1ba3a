#include "eval/cascade_eval.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numeric>

#include "base/hash.h"
#include "cascade/agreement.h"
#include "cascade/prompt_classes.h"
#include "eval/trial_play.h"
#include "learn/certificates.h"
#include "learn/random_bits.h"

namespace weir::eval {
namespace {

using cascade::kReference;
using cascade::Policy;
using cascade::PolicyLearner;
using cascade::TaskPlan;
using cascade::Trial;

// What is known of the rows before anything is played: marks by row and tier.
struct Marks {
    std::size_t tiers = 0;
    std::vector<std::uint64_t> task;     // by row
    std::vector<std::uint32_t> segment;  // by row
    std::vector<std::string> segments;
    std::vector<std::uint8_t> harm, differ;  // by row * tiers + tier
};

Marks mark(const std::vector<CascadeRow>& rows, std::size_t tiers) {
    Marks marks;
    marks.tiers = tiers;
    std::map<std::string, std::uint32_t> segments;
    for (const CascadeRow& row : rows) {
        marks.task.push_back(short_digest(sha256(row.task + std::string(1, char{0}) + row.system)));
        const auto place = segments.try_emplace(row.task, static_cast<std::uint32_t>(segments.size()));
        if (place.second) marks.segments.push_back(row.task);
        marks.segment.push_back(place.first->second);
        const RecordedAnswer& reference = row.models[tiers];
        for (std::size_t tier = 0; tier < tiers; ++tier) {
            const RecordedAnswer& answer = row.models[tier];
            marks.harm.push_back(reference.correct.value_or(false) && !answer.correct.value_or(true));
            marks.differ.push_back(cascade::agreement(row.prompt, answer.answer, reference.answer).result !=
                                   cascade::Agreed::agree);
        }
    }
    return marks;
}

// One play of some rows.
struct Play {
    struct Sums {
        std::size_t rows = 0, served = 0, harm = 0, differ = 0, right = 0, reference_right = 0;
        double spent = 0, reference = 0;
        double saved() const { return reference > 0 ? 1 - spent / reference : 0; }
        double share(std::size_t count) const {
            return rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(rows);
        }
    };
    Sums all, last_third, plain;
    std::vector<Sums> segments;
    std::vector<std::size_t> served_by;  // by tier
    std::size_t audits = 0, bypassed = 0;
    std::uint64_t alarms = 0;
};

class Player {
  public:
    Player(const std::vector<CascadeRow>& rows, const Marks& marks, const CascadePlay& options)
        : rows_(rows), marks_(marks), options_(options), prompts_(rows.size()) {}

    Play learn_then_score(const std::vector<std::size_t>& order, std::size_t labels, std::vector<std::string>* plans);
    Play in_order(const std::vector<std::size_t>& order, std::uint64_t seed, std::vector<std::string>* plans);

  private:
    class Row final : public RecordedRequest {
      public:
        Row(const Player& player, std::size_t row) : player_(player), row_(row) {}
        void ask(Trial& trial, std::size_t tier) const override { player_.ask(trial, row_, tier); }
        void ask_reference(Trial& trial) const override { player_.ask_reference(trial, row_); }

      private:
        const Player& player_;
        std::size_t row_;
    };

    std::size_t tiers() const { return marks_.tiers; }
    bool worse(std::size_t row, std::size_t tier) const {
        const auto& by = options_.measure == CascadePlay::Measure::harm ? marks_.harm : marks_.differ;
        return by[row * tiers() + tier] != 0;
    }
    double cost(std::size_t row, std::size_t model) const { return rows_[row].models[model].cost_usd; }
    Trial begin(std::size_t row) const {
        Trial trial;
        trial.task = marks_.task[row];
        return trial;
    }
    void ask(Trial& trial, std::size_t row, std::size_t tier) const {
        cascade::TierTrial& tried = trial.tiers[tier];
        tried = tried.unasked();
        tried.asked = true;
        tried.evidence = rows_[row].models[tier].logconf.value_or(cascade::kNoEvidence);
        tried.cost_usd = cost(row, tier);
    }
    void ask_reference(Trial& trial, std::size_t row) const {
        trial.known = true;
        trial.reference_usd = cost(row, tiers());
        for (std::size_t tier = 0; tier < tiers(); ++tier) {
            trial.tiers[tier].graded = trial.tiers[tier].asked;
            trial.tiers[tier].worse = trial.tiers[tier].asked && worse(row, tier);
        }
    }
    double spent(const Trial& trial) const {
        double sum = trial.known ? trial.reference_usd : 0;
        for (const cascade::TierTrial& tier : trial.tiers) sum += tier.cost_usd;
        return sum;
    }
    void book(Play& play, std::size_t row, int served, double usd, bool late) const;
    void add(Play::Sums& sums, std::size_t row, int served, double usd) const;
    float evidence(std::size_t row) const {  // the first tier's
        const float evidence = rows_[row].models[0].logconf.value_or(cascade::kNoEvidence);
        return std::isnan(evidence) ? -std::numeric_limits<float>::infinity() : evidence;
    }
    float plain_threshold(std::vector<std::size_t> labelled) const;
    std::vector<std::string> describe(const PolicyLearner& learner) const;
    Play start() const {
        Play play;
        play.segments.resize(marks_.segments.size());
        play.served_by.resize(tiers());
        return play;
    }

    const std::shared_ptr<const cascade::SeenPrompt>& prompt_of(std::size_t row);

    const std::vector<CascadeRow>& rows_;
    const Marks& marks_;
    const CascadePlay& options_;
    std::vector<std::shared_ptr<const cascade::SeenPrompt>> prompts_;  // by row; null: not read yet
};

const std::shared_ptr<const cascade::SeenPrompt>& Player::prompt_of(std::size_t row) {
    std::shared_ptr<const cascade::SeenPrompt>& prompt = prompts_[row];
    if (!prompt) {
        prompt = std::make_shared<const cascade::SeenPrompt>(
            cascade::SeenPrompt{cascade::prompt_features(rows_[row].system, rows_[row].prompt), true});
    }
    return prompt;
}

void Player::add(Play::Sums& sums, std::size_t row, int served, double usd) const {
    const bool by_tier = served != kReference;
    const auto tier = static_cast<std::size_t>(by_tier ? served : 0);
    const RecordedAnswer& reference = rows_[row].models[tiers()];
    const RecordedAnswer& answer = by_tier ? rows_[row].models[tier] : reference;
    ++sums.rows;
    sums.served += by_tier;
    sums.harm += by_tier && marks_.harm[row * tiers() + tier] != 0;
    sums.differ += by_tier && marks_.differ[row * tiers() + tier] != 0;
    sums.right += answer.correct.value_or(false);
    sums.reference_right += reference.correct.value_or(false);
    sums.spent += usd;
    sums.reference += reference.cost_usd;
}

void Player::book(Play& play, std::size_t row, int served, double usd, bool late) const {
    add(play.all, row, served, usd);
    add(play.segments[marks_.segment[row]], row, served, usd);
    if (late) add(play.last_third, row, served, usd);
    if (served != kReference) ++play.served_by[static_cast<std::size_t>(served)];
}

// The loosest one up to which every threshold keeps the promise; above 0 where none does. Never inside a tie.
float Player::plain_threshold(std::vector<std::size_t> labelled) const {
    std::sort(labelled.begin(), labelled.end(),
              [this](std::size_t a, std::size_t b) { return evidence(a) > evidence(b); });
    const double alpha = 1 - options_.learner.confidence;
    float threshold = 1;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < labelled.size(); ++i) {
        wrong += worse(labelled[i], 0) ? 1 : 0;
        if (i + 1 < labelled.size() && evidence(labelled[i + 1]) == evidence(labelled[i])) continue;
        if (learn::share_upper_bound(wrong, labelled.size(), alpha) > options_.learner.promise) break;
        threshold = evidence(labelled[i]);
    }
    return threshold;
}

Play Player::learn_then_score(const std::vector<std::size_t>& order, std::size_t labels,
                              std::vector<std::string>* plans) {
    PolicyLearner::Options options = options_.learner;
    options.bank = 1;
    options.first_certificate = 1;
    options.mix_half_life = 0;
    options.window = labels;
    if (options_.count_labels) {
        options.ahead = order.size() - labels;
        options.bank = static_cast<double>(order.size()) / static_cast<double>(options.ahead);
    }
    PolicyLearner learner(options);
    Play play = start();
    for (std::size_t i = 0; i < labels; ++i) {
        Trial trial = begin(order[i]);
        for (std::size_t tier = 0; tier < tiers(); ++tier) ask(trial, order[i], tier);
        trial.everything = true;
        ask_reference(trial, order[i]);
        learner.add(trial);
        if (!options_.count_labels) continue;
        book(play, order[i], kReference, spent(trial), false);
        add(play.plain, order[i], kReference, cost(order[i], 0) + cost(order[i], tiers()));
    }
    learner.certify();
    learner.certify();  // with plans made for the price that the first one found
    const Policy& policy = *learner.policy();
    const float plain = plain_threshold({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(labels)});
    for (std::size_t i = labels; i < order.size(); ++i) {
        const std::size_t row = order[i];
        // Where even the loosest threshold asks nobody, nothing is spent on asking.
        const bool plainly = evidence(row) >= plain;
        add(play.plain, row, plainly ? 0 : kReference,
            (plain <= 0 ? cost(row, 0) : 0) + (plainly ? 0 : cost(row, tiers())));
        Trial trial = begin(row);
        double risk = 0;
        const TaskPlan& plan = policy.plan(trial.task);
        if (policy.serves(plan)) climb_ladder(Row(*this, row), trial, policy, plan, risk);
        const double reference = trial.served == kReference ? cost(row, tiers()) : 0;
        book(play, row, trial.served, spent(trial) + reference, i >= labels + (order.size() - labels) * 2 / 3);
    }
    if (plans != nullptr) *plans = describe(learner);
    return play;
}

Play Player::in_order(const std::vector<std::size_t>& order, std::uint64_t seed, std::vector<std::string>* plans) {
    PolicyLearner learner(options_.learner);
    learn::RandomBits coins(seed);
    cascade::PromptClassLearner class_learner;
    std::shared_ptr<const cascade::PromptClasses> classes;
    Play play = start();
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::size_t row = order[i];
        Trial trial = begin(row);
        cascade::Foreseen opens{};
        if (classes) {
            const auto verdict = classes->judge(*prompt_of(row), trial.task, *learner.policy());
            trial.foresee(verdict.agree);
            opens = verdict.opens;
        }
        const PlayedTrial played = play_trial(Row(*this, row), trial, opens, tiers(), *learner.policy(), coins);
        trial = played.trial;
        play.audits += played.audited;
        play.bypassed += played.bypassed;
        // A request whose tiers were not tried tells nothing, but the caller has the reference's answer.
        const bool untried = !trial.known && trial.served == kReference;
        book(play, row, trial.served, spent(trial) + (untried ? cost(row, tiers()) : 0), i >= order.size() * 2 / 3);
        learner.add(trial);
        if (learner.due()) learner.certify();
        if (!options_.triage) continue;
        class_learner.add(prompt_of(row), trial);
        if (class_learner.due()) classes = class_learner.fitting(learner.policy())();
    }
    play.alarms = learner.alarms().cascade + learner.alarms().task;
    if (plans != nullptr) *plans = describe(learner);
    return play;
}

std::vector<std::string> Player::describe(const PolicyLearner& learner) const {
    std::vector<std::string> lines;
    std::vector<bool> done(marks_.segments.size(), false);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (done[marks_.segment[row]]) continue;
        done[marks_.segment[row]] = true;
        const TaskPlan& plan = learner.policy()->plan(marks_.task[row]);
        std::string line = marks_.segments[marks_.segment[row]] + ":";
        for (std::size_t rung = 0; rung < plan.rungs; ++rung) line += " " + std::to_string(plan.ladder[rung]);
        if (plan.rungs == 0) line += " reference";
        lines.push_back(line + (plan.closed ? " (closed)" : ""));
    }
    return lines;
}

Range range_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
        return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
    };
    return {std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), at(0.05),
            at(0.95)};
}

}  // namespace

CascadeSummary evaluate_cascade(const std::vector<CascadeRow>& rows, const std::vector<std::string>& names,
                                const CascadePlay& options) {
    const std::size_t tiers = names.size() - 1;
    const Marks marks = mark(rows, tiers);
    CascadePlay used = options;
    used.learner.tiers = tiers;
    Player player(rows, marks, used);
    CascadeSummary summary;
    summary.rows = rows.size();
    summary.redraws = options.redraws;

    std::vector<Play> plays;
    learn::RandomBits random(options.seed);
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t redraw = 0; redraw < options.redraws; ++redraw) {
        if (options.labels || options.order != CascadePlay::Order::file) {
            for (std::size_t i = order.size() - 1; i > 0; --i) {
                std::swap(order[i], order[static_cast<std::size_t>(random.uniform() * static_cast<double>(i + 1))]);
            }
        }
        if (!options.labels && options.order == CascadePlay::Order::tasks) {
            std::stable_sort(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return marks.segment[a] < marks.segment[b]; });
        }
        std::vector<std::string>* const plans = redraw == 0 ? &summary.plans : nullptr;
        plays.push_back(options.labels ? player.learn_then_score(order, *options.labels, plans)
                                       : player.in_order(order, random.next(), plans));
    }

    const bool by_harm = options.measure == CascadePlay::Measure::harm;
    const auto worse = [by_harm](const Play::Sums& sums) { return sums.share(by_harm ? sums.harm : sums.differ); };
    const auto over_plays = [&](auto value) {
        std::vector<double> values;
        for (const Play& play : plays) values.push_back(value(play));
        return range_of(std::move(values));
    };
    const double promise = options.learner.promise;
    const auto share_broken = [&](auto sums_of) {
        std::size_t count = 0;
        for (const Play& play : plays) count += worse(sums_of(play)) > promise;
        return static_cast<double>(count) / static_cast<double>(plays.size());
    };
    summary.saved = over_plays([](const Play& play) { return play.all.saved(); });
    summary.saved_last_third = over_plays([](const Play& play) { return play.last_third.saved(); });
    summary.harm = over_plays([](const Play& play) { return play.all.share(play.all.harm); });
    summary.disagreement = over_plays([](const Play& play) { return play.all.share(play.all.differ); });
    summary.served = over_plays([](const Play& play) { return play.all.share(play.all.served); });
    summary.quality = over_plays([](const Play& play) {
        return play.all.reference_right == 0
                   ? 1.0
                   : static_cast<double>(play.all.right) / static_cast<double>(play.all.reference_right);
    });
    if (options.labels) {
        CascadeSummary::Plain plain;
        plain.saved = over_plays([](const Play& play) { return play.plain.saved(); });
        plain.served = over_plays([](const Play& play) { return play.plain.share(play.plain.served); });
        plain.worse = over_plays([&](const Play& play) { return worse(play.plain); });
        plain.broken = share_broken([](const Play& play) -> const Play::Sums& { return play.plain; });
        summary.plain = plain;
    }
    summary.broken.mean = share_broken([](const Play& play) -> const Play::Sums& { return play.all; });
    const auto broken = static_cast<std::size_t>(summary.broken.mean * static_cast<double>(plays.size()) + 0.5);
    summary.broken.low = learn::share_lower_bound(broken, plays.size(), 0.025);
    summary.broken.high = learn::share_upper_bound(broken, plays.size(), 0.025);
    for (std::size_t segment = 0; segment < marks.segments.size(); ++segment) {
        CascadeSummary::Segment one;
        one.task = marks.segments[segment];
        const auto sums = [segment](const Play& play) -> const Play::Sums& { return play.segments[segment]; };
        one.rows = sums(plays.front()).rows;
        one.saved = over_plays([&](const Play& play) { return sums(play).saved(); });
        one.worse = over_plays([&](const Play& play) { return worse(sums(play)); });
        one.broken = share_broken(sums);
        summary.segments.push_back(one);
    }
    double reference = 0;
    for (const CascadeRow& row : rows) reference += row.models[tiers].cost_usd;
    std::vector<double> rate(tiers);
    for (std::size_t tier = 0; tier < tiers; ++tier) {
        CascadeSummary::Fixed fixed;
        fixed.model = names[tier];
        double spent = 0;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            spent += rows[row].models[tier].cost_usd;
            fixed.harm += marks.harm[row * tiers + tier];
            fixed.disagreement += marks.differ[row * tiers + tier];
        }
        fixed.saved = reference > 0 ? 1 - spent / reference : 0;
        fixed.harm /= static_cast<double>(rows.size());
        fixed.disagreement /= static_cast<double>(rows.size());
        rate[tier] = by_harm ? fixed.harm : fixed.disagreement;
        summary.fixed.push_back(fixed);
    }
    for (const Play& play : plays) {
        summary.alarms += play.alarms;
        summary.bypassed += static_cast<double>(play.bypassed) /
                            (static_cast<double>(play.all.rows) * static_cast<double>(plays.size()));
        const auto n = static_cast<double>(play.all.rows) * static_cast<double>(plays.size());
        summary.audits += static_cast<double>(play.audits) / n;
        for (std::size_t tier = 0; tier < tiers; ++tier) {
            summary.shuffled_worse += rate[tier] * static_cast<double>(play.served_by[tier]) / n;
        }
    }
    return summary;
}

}  // namespace weir::eval
