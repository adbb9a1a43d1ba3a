// `weir replay`: what another configuration would have done with the own log.
// Thread rule: called once, by main's thread; blocks on disk, takes seconds.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/config.h"
#include "cli/table.h"
#include "eval/replay.h"

namespace weir::cli {

struct ReplayArguments {
    std::string config_file;  // the candidate
    std::string data_folder;  // whose log; empty: the candidate's
    std::string since = "all";
    std::uint64_t seed = 1;
    OutputFormat format = OutputFormat::table;
};

// What the configuration would do with requests for a reference of the log, and what the log's models would cost by its
// prices. Error invalid: the price file can't be read.
Result<std::vector<eval::ReplayCandidate>> candidates_of(const gateway::Options& options, const eval::ReplayLog& log);

// What `weir replay --format json` prints.
void print_replay_json(const std::vector<eval::ReplayLine>& lines, const std::string& folder, std::ostream& out);

// Exit code: 0, 1 the log can't be read, 2 wrong arguments or configuration (file:line).
int replay_command(const ReplayArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err);

}  // namespace weir::cli
