// `weir export`: a task's training examples as chat JSONL for a trainer outside, with a manifest (docs/export.md).
// Thread rule: called once, by main's thread; reads and writes files, says on stderr how far it is.
#pragma once

#include <iosfwd>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "cli/config.h"
#include "cli/table.h"
#include "eval/chat_export.h"

namespace weir::cli {

struct ExportArguments {
    std::string task;         // its number (16 hexadecimal digits), or its name in reports
    std::string tenant;       // empty: whoever's it is, if it is one tenant's alone
    std::string config_file;  // names the data folder; empty: not given
    std::string data_folder;  // goes before config_file; empty: not given
    std::string out;          // OUT.train.jsonl and so on; empty: the task's number
    std::string split = "80,10,10";
    std::string base_file;  // GGUF of the model that will be trained: what it is known by goes into the manifest
    eval::ExportMask mask = eval::ExportMask::weight;
    OutputFormat format = OutputFormat::table;
};

// "80,10,10": whole numbers whose sum is not 0.
std::optional<std::array<std::uint32_t, 3>> parse_split(std::string_view text);

// The tasks that a word may mean: its number, or its name among `names`. Error not_found.
Result<std::set<std::uint64_t>> tasks_called(const std::string& word,
                                             const std::map<std::uint64_t, std::string>& names);

// Exit code: 0, 1 there is nothing to export or the disk refuses, 2 wrong arguments or configuration.
int export_command(const ExportArguments& arguments, const Clock& clock, const Environment& environment,
                   std::ostream& out, std::ostream& err);

}  // namespace weir::cli
