#include "cli/command_help.h"

#include <algorithm>
#include <functional>

namespace weir::cli {
namespace {

using Visit = std::function<void(const std::string& path, const CommandHelp& command)>;

void each_command(const std::string& path, const CommandHelp& command, const Visit& visit) {
    visit(path, command);
    for (const CommandHelp& one : command.commands) each_command(path + " " + one.name, one, visit);
}

std::string joined(const std::vector<std::string>& words, const std::string& by) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : by) + word;
    return text;
}

// Everything that may stand next: commands, options, and what a positional takes.
std::string words_of(const CommandHelp& command) {
    std::vector<std::string> words;
    for (const CommandHelp& one : command.commands) words.push_back(one.name);
    for (const OptionHelp& option : command.options) {
        const std::vector<std::string> more = option.positional ? option.choices() : option.names;
        words.insert(words.end(), more.begin(), more.end());
    }
    return joined(words, " ");
}

bool takes_file(const CommandHelp& command) {
    for (const OptionHelp& option : command.options) {
        if (option.positional && option.choices().empty()) return true;
    }
    return false;
}

// A function that finds the command which the words so far have named, and offers what may follow.
std::string render_bash(const CommandHelp& program) {
    const std::string name = program.name;
    std::string options, words, commands;
    each_command(name, program, [&](const std::string& path, const CommandHelp& command) {
        commands += "            \"" + path + "\") ;;\n";
        words += "        \"" + path + "\") words=\"" + words_of(command) + "\"" +
                 (takes_file(command) ? "; files=yes" : "") + " ;;\n";
        for (const OptionHelp& option : command.options) {
            if (option.positional || option.value.empty()) continue;
            const std::vector<std::string> choices = option.choices();
            for (const std::string& one : option.names) {
                options +=
                    "        \"" + path + " " + one + "\") " +
                    (choices.empty() ? "COMPREPLY=($(compgen -f -- \"$word\"))"
                                     : "COMPREPLY=($(compgen -W \"" + joined(choices, " ") + "\" -- \"$word\"))") +
                    "; return ;;\n";
            }
        }
    });
    std::string text = "# Completion of " + name + " for bash: source it, or put it where bash-completion looks.\n";
    text += "_" + name + "() {\n    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n";
    text += "    local path=" + name + " words= files= i\n    COMPREPLY=()\n";
    text += "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"$path ${COMP_WORDS[i]}\" in\n";
    text += commands + "            *) continue ;;\n        esac\n        path+=\" ${COMP_WORDS[i]}\"\n    done\n";
    text += "    case \"$path $before\" in\n" + options + "    esac\n";
    text += "    case \"$path\" in\n" + words + "    esac\n";
    text += "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n";
    text += "    if [ -n \"$files\" ]; then COMPREPLY+=($(compgen -f -- \"$word\")); fi\n}\n";
    return text + "complete -o filenames -F _" + name + " " + name + "\n";
}

std::string fish_text(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

// The names of a command's ancestors below the program have been typed, and none of what may follow it.
std::string fish_condition(const std::string& path, const CommandHelp& command) {
    std::string condition;
    std::size_t at = path.find(' ');
    while (at != std::string::npos) {
        const std::size_t end = path.find(' ', at + 1);
        condition += (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
                     path.substr(at + 1, end == std::string::npos ? end : end - at - 1);
        at = end;
    }
    if (!command.commands.empty()) {
        std::string names;
        for (const CommandHelp& one : command.commands) names += " " + one.name;
        condition += (condition.empty() ? "" : "; and ") + std::string("not __fish_seen_subcommand_from") + names;
    }
    return condition.empty() ? "true" : condition;
}

std::string render_fish(const CommandHelp& program) {
    std::string text = "# Completion of " + program.name + " for fish.\n";
    each_command(program.name, program, [&](const std::string& path, const CommandHelp& command) {
        const std::string begin =
            "complete -c " + program.name + " -n " + fish_text(fish_condition(path, command)) + " ";
        for (const CommandHelp& one : command.commands) {
            text += begin + "-f -a " + one.name + " -d " + fish_text(one.text) + "\n";
        }
        for (const OptionHelp& option : command.options) {
            const std::string choices = joined(option.choices(), " ");
            if (option.positional) {
                if (!choices.empty()) text += begin + "-f -a " + fish_text(choices) + "\n";
                continue;
            }
            text += begin;
            for (const std::string& name : option.names) {
                text += name.starts_with("--") ? "-l " + name.substr(2) + " " : "-s " + name.substr(1) + " ";
            }
            if (!option.value.empty()) text += choices.empty() ? "-r " : "-x -a " + fish_text(choices) + " ";
            text += "-d " + fish_text(option.text) + "\n";
        }
    });
    return text;
}

// Text as man(7) takes it: no line begins with a control character, and nothing is an escape.
std::string roff(const std::string& text) {
    std::string out;
    bool begins = true;
    for (const char c : text) {
        if (begins && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
        begins = c == '\n';
    }
    return out;
}

void append_options(const CommandHelp& command, std::string& out) {
    for (const OptionHelp& option : command.options) {
        out += ".TP\n\\fB" + roff(joined(option.names, ", ")) + "\\fR";
        if (!option.value.empty()) out += " \\fI" + roff(option.value) + "\\fR";
        out += "\n" + (option.text.empty() ? std::string("\\&") : roff(option.text)) + "\n";
    }
}

void append_footer(const std::string& footer, std::string& out) {
    if (!footer.empty()) out += ".PP\n.nf\n" + roff(footer) + "\n.fi\n";
}

}  // namespace

std::vector<std::string> OptionHelp::choices() const {
    std::vector<std::string> words;
    if (value.find('|') == std::string::npos) return words;
    for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find('|', at), value.size());
        words.push_back(value.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::string render_completion(const CommandHelp& program, Shell shell) {
    if (shell == Shell::fish) return render_fish(program);
    std::string bash = render_bash(program);
    if (shell == Shell::bash) return bash;
    return "#compdef " + program.name + "\nautoload -U +X bashcompinit && bashcompinit\n" + bash;
}

std::string render_man_page(const CommandHelp& program, const std::string& version) {
    std::string out = ".TH WEIR 1 \"\" \"weir " + version + "\" \"Weir\"\n.SH NAME\nweir \\- " + roff(program.text) +
                      "\n.SH SYNOPSIS\n\\fBweir\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH OPTIONS\n";
    append_options(program, out);
    out += ".SH COMMANDS\n";
    each_command(program.name, program, [&](const std::string& path, const CommandHelp& command) {
        if (&command == &program || !command.commands.empty()) return;
        out += ".SS " + roff(path) + "\n" + roff(command.text) + ".\n";
        append_options(command, out);
        append_footer(command.footer, out);
    });
    out += ".SH EXAMPLES\n";
    append_footer(program.footer, out);
    return out +
           ".SH FILES\n.TP\n\\fIweir.yaml\\fR\nthe configuration; \\fBweir check\\fR says what is wrong with it\n";
}

}  // namespace weir::cli
