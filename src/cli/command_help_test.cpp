#include "cli/command_help.h"

#include <doctest/doctest.h>

using namespace weir::cli;

namespace {

CommandHelp program() {
    CommandHelp keys{"keys", "Callers' keys", "", {}, {}};
    keys.options = {{{"action"}, "list|create", "what to do", true},
                    {{"-c", "--config"}, "FILE", "the configuration", false},
                    {{"--format"}, "table|json", ".for 'whom' \\", false},
                    {{"--quiet"}, "", "say nothing", false}};
    CommandHelp import{
        "import", "Another's", "", {}, {{"litellm", "LiteLLM's", "", {{{"config"}, "FILE", "", true}}, {}}}};
    return {"weir", "A gateway", "weir keys\n.x", {{{"--version"}, "", "print it", false}}, {keys, import}};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("choices of an option") {
    CHECK(OptionHelp{{}, "a|b-c|d", "", false}.choices() == std::vector<std::string>{"a", "b-c", "d"});
    CHECK(OptionHelp{{}, "FILE", "", false}.choices().empty());
    CHECK(OptionHelp{{}, "", "", false}.choices().empty());
}

TEST_CASE("completions know every command and option") {
    const std::string bash = render_completion(program(), Shell::bash);
    CHECK(has(bash, R"("weir") words="keys import --version" ;;)"));
    CHECK(has(bash, R"("weir keys") words="list create -c --config --format --quiet" ;;)"));
    CHECK(has(bash, R"("weir keys --format") COMPREPLY=($(compgen -W "table json" -- "$word")); return ;;)"));
    CHECK(has(bash, R"("weir keys -c") COMPREPLY=($(compgen -f -- "$word")); return ;;)"));
    CHECK(has(bash, R"("weir import litellm") words=""; files=yes ;;)"));
    CHECK(render_completion(program(), Shell::zsh).starts_with("#compdef weir\n"));
    const std::string fish = render_completion(program(), Shell::fish);
    CHECK(has(fish,
              "complete -c weir -n 'not __fish_seen_subcommand_from keys import' -f -a keys -d 'Callers\\' keys'\n"));
    CHECK(has(fish,
              "complete -c weir -n '__fish_seen_subcommand_from keys' -l format -x -a 'table json' "
              "-d '.for \\'whom\\' \\\\'\n"));
    CHECK(has(fish, "'__fish_seen_subcommand_from keys' -s c -l config -r -d 'the configuration'\n"));
}

TEST_CASE("the manual page has no line that is taken for a command") {
    const std::string page = render_man_page(program(), "1.2");
    CHECK(page.starts_with(".TH WEIR 1 \"\" \"weir 1.2\" \"Weir\"\n.SH NAME\nweir \\- A gateway\n"));
    CHECK(has(page, ".SS weir keys\nCallers' keys.\n"));
    CHECK(has(page, ".TP\n\\fB\\-c, \\-\\-config\\fR \\fIFILE\\fR\nthe configuration\n"));
    CHECK(has(page, "\n\\&.for 'whom' \\e\n"));
    CHECK(has(page, "weir keys\n\\&.x\n"));
    CHECK(has(page, ".SS weir import litellm\n"));
    CHECK_FALSE(has(page, ".SS weir import\n"));
}
