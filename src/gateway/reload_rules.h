// What a reload may change. Addresses, files and memory were taken at the start and stay: what a new configuration says
// of them is put back, so that Routes::options() always tells what runs, and not what the file has become.
// Thread rule: values, no state. Limits: none.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/options.h"

namespace weir::gateway {

// `wanted` with what changes with a restart only as `running` has it; what differs is named in `kept`.
// Error invalid: an address that stays open to the network would ask for no key or token any more.
Result<Options> with_running(Options wanted, const Options& running, std::vector<std::string>& kept);

}  // namespace weir::gateway
