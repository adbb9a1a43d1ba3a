#include "admin/forecast_view.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "admin/json_object.h"
#include "admin/ledger_question.h"

namespace weir::admin {
namespace {

using limits::BudgetBook;
using limits::SpendForecast;
using limits::SpendInterval;

constexpr Micros kHour = 3'600'000'000;

std::size_t hours_until(Micros now, Micros end) {
    return static_cast<std::size_t>(std::max<Micros>(0, end - now) / kHour + 2);
}

// The window's money: what was spent and what is to come.
SpendInterval plus(double spent, const SpendInterval& more) {
    return {spent + more.expected, spent + more.low, spent + more.high};
}

void write_interval(JsonObject& object, const SpendInterval& interval) {
    object.money("expected_usd", true, from_dollars(interval.expected));
    object.money("low_usd", true, from_dollars(interval.low));
    object.money("high_usd", true, from_dollars(interval.high));
}

Micros end_of(const BudgetBook::View& view, Micros now) {
    return view.rules.rolling ? now + limits::rolling_length(view.rules.span) : view.now.end;
}

// What budgets count the same that have the same: their spending, told by the same clock.
using Counted = std::tuple<limits::BudgetOf, std::string, bool, std::string>;
Counted counted_by(const BudgetBook::View& view) {
    const limits::BudgetRules& rules = view.rules;
    return {rules.of, rules.each ? view.instance : rules.whose, rules.each, rules.time_zone};
}

// `series` and `of_series`: of what the budget counts, where the ledger can tell.
BudgetForecast forecast_of(const SpendBook& book, const std::optional<Hours>& series,
                           const std::optional<SpendForecast>& of_series, BudgetBook::View view) {
    const limits::BudgetRules& rules = view.rules;
    const double limit = to_dollars(view.now.limit), spent = to_dollars(view.now.spent);
    const Micros length = limits::rolling_length(rules.span);
    BudgetForecast made;
    made.end_unix = end_of(view, book.now);
    std::optional<SpendForecast> at_pace;
    if (!of_series) {
        const Micros gone = rules.rolling ? length : book.now - view.now.start;
        const double pace = spent / std::max(1.0, static_cast<double>(gone) / static_cast<double>(kHour));
        at_pace = SpendForecast::at_pace(pace, book.now, hours_until(book.now, made.end_unix));
    }
    const SpendForecast& forecast = of_series ? *of_series : *at_pace;
    made.basis = forecast.basis();
    const double before = rules.rolling ? 0 : spent;  // all of a rolling window's has left it by then
    made.at_end = plus(before, forecast.until(made.end_unix));
    made.chance_over = forecast.chance_over(limit - before, made.end_unix);
    std::vector<double> leaving;
    if (rules.rolling && series) {
        const auto behind = std::min<std::size_t>(static_cast<std::size_t>(length / kHour), series->size() - 1);
        for (auto at = series->end() - 1 - static_cast<std::ptrdiff_t>(behind); at != series->end() - 1; ++at) {
            leaving.push_back(to_dollars(Usd{*at}));
        }
    }
    made.reaches_unix = forecast.reaches(limit - spent, made.end_unix, leaving);
    made.budget = std::move(view);
    return made;
}

void write_chances(JsonObject& object, const BudgetForecast& forecast) {
    object.text("basis", limits::to_string(forecast.basis));
    forecast.chance_over ? object.share("chance_over", *forecast.chance_over) : object.raw("chance_over", "null");
    forecast.reaches_unix ? object.whole("reaches_limit_unix_us", *forecast.reaches_unix)
                          : object.raw("reaches_limit_unix_us", "null");
}

void write_budget(const BudgetForecast& forecast, std::string& out) {
    const limits::BudgetRules& rules = forecast.budget.rules;
    JsonObject object(out);
    object.text("name", rules.name);
    object.text("of", limits::to_string(rules.of));
    object.text("whose", rules.each ? forecast.budget.instance : rules.whose);
    object.text("window", limits::to_string(rules.span));
    object.flag("rolling", rules.rolling);
    object.money("limit_usd", true, forecast.budget.now.limit);
    object.whole("end_unix_us", forecast.end_unix);
    object.money("spent_usd", true, forecast.budget.now.spent);
    write_interval(object, forecast.at_end);
    write_chances(object, forecast);
    object.end();
}

// The windows of one series that are under way.
struct Windows {
    static constexpr std::array kSpans{limits::Span::day, limits::Span::week, limits::Span::month};

    const SpendBook& book;
    const Hours& hours;
    const limits::TimeZone& zone;
    SpendForecast forecast;

    Windows(const SpendBook& from, const Hours& series, const limits::TimeZone& where)
        : book(from),
          hours(series),
          zone(where),
          forecast(SpendForecast::make(book.history(hours), zone, book.now, ahead())) {}
    limits::TimeWindow window(limits::Span span) const { return limits::calendar_window(span, zone, book.now); }
    std::size_t ahead() const {
        const Micros end = std::max(window(limits::Span::week).end, window(limits::Span::month).end);
        return hours_until(book.now, end);
    }
    void write(std::string_view tenant, std::string& out) const {
        for (const limits::Span span : kSpans) {
            const limits::TimeWindow window = this->window(span);
            const Usd spent = book.since(hours, window.start);
            if (!out.empty()) out += ',';
            JsonObject object(out);
            object.text("window", limits::to_string(span));
            tenant.empty() ? object.raw("tenant", "null") : object.text("tenant", tenant);
            object.whole("start_unix_us", window.start);
            object.whole("end_unix_us", window.end);
            object.money("spent_usd", true, spent);
            write_interval(object, plus(to_dollars(spent), forecast.until(window.end)));
            object.text("basis", limits::to_string(forecast.basis()));
            object.end();
        }
    }
    // The month, by the end of each of its days, and now.
    std::string month() const {
        const limits::TimeWindow month = window(limits::Span::month);
        const Usd spent = book.since(hours, month.start);
        std::string out = "[";
        const auto point = [&](Micros at, bool was, bool will_be) {
            if (out.size() > 1) out += ',';
            JsonObject object(out);
            object.whole("at_unix_us", at);
            const Usd by_then = spent - (at < book.now ? book.since(hours, at) : Usd{});
            was ? object.money("spent_usd", true, by_then) : object.raw("spent_usd", "null");
            if (will_be) write_interval(object, plus(to_dollars(spent), forecast.until(at)));
            for (const char* const name : {"expected_usd", "low_usd", "high_usd"}) {
                if (!will_be) object.raw(name, "null");
            }
            object.end();
        };
        point(month.start, true, false);
        bool told = false;
        for (Micros at = month.start; at < month.end;) {
            at = limits::calendar_window(limits::Span::day, zone, at).end;
            if (!told && at > book.now) {
                point(book.now, true, true);
                told = true;
            }
            point(at, at <= book.now, at > book.now);
        }
        return out + "]";
    }
};

struct TenantHours {
    Usd spent;  // of late
    std::string_view name;
    const Hours* hours;
};

std::vector<TenantHours> dearest_tenants(const SpendBook& book) {
    std::vector<TenantHours> tenants;
    const Micros month = book.now - 31 * 24 * kHour;
    for (const auto& [name, hours] : book.tenants) {
        if (!name.empty()) tenants.push_back({book.since(hours, month), name, &hours});
    }
    std::stable_sort(tenants.begin(), tenants.end(),
                     [](const TenantHours& a, const TenantHours& b) { return a.spent > b.spent; });
    if (tenants.size() > kMostTenantsShown) tenants.resize(kMostTenantsShown);
    return tenants;
}

SpendSplit split_for(const std::vector<BudgetBook::View>& budgets) {
    SpendSplit split;
    for (const BudgetBook::View& view : budgets) split.add(view.rules, view.instance);
    return split;
}

struct Asked {
    std::string zone_name = "UTC";
    limits::TimeZone zone;
};

Result<Asked> read_question(const Parameters& parameters) {
    Asked asked;
    for (const auto& [name, value] : parameters) {
        if (name != "time_zone") return unknown_parameter(name);
        Result<limits::TimeZone> zone = limits::TimeZone::load(value);
        if (!zone) return fail(ErrorCode::invalid, "time_zone: " + zone.error().message);
        asked = {value, std::move(*zone)};
    }
    return asked;
}

}  // namespace

std::vector<BudgetForecast> forecast_budgets(const SpendBook& book, std::vector<BudgetBook::View> budgets) {
    std::stable_sort(budgets.begin(), budgets.end(),
                     [](const auto& a, const auto& b) { return a.now.share > b.now.share; });
    if (budgets.size() > kMostForecasts) budgets.resize(kMostForecasts);
    std::map<Counted, std::vector<std::size_t>> alike;
    for (std::size_t i = 0; i < budgets.size(); ++i) alike[counted_by(budgets[i])].push_back(i);
    std::vector<BudgetForecast> made(budgets.size());
    for (const auto& [counted, members] : alike) {  // one after the other: a forecast of a month is 1.5 MiB
        const BudgetBook::View& first = budgets[members.front()];
        const std::optional<Hours> series = book.of(first.rules, first.instance);
        std::optional<SpendForecast> of_series;
        if (series) {
            Micros end = book.now;
            for (const std::size_t i : members) end = std::max(end, end_of(budgets[i], book.now));
            of_series =
                SpendForecast::make(book.history(*series), first.rules.zone, book.now, hours_until(book.now, end));
        }
        for (const std::size_t i : members) made[i] = forecast_of(book, series, of_series, std::move(budgets[i]));
    }
    return made;
}

Result<std::vector<BudgetForecast>> forecast_budgets(SpendReader& reader, const std::string& folder,
                                                     std::vector<BudgetBook::View> budgets, Micros now_unix) {
    const auto ledger = LedgerQuestion::open(folder, {}, now_unix);
    if (!ledger) return tl::unexpected(ledger.error());
    const auto book = reader.read(*ledger->database, ledger->names, now_unix, split_for(budgets));
    if (!book) return tl::unexpected(book.error());
    return forecast_budgets(**book, std::move(budgets));
}

const BudgetForecasts::ByName& BudgetForecasts::look(const std::string& folder,
                                                     const std::vector<BudgetBook::View>& budgets, Micros now_unix) {
    std::string question;
    for (const BudgetBook::View& view : budgets) {
        const limits::BudgetRules& rules = view.rules;
        question += rules.name + '\n' + view.instance + '\n' + rules.whose + '\n';
        for (const std::int64_t number :
             {std::int64_t{rules.rolling}, static_cast<std::int64_t>(rules.of), static_cast<std::int64_t>(rules.span),
              view.now.limit.nanos, rules.rolling ? 0 : view.now.end}) {
            question += std::to_string(number) + ' ';
        }
    }
    if (question == question_ && now_unix >= at_ && now_unix - at_ < kKeptMicros) return made_;
    made_.clear();
    auto forecasts = forecast_budgets(reader_, folder, budgets, now_unix);
    if (!forecasts) forecasts.emplace();
    for (BudgetForecast& forecast : *forecasts) {
        std::pair name{forecast.budget.rules.name, forecast.budget.instance};
        made_.emplace(std::move(name), std::move(forecast));
    }
    question_ = std::move(question);
    at_ = now_unix;
    return made_;
}

std::string forecast_json(const BudgetForecast& forecast, Usd spent) {
    SpendInterval at_end = forecast.at_end;
    if (!forecast.budget.rules.rolling) {
        for (double* const dollars : {&at_end.expected, &at_end.low, &at_end.high}) {
            *dollars = std::max(*dollars, to_dollars(spent));
        }
    }
    std::string out;
    JsonObject object(out);
    object.whole("end_unix_us", forecast.end_unix);
    write_interval(object, at_end);
    write_chances(object, forecast);
    object.end();
    return out;
}

Result<std::string> render_forecast(SpendReader& reader, const std::string& folder, std::string_view query,
                                    std::vector<BudgetBook::View> budgets, Micros now_unix) {
    const auto ledger = LedgerQuestion::open(folder, query, now_unix);
    if (!ledger) return tl::unexpected(ledger.error());
    const auto asked = read_question(ledger->parameters);
    if (!asked) return tl::unexpected(asked.error());
    SpendSplit split = split_for(budgets);
    split.tenants = true;
    const auto read = reader.read(*ledger->database, ledger->names, now_unix, split);
    if (!read) return tl::unexpected(read.error());
    const SpendBook& book = **read;
    const Windows all(book, book.all, asked->zone);
    std::string windows, list;
    all.write({}, windows);
    for (const TenantHours& tenant : dearest_tenants(book)) {
        Windows(book, *tenant.hours, asked->zone).write(tenant.name, windows);
    }
    for (const BudgetForecast& forecast : forecast_budgets(book, std::move(budgets))) {
        if (!list.empty()) list += ',';
        write_budget(forecast, list);
    }
    std::string out;
    JsonObject object(out);
    object.whole("now_unix_us", now_unix);
    object.share("interval", limits::kForecastInterval);
    object.flag("complete", book.complete);
    object.text("time_zone", asked->zone_name);
    object.raw("windows", "[" + windows + "]");
    object.raw("budgets", "[" + list + "]");
    object.raw("month", all.month());
    object.end();
    return out;
}

void add_forecast(RouteTable& routes, gateway::Gateway& gateway, SpendReader& reader) {
    routes.add({"GET", "/api/forecast", AdminRole::view, RunOn::admin_worker,
                [&gateway, &reader](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body =
                        render_forecast(reader, gateway.routes()->options().data_folder, call.head.query(),
                                        gateway.budgets().views(), gateway.clock().unix_micros());
                    if (!body) return tl::unexpected(body.error());
                    return AdminReply{std::move(*body)};
                }});
}

}  // namespace weir::admin
