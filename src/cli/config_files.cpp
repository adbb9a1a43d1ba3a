// The configuration's ways to the outside: the file itself, the environment, the price table.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "cli/config.h"
#include "cli/config_draft.h"
#include "cli/config_reader.h"
#include "gateway/options.h"
#include "local/trained_file.h"
#include "net/tls.h"
#include "prices/price_table.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

tl::expected<std::string, std::vector<Diagnostic>> read_file(const std::string& path) {
    const auto cannot = [&path](std::string why) {
        return tl::unexpected(std::vector<Diagnostic>{{path, 0, "cannot be read: " + std::move(why)}});
    };
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) return cannot(std::strerror(errno));
    std::string text(kMaxFileBytes + 1, '\0');  // one more than allowed: the loader then says that it is too large
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || (in.fail() && !in.eof())) return cannot("it is no ordinary file");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

Result<PriceLookup> price_lookup(const std::string& file) {
    auto table = std::make_shared<prices::PriceTable>(prices::PriceTable::built_in());
    if (!file.empty()) {
        if (Result<void> merged = table->merge_file(file); !merged) return tl::unexpected(merged.error());
    }
    return [table = std::shared_ptr<const prices::PriceTable>(std::move(table))](
               std::string_view provider, std::string_view model) { return table->find(provider, model) != nullptr; };
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

LoadSettings process_settings() {
    LoadSettings settings;
    settings.environment = process_environment;
    settings.readable = [](const std::string& path) { return access(path.c_str(), R_OK) == 0; };
    settings.prices = price_lookup;
    settings.adapter_fits = local::check_adapter_file;
    settings.certificate_fits = [](const std::string& certificate, const std::string& key) -> Result<void> {
        return net::make_server_tls(certificate, key).map([](const auto&) {});
    };
    settings.authorities_fit = [](const std::string& file) -> Result<void> {
        return net::make_client_tls(file).map([](const auto&) {});
    };
    return settings;
}

LoadResult load_config(const std::string& path, const LoadSettings& settings) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return load_config_text(*text, path, settings);
}

LoadResult load_config(const std::string& path) {
    return load_config(path, process_settings());
}

tl::expected<std::string, std::vector<Diagnostic>> load_data_folder(const std::string& path,
                                                                    const Environment& environment) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    Reader reader(path, environment);
    const std::optional<ConfigNode> root = parse_yaml(*text, path, reader.raw_errors());
    std::string folder = gateway::Options{}.data_folder;
    if (root) Section(reader, *root, "").text("data", folder);
    if (reader.failed()) return tl::unexpected(reader.take_errors());
    return folder;
}

tl::expected<std::vector<limits::BudgetRules>, std::vector<Diagnostic>> load_budget_rules(
    const std::string& path, const Environment& environment) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    Reader reader(path, environment);
    Draft draft;
    if (const std::optional<ConfigNode> root = parse_yaml(*text, path, reader.raw_errors())) {
        Section top(reader, *root, "");
        read_budgets(top, reader, draft);
    }
    if (reader.failed()) return tl::unexpected(reader.take_errors());
    return std::move(draft.options.budgets);
}

}  // namespace weir::cli
