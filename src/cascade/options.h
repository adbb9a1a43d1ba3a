// A cascade as configured: which requests it takes, its tiers in order, its promise and its mode.
// Thread rule: plain values; immutable once the gateway runs on them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "cascade/agreement.h"
#include "cascade/proof_budget.h"
#include "store/example.h"
#include "store/ledger_row.h"
#include "tiers/exact_cache/cache_entry.h"
#include "tiers/model/gathering.h"

namespace weir::cascade {

using store::Mode;
using store::TierKind;

struct TierOptions {
    TierKind kind = TierKind::model;  // exact or model (others are skipped with a warning)
    std::string model;                // "provider/model", for kind model
    // A model tier's gate by fixed threshold: its answer is served if the mean token log-probability is at least this.
    // Absent: the tier's gate is learned under the cascade's promise (cascade/policy.h); without a promise it has none
    // and is not asked.
    std::optional<double> min_mean_logprob;
    tiers::Gathering gathers;  // what a learned gate judges by
    int line = 0;              // in the configuration file
};

struct Promise {
    double disagreement = 0;  // share: 0.02
    double confidence = 0.95;
    bool by_harm = false;    // `harm:` instead of `disagreement:`
    bool over_task = false;  // `over: task`; default cascade
    // `over: answer`: a share of the answers that cheaper models give, not of all the traffic.
    bool per_answer = false;
    // `yardstick: repeats`: no more is asked than the reference keeps with itself (cascade/yardstick.h).
    bool by_repeats = false;
    int line = 0;  // in the configuration file
};
// How often a task's reference is asked again where its repeats are the yardstick.
inline constexpr std::uint32_t kYardstickRepeats = 200;

// The semantic tier's, for one cascade.
struct SemanticRules {
    // Bound on the share of wrong answers among served hits, and how sure it is; from the cascade's promise, if it has
    // one.
    double false_share = 0.02;
    double confidence = 0.95;
    double audit_share = 0.05;        // of hits: the reference is asked as well
    std::optional<double> threshold;  // the verifier's score until a task has learned its own; absent: the shipped one
    friend bool operator==(const SemanticRules&, const SemanticRules&) = default;
};

struct CacheRules {
    Micros ttl_micros = 24ll * 3600 * 1'000'000;  // no answer is served that is older; 0: for ever
    // For how long an answer is fresh, by tiers::Volatility: timeless, slow, volatile, personal. 0: as ttl.
    std::array<Micros, tiers::kVolatilities> fresh_micros{0, 24ll * 3600 * 1'000'000, 5ll * 60 * 1'000'000,
                                                          3600ll * 1'000'000};
    double stale_share = 0.5;               // of that time: for so long again it is served while it is refreshed
    bool cache_without_temperature = true;  // a request that names no temperature
    bool cache_temperature_above_zero = false;
    std::vector<std::string> never_for;  // tenants that opted out: neither looked up nor stored
    SemanticRules semantic;
};

// How answers are compared: by which form, and those whose form can't tell.
struct AgreementOptions {
    AgreementRules rules;
    TaskRules tasks;                               // instead of `rules`
    std::string judge;                             // "provider/model"; empty: none
    std::string webhook, webhook_key;              // instead of a judge: a grader's URL, and its bearer token
    std::string gold_file;                         // cascade/gold.h; empty: none
    double judge_share = 1;                        // of what a judge could be asked about on misses
    std::optional<double> similarity, difference;  // cosine of the answers' embeddings: from here on they agree; up to
                                                   // here they differ
    // How often a task's reference is asked again about a request of the hold-out, to see how far it agrees with
    // itself.
    std::uint32_t repeat = 3;
    int line = 0, judge_line = 0;  // in the configuration file
    const AgreementRules& rules_of(std::string_view task) const {
        const auto found = tasks.find(task);
        return found == tasks.end() ? rules : found->second;
    }
    bool asks() const { return !judge.empty() || !webhook.empty(); }
    bool any() const { return asks() || similarity || difference; }
};

// What one task's requests may do, by x-weir-task or by the task's number.
struct TaskOptions {
    Mode mode = Mode::serve;  // at most
};

struct CascadeOptions {
    std::string name;
    std::vector<std::string> match_models;  // globs (* and ?) over the model's name as the caller wrote it
    std::string reference_provider;         // which provider answers as the reference; empty: by the model's name
    std::vector<TierOptions> tiers;         // without the reference, which comes last by itself
    std::optional<Promise> promise;
    Mode mode = Mode::observe;
    Micros tier_timeout_micros = 20'000'000;  // how long a model tier's answer is waited for at most, before the next
    Micros tier_rest_micros = 60'000'000;     // how long one that fails again and again is left alone at most; 0: never
    Micros max_latency_micros =
        0;  // cheaper models are tried only where the reference can still answer by then; 0: none
    ProofCaps audits;
    double canary = 1;  // share of a task's requests that its ladder serves at first (cascade/canary.h)
    std::map<std::string, TaskOptions, std::less<>> tasks;
    CacheRules cache;
    AgreementOptions agreement;
    store::ExampleOptions examples;  // `store:`: what the reference says, kept to learn from
    int line = 0;
};

// '*' any run, '?' any one byte; case matters.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace weir::cascade
