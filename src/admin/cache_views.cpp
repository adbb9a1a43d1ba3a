#include "admin/cache_views.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "admin/json_object.h"
#include "admin/ledger_question.h"
#include "admin/query_text.h"
#include "cascade/entry_judge.h"
#include "store/flow.h"
#include "text/utf8.h"
#include "tiers/semantic_cache/semantic_memory.h"

namespace weir::admin {
namespace {

using Kept = tiers::ExactCache::Kept;
using tiers::CacheEntry;
using tiers::EntryState;

std::string lower(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const text::CodePoint point = text::decode(text, at);
        char bytes[4];
        out.append(bytes, text::encode(text::to_lower(point.value), bytes));
        at += point.size;
    }
    return out;
}

struct Wanted {
    std::vector<std::string> words;  // in small letters
    std::string tenant;
    std::uint64_t task = 0;
    std::size_t most = 50;

    bool takes(const CacheEntry& entry) const {
        const tiers::Provenance& of = entry.provenance;
        if (!tenant.empty() && of.tenant != tenant) return false;
        if (task != 0 && of.task != task) return false;
        if (words.empty()) return true;
        const std::string question = lower(of.question);
        return std::all_of(words.begin(), words.end(),
                           [&](const std::string& word) { return question.find(word) != std::string::npos; });
    }
};

Result<Wanted> parse_wanted(std::string_view query) {
    const Result<Parameters> parameters = query_parameters(query);
    if (!parameters) return tl::unexpected(parameters.error());
    Wanted wanted;
    for (const auto& [name, value] : *parameters) {
        if (name == "search") {
            const std::string small = lower(value);
            for (std::string_view rest = small; !rest.empty();) {
                const std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
                if (end > 0) wanted.words.emplace_back(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
            if (wanted.words.size() > kMostSearchWords) {
                return fail(ErrorCode::invalid, "search has more than " + std::to_string(kMostSearchWords) + " words");
            }
        } else if (name == "tenant") {
            wanted.tenant = value;
        } else if (name == "task") {
            const std::optional<std::uint64_t> task = parse_hex(value);
            if (!task || *task == 0) return fail(ErrorCode::invalid, "task has 16 hexadecimal digits");
            wanted.task = *task;
        } else if (name == "most") {
            const auto most = whole_of(name, value, 1, kMostEntries);
            if (!most) return tl::unexpected(most.error());
            wanted.most = static_cast<std::size_t>(*most);
        } else {
            return unknown_parameter(name);
        }
    }
    return wanted;
}

// The newest of what was found, and whether that is all there is.
struct Findings {
    std::vector<Kept> entries;
    std::size_t looked = 0;
    bool more = false;

    void keep_newest(std::size_t most) {
        std::sort(entries.begin(), entries.end(), [](const Kept& a, const Kept& b) {
            const Micros one = a.entry->created_unix_micros, other = b.entry->created_unix_micros;
            return one != other ? one > other : a.key < b.key;
        });
        if (entries.size() <= most) return;
        entries.resize(most);
        more = true;
    }
};

Result<Findings> find(const tiers::ExactCache& exact, const Wanted& wanted) {
    Findings found;
    std::size_t bytes = 0;
    const auto looked = exact.each([&](const Kept& kept) {
        if (!kept.in_memory) bytes += kept.entry->body.size() + kept.entry->provenance.question.size();
        if (found.looked == kMostLookedEntries || bytes > kMostLookedBytes) {
            found.more = true;
            return false;
        }
        ++found.looked;
        if (wanted.takes(*kept.entry)) found.entries.push_back(kept);
        if (found.entries.size() >= 4 * wanted.most) found.keep_newest(wanted.most);
        return true;
    });
    if (!looked) return tl::unexpected(looked.error());
    found.keep_newest(wanted.most);
    return found;
}

struct Verdict {
    std::string_view state;
    std::string why;
    std::optional<Micros> fresh_until;  // nothing: for ever, or not known
};

Verdict judge(const CacheParts& parts, const Kept& kept, const Clock& clock) {
    const CacheEntry& entry = *kept.entry;
    const tiers::Provenance& of = entry.provenance;
    if (parts.purges.voids(kept.key, entry)) return {"purged", "purged: never served again", {}};
    const EntryRules by = parts.rules_of(entry);
    if (by.several) return {"unknown", "more than one cascade answers with " + entry.model + ", each by its rules", {}};
    const cascade::CascadeOptions* const cascade = by.cascade;
    if (cascade == nullptr) return {"unused", "no cascade answers with " + entry.model + " at present", {}};
    const cascade::CacheRules& rules = cascade->cache;
    Verdict told;
    if (std::find(rules.never_for.begin(), rules.never_for.end(), of.tenant) != rules.never_for.end()) {
        return {"unused", "the cascade " + cascade->name + " keeps this tenant out of its caches", {}};
    }
    const tiers::Volatility taken = parts.freshness.effective(of.task, of.volatility);
    const Micros fresh = cascade::fresh_micros(taken, rules);
    if (fresh > 0) told.fresh_until = entry.created_unix_micros + fresh;
    const auto state =
        cascade::RulesEntryJudge(rules, parts.freshness, &parts.purges, clock).judge(kept.key, entry, {});
    switch (state) {
        case EntryState::fresh:
            told.state = "fresh";
            told.why = "served";
            break;
        case EntryState::stale:
            told.state = "stale";
            told.why = "past its time: served once more while it is refreshed";
            break;
        case EntryState::expired:
        case EntryState::voided:
            told.state = "expired";
            told.why = "too old: asked of the reference again";
            break;
    }
    told.why += ", by the rules of cascade " + cascade->name;
    if (taken != of.volatility)
        told.why += "; audits showed that its task's answers age as " + std::string(to_string(taken));
    return told;
}

void write_texts(JsonObject& object, const char* name, const std::vector<std::string>& texts) {
    std::string list = "[";
    for (const std::string& text : texts) {
        if (list.size() > 1) list += ',';
        json::write_string(text, list);
    }
    object.raw(name, list + "]");
}

void write_entry(const CacheParts& parts, const Kept& kept, const Clock& clock, std::string& out) {
    const CacheEntry& entry = *kept.entry;
    const tiers::Provenance& of = entry.provenance;
    const Verdict told = judge(parts, kept, clock);
    JsonObject object(out);
    object.text("key", to_hex(kept.key));
    object.text("question", of.question);
    object.text("tenant", of.tenant);
    object.text_or_null("task", of.task == 0 ? std::string() : to_hex(of.task));
    object.text("model", entry.model);
    object.text("class", to_string(of.volatility));
    object.whole("created_unix_us", entry.created_unix_micros);
    object.raw("fresh_until_unix_us", told.fresh_until ? std::to_string(*told.fresh_until) : "null");
    object.text("state", told.state);
    object.text("why", told.why);
    object.raw("hits", kept.in_memory ? std::to_string(kept.hits) : "null");
    object.whole("bytes", sizeof(CacheEntry) + tiers::heap_bytes(entry));
    object.flag("in_memory", kept.in_memory);
    object.flag("semantic", parts.semantic != nullptr && parts.semantic->holds(of.partition, kept.key));
    object.money("cost_usd", entry.priced, entry.cost);
    write_texts(object, "tags", of.tags);
    write_texts(object, "sources", of.sources);
    object.text_or_null("writer", of.writer);
    object.end();
}

void write_served(JsonObject& object, std::int64_t served, std::int64_t requests) {
    object.whole("served", served);
    requests > 0 ? object.share("share", static_cast<double>(served) / static_cast<double>(requests))
                 : object.raw("share", "null");
}

std::string exact_json(const tiers::ExactCache::Counters& counters, std::int64_t served, std::int64_t requests) {
    std::string out;
    JsonObject object(out);
    object.whole("entries", counters.entries);
    object.whole("bytes", counters.bytes);
    object.whole("disk_entries", counters.disk_entries);
    object.whole("disk_bytes", counters.disk_bytes);
    object.whole("memory_hits", counters.memory_hits);
    object.whole("disk_hits", counters.disk_hits);
    object.whole("misses", counters.misses);
    object.whole("evicted", counters.evicted);
    write_served(object, served, requests);
    object.end();
    return out;
}

std::string semantic_json(const tiers::semantic::SemanticIndex* index, std::int64_t served, std::int64_t requests) {
    if (index == nullptr) return "null";
    std::string out;
    JsonObject object(out);
    object.whole("entries", index->entries());
    object.whole("bytes", index->bytes());
    object.whole("partitions", index->partitions());
    object.whole("evicted", index->evicted());
    write_served(object, served, requests);
    object.end();
    return out;
}

CacheParts parts_of(gateway::Gateway& gateway, const std::shared_ptr<const gateway::Routes>& routes) {
    gateway::Caches& caches = gateway.caches();
    const gateway::SemanticParts* const semantic = caches.semantic();
    return {caches.exact(), semantic == nullptr ? nullptr : &semantic->memory->index(), caches.purges(),
            caches.freshness(), [routes](const CacheEntry& entry) { return rules_of_answer(*routes, entry.model); }};
}

}  // namespace

Result<std::string> render_cache(const CacheParts& parts, const std::string& folder, std::string_view query,
                                 Micros now_unix_micros) {
    const auto question = LedgerQuestion::open(folder, query, now_unix_micros);
    if (!question) return tl::unexpected(question.error());
    for (const auto& [name, value] : question->parameters) {
        if (!is_of_range(name)) return unknown_parameter(name);
    }
    const TimeRange& range = question->range;
    std::int64_t requests = 0, exact = 0, semantic = 0;
    const auto add = [&](Micros, const store::FlowKey& key, const store::Sums& sums) {
        requests += sums.requests;
        if (key.tier == store::TierKind::exact) exact += sums.requests;
        if (key.tier == store::TierKind::semantic) semantic += sums.requests;
    };
    const store::FlowQuery flow{range.since_unix_micros, range.until_unix_micros, {}, store::Detail::all, {}};
    if (auto read = store::read_flow(*question->database, flow, add); !read) return tl::unexpected(read.error());
    std::string out;
    JsonObject object(out);
    object.whole("since_unix_us", range.since_unix_micros);
    object.whole("until_unix_us", range.until_unix_micros);
    object.whole("requests", requests);
    object.raw("exact", exact_json(parts.exact.counters(), exact, requests));
    object.raw("semantic", semantic_json(parts.semantic, semantic, requests));
    object.whole("purges", parts.purges.marks());
    object.end();
    return out;
}

Result<std::string> render_cache_entries(const CacheParts& parts, std::string_view query, const Clock& clock) {
    const Result<Wanted> wanted = parse_wanted(query);
    if (!wanted) return tl::unexpected(wanted.error());
    const Result<Findings> found = find(parts.exact, *wanted);
    if (!found) return tl::unexpected(found.error());
    std::string out, list = "[";
    for (const Kept& kept : found->entries) {
        if (list.size() > 1) list += ',';
        write_entry(parts, kept, clock, list);
    }
    JsonObject object(out);
    object.raw("entries", list + "]");
    object.whole("looked_at", found->looked);
    object.flag("more", found->more);
    object.end();
    return out;
}

EntryRules rules_of_answer(const gateway::Routes& routes, std::string_view model) {
    const std::size_t slash = std::min(model.find('/'), model.size());
    for (const gateway::InferenceRoute& route : routes.inference()) {
        if (route.options.name == model.substr(0, slash)) return {&route.cascade.options};
    }
    EntryRules found;
    const auto take = [&found](const gateway::CascadeRoute& cascade) {
        found.several = found.several || (found.cascade != nullptr && found.cascade != &cascade.options);
        found.cascade = &cascade.options;
    };
    // Callers name the model alone, or with its provider.
    for (const std::string_view name : {model.substr(std::min(slash + 1, model.size())), model}) {
        const gateway::CascadeRoute& cascade = routes.cascade_for(name);
        if (&cascade == &routes.forward_only()) continue;
        take(cascade);
        break;
    }
    for (const gateway::CascadeRoute& cascade : routes.cascades()) {
        const auto& tiers = cascade.options.tiers;
        if (std::any_of(tiers.begin(), tiers.end(), [&](const auto& tier) { return tier.model == model; }))
            take(cascade);
    }
    if (found.several) found.cascade = nullptr;
    return found;
}

void add_cache_views(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/cache", AdminRole::view, RunOn::admin_worker,
                [&gateway](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body =
                        render_cache(parts_of(gateway, gateway.routes()), gateway.routes()->options().data_folder,
                                     call.head.query(), gateway.clock().unix_micros());
                    if (!body) return tl::unexpected(body.error());
                    return AdminReply{std::move(*body)};
                }});
    // Questions are callers' texts, of all tenants: for who may purge them.
    routes.add({"GET", "/api/cache/entries", AdminRole::operate, RunOn::admin_worker,
                [&gateway](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body =
                        render_cache_entries(parts_of(gateway, gateway.routes()), call.head.query(), gateway.clock());
                    if (!body) return tl::unexpected(body.error());
                    AdminReply reply{std::move(*body)};
                    reply.header_lines = "cache-control: no-store\r\n";
                    return reply;
                }});
}

}  // namespace weir::admin
