#include "cli/config.h"

#include <algorithm>

#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "cli/yaml_tree.h"

namespace weir::cli {
namespace {

constexpr Micros kMillisecond = 1'000;
constexpr Micros kSecond = 1'000'000;
constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kDay = 24 * kHour;
constexpr std::size_t kKiB = 1u << 10;
constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kGiB = 1u << 30;
constexpr std::size_t kTiB = std::size_t{1} << 40;
constexpr unsigned kMaxReactors = 64;  // request ids hold no more

void read_tls(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("tls");
    if (node == nullptr) return;
    Section tls(reader, *node, "tls");
    tls.require("certificate");
    read_file_path(tls, "certificate", draft, draft.options.tls_certificate_file);
    tls.require("key");
    read_file_path(tls, "key", draft, draft.options.tls_key_file);
    draft.tls_line = tls.line();
    tls.finish();
}

void read_limits(Section& top, Reader& reader, gateway::Limits& to) {
    const ConfigNode* const node = top.find("limits");
    if (node == nullptr) return;
    Section limits(reader, *node, "limits");
    limits.size("head", to.head_bytes, kKiB, kMiB);
    limits.size("body", to.body_bytes, kKiB, kGiB);
    limits.size("answer", to.answer_bytes, kKiB, 4 * kGiB);
    limits.duration("connect", to.connect_micros, 10 * kMillisecond, 5 * kMinute);
    limits.duration("first_byte", to.first_byte_micros, 100 * kMillisecond, kDay);
    limits.duration("idle", to.idle_micros, 100 * kMillisecond, kDay);
    limits.duration("slow_head", to.slow_head_micros, 100 * kMillisecond, 10 * kMinute);
    limits.duration("keep_alive", to.keep_alive_micros, kSecond, kDay);
    limits.duration("upstream_idle", to.upstream_idle_micros, 100 * kMillisecond, kHour);
    limits.duration("drain", to.drain_micros, 0, kHour);
    limits.whole<std::size_t>("connections", to.connections, 1, 1'000'000);
    limits.whole<std::size_t>("upstream_idle_connections", to.upstream_idle_connections, 0, 65'536);
    limits.finish();
}

void read_ledger(Section& top, Reader& reader, gateway::LedgerOptions& to) {
    const ConfigNode* const node = top.find("ledger");
    if (node == nullptr) return;
    Section ledger(reader, *node, "ledger");
    ledger.choice<bool>("when_full", to.drop_when_full, {{"wait", false}, {"drop", true}});
    ledger.whole<std::size_t>("ring_rows", to.ring_rows, 16, 1u << 20);
    ledger.duration("commit_interval", to.commit_interval_micros, kMillisecond, 10 * kSecond);
    ledger.finish();
}

constexpr std::uint64_t kSmallestDiskCache = 64 * kKiB;  // store::LmdbEntryStore opens none below

void read_cache(Section& top, Reader& reader, gateway::CacheOptions& to) {
    const ConfigNode* const node = top.find("cache");
    if (node == nullptr) return;
    Section cache(reader, *node, "cache");
    cache.size("memory", to.memory_bytes, kMiB, kTiB);
    cache.size("semantic_memory", to.semantic_memory_bytes, kMiB, kTiB);
    cache.size("disk", to.disk_bytes, 0, 16 * kTiB);
    if (to.disk_bytes != 0 && to.disk_bytes < kSmallestDiskCache) {
        reader.error(cache.line_of("disk"), "cache.disk is 0 (in memory only) or at least 64KiB");
    }
    cache.size("max_entry", to.max_entry_bytes, kKiB, 16 * kMiB);
    if (to.max_entry_bytes > to.memory_bytes) {
        reader.error(cache.line_of("max_entry"), "cache.max_entry is larger than cache.memory");
    }
    cache.finish();
}

void read_embedding(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("embedding");
    if (node == nullptr) return;
    Section embedding(reader, *node, "embedding");
    gateway::EmbeddingOptions to;
    to.line = node->line;
    std::string model;
    embedding.require("model");
    if (embedding.text("model", model)) {
        const auto slash = model.find('/');
        if (slash == std::string::npos || slash == 0 || slash + 1 == model.size()) {
            reader.error(embedding.line_of("model"), "embedding.model is not named provider/model");
        } else {
            to.provider = model.substr(0, slash);
            to.model = model.substr(slash + 1);
            const int line = embedding.line_of("model");
            const auto found = draft.options.providers.find(to.provider);
            if (found == draft.options.providers.end()) {
                reader.error(line, "embedding.model: there is no provider '" + to.provider + "'");
            } else if (const gateway::ProviderOptions& provider = found->second; !provider.base_url.empty()) {
                reader.error(line, "embedding.model: provider '" + to.provider +
                                       "' is not of this machine: what its vectors cost would be missing from the "
                                       "ledger; name one with api: llama-server and embedding: true");
            } else if (provider.child && !provider.child->embedding) {
                reader.error(
                    line, "embedding.model: provider '" + to.provider + "' gives no vectors: it wants embedding: true");
            }
        }
    }
    embedding.whole<std::size_t>("dimensions", to.dimensions, 8, 4096);
    embedding.finish();
    draft.options.embedding = std::move(to);
}

void read_all(const ConfigNode& root, Reader& reader, Draft& draft) {
    Section top(reader, root, "");
    gateway::Options& options = draft.options;
    top.address("listen", options.listen);
    top.address("admin", options.admin);
    draft.listen_line = top.line_of("listen");
    draft.admin_line = top.line_of("admin");
    read_tls(top, reader, draft);
    top.text("data", options.data_folder);
    read_file_path(top, "prices", draft, options.prices_file);
    draft.prices_line = top.line_of("prices");
    top.whole<unsigned>("reactors", options.reactors, 0, kMaxReactors);
    read_limits(top, reader, options.limits);
    read_ledger(top, reader, options.ledger);
    read_cache(top, reader, options.cache);
    read_providers(top, reader, draft);
    read_models(top, reader, draft);
    read_embedding(top, reader, draft);
    draft.cascades_line = top.line_of("cascades");
    read_cascades(top, reader, draft);
    read_inference(top, reader, draft);
    read_callers(top, reader, draft);
    read_budgets(top, reader, draft);
    read_admin_access(top, reader, draft);
    read_telemetry(top, reader, options.telemetry);
    read_alerts(top, reader, options.alerts);
    top.finish();
}

}  // namespace

void read_file_path(Section& section, std::string_view key, Draft& draft, std::string& to) {
    if (section.text(key, to)) draft.files.push_back({section.line_of(key), section.path_to(key), to});
}

void read_authorities(Section& section, Draft& draft, std::string& to) {
    const std::size_t before = draft.files.size();
    read_file_path(section, "tls_ca_file", draft, to);
    if (draft.files.size() > before) draft.authorities.push_back(draft.files.back());
}

std::string to_string(const Diagnostic& diagnostic) {
    std::string out = diagnostic.file + ":";
    if (diagnostic.line > 0) out += std::to_string(diagnostic.line) + ":";
    return out + " " + diagnostic.message;
}

LoadResult load_config_text(std::string_view text, const std::string& file, const LoadSettings& settings) {
    Reader reader(file, settings.environment, settings.secrets);
    const std::optional<ConfigNode> root = parse_yaml(text, file, reader.raw_errors());
    if (!root) return tl::unexpected(reader.take_errors());
    Draft draft;
    draft.options.file = file;
    read_all(*root, reader, draft);
    cross_check(reader, draft, settings);
    if (reader.failed()) return tl::unexpected(reader.take_errors());
    return LoadedConfig{std::move(draft.options), reader.take_warnings()};
}

}  // namespace weir::cli
