// What `weir doctor` looks at, part by part. Each part adds at least one finding.
// Thread rule: main's thread; they block on disk, on the network and, for a program's version, on a child process.
// Limits: the constants below.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/finding.h"
#include "gateway/options.h"

namespace weir::cli {

inline constexpr Micros kProbeMicros = 5'000'000;  // a provider, a gateway, a program's version
inline constexpr Micros kPricesStaleMicros = 90LL * 24 * 3600 * 1'000'000;
inline constexpr Micros kClockSlackMicros = 60'000'000;        // rows of the ledger may be so far in the future
inline constexpr std::uint64_t kLeastFreeBytes = 256U << 20U;  // in the data folder
inline constexpr std::size_t kMostModelListBytes = 8U << 20U;  // of a provider's answer

// doctor_machine.cpp
void examine_versions(Findings& findings);
void examine_clock(Micros now_unix, Findings& findings);
void examine_open_files(std::size_t connections, std::uint64_t limit, Findings& findings);
std::uint64_t open_files_limit();
// Who listens where. True: a gateway answers at the admin address.
bool examine_addresses(const gateway::Options& options, Findings& findings);
// Model files, programs, and whether the machine's memory holds them.
void examine_local_models(const gateway::Options& options, bool gateway_runs, Findings& findings);

// That a file can be made and filled, not what the permissions say: disks are full, or read-only. Error io.
Result<void> try_to_write(const std::string& folder);

// doctor_data.cpp: folder, space, ledger, who writes there, callers' keys and what doctor_state.cpp looks at.
void examine_data(const gateway::Options& options, Micros now_unix, bool gateway_runs, Findings& findings);

// doctor_state.cpp: the files of the data folder but ledger and keys, without which a gateway does not start. Each is
// read by what the gateway reads it with, and neither changed nor locked.
void examine_state(const gateway::Options& options, Findings& findings);
// `file`: as configured; empty: there is none.
void examine_access_log(const std::string& file, Findings& findings);

// doctor_prices.cpp
void examine_prices(const gateway::Options& options, Micros now_unix, Findings& findings);

// doctor_providers.cpp: each endpoint of each provider but local models is asked for its list of models, all at once.
// Never a call that costs money.
void examine_providers(const gateway::Options& options, Findings& findings);
// What is asked of an API for its models, behind the base URL.
std::string_view model_list_path(gateway::ProviderApi api);
// The models of such an answer; empty: none, or the list goes on elsewhere, or it is something else.
std::vector<std::string> models_listed(std::string_view body);

}  // namespace weir::cli
