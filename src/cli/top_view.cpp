#include "cli/top_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "cli/json_fields.h"
#include "cli/report_text.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

constexpr std::string_view kPrefix = "weir_";

// "exact" of `requests_total{tier="exact",model="a"}`, where the sample is of that family. Values that hold a quote are
// not looked for here.
std::optional<std::string> label_of(std::string_view name, std::string_view family, std::string_view label) {
    const std::string whole = std::string(kPrefix) + std::string(family);
    if (!name.starts_with(whole)) return std::nullopt;
    name.remove_prefix(whole.size());
    if (label.empty()) return name.empty() || name.front() == '{' ? std::optional<std::string>("") : std::nullopt;
    if (name.empty() || name.front() != '{') return std::nullopt;
    for (const char before : {'{', ','}) {
        const std::string begin = before + std::string(label) + "=\"";
        const std::size_t at = name.find(begin);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = name.substr(at + begin.size());
        return std::string(rest.substr(0, rest.find('"')));
    }
    return std::nullopt;
}

double tokens_in(const TopSample& sample) {
    double in = 0;
    for (const auto& [kind, tokens] : sample.by("tokens_total", "class")) {
        if (kind != "output" && kind != "reasoning") in += tokens;
    }
    return in;
}
double tokens_out(const TopSample& sample) {
    const auto by_class = sample.by("tokens_total", "class");
    const auto out = by_class.find("output");
    return out == by_class.end() ? 0 : out->second;
}

double errors_of(const TopSample& sample) {
    return sample.value("responses_total{class=\"4xx\"}") + sample.value("responses_total{class=\"5xx\"}");
}

void read_cascades(std::string_view body, TopView& view) {
    std::vector<json::Member> members;
    if (!json::members(body, members)) return;
    const auto list = json::find_member(body, {0, body.size()}, "cascades");
    if (!list || !json::is_array(list->of(body))) return;
    for (json::Walk each(body, *list); each.next();) {
        if (!each.at_object()) continue;
        const Fields fields(body, each.value());
        TopCascade cascade;
        cascade.name = fields.text("name");
        cascade.serving = fields.flag("serving");
        if (const auto certificate = fields.object("certificate")) {
            cascade.worse_at_most = certificate->number("worse_at_most");
            cascade.allowed = certificate->number("allowed_now");
        }
        const auto tasks = json::find_member(body, each.value(), "tasks");
        if (tasks && json::is_array(tasks->of(body))) {
            for (json::Walk one(body, *tasks); one.next();) {
                if (!one.at_object()) continue;
                const Fields task(body, one.value());
                TopTask shown{task.text("task"), cascade.name, task.text("state"), "", task.whole("trials")};
                const auto ladder = json::find_member(body, one.value(), "ladder");
                if (ladder && json::is_array(ladder->of(body))) {
                    for (json::Walk rung(body, *ladder); rung.next();) {
                        shown.ladder += (shown.ladder.empty() ? "" : " > ") + json::as_string(rung.raw()).value_or("");
                    }
                }
                ++cascade.tasks[shown.gate];
                view.tasks.push_back(std::move(shown));
            }
        }
        view.cascades.push_back(std::move(cascade));
    }
    std::stable_sort(view.tasks.begin(), view.tasks.end(),
                     [](const TopTask& a, const TopTask& b) { return a.trials > b.trials; });
    if (view.tasks.size() > kMostTopTasks) view.tasks.resize(kMostTopTasks);
}

std::string whole(double value) {
    const bool less = value < 0;
    const std::string text = with_thousands(static_cast<std::uint64_t>(std::llround(std::min(std::abs(value), 1e18))));
    return less ? "-" + text : text;
}

std::string usd(double value) {
    return fixed(value, std::abs(value) < 0.01 && value != 0 ? 6 : 2);
}

std::string counts_text(const std::map<std::string, std::size_t>& counts) {
    std::string out;
    for (const auto& [state, count] : counts) {
        out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + state;
    }
    return out.empty() ? "-" : out;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}
std::string number(const std::optional<double>& value) {
    return value ? number(*value) : "null";
}

std::string numbers_table(const TopView& view) {
    using Align = Table::Align;
    Table table({{""}, {"NOW", Align::right}, {"", Align::left}, {"SINCE ITS START", Align::right}});
    const double total = view.requests;
    table.add({"requests", fixed(view.requests_per_s, 1), "/s", whole(total)});
    table.add({"errors", view.error_share ? percent(*view.error_share) : "-", "",
               total > 0 ? percent(view.errors / total) : "-"});
    table.add({"tokens in", whole(view.tokens_in_per_s), "/s", whole(view.tokens_in)});
    table.add({"tokens out", whole(view.tokens_out_per_s), "/s", whole(view.tokens_out)});
    table.add({"USD spent", usd(view.spent_usd_per_hour), "/h", usd(view.spent_usd)});
    table.add({"USD saved", usd(view.saved_usd_per_hour), "/h", usd(view.saved_usd)});
    table.add({"overhead", view.overhead_micros ? whole(*view.overhead_micros) : "-", "us a request", ""});
    return table.render();
}

std::string tiers_table(const TopView& view) {
    using Align = Table::Align;
    Table table({{"TIER"},
                 {"/S", Align::right},
                 {"SHARE", Align::right},
                 {"SINCE ITS START", Align::right},
                 {"SHARE", Align::right}});
    double now = 0, all = 0;
    for (const TopTier& tier : view.tiers) {
        now += tier.per_s;
        all += tier.total;
    }
    for (const TopTier& tier : view.tiers) {
        table.add({tier.name, fixed(tier.per_s, 1), now > 0 ? percent(tier.per_s / now) : "-", whole(tier.total),
                   all > 0 ? percent(tier.total / all) : "-"});
    }
    return table.render();
}

std::string gates_tables(const TopView& view) {
    using Align = Table::Align;
    std::string out;
    if (!view.cascades.empty()) {
        Table table({{"CASCADE"}, {"GATES"}, {"WORSE AT MOST", Align::right}, {"ALLOWED", Align::right}, {"TASKS"}});
        for (const TopCascade& each : view.cascades) {
            table.add({shortened(each.name), each.serving ? "serving" : "closed", percent(each.worse_at_most),
                       percent(each.allowed), counts_text(each.tasks)});
        }
        out += "\n" + table.render();
    }
    if (!view.tasks.empty()) {
        Table table({{"TASK"}, {"CASCADE"}, {"GATE"}, {"TRIALS", Align::right}, {"ASKED BEFORE THE REFERENCE"}});
        for (const TopTask& each : view.tasks) {
            table.add({each.task, shortened(each.cascade), each.gate, with_thousands(each.trials), each.ladder});
        }
        out += "\n" + table.render();
    }
    if (!view.semantic_tasks.empty()) {
        std::string states;
        for (const auto& [state, tasks] : view.semantic_tasks) {
            states += (states.empty() ? "" : ", ") + whole(tasks) + " " + state;
        }
        out += "\nsemantic cache, tasks by gate: " + states + "\n";
    }
    return out;
}

}  // namespace

std::map<std::string, double, std::less<>> parse_metrics(std::string_view text) {
    std::map<std::string, double, std::less<>> metrics;
    while (!text.empty() && metrics.size() < kMostMetrics) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t space = line.rfind(' ');
        if (line.empty() || line.front() == '#' || space == std::string_view::npos || space == 0) continue;
        if (const auto value = json::as_double(line.substr(space + 1))) {
            metrics.insert_or_assign(std::string(line.substr(0, space)), *value);
        }
    }
    return metrics;
}

double TopSample::value(std::string_view name) const {
    const auto found = metrics.find(std::string(kPrefix) + std::string(name));
    return found == metrics.end() ? 0 : found->second;
}

std::map<std::string, double> TopSample::by(std::string_view family, std::string_view label) const {
    std::map<std::string, double> sums;
    for (const auto& [name, value] : metrics) {
        if (const auto of = label_of(name, family, label)) sums[*of] += value;
    }
    return sums;
}

double TopSample::sum(std::string_view family) const {
    const auto all = by(family, {});
    return all.empty() ? 0 : all.begin()->second;
}

TopView top_view(const TopSample& first, const TopSample& now) {
    TopView view;
    view.seconds = std::max(1e-6, static_cast<double>(now.at - first.at) / 1e6);
    const bool anew = now.sum("requests_total") < first.sum("requests_total");
    const TopSample nothing;
    const TopSample& before = anew ? nothing : first;
    const auto grown = [&](std::string_view family) { return now.sum(family) - before.sum(family); };
    const double requests = grown("requests_total");
    view.requests = now.sum("requests_total");
    view.requests_per_s = requests / view.seconds;
    view.tokens_in = tokens_in(now);
    view.tokens_out = tokens_out(now);
    view.tokens_in_per_s = (view.tokens_in - tokens_in(before)) / view.seconds;
    view.tokens_out_per_s = (view.tokens_out - tokens_out(before)) / view.seconds;
    view.spent_usd = now.sum("cost_usd_total");
    view.saved_usd = now.sum("saved_usd");
    view.spent_usd_per_hour = grown("cost_usd_total") / view.seconds * 3600;
    view.saved_usd_per_hour = grown("saved_usd") / view.seconds * 3600;
    view.errors = errors_of(now);
    if (requests > 0) {
        view.error_share = (errors_of(now) - errors_of(before)) / requests;
        view.overhead_micros = grown("overhead_seconds_sum") / requests * 1e6;
    }
    view.active = now.value("requests_active");
    view.waiting = now.value("upstream_waiting");
    view.connections = now.value("connections");
    view.memory_bytes = now.value("resident_memory_bytes");
    auto earlier = before.by("requests_total", "tier");
    for (const auto& [tier, total] : now.by("requests_total", "tier")) {
        view.tiers.push_back({tier, (total - earlier[tier]) / view.seconds, total});
    }
    view.semantic_tasks = now.by("semantic_tasks", "gate");
    view.alerts = now.by("alerts_firing", "alert");
    std::erase_if(view.alerts, [](const auto& alert) { return alert.second <= 0; });
    std::map<std::string, std::uint64_t> names;
    for (const TopTier& tier : view.tiers) names[tier.name] = 1;
    const std::vector<std::string> order = tiers_in_order(names);
    const auto place = [&order](const TopTier& tier) { return std::find(order.begin(), order.end(), tier.name); };
    std::sort(view.tiers.begin(), view.tiers.end(),
              [&](const TopTier& a, const TopTier& b) { return place(a) < place(b); });
    read_cascades(now.cascades, view);
    return view;
}

std::string top_table(const TopView& view, std::string_view title) {
    std::string out = std::string(title) + ", over " + fixed(view.seconds, 1) + " s\n", alerts;
    for (const auto& [alert, count] : view.alerts) {
        alerts += (alerts.empty() ? "alerts: " : ", ") + alert + (count > 1 ? " (" + whole(count) + ")" : "");
    }
    if (!alerts.empty()) out += alerts + "\n";
    out += whole(view.active) + " active, " + whole(view.waiting) + " waiting for a provider, " +
           whole(view.connections) + " connections, " + whole(view.memory_bytes / (1 << 20)) + " MiB\n\n";
    return out + numbers_table(view) + "\n" + tiers_table(view) + gates_tables(view);
}

std::string top_json(const TopView& view) {
    std::string out = "{\"seconds\":" + number(view.seconds);
    const auto member = [&out](std::string_view name, const std::string& raw) {
        out += ",\"" + std::string(name) + "\":" + raw;
    };
    member("requests_per_s", number(view.requests_per_s));
    member("tokens_in_per_s", number(view.tokens_in_per_s));
    member("tokens_out_per_s", number(view.tokens_out_per_s));
    member("spent_usd_per_hour", number(view.spent_usd_per_hour));
    member("saved_usd_per_hour", number(view.saved_usd_per_hour));
    member("error_share", number(view.error_share));
    member("overhead_us", number(view.overhead_micros));
    member("active", number(view.active));
    member("waiting", number(view.waiting));
    member("connections", number(view.connections));
    member("memory_bytes", number(view.memory_bytes));
    member("since_start",
           "{\"requests\":" + number(view.requests) + ",\"errors\":" + number(view.errors) +
               ",\"tokens_in\":" + number(view.tokens_in) + ",\"tokens_out\":" + number(view.tokens_out) +
               ",\"spent_usd\":" + number(view.spent_usd) + ",\"saved_usd\":" + number(view.saved_usd) + "}");
    std::string tiers, cascades, tasks, semantic, alerts;
    for (const auto& [alert, count] : view.alerts) {
        alerts += (alerts.empty() ? "" : ",") + json_string(alert) + ":" + number(count);
    }
    for (const TopTier& each : view.tiers) {
        tiers += (tiers.empty() ? "{" : ",{") + ("\"tier\":" + json_string(each.name)) +
                 ",\"per_s\":" + number(each.per_s) + ",\"total\":" + number(each.total) + "}";
    }
    for (const TopCascade& each : view.cascades) {
        std::string states;
        for (const auto& [state, count] : each.tasks) {
            states += (states.empty() ? "" : ",") + json_string(state) + ":" + std::to_string(count);
        }
        cascades += (cascades.empty() ? "{" : ",{") + ("\"name\":" + json_string(each.name)) +
                    ",\"serving\":" + (each.serving ? "true" : "false") +
                    ",\"worse_at_most\":" + number(each.worse_at_most) + ",\"allowed\":" + number(each.allowed) +
                    ",\"tasks\":{" + states + "}}";
    }
    for (const TopTask& each : view.tasks) {
        tasks += (tasks.empty() ? "{" : ",{") + ("\"task\":" + json_string(each.task)) +
                 ",\"cascade\":" + json_string(each.cascade) + ",\"gate\":" + json_string(each.gate) +
                 ",\"trials\":" + std::to_string(each.trials) + ",\"ladder\":" + json_string(each.ladder) + "}";
    }
    for (const auto& [state, count] : view.semantic_tasks) {
        semantic += (semantic.empty() ? "" : ",") + json_string(state) + ":" + number(count);
    }
    return out + ",\"alerts\":{" + alerts + "},\"tiers\":[" + tiers + "],\"semantic_tasks\":{" + semantic +
           "},\"cascades\":[" + cascades + "],\"tasks\":[" + tasks + "]}";
}

}  // namespace weir::cli
