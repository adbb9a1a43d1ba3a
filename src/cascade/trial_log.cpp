#include "cascade/trial_log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unordered_map>

#include "base/hash.h"
#include "learn/model_bytes.h"

namespace weir::cascade {
namespace {

// Of a record: version 1 knew of an answer only its mean log-probability, and nothing of what was no answer; up to
// version 3 nobody knew when a trial was, nor what a hold-out had shown; up to version 4 what triage had said.
constexpr std::uint8_t kFirstTrialVersion = 1, kCourseVersion = 2, kBlindTrialVersion = 4, kTrialVersion = 5;
constexpr double kMostUsd = 1e6;
constexpr std::string_view kShown = "+examples";

bool is_cost(double usd) {
    return usd >= 0 && usd <= kMostUsd;  // false for what is no number
}

enum Has : std::uint8_t {
    kAsked = 1,
    kGraded = 2,
    kWorse = 4,
    kEvidence = 8,
    kLeast = 16,
    kMargin = 32,
    kFlaw = 64,
    kForeseen = 128
};

void write_tier(learn::ModelWriter& to, const TierTrial& tier) {
    const bool flawed = tier.flaw != wire::AnswerFlaw::none;
    const auto flag = [](bool set, Has which) { return set ? static_cast<unsigned>(which) : 0U; };
    to.put(static_cast<std::uint8_t>(flag(tier.asked, kAsked) | flag(tier.graded, kGraded) | flag(tier.worse, kWorse) |
                                     flag(!std::isnan(tier.evidence), kEvidence) |
                                     flag(!std::isnan(tier.least), kLeast) | flag(!std::isnan(tier.margin), kMargin) |
                                     flag(flawed, kFlaw) | flag(!std::isnan(tier.foreseen), kForeseen)));
    if (!std::isnan(tier.foreseen)) to.put(tier.foreseen);
    if (!tier.asked && !flawed) return;
    if (flawed) to.put(static_cast<std::uint8_t>(tier.flaw));
    to.put(static_cast<std::uint8_t>(tier.kind));
    for (const float value : {tier.evidence, tier.least, tier.margin}) {
        if (!std::isnan(value)) to.put(value);
    }
    to.put(tier.tokens);
    to.put(tier.cost_usd);
}

// False: not sound.
bool read_tier(learn::ModelReader& from, std::uint8_t version, TierTrial& tier) {
    const std::uint8_t has = from.get<std::uint8_t>();
    const bool first = version == kFirstTrialVersion;
    tier.asked = (has & kAsked) != 0;
    tier.graded = tier.asked && (has & kGraded) != 0;
    tier.worse = tier.graded && (has & kWorse) != 0;
    const bool flawed = !first && !tier.asked && (has & kFlaw) != 0;
    if (version == kTrialVersion && (has & kForeseen) != 0) {
        tier.foreseen = from.get<float>();
        if (!(tier.foreseen > 0 && tier.foreseen <= 1)) return false;
    }
    if (!tier.asked && !flawed) return true;
    if (flawed) {
        const auto flaw = from.get<std::uint8_t>();
        if (flaw == 0 || flaw >= wire::kAnswerFlaws) return false;
        tier.flaw = static_cast<wire::AnswerFlaw>(flaw);
    }
    const auto kind = first ? static_cast<std::uint8_t>((has & kEvidence) != 0) : from.get<std::uint8_t>();
    if (kind >= kEvidenceKinds) return false;
    tier.kind = static_cast<EvidenceKind>(kind);
    if ((has & kEvidence) != 0) tier.evidence = from.get<float>();
    if (!first && (has & kLeast) != 0) tier.least = from.get<float>();
    if (!first && (has & kMargin) != 0) tier.margin = from.get<float>();
    if (!first) tier.tokens = from.get<std::uint32_t>();
    tier.cost_usd = from.get<double>();
    const bool logarithm = is_logarithm(tier.kind);
    const bool evidence =
        (has & kEvidence) == 0 || (logarithm ? tier.evidence <= 0 : tier.evidence >= 0 && tier.evidence <= 1);
    const bool least = first || (has & kLeast) == 0 || tier.least <= 0;
    const bool margin = first || (has & kMargin) == 0 || tier.margin >= 0;
    return evidence && least && margin && is_cost(tier.cost_usd);
}

// When it came, and what a hold-out has shown. False: not sound.
bool read_force(learn::ModelReader& from, Trial& trial) {
    trial.unix_seconds = from.get<std::uint32_t>();
    trial.in_force = from.get<std::uint8_t>() == 1;
    const auto would_serve = from.get<std::uint8_t>();
    trial.would_cost_usd = from.get<double>();
    if (would_serve > kMostModelTiers || !is_cost(trial.would_cost_usd)) return false;
    trial.would_serve = static_cast<int>(would_serve) - 1;
    return trial.would_serve == kReference || trial.tiers[static_cast<std::size_t>(trial.would_serve)].asked;
}

}  // namespace

store::RecordLog::Options trial_log(const std::string& file) {
    store::RecordLog::Options log;
    log.file = file;
    log.name = "trials";
    return log;
}

std::string ledger_name(const std::string& model, const tiers::Gathering& gathers) {
    return gathers.shows.any() ? model + std::string(kShown) : model;
}

std::string tier_name(const std::string& model, const tiers::Gathering& gathers) {
    std::string name = ledger_name(model, gathers);
    const tiers::Showing& shows = gathers.shows;
    if (shows.any() && shows != tiers::kUsualShowing) {
        char numbers[64];
        std::snprintf(numbers, sizeof numbers, "(%u,%u,%.6g)", shows.examples, shows.most_tokens,
                      shows.least_similarity);
        name += numbers;
    }
    if (gathers.verify) return name + "*verify";
    return gathers.samples > 1 ? name + "*" + std::to_string(gathers.samples) : name;
}

std::string_view ledger_name_of_tier(std::string_view tier) {
    tier = tier.substr(0, tier.rfind('*'));
    const std::size_t numbers = tier.ends_with(')') ? tier.rfind(std::string(kShown) + "(") : std::string_view::npos;
    return numbers == std::string_view::npos ? tier : tier.substr(0, numbers + kShown.size());
}

std::string_view model_of_tier(std::string_view tier) {
    tier = ledger_name_of_tier(tier);
    return tier.ends_with(kShown) ? tier.substr(0, tier.size() - kShown.size()) : tier;
}

std::string to_string(const CourseName& name) {
    std::string text = name.cascade + (name.by_harm ? " harm" : " disagreement");
    for (const std::string& tier : name.tiers) text += " " + tier;
    text += " > " + name.reference;
    return name.task.empty() ? text : text + " " + name.task;
}

std::optional<CourseName> parse_course_name(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    const auto arrow = std::find(words.begin(), words.end(), ">");
    const auto behind = words.end() - arrow;
    if (arrow == words.end() || arrow - words.begin() < 3 || behind < 2 || behind > 3) return std::nullopt;
    if (words[1] != "harm" && words[1] != "disagreement") return std::nullopt;
    CourseName name;
    name.cascade = words[0];
    name.by_harm = words[1] == "harm";
    name.tiers.assign(words.begin() + 2, arrow);
    name.reference = arrow[1];
    if (behind == 3) name.task = arrow[2];
    return name;
}

std::uint64_t course_number(std::string_view name) {
    return short_digest(sha256(name));
}

std::string write_course(std::string_view name) {
    learn::ModelWriter to;
    to.put(kCourseVersion);
    to.put_text(name.substr(0, kMostCourseName));
    return std::move(to.bytes());
}

std::optional<std::string> read_course(std::string_view record) {
    learn::ModelReader from(record);
    if (from.get<std::uint8_t>() != kCourseVersion) return std::nullopt;
    const std::string name(from.get_text(kMostCourseName));
    if (!from.ok()) return std::nullopt;
    return name;
}

std::string write_trial(std::uint64_t course, const Trial& trial) {
    learn::ModelWriter to;
    to.put(kTrialVersion);
    to.put(course);
    to.put(trial.task);
    to.put(static_cast<std::uint8_t>(trial.served + 1));
    to.put(static_cast<std::uint8_t>((trial.known ? 1 : 0) | (trial.everything ? 2 : 0) | (trial.complaint ? 4 : 0) |
                                     (trial.doubt ? 8 : 0)));
    to.put(trial.reference_usd);
    to.put(trial.known_probability);
    for (const TierTrial& tier : trial.tiers) write_tier(to, tier);
    to.put(trial.unix_seconds);
    to.put(static_cast<std::uint8_t>(trial.in_force ? 1 : 0));
    to.put(static_cast<std::uint8_t>(trial.would_serve + 1));
    to.put(trial.would_cost_usd);
    to.put(trial.skipped);
    return std::move(to.bytes());
}

std::optional<Trial> read_trial(std::string_view record, std::uint64_t& course) {
    learn::ModelReader from(record);
    Trial trial;
    const auto version = from.get<std::uint8_t>();
    if (version < kFirstTrialVersion || version > kTrialVersion || version == kCourseVersion) return std::nullopt;
    course = from.get<std::uint64_t>();
    trial.task = from.get<std::uint64_t>();
    const auto served = from.get<std::uint8_t>(), flags = from.get<std::uint8_t>();
    trial.reference_usd = from.get<double>();
    trial.known_probability = from.get<double>();
    trial.known = (flags & 1U) != 0;
    trial.everything = (flags & 2U) != 0;
    trial.complaint = version != kFirstTrialVersion && (flags & 4U) != 0;
    trial.doubt = version >= kBlindTrialVersion && (flags & 8U) != 0;
    bool sound = served <= kMostModelTiers && (served > 0 || !trial.complaint) && is_cost(trial.reference_usd) &&
                 trial.known_probability > 0 && trial.known_probability <= 1;
    for (TierTrial& tier : trial.tiers) sound = read_tier(from, version, tier) && sound;
    trial.served = static_cast<int>(served) - 1;
    if (version >= kBlindTrialVersion) sound = read_force(from, trial) && sound;
    if (version == kTrialVersion) trial.skipped = from.get<std::uint8_t>();
    sound = sound && trial.skipped >> kMostModelTiers == 0;
    sound = sound && (trial.served == kReference || trial.tiers[static_cast<std::size_t>(trial.served)].asked);
    if (!from.ok() || !sound) return std::nullopt;
    return trial;
}

Result<std::vector<RecordedCourse>> read_courses(const std::string& file) {
    std::vector<RecordedCourse> courses;
    std::unordered_map<std::uint64_t, std::size_t> places;
    const auto course_of = [&](std::uint64_t number) -> RecordedCourse& {
        const auto [place, added] = places.try_emplace(number, courses.size());
        if (added) courses.push_back({{}, number, {}});
        return courses[place->second];
    };
    const auto visit = [&](std::string_view record) {
        if (const std::optional<std::string> name = read_course(record)) {
            course_of(course_number(*name)).name = *name;
            return;
        }
        std::uint64_t number = 0;
        const std::optional<Trial> trial = read_trial(record, number);
        if (trial && !trial->complaint && !trial->doubt) course_of(number).trials.push_back(*trial);
    };
    const Result<void> read = store::RecordLog::read(trial_log(file), visit);
    if (!read) return tl::unexpected(read.error());
    return courses;
}

}  // namespace weir::cascade
