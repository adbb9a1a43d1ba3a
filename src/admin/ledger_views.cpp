#include "admin/ledger_views.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
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
    return found == names.end() ? "none" : found->second;
}

void write_sums(JsonObject& object, const Sums& sums) {
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
}

std::string sums_json(const Sums& sums) {
    std::string text;
    JsonObject object(text);
    write_sums(object, sums);
    object.end();
    return text;
}

struct Step {
    Sums sums;
    std::array<std::int64_t, kTiers> by_tier{};
};

struct Overview {
    TimeRange range;
    Micros step = kDay;
    Sums total;
    std::array<Sums, kTiers> by_tier{};
    std::array<Sums, kPurposes> own{};
    std::vector<Step> series;

    explicit Overview(TimeRange over) : range(over) {
        const Micros length = range.until_unix_micros - range.since_unix_micros;
        step = length <= 6 * kHour ? kMinute : length <= 31 * kDay ? kHour : kDay;
        if (length > 0) {
            series.resize(static_cast<std::size_t>((range.until_unix_micros - 1) / step - first() + 1));
        }
    }
    Micros first() const { return range.since_unix_micros / step; }

    void add(Micros at, const FlowKey& key, const Sums& sums) {
        const auto tier = static_cast<std::size_t>(store::tier_code(key.tier));
        total += sums;
        if (key.purpose == store::Purpose::request) {
            by_tier[tier] += sums;
        } else {
            own[static_cast<std::size_t>(key.purpose)] += sums;
        }
        Step& now = series[static_cast<std::size_t>(at / step - first())];
        now.sums += sums;
        now.by_tier[tier] += sums.requests;
    }
};

std::string overview_json(const Overview& overview, bool complete) {
    std::string out;
    JsonObject object(out);
    object.whole("since_unix_us", overview.range.since_unix_micros);
    object.whole("until_unix_us", overview.range.until_unix_micros);
    object.whole("step_us", overview.step);
    object.flag("complete", complete);
    object.raw("total", sums_json(overview.total));
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
        write_sums(step, overview.series[i].sums);
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
        case By::tier:
            return static_cast<std::uint64_t>(store::tier_code(key.tier));
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

std::string line_key(store::Database& database, const store::NamesById& names, By by, std::uint64_t group) {
    switch (by) {
        case By::task: {
            if (group == 0) return "none";
            std::string name = store::task_name(database, group);
            return name.empty() ? to_hex(group) : name;
        }
        case By::model:
        case By::tenant:
            return name_of(names, static_cast<store::NameId>(group));
        case By::tier:
            return group == 0 ? "none" : tier_name(group);
        case By::day:
            return day_text(group);
    }
    return {};
}

using Lines = std::map<std::uint64_t, Step>;

// Dearest first, as `weir report` has it; days in order.
std::vector<Lines::const_pointer> in_order(const Lines& lines, By by) {
    std::vector<Lines::const_pointer> ordered;
    for (const auto& line : lines) ordered.push_back(&line);
    std::sort(ordered.begin(), ordered.end(), [by](const auto* a, const auto* b) {
        const std::int64_t one = a->second.sums.counterfactual, other = b->second.sums.counterfactual;
        return by != By::day && one != other ? one > other : a->first < b->first;
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
    const auto add = [&](Micros at, const FlowKey& key, const Sums& sums) { overview.add(at, key, sums); };
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
    flow.coarsest = store::RollupUnit::day;
    if (asked.by == By::task) flow.detail = store::Detail::task;
    if (asked.by == By::model || asked.by == By::tenant) flow.detail = store::Detail::names;
    Lines lines;
    Sums total;
    const auto add = [&](Micros at, const FlowKey& key, const Sums& sums) {
        Step& line = lines[group_of(asked.by, at, key)];
        line.sums += sums;
        line.by_tier[static_cast<std::size_t>(store::tier_code(key.tier))] += sums.requests;
        total += sums;
    };
    if (auto read = store::read_flow(*database, flow, add); !read) return tl::unexpected(read.error());
    const auto complete = store::rollups_are_complete(*database);
    if (!complete) return tl::unexpected(complete.error());

    std::string out, list = "[";
    JsonObject object(out);
    object.whole("since_unix_us", range.since_unix_micros);
    object.whole("until_unix_us", range.until_unix_micros);
    object.text("by", kBys[static_cast<std::size_t>(asked.by)]);
    object.flag("complete", *complete);
    object.whole("lines_in_all", lines.size());
    object.raw("total", sums_json(total));
    const auto ordered = in_order(lines, asked.by);
    const std::size_t begin = std::min(static_cast<std::size_t>(asked.offset), ordered.size());
    const std::size_t end = std::min(begin + static_cast<std::size_t>(asked.most), ordered.size());
    for (std::size_t i = begin; i < end; ++i) {
        if (i > begin) list += ',';
        JsonObject line(list);
        line.text("key", line_key(*database, names, asked.by, ordered[i]->first));
        if (asked.by == By::task) line.text("task", to_hex(ordered[i]->first));
        write_sums(line, ordered[i]->second.sums);
        std::string requests;
        JsonObject by_tier(requests);
        for (std::size_t code = 1; code < kTiers; ++code) {
            if (ordered[i]->second.by_tier[code] > 0) by_tier.whole(tier_name(code), ordered[i]->second.by_tier[code]);
        }
        by_tier.end();
        line.raw("by_tier", requests);
        line.end();
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
