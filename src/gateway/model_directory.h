// Which model a name means and what it costs, by configuration and price table alone: no connection, no child process.
// The gateway's routes are built on it (gateway/routes.h), and so is what a configuration would have done (weir
// replay). Thread rule: build() reads the price file; immutable afterwards. Limits: those of the configuration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/options.h"
#include "prices/price_table.h"
#include "store/ledger_row.h"

namespace weir::gateway {

// A model at a provider, before any reactor has a connection to it.
struct ModelRoute {
    std::string provider;
    std::string full_name;
    std::string upstream_name;
    std::optional<prices::Price> price;
    std::optional<Tokens> max_output;
    store::NameId name_id = store::kNoName;  // kNoName: not interned yet
    std::vector<ModelRoute> fallbacks;       // who answers where it does not
};

class ModelDirectory {
  public:
    // Errors: of the price file.
    static Result<ModelDirectory> build(const Options& options);

    // Who answers a request for `model` as the reference: "provider/model", else a configured model of that name, else
    // `reference_provider` (where it is not empty), else the provider that bears the vendor's name, else the only
    // remote provider. Error not_found says what is known.
    Result<ModelRoute> resolve(std::string_view model, const std::string& reference_provider) const;

    const prices::PriceTable& prices() const { return prices_; }

  private:
    bool is_remote(const std::string& provider) const;
    ModelRoute configured(const ModelOptions& model) const;
    ModelRoute with_fallbacks(const ModelOptions& model) const;
    ModelRoute passed_through(const std::string& provider, std::string_view name) const;

    prices::PriceTable prices_;
    std::vector<ModelOptions> models_;
    std::map<std::string, ProviderApi> providers_;
};

// The first cascade that takes the model; nullptr: none.
const cascade::CascadeOptions* cascade_for(const std::vector<cascade::CascadeOptions>& cascades,
                                           std::string_view model);

}  // namespace weir::gateway
