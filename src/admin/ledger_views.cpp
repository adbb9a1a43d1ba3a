#include "admin/ledger_views.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <vector>

#include "admin/filter_text.h"
#include "admin/json_object.h"
#include "admin/ledger_question.h"
#include "admin/query_text.h"
#include "base/hash.h"
#include "store/flow.h"
#include "store/ledger_names.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"
#include "store/rollup_backfill.h"

namespace weir::admin {
namespace {

using store::FlowKey;
using store::Sums;
using store::TierKind;

constexpr Micros kMinute = 60'000'000;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kDay = 24 * kHour;
constexpr std::size_t kPurposes = 5;

std::string name_of(const store::NamesById& names, store::NameId id) {
    const auto found = names.find(id);
    return found == names.end() ? std::string(kNoNameText) : found->second;
}

// Sums, and how long the requests among them took.
struct Summed {
    Sums sums;
    store::LatencyCounts latencies;

    void add(const store::FlowCell& cell) {
        sums += cell.sums;
        latencies.add(cell.latencies);
    }
    void add(const Summed& other) {
        sums += other.sums;
        latencies.add(other.latencies);
    }
};

void write_sums(JsonObject& object, const Summed& summed) {
    const Sums& sums = summed.sums;
    object.whole("requests", sums.requests);
    object.whole("errors", sums.errors);
    object.whole("unpriced", sums.unpriced);
    object.whole("input_tokens", sums.input);
    object.whole("input_cached_tokens", sums.input_cached);
    object.whole("output_tokens", sums.output);
    object.money("cost_usd", true, Usd{sums.cost});
    object.money("counterfactual_usd", true, Usd{sums.counterfactual});
    // What Weir asked on its own account has no counterfactual of its own, and is in the cost.
    object.money("saved_usd", true, Usd{sums.saved});
    sums.requests > 0 ? object.whole("latency_mean_us", sums.latency / sums.requests)
                      : object.raw("latency_mean_us", "null");
    const auto percentile = [&](const char* name, std::int64_t thousandths) {
        const auto latency = summed.latencies.percentile(thousandths);
        latency ? object.whole(name, *latency) : object.raw(name, "null");
    };
    percentile("latency_p50_us", 500);
    percentile("latency_p95_us", 950);
    percentile("latency_p99_us", 990);
}

std::string sums_json(const Summed& summed) {
    std::string text;
    JsonObject object(text);
    write_sums(object, summed);
    object.end();
    return text;
}

struct Step {
    Summed summed;
    std::array<std::int64_t, kTiers> by_tier{};
};

struct Overview {
    TimeRange range;
    Micros step = kDay;
    std::array<Summed, kTiers> by_tier{};
    std::array<Summed, kPurposes> own{};
    std::vector<Step> series;

    explicit Overview(TimeRange over) : range(over) {
        const Micros length = range.until_unix_micros - range.since_unix_micros;
        step = length <= 6 * kHour ? kMinute : length <= 31 * kDay ? kHour : kDay;
        if (length > 0) {
            series.resize(static_cast<std::size_t>((range.until_unix_micros - 1) / step - first() + 1));
        }
    }
    Micros first() const { return range.since_unix_micros / step; }

    void add(const store::FlowCell& cell) {
        const auto tier = static_cast<std::size_t>(store::tier_code(cell.key.tier));
        if (cell.key.purpose == store::Purpose::request) {
            by_tier[tier].add(cell);
        } else {
            own[static_cast<std::size_t>(cell.key.purpose)].add(cell);
        }
        Step& now = series[static_cast<std::size_t>(cell.at_unix_micros / step - first())];
        now.summed.add(cell);
        now.by_tier[tier] += cell.sums.requests;
    }

    Summed total() const {
        Summed all;
        for (const Summed& summed : by_tier) all.add(summed);
        for (const Summed& summed : own) all.add(summed);
        return all;
    }
};

std::string overview_json(const Overview& overview, bool complete) {
    std::string out;
    JsonObject object(out);
    object.whole("since_unix_us", overview.range.since_unix_micros);
    object.whole("until_unix_us", overview.range.until_unix_micros);
    object.whole("step_us", overview.step);
    object.flag("complete", complete);
    object.raw("total", sums_json(overview.total()));
    std::string tiers, own, series = "[";
    JsonObject by_tier(tiers);
    for (std::size_t code = 1; code <= kTiers; ++code) {  // nobody last
        by_tier.raw(tier_name(code % kTiers), sums_json(overview.by_tier[code % kTiers]));
    }
    by_tier.end();
    object.raw("by_tier", tiers);
    JsonObject own_object(own);
    for (std::size_t purpose = 1; purpose < kPurposes; ++purpose) {
        own_object.raw(store::to_string(static_cast<store::Purpose>(purpose)), sums_json(overview.own[purpose]));
    }
    own_object.end();
    object.raw("own", own);
    for (std::size_t i = 0; i < overview.series.size(); ++i) {
        if (i > 0) series += ',';
        JsonObject step(series);
        step.whole("at_unix_us", (overview.first() + static_cast<Micros>(i)) * overview.step);
        write_sums(step, overview.series[i].summed);
        std::string requests;
        JsonObject step_tiers(requests);
        for (std::size_t code = 1; code <= kTiers; ++code) {
            step_tiers.whole(tier_name(code % kTiers), overview.series[i].by_tier[code % kTiers]);
        }
        step_tiers.end();
        step.raw("by_tier", requests);
        step.end();
    }
    object.raw("series", series + "]");
    object.end();
    return out;
}

enum class By : std::uint8_t { task, model, tenant, tier, day };
constexpr std::array<std::string_view, 5> kBys = {"task", "model", "tenant", "tier", "day"};

std::uint64_t group_of(By by, Micros at, const FlowKey& key) {
    switch (by) {
        case By::task:
            return key.task;
        case By::model:
            return key.reference;
        case By::tenant:
            return key.tenant;
        case By::tier:  // of requests; what Weir asked on its own account stands by why it did
            return key.purpose == store::Purpose::request ? static_cast<std::uint64_t>(store::tier_code(key.tier))
                                                          : kTiers + static_cast<std::uint64_t>(key.purpose);
        case By::day:
            return static_cast<std::uint64_t>(at / kDay);
    }
    return 0;
}

std::string day_text(std::uint64_t days) {
    const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{static_cast<std::int64_t>(days)}}};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    return text.data();
}

struct SpendQuestion {
    TimeRange range;
    store::FlowFilter filter;
    By by = By::task;
    std::int64_t most = 100, offset = 0;
};

Result<void> read_spend_parameter(const std::string& name, const std::string& value, const store::NamesById& names,
                                  SpendQuestion& to) {
    if (is_of_range(name)) return {};
    if (name == "by") {
        const auto found = std::find(kBys.begin(), kBys.end(), value);
        if (found == kBys.end()) return fail(ErrorCode::invalid, "by is task, model, tenant, tier or day");
        to.by = static_cast<By>(found - kBys.begin());
        return {};
    }
    if (name == "most" || name == "offset") {
        const auto number = whole_of(name, value, name == "most" ? 1 : 0, name == "most" ? kMostLines : 1'000'000'000);
        if (!number) return tl::unexpected(number.error());
        (name == "most" ? to.most : to.offset) = *number;
        return {};
    }
    const auto filter = read_filter(name, value, names, to.filter);
    if (!filter) return tl::unexpected(filter.error());
    if (!*filter) return unknown_parameter(name);
    return {};
}

std::string task_key(store::Statement& task_names, std::uint64_t task) {
    if (task == 0) return std::string(kNoNameText);
    task_names.bind(1, static_cast<std::int64_t>(task));
    const bool named = task_names.step() == store::Statement::Step::row;
    std::string name(named ? task_names.column_text(0) : std::string_view());
    task_names.reset();
    return name.empty() ? to_hex(task) : name;
}

std::string line_key(store::Statement& task_names, const store::NamesById& names, By by, std::uint64_t group) {
    switch (by) {
        case By::task:
            return task_key(task_names, group);
        case By::model:
        case By::tenant:
            return name_of(names, static_cast<store::NameId>(group));
        case By::tier:
            if (group >= kTiers) return std::string(store::to_string(static_cast<store::Purpose>(group - kTiers)));
            return group == 0 ? std::string(kNoNameText) : tier_name(group);
        case By::day:
            return day_text(group);
    }
    return {};
}

struct Line {
    std::uint64_t group = 0;
    Step step;
};

// Lines by their group, for tens of thousands of them: open addressing, and lines that stay where they are.
class Lines {
  public:
    Line& of(std::uint64_t group) {
        if (2 * lines_.size() >= places_.size()) grow();
        std::uint32_t& place = places_[place_of(group)];
        if (place == 0) {
            lines_.emplace_back().group = group;
            place = static_cast<std::uint32_t>(lines_.size());
        }
        return lines_[place - 1];
    }
    const std::deque<Line>& all() const { return lines_; }

  private:
    // Of the group, or where it is to go.
    std::size_t place_of(std::uint64_t group) const {
        const std::size_t mask = places_.size() - 1;
        std::size_t at = (group * 0x9E37'79B9'7F4A'7C15U >> 32) & mask;
        while (places_[at] != 0 && lines_[places_[at] - 1].group != group) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        places_.assign(places_.empty() ? 64 : places_.size() * 4, 0);
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            places_[place_of(lines_[i].group)] = static_cast<std::uint32_t>(i + 1);
        }
    }
    std::deque<Line> lines_;
    std::vector<std::uint32_t> places_;  // 1 + index; 0: free
};

// Dearest first, as `weir report` has it; days in order.
std::vector<const Line*> in_order(const Lines& lines, By by) {
    std::vector<const Line*> ordered;
    for (const Line& line : lines.all()) ordered.push_back(&line);
    std::sort(ordered.begin(), ordered.end(), [by](const Line* a, const Line* b) {
        const std::int64_t one = a->step.summed.sums.counterfactual, other = b->step.summed.sums.counterfactual;
        return by != By::day && one != other ? one > other : a->group < b->group;
    });
    return ordered;
}

}  // namespace

Result<std::string> render_overview(const std::string& folder, std::string_view query, Micros now_unix_micros) {
    const auto ledger_question = LedgerQuestion::open(folder, query, now_unix_micros);
    if (!ledger_question) return tl::unexpected(ledger_question.error());
    const auto& [parameters, range, database, snapshot, names] = *ledger_question;

    Overview overview(range);
    store::FlowQuery flow{range.since_unix_micros, range.until_unix_micros, {}, store::Detail::all, {}};
    for (const auto& [name, value] : parameters) {
        if (is_of_range(name)) continue;
        const auto filter = read_filter(name, value, names, flow.filter);
        if (!filter) return tl::unexpected(filter.error());
        if (!*filter) return unknown_parameter(name);
    }
    flow.coarsest = overview.step == kMinute ? store::RollupUnit::minute
                    : overview.step == kHour ? store::RollupUnit::hour
                                             : store::RollupUnit::day;
    const auto add = [&](const store::FlowCell& cell) { overview.add(cell); };
    if (auto read = store::read_flow(*database, flow, add); !read) return tl::unexpected(read.error());
    const auto complete = store::rollups_are_complete(*database);
    if (!complete) return tl::unexpected(complete.error());
    return overview_json(overview, *complete);
}

Result<std::string> render_spend(const std::string& folder, std::string_view query, Micros now_unix_micros) {
    const auto ledger_question = LedgerQuestion::open(folder, query, now_unix_micros);
    if (!ledger_question) return tl::unexpected(ledger_question.error());
    const auto& [parameters, range, database, snapshot, names] = *ledger_question;

    SpendQuestion asked{range, {}};
    for (const auto& [name, value] : parameters) {
        if (auto read = read_spend_parameter(name, value, names, asked); !read) return tl::unexpected(read.error());
    }
    store::FlowQuery flow{range.since_unix_micros, range.until_unix_micros, asked.filter, store::Detail::all, {}};
    flow.coarsest = asked.by == By::day ? store::RollupUnit::day : store::kLongestUnit;
    if (asked.by == By::task) flow.detail = store::Detail::task;
    if (asked.by == By::model) flow.detail = store::Detail::route;
    if (asked.by == By::tenant) flow.detail = store::Detail::names;
    Lines lines;
    Line* line = nullptr;  // the last one: a group's cells come together
    const auto add = [&](const store::FlowCell& cell) {
        const std::uint64_t group = group_of(asked.by, cell.at_unix_micros, cell.key);
        if (line == nullptr || line->group != group) line = &lines.of(group);
        line->step.summed.add(cell);
        line->step.by_tier[static_cast<std::size_t>(store::tier_code(cell.key.tier))] += cell.sums.requests;
    };
    if (auto read = store::read_flow(*database, flow, add); !read) return tl::unexpected(read.error());
    const auto complete = store::rollups_are_complete(*database);
    if (!complete) return tl::unexpected(complete.error());

    auto task_names = store::Statement::prepare(*database, "SELECT name FROM tasks WHERE task = ?");
    if (!task_names) return tl::unexpected(task_names.error());
    std::string out, list = "[";
    JsonObject object(out);
    object.whole("since_unix_us", range.since_unix_micros);
    object.whole("until_unix_us", range.until_unix_micros);
    object.text("by", kBys[static_cast<std::size_t>(asked.by)]);
    object.flag("complete", *complete);
    object.whole("lines_in_all", lines.all().size());
    Summed total;
    for (const Line& each : lines.all()) total.add(each.step.summed);
    object.raw("total", sums_json(total));
    const auto ordered = in_order(lines, asked.by);
    const std::size_t begin = std::min(static_cast<std::size_t>(asked.offset), ordered.size());
    const std::size_t end = std::min(begin + static_cast<std::size_t>(asked.most), ordered.size());
    for (std::size_t i = begin; i < end; ++i) {
        if (i > begin) list += ',';
        JsonObject told(list);
        told.text("key", line_key(*task_names, names, asked.by, ordered[i]->group));
        if (asked.by == By::task) told.text("task", to_hex(ordered[i]->group));
        write_sums(told, ordered[i]->step.summed);
        std::string requests;
        JsonObject by_tier(requests);
        for (std::size_t code = 1; code < kTiers; ++code) {
            if (ordered[i]->step.by_tier[code] > 0) by_tier.whole(tier_name(code), ordered[i]->step.by_tier[code]);
        }
        by_tier.end();
        told.raw("by_tier", requests);
        told.end();
    }
    object.raw("lines", list + "]");
    object.end();
    return out;
}

void add_ledger_views(RouteTable& routes, gateway::Gateway& gateway) {
    using Render = Result<std::string> (*)(const std::string&, std::string_view, Micros);
    const auto add = [&](const char* path, Render render) {
        routes.add({"GET", path, AdminRole::view, RunOn::admin_worker,
                    [&gateway, render](const AdminCall& call) -> Result<AdminReply> {
                        Result<std::string> body = render(gateway.routes()->options().data_folder, call.head.query(),
                                                          gateway.clock().unix_micros());
                        if (!body) return tl::unexpected(body.error());
                        return AdminReply{std::move(*body)};
                    }});
    };
    add("/api/overview", &render_overview);
    add("/api/spend", &render_spend);
}

}  // namespace weir::admin
