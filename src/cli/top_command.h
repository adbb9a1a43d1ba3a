// `weir top`: what a running gateway does at present, in a table that is drawn again and again; once where no terminal
// is. Thread rule: called once, by main's thread, before it has made others; waits for the gateway. Limits: an interval
// of kLeastTopMicros to kMostTopMicros; a gateway that does not answer within kTopAskMicros.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

inline constexpr Micros kLeastTopMicros = 100'000, kMostTopMicros = 3'600'000'000;
inline constexpr Micros kTopAskMicros = 5'000'000;

struct TopArguments {
    std::string config_file;
    std::string interval = "1s";
    bool once = false;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 no gateway answers, 2 wrong arguments or configuration.
int top_command(const TopArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
