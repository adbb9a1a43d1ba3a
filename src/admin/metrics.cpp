#include "admin/metrics.h"

#include "admin/admin_handler.h"

namespace weir::admin {
namespace {

void rate_limits(const gateway::Totals& totals, Exposition& out) {
    out.family("rate_limited_total", "counter", "Requests refused with 429, by the limit and whose it was.");
    for (std::size_t i = 0; i < limits::kLimits; ++i) {
        const std::string_view limit = limits::to_string(static_cast<limits::Limit>(i));
        out.sample("rate_limited_total", {{"limit", limit}, {"of", "key"}}, totals.limited_key[i]);
        out.sample("rate_limited_total", {{"limit", limit}, {"of", "tenant"}}, totals.limited_tenant[i]);
    }
}

void exact_cache(gateway::Gateway& gateway, Exposition& out) {
    const auto cache = gateway.cache().counters();
    out.family("exact_cache_lookups_total", "counter", "Look-ups in the exact cache by result.");
    out.sample("exact_cache_lookups_total", {{"result", "memory"}}, cache.memory_hits);
    out.sample("exact_cache_lookups_total", {{"result", "disk"}}, cache.disk_hits);
    out.sample("exact_cache_lookups_total", {{"result", "miss"}}, cache.misses);
    out.single("exact_cache_stored_total", "counter", "Answers stored.", cache.stored);
    out.single("exact_cache_evicted_total", "counter", "Answers put out of memory.", cache.evicted);
    out.single("exact_cache_not_persisted_total", "counter",
               "Answers kept in memory alone because the disk was behind.", cache.not_persisted);
    out.single("exact_cache_entries", "gauge", "Answers in memory.", cache.entries);
    out.single("exact_cache_bytes", "gauge", "Bytes of answers in memory.", cache.bytes);
}

void callers(const gateway::Totals& totals, Exposition& out) {
    out.family("responses_total", "counter", "Requests by class of status.");
    for (std::size_t i = 1; i < totals.by_status.size(); ++i) {
        out.sample("responses_total", {{"class", std::to_string(i) + "xx"}}, totals.by_status[i]);
    }
    out.family("triage_total", "counter", "Prompts before model tiers by what triage takes them for.");
    for (std::size_t i = 0; i < totals.by_class.size(); ++i) {
        const auto name = store::to_string(static_cast<store::PromptClass>(i));
        out.sample("triage_total", {{"class", name}}, totals.by_class[i]);
    }
    out.single("caller_gone_total", "counter", "Requests whose caller left before the end.", totals.caller_gone);
    out.single("requests_active", "gauge", "Requests under way.", totals.active);
    out.single("connections", "gauge", "Open connections of callers.", totals.connections);
}

void calls(const gateway::Totals& totals, Exposition& out) {
    out.single("followers_total", "counter", "Requests answered by the same request's call under way.",
               totals.followers);
    out.single("upstream_retries_total", "counter", "Calls that were made once more after a failure.", totals.retries);
    out.single("upstream_fallbacks_total", "counter", "Times that another model was asked in the reference's place.",
               totals.fallbacks);
    out.single("upstream_waiting", "gauge", "Requests that wait for a place at a provider.", totals.waiting);
    out.single("upstream_queued_total", "counter", "Requests that waited for a place at a provider.", totals.queued);
    out.single("endpoint_ejections_total", "counter", "Times that an endpoint was left out after failures.",
               totals.ejections);
    out.single("flights_handed_over_total", "counter", "Calls that went on for others when their caller left.",
               totals.handed_over);
    out.family(
        "audits_total", "counter",
        "Answers for which the reference was asked as well: hits of a cache; answers of model tiers and students.");
    out.sample("audits_total", {{"of", "cache"}}, totals.cache_audits);
    out.sample("audits_total", {{"of", "tier"}}, totals.tier_audits);
    out.single("refreshes_total", "counter", "Entries asked for again because they were getting old.",
               totals.refreshes);
    out.single("background_dropped_total", "counter",
               "Audits and refreshes left out: too many under way, or no room in a budget.", totals.background_dropped);
    out.single("background_calls_active", "gauge", "Audits, refreshes, trials and judges under way.",
               totals.background_running);
}

}  // namespace

std::string render_metrics(gateway::Gateway& gateway, const Alerts* alerts) {
    const gateway::Totals totals = gateway.totals();
    Exposition out;
    add_requests(gateway, out);
    callers(totals, out);
    rate_limits(totals, out);
    calls(totals, out);
    exact_cache(gateway, out);
    add_learning(gateway, totals, out);
    add_budgets(gateway.budgets(), out);
    if (alerts != nullptr) add_alerts(alerts->view(), out);
    add_process(gateway, totals, out);
    return out.take();
}

}  // namespace weir::admin
