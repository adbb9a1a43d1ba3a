// `weir import litellm`: a LiteLLM proxy's configuration as a weir.yaml, and a list of what could not be carried over.
// Thread rule: called once, by main's thread; reads one file and writes one. Limits: cli/litellm_import.h.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/table.h"

namespace weir::cli {

struct ImportLitellmArguments {
    std::string in_file;
    std::string out_file = "weir.yaml";  // "-": the configuration goes to `out`, the list to `err`
    bool force = false;                  // over a file that is there
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0 written, be it that something was left behind; 1 the disk refuses; 2 wrong arguments or file, or nothing
// in it that Weir could serve.
int import_litellm_command(const ImportLitellmArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
