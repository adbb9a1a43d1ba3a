#include "cascade/trial_log.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/hash.h"
#include "learn/model_bytes.h"

namespace weir::cascade {
namespace {

constexpr std::uint8_t kTrialVersion = 1, kCourseVersion = 2;
constexpr double kMostUsd = 1e6;

bool is_cost(double usd) {
    return usd >= 0 && usd <= kMostUsd;  // false for what is no number
}

}  // namespace

store::RecordLog::Options trial_log(const std::string& file) {
    store::RecordLog::Options log;
    log.file = file;
    log.name = "trials";
    return log;
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
    to.put(static_cast<std::uint8_t>((trial.known ? 1 : 0) | (trial.everything ? 2 : 0)));
    to.put(trial.reference_usd);
    to.put(trial.known_probability);
    for (const TierTrial& tier : trial.tiers) {
        to.put(static_cast<std::uint8_t>((tier.asked ? 1 : 0) | (tier.graded ? 2 : 0) | (tier.worse ? 4 : 0) |
                                         (std::isnan(tier.evidence) ? 0 : 8)));
        if (!tier.asked) continue;
        if (!std::isnan(tier.evidence)) to.put(tier.evidence);
        to.put(tier.cost_usd);
    }
    return std::move(to.bytes());
}

std::optional<Trial> read_trial(std::string_view record, std::uint64_t& course) {
    learn::ModelReader from(record);
    Trial trial;
    if (from.get<std::uint8_t>() != kTrialVersion) return std::nullopt;
    course = from.get<std::uint64_t>();
    trial.task = from.get<std::uint64_t>();
    const auto served = from.get<std::uint8_t>(), flags = from.get<std::uint8_t>();
    trial.reference_usd = from.get<double>();
    trial.known_probability = from.get<double>();
    trial.known = (flags & 1U) != 0;
    trial.everything = (flags & 2U) != 0;
    bool sound = served <= kMostModelTiers && is_cost(trial.reference_usd) && trial.known_probability > 0 &&
                 trial.known_probability <= 1;
    for (TierTrial& tier : trial.tiers) {
        const std::uint8_t what = from.get<std::uint8_t>();
        tier.asked = (what & 1U) != 0;
        tier.graded = tier.asked && (what & 2U) != 0;
        tier.worse = tier.graded && (what & 4U) != 0;
        if (!tier.asked) continue;
        if ((what & 8U) != 0) {
            tier.evidence = from.get<float>();
            sound = sound && tier.evidence <= 0;
        }
        tier.cost_usd = from.get<double>();
        sound = sound && is_cost(tier.cost_usd);
    }
    trial.served = static_cast<int>(served) - 1;
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
        if (const std::optional<Trial> trial = read_trial(record, number)) course_of(number).trials.push_back(*trial);
    };
    const Result<void> read = store::RecordLog::read(trial_log(file), visit);
    if (!read) return tl::unexpected(read.error());
    return courses;
}

}  // namespace weir::cascade
