#include <cmath>
#include <optional>

#include "admin/admin_handler.h"
#include "admin/json_object.h"
#include "admin/request_list.h"
#include "cascade/trace.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"

namespace weir::admin {
namespace {

std::string name(store::SqliteLedger& ledger, store::NameId id) {
    return id == store::kNoName ? std::string() : ledger.name_of(id).value_or(std::string());
}

// Rows of before an upstream's numbers were bounded may have infinite ones.
bool is_known(const std::optional<float>& value) {
    return value && std::isfinite(*value);
}

void write_attempt(store::SqliteLedger& ledger, const store::Attempt& attempt, std::string& out) {
    JsonObject object(out);
    object.text("tier", store::to_string(attempt.tier));
    object.text("outcome", store::to_string(attempt.outcome));
    if (attempt.model != store::kNoName) object.text("model", name(ledger, attempt.model));
    object.whole("status", attempt.status);
    object.whole("input_uncached_tokens", attempt.input_uncached);
    object.whole("input_cached_tokens", attempt.input_cached);
    object.whole("input_cache_write_tokens", attempt.input_cache_write);
    object.whole("input_cache_write_1h_tokens", attempt.input_cache_write_1h);
    object.whole("output_tokens", attempt.output);
    object.whole("reasoning_tokens", attempt.reasoning);
    if (attempt.web_searches > 0) object.whole("web_searches", attempt.web_searches);
    if (attempt.other_pieces > 0) object.whole("other_pieces", attempt.other_pieces);
    if (attempt.service_tier != wire::ServiceTier::standard) {
        object.text("service_tier", wire::to_string(attempt.service_tier));
    }
    object.flag("estimated", attempt.usage_estimated);
    if (attempt.cost_stated) {
        object.flag("cost_stated", true);
        object.money("list_cost_usd", attempt.listed, attempt.list_cost);
    }
    object.money("cost_usd", attempt.priced, attempt.cost);
    object.whole("latency_us", attempt.latency_micros);
    if (is_known(attempt.evidence)) object.real("mean_logprob", *attempt.evidence, 7);
    object.end();
}

// What the dashboard calls it: a cheaper model by its name, and whoever answers in the reference's place.
std::string tier_of(store::SqliteLedger& ledger, const cascade::TraceEntry& entry) {
    if (!entry.tier) return std::string(entry.label);
    const bool named = *entry.tier == store::TierKind::model || entry.stands_in;
    std::string model = named ? name(ledger, entry.model) : std::string();
    return model.empty() ? std::string(store::to_string(*entry.tier)) : model;
}

void write_step(store::SqliteLedger& ledger, const cascade::TraceEntry& entry, std::string& out) {
    JsonObject object(out);
    object.text("tier", tier_of(ledger, entry));
    object.text("verdict", cascade::to_string(entry.verdict));
    if (!entry.said.empty()) object.text("said", entry.said);
    if (entry.budget != store::kNoName) object.text("budget", name(ledger, entry.budget));
    if (is_known(entry.score)) object.real("score", *entry.score, 4);
    if (is_known(entry.needed)) object.real("needed", *entry.needed, 4);
    if (entry.attempt != nullptr) {
        const bool asked = entry.attempt->model != store::kNoName;
        if (asked && entry.attempt->priced) object.money("cost_usd", true, entry.attempt->cost);
        if (entry.attempt->latency_micros > 0) object.whole("latency_us", entry.attempt->latency_micros);
    }
    object.end();
}

std::string trace_json(store::SqliteLedger& ledger, const store::LedgerRow& row) {
    std::string list = "[";
    for (const cascade::TraceEntry& entry : cascade::trace_of(row)) {
        if (list.size() > 1) list += ',';
        write_step(ledger, entry, list);
    }
    return list + "]";
}

}  // namespace

void write_request(store::SqliteLedger& ledger, const store::LedgerRow& row, std::string_view task_name,
                   std::string& out) {
    bool estimated = false;
    for (std::size_t i = 0; i < row.attempt_count; ++i) estimated = estimated || row.attempts[i].usage_estimated;

    JsonObject object(out);
    object.text("id", to_hex(static_cast<std::uint64_t>(row.id)));
    object.whole("started_unix_us", row.started_unix_micros);
    object.whole("latency_us", row.latency_micros);
    object.whole("overhead_us", row.overhead_micros);
    object.whole("status", row.status);
    object.text("purpose", store::to_string(row.purpose));
    object.text("mode", store::to_string(row.mode));
    object.flag("stream", row.streamed);
    object.flag("complete", row.complete);
    object.text("tenant", name(ledger, row.tenant));
    object.text("cascade", name(ledger, row.cascade));
    object.text("reference", name(ledger, row.reference));
    object.text("model", name(ledger, row.served_model));
    object.text("task", to_hex(row.task));
    object.text("task_name", task_name);
    object.text("class", store::to_string(row.prompt_class));
    row.tier ? object.text("tier", store::to_string(*row.tier)) : object.raw("tier", "null");
    row.would_have ? object.text("would_have", store::to_string(*row.would_have)) : object.raw("would_have", "null");
    object.money("cost_usd", row.cost_complete, row.cost);
    const bool known = row.counterfactual_how != store::Counterfactual::unknown;
    object.money("counterfactual_usd", known, row.counterfactual);
    object.text("counterfactual", store::to_string(row.counterfactual_how));
    object.money("saved_usd", known && row.cost_complete, row.saved());
    object.flag("estimated", estimated);
    std::string attempts = "[";
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        if (i > 0) attempts += ',';
        write_attempt(ledger, row.attempts[i], attempts);
    }
    object.raw("attempts", attempts + "]");
    object.raw("trace", trace_json(ledger, row));
    object.end();
}

Result<std::string> render_request(store::SqliteLedger& ledger, const std::string& folder, RequestId id) {
    const auto found = ledger.find(id);
    if (!found) return tl::unexpected(found.error());
    if (!found->has_value())
        return fail(ErrorCode::not_found, "no request of that id is in the ledger (it may not be settled yet)");
    auto database = store::open_ledger_for_reading(folder);
    if (!database) return tl::unexpected(database.error());
    std::string out;
    write_request(ledger, **found, store::task_name(*database, (*found)->task), out);
    return out;
}

}  // namespace weir::admin
