#include "store/report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "store/flow.h"
#include "store/ledger_names.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"

namespace weir::store {
namespace {

constexpr Micros kMicrosPerDay = Micros{24} * 3600 * 1'000'000;
constexpr std::size_t kTiers = 6;  // by tier_code

// Adds up what is grouped together.
class Totals {
  public:
    explicit Totals(GroupBy by) : by_(by) {}

    void add(Micros at, const FlowKey& key, const Sums& sums) {
        add_to(groups_[group_of(at, key)], key, sums);
        add_to(all_, key, sums);
    }

    struct Group {
        Sums sums;
        std::array<std::int64_t, kTiers> by_tier{};
        std::array<std::int64_t, kTiers> would_have{};
    };
    const std::unordered_map<std::uint64_t, Group>& groups() const { return groups_; }
    const Group& all() const { return all_; }

  private:
    std::uint64_t group_of(Micros at, const FlowKey& key) const {
        switch (by_) {
            case GroupBy::all:
                return 0;
            case GroupBy::task:
                return key.task;
            case GroupBy::model:
                return key.reference;
            case GroupBy::tenant:
                return key.tenant;
            case GroupBy::tier:  // of requests; what Weir asked on its own account stands by why it did
                return key.purpose == Purpose::request ? static_cast<std::uint64_t>(tier_code(key.tier))
                                                       : kTiers + static_cast<std::uint64_t>(key.purpose);
            case GroupBy::day:
                return static_cast<std::uint64_t>(at / kMicrosPerDay);
        }
        return 0;
    }
    static void add_to(Group& group, const FlowKey& key, const Sums& sums) {
        group.sums += sums;
        group.by_tier[static_cast<std::size_t>(tier_code(key.tier))] += sums.requests;
        group.would_have[static_cast<std::size_t>(tier_code(key.would_have))] += sums.requests;
    }

    GroupBy by_;
    std::unordered_map<std::uint64_t, Group> groups_;
    Group all_;
};

std::string day_text(std::uint64_t days_since_epoch) {
    const std::chrono::year_month_day day{
        std::chrono::sys_days{std::chrono::days{static_cast<std::int64_t>(days_since_epoch)}}};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    return text.data();
}

std::string tier_text(std::size_t code) {
    const auto tier = tier_of_code(static_cast<std::int64_t>(code));
    return std::string(tier ? to_string(*tier) : "none");
}

// What the lines are called.
class Labels {
  public:
    explicit Labels(GroupBy by) : by_(by) {}

    Result<void> load(Database& database, const Totals& totals) {
        if (by_ == GroupBy::task) return load_tasks(database, totals);
        if (by_ != GroupBy::model && by_ != GroupBy::tenant) return {};
        auto names = load_names(database);
        if (!names) return tl::unexpected(names.error());
        names_ = std::move(*names);
        return {};
    }

    std::string of(std::uint64_t group) const {
        switch (by_) {
            case GroupBy::all:
                return "all";
            case GroupBy::day:
                return day_text(group);
            case GroupBy::tier:
                if (group >= kTiers) return std::string(to_string(static_cast<Purpose>(group - kTiers)));
                return tier_text(group);
            case GroupBy::model:
            case GroupBy::tenant: {
                const auto found = names_.find(static_cast<NameId>(group));
                return found == names_.end() ? "none" : found->second;
            }
            case GroupBy::task:
                break;
        }
        if (group == 0) return "none";
        const auto found = tasks_.find(group);
        if (found == tasks_.end()) return to_hex(group);
        // Two tasks of one name stay two lines.
        return uses_.at(found->second) == 1 ? found->second : found->second + " " + to_hex(group);
    }

  private:
    Result<void> load_tasks(Database& database, const Totals& totals) {
        auto statement = Statement::prepare(database, "SELECT name FROM tasks WHERE task = ?");
        if (!statement) return tl::unexpected(statement.error());
        for (const auto& [task, group] : totals.groups()) {
            statement->bind(1, static_cast<std::int64_t>(task));
            const Statement::Step step = statement->step();
            if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
            if (step == Statement::Step::row) {
                const auto entry = tasks_.emplace(task, statement->column_text(0)).first;
                ++uses_[entry->second];
            }
            statement->reset();
        }
        return {};
    }

    GroupBy by_;
    NamesById names_;
    std::unordered_map<std::uint64_t, std::string> tasks_;
    std::unordered_map<std::string, int> uses_;
};

ReportLine to_line(std::string key, const Totals::Group& group) {
    ReportLine line;
    line.key = std::move(key);
    line.requests = static_cast<std::uint64_t>(group.sums.requests);
    line.errors = static_cast<std::uint64_t>(group.sums.errors);
    line.unpriced = static_cast<std::uint64_t>(group.sums.unpriced);
    line.input = group.sums.input;
    line.input_cached = group.sums.input_cached;
    line.output = group.sums.output;
    line.cost = Usd{group.sums.cost};
    line.counterfactual = Usd{group.sums.counterfactual};
    line.saved = Usd{group.sums.saved};
    line.latency_sum_micros = group.sums.latency;
    for (std::size_t code = 1; code < group.by_tier.size(); ++code) {  // 0: nobody answered, nobody would have
        if (group.by_tier[code]) line.by_tier[tier_text(code)] = static_cast<std::uint64_t>(group.by_tier[code]);
        if (group.would_have[code])
            line.would_have[tier_text(code)] = static_cast<std::uint64_t>(group.would_have[code]);
    }
    return line;
}

}  // namespace

Result<ReportResult> report(const std::string& folder, const ReportQuery& query) {
    auto database = open_ledger_for_reading(folder);
    if (!database) return tl::unexpected(database.error());
    // One snapshot, so that rows and rollups agree while the gateway writes.
    auto snapshot = Transaction::begin(*database, "BEGIN");
    if (!snapshot) return tl::unexpected(snapshot.error());

    FlowQuery flow;
    flow.since_unix_micros = std::max<Micros>(query.since_unix_micros, 0);
    flow.until_unix_micros = std::max(query.until_unix_micros, flow.since_unix_micros);
    flow.detail = query.by == GroupBy::task     ? Detail::task
                  : query.by == GroupBy::tenant ? Detail::names
                  : query.by == GroupBy::model  ? Detail::route
                                                : Detail::all;
    if (query.by == GroupBy::day) flow.coarsest = RollupUnit::day;
    flow.rows_until_filled = true;
    Totals totals(query.by);
    const auto add = [&](Micros at, const FlowKey& key, const Sums& sums) { totals.add(at, key, sums); };
    if (auto read = read_flow(*database, flow, add); !read) return tl::unexpected(read.error());
    Labels labels(query.by);
    if (auto loaded = labels.load(*database, totals); !loaded) return tl::unexpected(loaded.error());

    ReportResult result;
    for (const auto& [group, sums] : totals.groups()) result.lines.push_back(to_line(labels.of(group), sums));
    std::sort(result.lines.begin(), result.lines.end(), [&](const ReportLine& a, const ReportLine& b) {
        if (query.by != GroupBy::day && a.counterfactual != b.counterfactual)
            return a.counterfactual > b.counterfactual;
        return a.key < b.key;
    });
    result.total = to_line("total", totals.all());
    if (!query.costs) return result;
    auto costs = collect_costs(*database, first_id_at(flow.since_unix_micros), first_id_at(flow.until_unix_micros));
    if (!costs) return tl::unexpected(costs.error());
    result.costs = std::move(*costs);
    return result;
}

}  // namespace weir::store
