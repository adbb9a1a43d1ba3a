// What the commands are called and what they take, as plain values, and the files that are made of it: completions for
// shells and the manual page. So both are right by themselves when a command changes.
// Thread rule: pure functions. Limits: none.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

struct OptionHelp {
    std::vector<std::string> names;  // "-c", "--config"; of a positional its name alone
    std::string value;               // "FILE", "table|json"; empty: a switch
    std::string text;
    bool positional = false;
    // The words that it takes; empty: any.
    std::vector<std::string> choices() const;
};

struct CommandHelp {
    std::string name;  // "keys"
    std::string text;
    std::string footer;
    std::vector<OptionHelp> options;
    std::vector<CommandHelp> commands;
};

enum class Shell { bash, zsh, fish };
std::string render_completion(const CommandHelp& program, Shell shell);

// man(7), section 1. `version` stands at the page's foot.
std::string render_man_page(const CommandHelp& program, const std::string& version);

}  // namespace weir::cli
