#include "admin/spend_reader.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "cascade/options.h"
#include "store/flow.h"
#include "store/ledger_reader.h"
#include "store/rollup_backfill.h"

namespace weir::admin {
namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::size_t kHours = limits::kForecastWeeks * 7 * 24;  // that are over

struct Adder {
    std::int64_t first_hour;

    template <class Key>
    void add(std::map<Key, Hours>& to, const Key& key, std::size_t hour, double dollars) {
        auto at = to.find(key);
        if (at == to.end()) {
            if (to.size() >= kMostSeries) return;
            at = to.emplace(key, Hours(kHours + 1, 0.0)).first;
        }
        at->second[hour] += dollars;
    }
    std::size_t index(Micros at) const {
        return static_cast<std::size_t>(std::clamp<std::int64_t>(at / kHour - first_hour, 0, kHours));
    }
};

std::string name_of(const store::NamesById& names, store::NameId id) {
    const auto found = names.find(id);
    return found == names.end() ? std::string() : found->second;
}

void add_all(Hours& to, const Hours& other) {
    if (to.empty()) to.assign(other.size(), 0.0);
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += other[i];
}

// Without the provider: what callers call it.
std::string_view short_name(std::string_view model) {
    const std::size_t slash = model.find('/');
    return slash == std::string_view::npos ? model : model.substr(slash + 1);
}

}  // namespace

limits::SpendHistory SpendBook::history(const Hours& hours) const {
    return {first_hour, {hours.begin(), hours.empty() ? hours.end() : hours.end() - 1}};
}

double SpendBook::since(const Hours& hours, Micros unix_micros) const {
    const std::int64_t first =
        std::clamp<std::int64_t>(unix_micros / kHour - first_hour, 0, static_cast<std::int64_t>(hours.size()));
    return std::accumulate(hours.begin() + first, hours.end(), 0.0);
}

std::optional<Hours> SpendBook::of(const limits::BudgetRules& rules, const std::string& instance) const {
    const std::string& whose = rules.each ? instance : rules.whose;
    Hours sum(all.size(), 0.0);
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
            for (const auto& [task, hours] : tasks) {
                const auto name = task_names.find(task);
                if (to_hex(task) == whose || (name != task_names.end() && name->second == whose)) add_all(sum, hours);
            }
            return sum;
    }
    return std::nullopt;
}

Result<SpendBook> read_spending(store::Database& database, const store::NamesById& names, Micros now_unix, bool tasks) {
    SpendBook book;
    book.now = now_unix;
    book.first_hour = now_unix / kHour - static_cast<std::int64_t>(kHours);
    book.all.assign(kHours + 1, 0.0);
    Adder adder{book.first_hour};
    store::FlowQuery query{book.first_hour * kHour, now_unix + 1, {}, store::Detail::names, store::RollupUnit::hour};
    std::map<store::NameId, Hours> tenants, references;
    const auto add = [&](Micros at, const store::FlowKey& key, const store::Sums& sums) {
        if (sums.cost == 0) return;
        const std::size_t hour = adder.index(at);
        const double dollars = to_dollars(Usd{sums.cost});
        book.all[hour] += dollars;
        adder.add(references, key.reference, hour, dollars);
        if (key.purpose == store::Purpose::request) adder.add(tenants, key.tenant, hour, dollars);
    };
    if (auto read = store::read_flow(database, query, add); !read) return tl::unexpected(read.error());
    for (auto& [id, hours] : tenants) book.tenants.emplace(name_of(names, id), std::move(hours));
    for (auto& [id, hours] : references) book.references.emplace(name_of(names, id), std::move(hours));
    if (tasks) {
        query.detail = store::Detail::task;
        const auto add_task = [&](Micros at, const store::FlowKey& key, const store::Sums& sums) {
            if (sums.cost == 0 || key.task == 0) return;
            adder.add(book.tasks, key.task, adder.index(at), to_dollars(Usd{sums.cost}));
        };
        if (auto read = store::read_flow(database, query, add_task); !read) return tl::unexpected(read.error());
        for (const auto& [task, hours] : book.tasks) book.task_names.emplace(task, store::task_name(database, task));
    }
    const auto complete = store::rollups_are_complete(database);
    if (!complete) return tl::unexpected(complete.error());
    book.complete = *complete;
    return book;
}

}  // namespace weir::admin
