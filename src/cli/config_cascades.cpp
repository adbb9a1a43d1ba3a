// Cascades of the configuration.
#include <algorithm>
#include <array>

#include "cascade/trial.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "net/endpoint.h"

namespace weir::cli {
namespace {

constexpr Micros kDay = 24ll * 3600 * 1'000'000;
constexpr std::size_t kMaxCascades = 1'000;
constexpr std::size_t kMaxTiers = 16;
constexpr std::size_t kMaxGlobs = 1'000;
constexpr std::size_t kMaxGlobBytes = 256;
constexpr std::size_t kMaxTasks = 1'000;
constexpr std::size_t kMaxTaskName = 128;
constexpr Usd kMostUsdPerDay{1'000'000'000'000'000};
constexpr double kLeastCanary = 0.01;

void read_match(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = section.require("match");
    if (node == nullptr) return;
    Section match(reader, *node, section.path_to("match"));
    if (const ConfigNode* const models = match.require("model")) {
        to.match_models = reader.texts(*models, match.path_to("model"), kMaxGlobs);
        if (models->kind == ConfigNode::Kind::list && models->items.empty()) {
            reader.error(models->line, match.path_to("model") + " is empty: no request would match");
        }
        for (const std::string& glob : to.match_models) {
            if (glob.empty() || glob.size() > kMaxGlobBytes) {
                reader.error(models->line, match.path_to("model") + ": a model's name or glob has 1 to 256 characters");
            }
        }
    }
    match.finish();
}

// The tier that a word names, for "exact" and "provider/model"; nothing, and an error or a warning, for the others.
std::optional<cascade::TierOptions> tier_of_word(const std::string& word, const ConfigNode& node, Reader& reader,
                                                 const std::string& path) {
    cascade::TierOptions tier;
    tier.line = node.line;
    if (word == "exact") {
        tier.kind = cascade::TierKind::exact;
        return tier;
    }
    if (word == "semantic") {
        tier.kind = cascade::TierKind::semantic;
        return tier;
    }
    if (word == "student") {
        tier.kind = cascade::TierKind::student;
        return tier;
    }
    if (word == "reference") {
        reader.error(node.line, path + ": the reference comes last by itself; leave it out");
        return std::nullopt;
    }
    if (parse_model_name(word)) {
        tier.kind = cascade::TierKind::model;
        tier.model = word;
        return tier;
    }
    constexpr std::array<std::string_view, 3> kWords{"exact", "semantic", "student"};
    const std::string_view meant = closest(word, kWords);
    reader.error(
        node.line,
        path + ": unknown tier " + quote(node.text) +
            (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)") +
            "; allowed: exact, semantic, student, provider/model, or { model: provider/model, min_mean_logprob: "
            "-0.05 }");
    return std::nullopt;
}

// What the model is shown of the reference's earlier answers.
void read_showing(Section& section, cascade::TierOptions& tier) {
    tiers::Showing& shows = tier.gathers.shows;
    section.whole<std::uint32_t>("examples", shows.examples, 1, tiers::kMostExamples);
    section.whole<std::uint32_t>("most_tokens", shows.most_tokens, tiers::kLeastShownTokens, tiers::kMostShownTokens);
    std::optional<double> similarity;
    section.real("least_similarity", similarity, 0, 1);
    if (similarity) shows.least_similarity = *similarity;
    if (section.has("examples") && tier.min_mean_logprob) {
        section.wrong("examples", "goes with no min_mean_logprob: its gate is learned");
    }
    for (const std::string_view key : {"most_tokens", "least_similarity"}) {
        if (section.has(key) && !section.has("examples")) section.wrong(key, "is of examples: say how many");
    }
}

std::optional<cascade::TierOptions> read_tier(const ConfigNode& node, Reader& reader, const std::string& path) {
    if (node.kind == ConfigNode::Kind::scalar) {
        const std::optional<std::string> word = reader.text(node, path);
        if (!word) return std::nullopt;
        return tier_of_word(*word, node, reader, path);
    }
    cascade::TierOptions tier;
    tier.line = node.line;
    Section section(reader, node, path);
    section.require("model");
    bool good = section.text("model", tier.model);
    if (good && !parse_model_name(tier.model)) {
        reader.error(section.line_of("model"), section.path_to("model") + " is not named provider/model");
        good = false;
    }
    section.real("min_mean_logprob", tier.min_mean_logprob, -100, 0);
    section.flag("verify", tier.gathers.verify);
    if (tier.gathers.verify && (tier.min_mean_logprob || section.has("samples"))) {
        section.wrong("verify", "goes with no min_mean_logprob and no samples: one of them judges the tier");
    }
    section.whole<std::uint32_t>("samples", tier.gathers.samples, tiers::kLeastSamples, tiers::kMostSamples);
    if (section.has("samples") && tier.min_mean_logprob) {
        section.wrong("samples", "goes with no min_mean_logprob: one of them judges the tier");
    }
    read_showing(section, tier);
    section.finish();
    if (!good) return std::nullopt;
    return tier;
}

void read_tiers(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = section.find("tiers");
    if (node == nullptr) return;
    const std::string path = section.path_to("tiers");
    if (node->kind != ConfigNode::Kind::list) {
        reader.error(node->line, path + " is a list such as [exact, openai/gpt-4o-mini]");
        return;
    }
    if (node->items.size() > kMaxTiers) {
        reader.error(node->line, path + " has more than 16 items");
        return;
    }
    for (const ConfigNode& item : node->items) {
        std::optional<cascade::TierOptions> tier = read_tier(item, reader, path);
        if (!tier) continue;
        const bool twice = std::any_of(to.tiers.begin(), to.tiers.end(), [&tier](const cascade::TierOptions& other) {
            return other.kind == tier->kind && other.model == tier->model &&
                   other.gathers.shows.any() == tier->gathers.shows.any();
        });
        if (twice) {
            reader.error(item.line, path + ": the same tier stands there twice");
            continue;
        }
        to.tiers.push_back(std::move(*tier));
    }
}

void read_promise(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = section.find("promise");
    if (node == nullptr) return;
    Section promise(reader, *node, section.path_to("promise"));
    cascade::Promise value;
    double disagreement = 0, harm = 0;
    constexpr double kLeastShare = 0.0001, kMostShare = 0.5;
    promise.share("disagreement", disagreement, kLeastShare, kMostShare);
    promise.share("harm", harm, kLeastShare, kMostShare);
    promise.share("confidence", value.confidence, 0.5, 0.9999);
    enum class Over : std::uint8_t { cascade, task, answer };
    Over over = Over::cascade;
    promise.choice<Over>("over", over, {{"cascade", Over::cascade}, {"task", Over::task}, {"answer", Over::answer}});
    promise.choice<bool>("yardstick", value.by_repeats, {{"exact", false}, {"repeats", true}});
    promise.finish();
    const bool by_harm = promise.has("harm");
    if (value.by_repeats && (by_harm || over == Over::answer)) {
        reader.error(promise.line_of("yardstick"), promise.path_to("yardstick") +
                                                       ": repeats tell of disagreement over all requests: not beside " +
                                                       (by_harm ? "harm" : "over: answer"));
        return;
    }
    if (promise.has("disagreement") == by_harm) {
        reader.error(promise.line(), section.path_to("promise") + " is either by disagreement or by harm: give one");
        return;
    }
    value.over_task = over == Over::task;
    value.per_answer = over == Over::answer;
    value.by_harm = by_harm;
    value.disagreement = by_harm ? harm : disagreement;
    value.line = promise.line();
    to.promise = value;
}

// Who decides about each model tier's answers: a threshold of its own, or what is learned for the cascade's promise.
void check_gates(const Section& section, Reader& reader, const cascade::CascadeOptions& cascade) {
    std::size_t learned = 0;
    for (const cascade::TierOptions& tier : cascade.tiers) {
        const bool student = tier.kind == cascade::TierKind::student;
        if (tier.kind != cascade::TierKind::model && !student) continue;
        const std::string path = section.path_to("tiers") + ": " + (student ? "student" : tier.model);
        if (student && !cascade.promise) {
            reader.warning(tier.line, path + " is never served without a promise: for the cascade");
            continue;
        }
        if (tier.min_mean_logprob && cascade.promise) {
            reader.warning(tier.line, path + " is served by a fixed threshold, which proves no promise");
        }
        if (tier.min_mean_logprob) continue;
        if (!cascade.promise) {
            reader.warning(tier.line, path + " has no gate: it is not asked until it has one ({ model: " + tier.model +
                                          ", min_mean_logprob: ... }, or a promise: for the cascade)");
        } else if (++learned > cascade::kMostModelTiers) {
            reader.error(tier.line, path + " is one too many: at most " + std::to_string(cascade::kMostModelTiers) +
                                        " model tiers can be under a promise");
        }
    }
    if (!cascade.agreement.gold_file.empty() && !(cascade.promise && cascade.promise->by_harm)) {
        reader.warning(
            cascade.agreement.line,
            section.path_to("agreement") +
                ": gold is not used: right answers tell of harm, not of disagreement; promise: { harm: ... }");
    }
    if (learned > 0 && cascade.promise->by_harm && !cascade.agreement.asks() && cascade.agreement.gold_file.empty()) {
        reader.error(cascade.promise->line, section.path_to("promise") +
                                                ": harm takes somebody who tells which answer is worse: name a model "
                                                "in agreement: { judge: provider/model }, or a webhook or gold file");
    }
}

// "timeless" first, as in CacheRules::fresh_micros.
void read_fresh_times(Section& cache, Reader& reader, cascade::CacheRules& to) {
    const ConfigNode* const node = cache.find("fresh");
    if (node == nullptr) return;
    Section fresh(reader, *node, cache.path_to("fresh"));
    constexpr Micros kSecond = 1'000'000;
    const auto time_of = [&to](tiers::Volatility volatility) -> Micros& {
        return to.fresh_micros[static_cast<std::size_t>(volatility)];
    };
    fresh.duration("timeless", time_of(tiers::Volatility::timeless), kSecond, 3650 * kDay);
    fresh.duration("slow", time_of(tiers::Volatility::slow), kSecond, 3650 * kDay);
    fresh.duration("volatile", time_of(tiers::Volatility::changing), kSecond, 3650 * kDay);
    fresh.duration("personal", time_of(tiers::Volatility::personal), kSecond, 3650 * kDay);
    fresh.finish();
}

void read_semantic_rules(Section& cache, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = cache.find("semantic");
    if (node == nullptr) return;
    Section semantic(reader, *node, cache.path_to("semantic"));
    semantic.share("promise", to.cache.semantic.false_share, 0.0001, 0.5);
    semantic.share("confidence", to.cache.semantic.confidence, 0.5, 0.9999);
    constexpr double kLeastAudit = 0.001;  // the proofs divide by it
    double& audit = to.cache.semantic.audit_share;
    semantic.share("audit", audit, 0, 1);
    if (audit > 0 && audit < kLeastAudit) semantic.wrong("audit", "is neither 0% nor a share from 0.1% to 100%");
    double threshold = 1;
    semantic.share("threshold", threshold, 0, 1);
    if (semantic.has("threshold")) to.cache.semantic.threshold = threshold;
    semantic.finish();
}

void read_cache_rules(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    // The owner's promise holds for the hits of the semantic tier too, unless that has one of its own.
    if (to.promise && !to.promise->by_harm) {
        to.cache.semantic.false_share = to.promise->disagreement;
        to.cache.semantic.confidence = to.promise->confidence;
    }
    const ConfigNode* const node = section.find("cache");
    if (node == nullptr) return;
    Section cache(reader, *node, section.path_to("cache"));
    cache.duration("ttl", to.cache.ttl_micros, 0, 3650 * kDay);
    read_fresh_times(cache, reader, to.cache);
    cache.share("stale", to.cache.stale_share, 0, 1);
    cache.flag("without_temperature", to.cache.cache_without_temperature);
    cache.flag("temperature_above_zero", to.cache.cache_temperature_above_zero);
    if (const ConfigNode* const tenants = cache.find("never_for")) {
        to.cache.never_for = reader.texts(*tenants, cache.path_to("never_for"), 10'000);
    }
    read_semantic_rules(cache, reader, to);
    cache.finish();
}

// Which form is compared by, and how exactly.
void read_agreement_rules(Section& section, cascade::AgreementRules& to) {
    using Form = cascade::AgreementForm;
    section.choice<Form>("by", to.form,
                         {{"auto", Form::automatic},
                          {"text", Form::text},
                          {"choice", Form::choice},
                          {"number", Form::number},
                          {"json", Form::json},
                          {"set", Form::set},
                          {"contains", Form::contains},
                          {"similarity", Form::similarity},
                          {"judge", Form::judge}});
    section.share("tolerance", to.number_tolerance, 0, 1);
    section.share("overlap", to.set_overlap, 0.01, 1);
    if (section.has("overlap") && to.form != Form::set) section.wrong("overlap", "is for by: set alone");
}

// What `by` asks of the section's other keys.
void check_agreement_rules(Section& agreement, Section& section, const cascade::AgreementRules& rules,
                           const cascade::AgreementOptions& options) {
    if (!section.has("by")) return;
    if (rules.form == cascade::AgreementForm::similarity && !options.similarity) {
        section.wrong("by", "takes a bound: " + agreement.path_to("similarity"));
    }
    if (rules.form == cascade::AgreementForm::judge && !options.asks()) {
        section.wrong("by", "takes somebody to ask: " + agreement.path_to("judge") + " or webhook");
    }
}

void read_task_rules(Section& agreement, Reader& reader, cascade::AgreementOptions& to) {
    const ConfigNode* const node = agreement.find("tasks");
    if (node == nullptr) return;
    constexpr std::size_t kMostTasks = 1'000;
    if (node->kind != ConfigNode::Kind::map || node->entries.size() > kMostTasks) {
        reader.error(node->line,
                     agreement.path_to("tasks") + " is a map of NAME: { by: ... }, for at most 1,000 tasks");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) {
        Section task(reader, entry.value, agreement.path_to("tasks") + "." + entry.key);
        cascade::AgreementRules rules = to.rules;
        read_agreement_rules(task, rules);
        check_agreement_rules(agreement, task, rules, to);
        task.finish();
        to.tasks.insert_or_assign(entry.key, rules);
    }
}

// Who grades answers besides a judge: a service, a file.
void read_graders(Section& agreement, Reader& reader, Draft& draft, cascade::AgreementOptions& to) {
    agreement.text("webhook", to.webhook);
    std::string path;
    if (const auto url = net::parse_url(to.webhook, path); !to.webhook.empty() && !url) {
        agreement.wrong("webhook", "is no URL such as https://grader.example/grade: " + url.error().message);
        to.webhook.clear();
    } else if (url && !url->tls && !url->is_loopback()) {
        reader.warning(agreement.line_of("webhook"),
                       agreement.path_to("webhook") + ": questions and answers are sent over http:// unencrypted");
    }
    if (agreement.has("webhook") && agreement.has("judge")) {
        reader.error(agreement.line_of("webhook"), agreement.path_to("webhook") + " and a judge: give one of them");
    }
    agreement.secret("webhook_key", to.webhook_key);
    if (agreement.has("webhook_key") && !agreement.has("webhook")) {
        reader.error(agreement.line_of("webhook_key"), agreement.path_to("webhook_key") + " without a webhook");
    }
    read_file_path(agreement, "gold", draft, to.gold_file);
}

void read_agreement(Section& section, Reader& reader, Draft& draft, cascade::AgreementOptions& to) {
    const ConfigNode* const node = section.find("agreement");
    if (node == nullptr) return;
    Section agreement(reader, *node, section.path_to("agreement"));
    to.line = agreement.line();
    agreement.text("judge", to.judge);
    to.judge_line = agreement.line_of("judge");
    if (!to.judge.empty() && !parse_model_name(to.judge)) {
        agreement.wrong("judge", "is not named provider/model");
        to.judge.clear();
    }
    read_graders(agreement, reader, draft, to);
    agreement.share("judge_share", to.judge_share, 0, 1);
    if (agreement.has("judge_share") && !agreement.has("judge") && !agreement.has("webhook")) {
        reader.error(agreement.line_of("judge_share"), agreement.path_to("judge_share") + " without a judge");
    }
    double similarity = 1, difference = 0;
    agreement.share("similarity", similarity, 0, 1);
    agreement.share("difference", difference, 0, 1);
    if (agreement.has("similarity")) to.similarity = similarity;
    if (agreement.has("difference")) to.difference = difference;
    read_agreement_rules(agreement, to.rules);
    check_agreement_rules(agreement, agreement, to.rules, to);
    read_task_rules(agreement, reader, to);
    agreement.whole<std::uint32_t>("repeat", to.repeat, 0, 10'000);
    agreement.finish();
    if (to.similarity && to.difference && *to.difference >= *to.similarity) {
        agreement.wrong("difference", "is not below similarity");
    }
}

void read_mode(Section& section, cascade::Mode& to) {
    section.choice<cascade::Mode>("mode", to,
                                  {{"off", cascade::Mode::off},
                                   {"observe", cascade::Mode::observe},
                                   {"shadow", cascade::Mode::shadow},
                                   {"serve", cascade::Mode::serve}});
}

// What proof may cost, and what happens where it may cost no more.
void read_audits(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = section.find("audits");
    if (node == nullptr) return;
    Section audits(reader, *node, section.path_to("audits"));
    audits.usd("cap_usd_per_day", to.audits.per_day, kMostUsdPerDay);
    double share = 1;
    audits.share("cap_share", share, 0, 1);
    if (audits.has("cap_share")) to.audits.share = share;
    audits.duration("blind_after", to.audits.blind_micros, 0, kDay);
    audits.finish();
    if (!to.audits.any()) reader.warning(audits.line(), section.path_to("audits") + " has no cap: nothing is limited");
}

void read_tasks(Section& section, Reader& reader, cascade::CascadeOptions& to) {
    const ConfigNode* const node = section.find("tasks");
    if (node == nullptr) return;
    const std::string path = section.path_to("tasks");
    if (node->kind != ConfigNode::Kind::map || node->entries.size() > kMaxTasks) {
        reader.error(node->line, path + " is a map of at most 1,000 NAME: { mode: shadow }");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) {
        if (entry.key.empty() || entry.key.size() > kMaxTaskName) {
            reader.error(entry.line,
                         path + ": a task is named by 1 to 128 bytes (x-weir-task) or 16 hexadecimal digits");
            continue;
        }
        Section task(reader, entry.value, path + "." + entry.key);
        cascade::TaskOptions options;
        if (task.require("mode") != nullptr) read_mode(task, options.mode);
        task.finish();
        if (options.mode > to.mode) {
            reader.warning(entry.line,
                           path + "." + entry.key + ": its mode is above the cascade's, which is what counts");
        }
        to.tasks.insert_or_assign(entry.key, options);
    }
}

void read_cascade(const ConfigNode::Entry& entry, Reader& reader, Draft& draft) {
    if (!is_plain_name(entry.key)) {
        reader.error(entry.line,
                     "a cascade's name has 1 to 64 of the characters a-z 0-9 - _ . , unlike " + quote(entry.key));
        return;
    }
    cascade::CascadeOptions to;
    to.name = entry.key;
    to.line = entry.line;
    Section section(reader, entry.value, "cascades." + entry.key);
    read_match(section, reader, to);
    section.text("reference_provider", to.reference_provider);
    read_tiers(section, reader, to);
    read_promise(section, reader, to);
    read_mode(section, to.mode);
    read_tasks(section, reader, to);
    read_audits(section, reader, to);
    section.share("canary", to.canary, kLeastCanary, 1);
    section.duration("tier_timeout", to.tier_timeout_micros, 100'000, 600'000'000);
    section.duration("tier_rest", to.tier_rest_micros, 0, 3'600'000'000);
    section.duration("max_latency", to.max_latency_micros, 1'000, 600'000'000);
    read_cache_rules(section, reader, to);
    const bool by_repeats = to.promise && to.promise->by_repeats;
    if (by_repeats) to.agreement.repeat = cascade::kYardstickRepeats;  // unless another number is given
    read_agreement(section, reader, draft, to.agreement);
    read_examples(section, reader, to.examples);
    if (by_repeats && (to.examples.keeping != store::ExampleKeeping::content || to.agreement.repeat == 0)) {
        reader.warning(to.promise->line, section.path_to("promise") +
                                             ".yardstick: repeats are known only with store: content and an "
                                             "agreement.repeat above 0; the promise stands as it is");
    }
    section.finish();
    check_gates(section, reader, to);

    const auto provider = draft.options.providers.find(to.reference_provider);
    if (!to.reference_provider.empty() && provider == draft.options.providers.end()) {
        reader.error(section.line_of("reference_provider"),
                     section.path_to("reference_provider") + ": there is no provider " + quote(to.reference_provider));
    }
    draft.options.cascades.push_back(std::move(to));
}

}  // namespace

void read_cascades(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("cascades");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map) {
        reader.error(node->line, "cascades is a map of NAME: { match: { model: ... }, tiers: [...], mode: ... }");
        return;
    }
    if (node->entries.size() > kMaxCascades) {
        reader.error(node->line, "more than 1,000 cascades");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) read_cascade(entry, reader, draft);
}

}  // namespace weir::cli
