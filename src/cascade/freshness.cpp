#include "cascade/freshness.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/hash.h"

namespace weir::cascade {
namespace {

constexpr Micros kFutureMicros = 60'000'000;
constexpr std::uint32_t kFirstLook = 32;  // audits; then at each doubling
constexpr double kSignificance = 2e-3;
constexpr std::uint8_t kMostSteps = 2;

double log_choose(double n, double k) {
    return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// Fisher's exact test, one-sided: the probability of at least so many disagreements among the old, were age of no
// matter. Hypergeometric tail. R. A. Fisher, "On the interpretation of chi-square from contingency tables" (1922).
double chance_of_so_many(std::uint32_t old_bad, std::uint32_t old_all, std::uint32_t young_bad,
                         std::uint32_t young_all) {
    const std::uint32_t bad = old_bad + young_bad;
    const double all = log_choose(old_all + young_all, bad);
    double sum = 0;
    for (std::uint32_t k = old_bad; k <= std::min(bad, old_all); ++k) {
        if (bad - k > young_all) continue;
        sum += std::exp(log_choose(old_all, k) + log_choose(young_all, bad - k) - all);
    }
    return sum;
}

bool is_power_of_two(std::uint32_t value) {
    return (value & (value - 1)) == 0;
}

}  // namespace

std::string_view to_string(Freshness freshness) {
    switch (freshness) {
        case Freshness::fresh:
            return "fresh";
        case Freshness::stale_but_usable:
            return "stale";
        case Freshness::expired:
            break;
    }
    return "expired";
}

Micros fresh_micros(Volatility volatility, const CacheRules& rules) {
    const Micros own = rules.fresh_micros[static_cast<std::size_t>(volatility)];
    if (own == 0) return rules.ttl_micros;
    return rules.ttl_micros == 0 ? own : std::min(own, rules.ttl_micros);
}

Freshness judge(Micros age, Volatility volatility, const CacheRules& rules, std::optional<Micros> max_age) {
    if (age < -kFutureMicros) return Freshness::expired;
    if (max_age && age > *max_age) return Freshness::expired;
    if (rules.ttl_micros != 0 && age > rules.ttl_micros) return Freshness::expired;
    const Micros fresh = fresh_micros(volatility, rules);
    if (fresh == 0 || age <= fresh) return Freshness::fresh;
    const double usable = static_cast<double>(fresh) * (1 + rules.stale_share);
    return static_cast<double>(age) <= usable ? Freshness::stale_but_usable : Freshness::expired;
}

Volatility tightened(Volatility volatility) {
    return volatility == Volatility::timeless ? Volatility::slow : Volatility::changing;
}

std::uint64_t FreshnessLearner::name_of(std::uint64_t task, Volatility volatility) {
    return task ^ (static_cast<std::uint64_t>(volatility) + 1) * 0x9e3779b97f4a7c15;
}

FreshnessLearner::Lesson& FreshnessLearner::lesson_of(std::uint64_t task, Volatility volatility) {
    const std::uint64_t name = name_of(task, volatility);
    if (const auto place = places_.find(name); place != places_.end()) {
        lessons_.splice(lessons_.begin(), lessons_, place->second);
        return lessons_.front();
    }
    if (lessons_.size() >= kMaxTasks) {
        const Lesson& oldest = lessons_.back();
        if (oldest.steps > 0) tightened_.fetch_sub(1, std::memory_order_release);
        places_.erase(name_of(oldest.task, oldest.volatility));
        lessons_.pop_back();
    }
    lessons_.push_front({task, volatility, 0, {}, {}});
    places_[name] = lessons_.begin();
    return lessons_.front();
}

void FreshnessLearner::observe_audit(std::uint64_t task, Volatility volatility, Micros age, const CacheRules& rules,
                                     bool agreed) {
    const std::scoped_lock lock(mutex_);
    Lesson& lesson = lesson_of(task, volatility);
    Volatility now = volatility;
    for (std::uint8_t i = 0; i < lesson.steps; ++i) now = tightened(now);
    const Micros fresh = fresh_micros(now, rules);
    if (now == Volatility::changing || fresh == 0) return;  // nothing shorter; no time to be old in
    Counts& counts = age > fresh / 2 ? lesson.old : lesson.young;
    ++(agreed ? counts.agreed : counts.disagreed);
    const std::uint32_t young = lesson.young.agreed + lesson.young.disagreed;
    const std::uint32_t old = lesson.old.agreed + lesson.old.disagreed;
    if (young + old < kFirstLook || !is_power_of_two(young + old)) return;
    if (chance_of_so_many(lesson.old.disagreed, old, lesson.young.disagreed, young) > kSignificance) return;
    if (++lesson.steps == 1) tightened_.fetch_add(1, std::memory_order_release);
    lesson.young = lesson.old = {};
}

Volatility FreshnessLearner::effective(std::uint64_t task, Volatility volatility) const {
    if (tightened_.load(std::memory_order_acquire) == 0) return volatility;
    const std::scoped_lock lock(mutex_);
    const auto place = places_.find(name_of(task, volatility));
    if (place == places_.end()) return volatility;
    for (std::uint8_t i = 0; i < place->second->steps; ++i) volatility = tightened(volatility);
    return volatility;
}

// A line a lesson: task, class, steps and the four counts.
std::string FreshnessLearner::save() const {
    const std::scoped_lock lock(mutex_);
    std::string out = "weir.freshness.1\n";
    for (const Lesson& lesson : lessons_) {
        out += to_hex(lesson.task);
        for (const std::uint32_t number :
             {static_cast<std::uint32_t>(lesson.volatility), static_cast<std::uint32_t>(lesson.steps),
              lesson.young.agreed, lesson.young.disagreed, lesson.old.agreed, lesson.old.disagreed}) {
            out += ' ';
            out += std::to_string(number);
        }
        out += '\n';
    }
    return out;
}

Result<void> FreshnessLearner::restore(std::string_view saved) {
    const auto bad = [] { return fail(ErrorCode::invalid, "not what was learned about freshness, or damaged"); };
    const auto line_of = [&saved] {
        const std::size_t end = std::min(saved.find('\n'), saved.size());
        const std::string_view line = saved.substr(0, end);
        saved.remove_prefix(std::min(end + 1, saved.size()));
        return line;
    };
    if (line_of() != "weir.freshness.1") return bad();
    Lessons lessons;
    std::unordered_map<std::uint64_t, Lessons::iterator> places;
    std::size_t count = 0;
    while (!saved.empty()) {
        std::string_view line = line_of();
        const auto number = [&line](auto& to, int base) {
            if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
            const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), to, base);
            line.remove_prefix(static_cast<std::size_t>(end - line.data()));
            return error == std::errc() && (line.empty() || line.front() == ' ');
        };
        Lesson lesson;
        std::uint32_t volatility = 0;
        std::uint32_t steps = 0;
        bool good = number(lesson.task, 16) && number(volatility, 10) && number(steps, 10);
        for (std::uint32_t* counted :
             {&lesson.young.agreed, &lesson.young.disagreed, &lesson.old.agreed, &lesson.old.disagreed}) {
            good = good && number(*counted, 10);
        }
        if (!good || !line.empty() || volatility >= tiers::kVolatilities || steps > kMostSteps) return bad();
        lesson.volatility = static_cast<Volatility>(volatility);
        lesson.steps = static_cast<std::uint8_t>(steps);
        if (lessons.size() >= kMaxTasks) return bad();
        lessons.push_back(lesson);
        if (!places.emplace(name_of(lesson.task, lesson.volatility), std::prev(lessons.end())).second) return bad();
        count += lesson.steps > 0 ? 1 : 0;
    }
    const std::scoped_lock lock(mutex_);
    lessons_ = std::move(lessons);  // a list's iterators stay good
    places_ = std::move(places);
    tightened_.store(count, std::memory_order_release);
    return {};
}

}  // namespace weir::cascade
