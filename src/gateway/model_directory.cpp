#include "gateway/model_directory.h"

#include <algorithm>

namespace weir::gateway {

Result<ModelDirectory> ModelDirectory::build(const Options& options) {
    ModelDirectory directory;
    directory.prices_ = prices::PriceTable::built_in();
    if (!options.prices_file.empty()) {
        if (auto merged = directory.prices_.merge_file(options.prices_file); !merged) {
            return tl::unexpected(merged.error());
        }
    }
    for (const ModelOptions& model : options.models) {
        if (model.price) directory.prices_.set(model.full_name(), *model.price);
    }
    directory.models_ = options.models;
    for (const auto& [name, provider] : options.providers) directory.providers_.emplace(name, provider.api);
    return directory;
}

bool ModelDirectory::is_remote(const std::string& provider) const {
    const auto found = providers_.find(provider);
    return found != providers_.end() && found->second != ProviderApi::llama_server;
}

ModelRoute ModelDirectory::configured(const ModelOptions& model) const {
    ModelRoute route;
    route.provider = model.provider;
    route.full_name = model.full_name();
    route.upstream_name = model.upstream_name.empty() ? model.name : model.upstream_name;
    route.max_output = model.max_output;
    if (model.price) {
        route.price = model.price;
        return route;
    }
    // What the provider calls it says more of what it costs than a name of the operator's own.
    const prices::Price* price = prices_.find(model.provider, route.upstream_name);
    if (price == nullptr) price = prices_.find(model.provider, model.name);
    if (price != nullptr) route.price = *price;
    return route;
}

// With its fallbacks, which have none of their own.
ModelRoute ModelDirectory::with_fallbacks(const ModelOptions& model) const {
    ModelRoute route = configured(model);
    for (const std::string& name : model.fallbacks) {
        const auto known = std::find_if(models_.begin(), models_.end(),
                                        [&](const ModelOptions& one) { return one.full_name() == name; });
        if (known != models_.end()) route.fallbacks.push_back(configured(*known));
    }
    return route;
}

ModelRoute ModelDirectory::passed_through(const std::string& provider, std::string_view name) const {
    ModelRoute route;
    route.provider = provider;
    route.full_name = provider + "/" + std::string(name);
    route.upstream_name = name;
    if (const prices::Price* price = prices_.find(provider, name)) route.price = *price;
    return route;
}

Result<ModelRoute> ModelDirectory::resolve(std::string_view model, const std::string& reference_provider) const {
    for (const ModelOptions& known : models_) {
        if (known.full_name() == model) return with_fallbacks(known);
    }
    if (const auto slash = model.find('/'); slash != std::string_view::npos) {
        const std::string provider(model.substr(0, slash));
        if (is_remote(provider)) return passed_through(provider, model.substr(slash + 1));
    }
    for (const ModelOptions& known : models_) {
        const bool wanted = reference_provider.empty() || known.provider == reference_provider;
        if (known.name == model && wanted) return with_fallbacks(known);
    }
    if (!reference_provider.empty() && is_remote(reference_provider)) return passed_through(reference_provider, model);
    const std::string vendor(prices_.vendor_of(model));
    if (!vendor.empty() && is_remote(vendor)) return passed_through(vendor, model);
    const auto remote = [](const auto& entry) { return entry.second != ProviderApi::llama_server; };
    if (std::count_if(providers_.begin(), providers_.end(), remote) == 1) {
        return passed_through(std::find_if(providers_.begin(), providers_.end(), remote)->first, model);
    }
    return fail(ErrorCode::not_found, "The model '" + std::string(model) +
                                          "' does not exist here: no configured model has that name and no provider is "
                                          "set for it. GET /v1/models lists what there is.");
}

const cascade::CascadeOptions* cascade_for(const std::vector<cascade::CascadeOptions>& cascades,
                                           std::string_view model) {
    for (const cascade::CascadeOptions& cascade : cascades) {
        for (const std::string& pattern : cascade.match_models) {
            if (cascade::glob_match(pattern, model)) return &cascade;
        }
    }
    return nullptr;
}

}  // namespace weir::gateway
