// Who may ask, and for how much: keys, tenants, require_key.
#include "cli/config_draft.h"
#include "limits/key_record.h"
#include "limits/keys.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxKeys = 100'000;
constexpr std::size_t kMaxTenants = 10'000;

void read_rates(Section& section, limits::Rates& to) {
    const auto rate = [&](std::string_view key, std::int64_t& value, std::int64_t most) {
        std::uint64_t read = 0;
        section.whole<std::uint64_t>(key, read, 1, static_cast<std::uint64_t>(most));
        value = static_cast<std::int64_t>(read);
    };
    rate("requests_per_minute", to.requests_per_minute, limits::kMostPerMinute);
    rate("tokens_per_minute", to.tokens_per_minute, limits::kMostPerMinute);
    rate("parallel", to.parallel, limits::kMostParallel);
}

void read_key(const ConfigNode& item, Reader& reader, Draft& draft) {
    Section entry(reader, item, "keys");
    gateway::KeyOptions to;
    to.line = item.line;
    entry.require("key");
    entry.secret("key", to.key);
    entry.require("tenant");
    entry.text("tenant", to.tenant);
    if (const ConfigNode* const models = entry.find("models")) {
        to.models = reader.texts(*models, entry.path_to("models"), limits::kMostModels);
        if (models->kind == ConfigNode::Kind::list && models->items.empty()) {
            reader.error(models->line, "keys.models is empty: leave it out for a key that may use all models");
        }
        if (const Result<void> checked = limits::check_models(to.models); !checked) {
            reader.error(models->line, "keys.models: " + checked.error().message);
        }
    }
    read_rates(entry, to.rates);
    entry.finish();
    if (!to.key.empty() && !to.tenant.empty()) draft.options.keys.push_back(std::move(to));
}

void read_tenants(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("tenants");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map || node->entries.empty()) {
        reader.error(node->line, "tenants is a map such as { acme: { requests_per_minute: 600 } }");
        return;
    }
    if (node->entries.size() > kMaxTenants) {
        reader.error(node->line, "tenants has more than 10,000 items");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) {
        const std::string path = "tenants." + entry.key;
        if (const Result<void> checked = limits::check_tenant(entry.key); !checked) {
            reader.error(entry.line, path + ": " + checked.error().message);
        }
        Section tenant(reader, entry.value, path);
        read_rates(tenant, draft.options.tenants[entry.key]);
        tenant.finish();
    }
}

}  // namespace

void read_callers(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("keys");
    draft.has_keys = top.has("keys");
    if (node != nullptr) {
        if (node->kind != ConfigNode::Kind::list || node->items.empty()) {
            reader.error(node->line,
                         "keys is a list with at least one { key: ${NAME}, tenant: NAME }; leave it out for a "
                         "gateway on loopback that asks for no key");
        } else if (node->items.size() > kMaxKeys) {
            reader.error(node->line, "keys has more than 100,000 items");
        } else {
            for (const ConfigNode& item : node->items) read_key(item, reader, draft);
        }
    }
    read_tenants(top, reader, draft);
    top.flag("require_key", draft.options.require_key);
}

}  // namespace weir::cli
