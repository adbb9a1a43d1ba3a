// `weir eval router`: how well triage orders recorded requests from their prompts alone.
// Thread rule: called once, by main's thread; takes seconds to minutes.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/table.h"
#include "eval/embed_texts.h"

namespace weir::cli {

struct EvalRouterArguments {
    std::string in_file, weak, strong;
    std::uint64_t labels = 1000, redraws = 20, seed = 1;
    std::string folds;  // empty: by labels
    eval::EmbeddingChoice embedding{.kind = eval::EmbeddingChoice::Kind::hashing, .vectors_folder = {}};
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_router_command(const EvalRouterArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
