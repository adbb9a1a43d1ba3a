#include "admin/spend_reader.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "base/hash.h"
#include "cascade/options.h"
#include "store/flow.h"
#include "store/rollup_backfill.h"

namespace weir::admin {
namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::size_t kHours = limits::kForecastWeeks * 7 * 24;  // that are over
constexpr std::size_t kFewTasks = 16;                            // read on their own; more: with all others

std::string name_of(const store::NamesById& names, store::NameId id) {
    const auto found = names.find(id);
    return found == names.end() ? std::string() : found->second;
}

void add_all(Hours& to, const Hours& other) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += other[i];
}

// As many as before, `by` later; what comes in is `empty`.
void shift(std::vector<std::int64_t>& hours, std::int64_t by, std::int64_t empty) {
    const auto size = static_cast<std::int64_t>(hours.size());
    const std::int64_t moved = std::clamp(by, -size, size);
    if (moved >= 0) {
        std::move(hours.begin() + moved, hours.end(), hours.begin());
        std::fill(hours.end() - moved, hours.end(), empty);
    } else {
        std::move_backward(hours.begin(), hours.end() + moved, hours.end());
        std::fill(hours.begin(), hours.begin() - moved, empty);
    }
}

template <class Key>
Hours* series_of(std::map<Key, Hours>& series, const Key& key) {
    const auto found = series.find(key);
    if (found != series.end()) return &found->second;
    if (series.size() >= kMostSeries) return nullptr;
    return &series.emplace(key, Hours(kHours + 1, 0)).first->second;
}

// Without the provider: what callers call it.
std::string_view short_name(std::string_view model) {
    const std::size_t slash = model.find('/');
    return slash == std::string_view::npos ? model : model.substr(slash + 1);
}

}  // namespace

void SpendSplit::add(const limits::BudgetRules& rules, const std::string& instance) {
    tenants = tenants || rules.of == limits::BudgetOf::tenant;
    references = references || rules.of == limits::BudgetOf::model;
    if (rules.of == limits::BudgetOf::task) tasks.insert(rules.each ? instance : rules.whose);
}

limits::SpendHistory SpendBook::history(const Hours& hours) const {
    limits::SpendHistory history{first_hour, {}};
    for (std::size_t i = 0; i + 1 < hours.size(); ++i) history.dollars.push_back(to_dollars(Usd{hours[i]}));
    return history;
}

std::size_t SpendBook::index(Micros unix_micros) const {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(unix_micros / kHour - first_hour, 0, kHours));
}

Usd SpendBook::since(const Hours& hours, Micros unix_micros) const {
    const std::int64_t first =
        std::clamp<std::int64_t>(unix_micros / kHour - first_hour, 0, static_cast<std::int64_t>(hours.size()));
    return Usd{std::accumulate(hours.begin() + first, hours.end(), std::int64_t{0})};
}

std::optional<Hours> SpendBook::of(const limits::BudgetRules& rules, const std::string& instance) const {
    const std::string& whose = rules.each ? instance : rules.whose;
    Hours sum(all.size(), 0);
    const auto one_of = [&](const std::map<std::string, Hours>& list) {
        const auto found = list.find(whose);
        return found == list.end() ? sum : found->second;
    };
    switch (rules.of) {
        case limits::BudgetOf::all:
            return all;
        case limits::BudgetOf::tenant:
            return one_of(tenants);
        case limits::BudgetOf::key:
            return std::nullopt;
        case limits::BudgetOf::model:
            if (rules.each) return one_of(references);
            for (const auto& [model, hours] : references) {
                if (cascade::glob_match(whose, model) || cascade::glob_match(whose, short_name(model))) {
                    add_all(sum, hours);
                }
            }
            return sum;
        case limits::BudgetOf::task:
            if (const auto found = tasks_of.find(whose); found != tasks_of.end()) {
                for (const std::uint64_t task : found->second) {
                    if (const auto hours = tasks.find(task); hours != tasks.end()) add_all(sum, hours->second);
                }
            }
            return sum;
    }
    return std::nullopt;
}

void SpendReader::move_to(std::int64_t first_hour) {
    const std::int64_t by = first_hour - book_.first_hour;
    book_.first_hour = first_hour;
    for (Totals* const known : {&tenants_, &references_, &tasks_}) {
        known->resize(kHours + 1, kUnknown);
        shift(*known, by, kUnknown);
        known->back() = kUnknown;
    }
    if (by == 0) return;
    for (auto* const series : {&book_.tenants, &book_.references}) {
        for (auto& [name, hours] : *series) shift(hours, by, 0);
        std::erase_if(*series, [](const auto& one) {
            return std::all_of(one.second.begin(), one.second.end(), [](std::int64_t nanos) { return nanos == 0; });
        });
    }
    for (auto& [task, hours] : book_.tasks) shift(hours, by, 0);
}

Result<void> SpendReader::choose_tasks(store::Database& database, const std::set<std::string>& wanted) {
    auto statement = store::Statement::prepare(database, "SELECT task, name FROM tasks");
    if (!statement) return tl::unexpected(statement.error());
    std::map<std::string, std::set<std::uint64_t>> chosen;
    for (const std::string& name : wanted) {
        if (const auto number = parse_hex(name)) chosen[name].insert(*number);
    }
    for (;;) {
        const store::Statement::Step step = statement->step();
        if (step == store::Statement::Step::failed) return tl::unexpected(database.last_error());
        if (step == store::Statement::Step::done) break;
        std::string name(statement->column_text(1));
        if (wanted.contains(name)) chosen[name].insert(static_cast<std::uint64_t>(statement->column_int(0)));
    }
    if (chosen == book_.tasks_of) return {};
    book_.tasks_of = std::move(chosen);
    book_.tasks.clear();
    for (const auto& [name, tasks] : book_.tasks_of) {
        for (const std::uint64_t task : tasks) series_of(book_.tasks, task);
    }
    tasks_.assign(kHours + 1, kUnknown);
    return {};
}

Result<void> SpendReader::read_totals(store::Database& database, Micros now_unix) {
    book_.all.assign(kHours + 1, 0);
    const store::FlowQuery query{
        book_.first_hour * kHour, now_unix + 1, {}, store::Detail::all, store::RollupUnit::hour};
    return store::read_flow(database, query, [&](Micros at, const store::FlowKey&, const store::Sums& sums) {
        book_.all[book_.index(at)] += sums.cost;
    });
}

template <class Clear, class Find>
Result<void> SpendReader::catch_up(store::Database& database, store::FlowQuery query, Totals& known, const Clear& clear,
                                   const Find& find) {
    const auto add = [&](Micros at, const store::FlowKey& key, const store::Sums& sums) {
        if (sums.cost == 0) return;
        if (Hours* const hours = find(key)) (*hours)[book_.index(at)] += sums.cost;
    };
    for (std::size_t begin = 0; begin <= kHours; ++begin) {
        if (known[begin] == book_.all[begin]) continue;
        std::size_t end = begin;
        for (; end <= kHours && known[end] != book_.all[end]; ++end) {
            known[end] = kUnknown;  // until it is read
            clear(end);
        }
        const auto hour = [&](std::size_t index) {
            return (book_.first_hour + static_cast<std::int64_t>(index)) * kHour;
        };
        query.since_unix_micros = hour(begin);
        query.until_unix_micros = std::min(hour(end), book_.now + 1);
        if (auto read = store::read_flow(database, query, add); !read) return read;
        std::copy(book_.all.begin() + static_cast<std::ptrdiff_t>(begin),
                  book_.all.begin() + static_cast<std::ptrdiff_t>(end),
                  known.begin() + static_cast<std::ptrdiff_t>(begin));
        begin = end;
    }
    known.back() = kUnknown;
    return {};
}

Result<void> SpendReader::read_names(store::Database& database, const store::NamesById& names, store::Detail detail) {
    const bool tenants = detail == store::Detail::names;
    std::map<std::string, Hours>& series = tenants ? book_.tenants : book_.references;
    std::unordered_map<store::NameId, Hours*> found;
    const auto find = [&](const store::FlowKey& key) -> Hours* {
        const store::NameId id = tenants ? key.tenant : key.reference;
        const auto at = found.find(id);
        return at != found.end() ? at->second : found[id] = series_of(series, name_of(names, id));
    };
    const auto clear = [&](std::size_t hour) {
        for (auto& [name, hours] : series) hours[hour] = 0;
    };
    const store::FlowQuery query{0, 0, {}, detail, store::RollupUnit::hour};
    return catch_up(database, query, tenants ? tenants_ : references_, clear, find);
}

Result<void> SpendReader::read_tasks(store::Database& database) {
    store::FlowQuery query{0, 0, {}, store::Detail::task, store::RollupUnit::hour};
    if (book_.tasks.size() <= kFewTasks) {
        for (const auto& [task, hours] : book_.tasks) query.filter.tasks.push_back(task);
    }
    const auto find = [&](const store::FlowKey& key) -> Hours* {
        const auto at = book_.tasks.find(key.task);
        return at == book_.tasks.end() ? nullptr : &at->second;
    };
    const auto clear = [&](std::size_t hour) {
        for (auto& [task, hours] : book_.tasks) hours[hour] = 0;
    };
    return catch_up(database, query, tasks_, clear, find);
}

Result<const SpendBook*> SpendReader::read(store::Database& database, const store::NamesById& names, Micros now_unix,
                                           const SpendSplit& split) {
    book_.now = now_unix;
    move_to(now_unix / kHour - static_cast<std::int64_t>(kHours));
    const auto complete = store::rollups_are_complete(database);
    if (!complete) return tl::unexpected(complete.error());
    book_.complete = *complete;
    Result<void> done = read_totals(database, now_unix);
    if (done && split.tenants) done = read_names(database, names, store::Detail::names);
    if (done && split.references) done = read_names(database, names, store::Detail::route);
    if (done && !split.tasks.empty()) done = choose_tasks(database, split.tasks);
    if (done && !split.tasks.empty() && !book_.tasks.empty()) done = read_tasks(database);
    if (!done) return tl::unexpected(done.error());
    return &book_;
}

}  // namespace weir::admin
