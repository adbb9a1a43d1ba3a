// What a deployment of LiteLLM's says of its model: prices, in litellm_params and model_info, and the most it answers.
// Thread rule: pure.
#pragma once

#include <string>

#include "cli/litellm_deployment.h"
#include "prices/price_table.h"

namespace weir::cli {

// The parts of a price, from several places; the first one that says it counts.
class LitellmPrices {
  public:
    void read(LitellmSource& source);
    // Into `to`, once all is read; half a price is told as not carried.
    void finish(LitellmTale& tale, LitellmDeployment& to) const;
    bool embeds = false;  // an embedding model has no price for output

  private:
    bool read_part(LitellmSource& source, const std::string& key, std::string& to);

    LitellmPrice price_;
};

// As the table knows it.
LitellmPrice litellm_price_of(const prices::Price& price);

void read_litellm_info(const ConfigNode& node, const std::string& path, LitellmTale& tale, LitellmPrices& prices,
                       LitellmDeployment& to);

}  // namespace weir::cli
