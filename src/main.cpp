#include <iostream>

#include "cli/command_line.h"
#include "cli/serve.h"

int main(int argc, char** argv) {
    return weir::cli::run_command_line(argc, argv, weir::cli::serve_command, std::cout, std::cerr);
}
