// `weir import-adapter`: what an external trainer made from an export, a LoRA adapter or a full model (GGUF), checked
// against the model that it was made from, kept in the data folder, and the lines that make it a tier (docs/export.md).
// Thread rule: called once, by main's thread; reads and writes files.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

struct ImportArguments {
    std::string config_file = "weir.yaml";
    std::string file;           // GGUF
    std::string provider;       // whose model_file is its base
    std::string task;           // a number or a name; its cascades get the tier
    std::string cascade;        // gets the tier
    std::string manifest_file;  // of the export; empty: not given
    std::string name;           // of the file and the provider; empty: the file's own
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 something is not there or the disk refuses, 2 wrong arguments, configuration or file.
int import_command(const ImportArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err);

}  // namespace weir::cli
