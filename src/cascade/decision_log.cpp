#include "cascade/decision_log.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/hash.h"
#include "base/log.h"
#include "cascade/trial_log.h"
#include "learn/model_bytes.h"

namespace weir::cascade {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostState = 16, kMostLadder = 1'024;
constexpr std::size_t kMostLast = 100'000;  // courses times tasks whose last word is remembered

constexpr std::array<std::string_view, 12> kKinds{"certified", "renewed", "lost",    "alarm", "promoted", "demoted",
                                                  "planned",   "raised",  "lowered", "blind", "seeing",   "novel"};

bool is_share(double share) {
    return share >= 0 && share <= 1;  // false for what is no number
}

std::string percent(double share, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f %%", digits, 100 * share);
    return text;
}

bool is_about_task(const Decision& decision) {
    return decision.task != 0 && !decision.state.empty();
}

bool is_about_certificate(const Decision& decision) {
    using Kind = Decision::Kind;
    return decision.kind == Kind::certified || decision.kind == Kind::renewed || decision.kind == Kind::lost;
}

}  // namespace

std::string_view to_string(Decision::Kind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

std::string describe(const Decision& decision) {
    std::string text = "cascade " + decision.course;
    if (decision.task != 0) text += ", task " + to_hex(decision.task);
    text += ": " + std::string(to_string(decision.kind));
    if (!decision.state.empty()) text += ", " + decision.state;
    if (!decision.ladder.empty()) text += " by " + decision.ladder;
    if (decision.task != 0) text += ", " + percent(decision.share, 0) + " of its requests";
    return text + " (" + std::to_string(decision.trials) + " trials, " + std::to_string(decision.known) +
           " known: worse answers at most " + percent(decision.worse_bound, 3) + " of all, " +
           percent(decision.allowed, 3) + " allowed, " + percent(decision.promise, 3) + " promised)";
}

std::string write_decision(const Decision& decision) {
    learn::ModelWriter to;
    to.put(kVersion);
    to.put(static_cast<std::uint8_t>(decision.kind));
    to.put(decision.unix_micros);
    to.put_text(std::string_view(decision.course).substr(0, kMostCourseName));
    to.put(decision.task);
    to.put_text(std::string_view(decision.state).substr(0, kMostState));
    to.put_text(std::string_view(decision.ladder).substr(0, kMostLadder));
    to.put(decision.share);
    to.put(decision.trials);
    to.put(decision.known);
    for (const double number : {decision.promise, decision.confidence, decision.allowed, decision.worse_bound,
                                decision.worse_seen, decision.worse_so_far}) {
        to.put(number);
    }
    return std::move(to.bytes());
}

std::optional<Decision> read_decision(std::string_view record) {
    learn::ModelReader from(record);
    Decision decision;
    if (from.get<std::uint8_t>() != kVersion) return std::nullopt;
    const auto kind = from.get<std::uint8_t>();
    if (kind >= kKinds.size()) return std::nullopt;
    decision.kind = static_cast<Decision::Kind>(kind);
    decision.unix_micros = from.get<Micros>();
    decision.course = from.get_text(kMostCourseName);
    decision.task = from.get<std::uint64_t>();
    decision.state = from.get_text(kMostState);
    decision.ladder = from.get_text(kMostLadder);
    decision.share = from.get<double>();
    decision.trials = from.get<std::uint64_t>();
    decision.known = from.get<std::uint64_t>();
    for (double* const number : {&decision.promise, &decision.confidence, &decision.allowed, &decision.worse_bound,
                                 &decision.worse_seen, &decision.worse_so_far}) {
        *number = from.get<double>();
    }
    const bool sound = is_share(decision.share) && is_share(decision.promise) && is_share(decision.confidence) &&
                       is_share(decision.allowed) && std::isfinite(decision.worse_bound) &&
                       std::isfinite(decision.worse_seen) && std::isfinite(decision.worse_so_far);
    if (!from.ok() || from.left() > 0 || !sound || decision.unix_micros < 0) return std::nullopt;
    return decision;
}

store::RecordLog::Options decision_log(const std::string& file) {
    store::RecordLog::Options log;
    log.file = file;
    log.name = "decisions";
    log.most_bytes = DecisionLog::kMostOnDisk;
    return log;
}

Result<std::unique_ptr<DecisionLog>> DecisionLog::open(const std::string& file) {
    std::unique_ptr<DecisionLog> decisions(new DecisionLog());
    if (file.empty()) return decisions;
    const auto visit = [&](std::string_view record) {
        if (std::optional<Decision> decision = read_decision(record)) decisions->keep(std::move(*decision));
    };
    auto opened = store::RecordLog::open(decision_log(file), visit);
    if (!opened) return tl::unexpected(opened.error());
    decisions->log_ = std::move(*opened);
    return decisions;
}

void DecisionLog::keep(Decision decision) {
    if (is_about_task(decision) || is_about_certificate(decision)) {
        const std::pair key{decision.course, is_about_certificate(decision) ? 0 : decision.task};
        if (last_.size() < kMostLast || last_.contains(key)) last_.insert_or_assign(key, decision);
    }
    if (decision.kind == Decision::Kind::promoted || decision.kind == Decision::Kind::demoted) {
        const std::pair key{decision.course, decision.task};
        if (turns_.size() < kMostLast || turns_.contains(key)) turns_.insert_or_assign(key, decision);
    }
    kept_.push_back(std::move(decision));
    if (kept_.size() > kKept) kept_.pop_front();
}

void DecisionLog::record(Decision decision) {
    if (decision.kind != Decision::Kind::renewed) log_info(describe(decision));
    if (log_) {
        if (const Result<void> kept = log_->append(write_decision(decision)); !kept) {
            log_warning("decisions: " + kept.error().message);
            log_.reset();
        }
    }
    const std::lock_guard lock(mutex_);
    ++counts_[decision.kind];
    keep(std::move(decision));
}

std::vector<Decision> DecisionLog::latest(const Query& query) const {
    std::vector<Decision> found;
    const std::lock_guard lock(mutex_);
    for (auto decision = kept_.rbegin(); decision != kept_.rend() && found.size() < query.most; ++decision) {
        const bool wanted = query.course.empty() || decision->course == query.course ||
                            decision->course.starts_with(query.course + " ");
        if (wanted && (!query.task || decision->task == *query.task)) found.push_back(*decision);
    }
    return found;
}

std::optional<Decision> DecisionLog::last(const std::string& course, std::uint64_t task) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find({course, task});
    if (found == last_.end()) return std::nullopt;
    return found->second;
}

std::optional<Decision> DecisionLog::last_turn(const std::string& course, std::uint64_t task) const {
    const std::lock_guard lock(mutex_);
    const auto found = turns_.find({course, task});
    if (found == turns_.end()) return std::nullopt;
    return found->second;
}

std::map<Decision::Kind, std::uint64_t> DecisionLog::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

Result<std::vector<Decision>> read_decisions(const std::string& file) {
    std::vector<Decision> decisions;
    const auto visit = [&](std::string_view record) {
        if (std::optional<Decision> decision = read_decision(record)) decisions.push_back(std::move(*decision));
    };
    const Result<void> read = store::RecordLog::read(decision_log(file), visit);
    if (!read) return tl::unexpected(read.error());
    return decisions;
}

}  // namespace weir::cascade
