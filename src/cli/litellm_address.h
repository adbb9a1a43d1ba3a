// Where a deployment of LiteLLM's is called: api_base, Azure's addresses with their api_version, and the provider's
// own. Thread rule: pure.
#pragma once

#include <string>

#include "cli/litellm_deployment.h"
#include "cli/litellm_providers.h"

namespace weir::cli {

// Fills base_url, query, key_header and the provider's name of `to`, whose kind and upstream_name are known. What comes
// back says why the deployment can't be called; empty: it can.
std::string read_litellm_address(LitellmSource& params, const LitellmProvider& provider, LitellmContext& context,
                                 LitellmTale& tale, LitellmDeployment& to);

}  // namespace weir::cli
