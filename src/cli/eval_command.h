// `weir eval cache pairs|stream`: the semantic cache's judgement over recorded files.
// Thread rule: called once, by main's thread; takes minutes and reports progress.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/table.h"
#include "eval/embed_texts.h"

namespace weir::cli {

struct EvalCacheArguments {
    std::string in_file, out_file;
    std::string verifier_file;  // empty: the one compiled in
    eval::EmbeddingChoice embedding;
    OutputFormat format = OutputFormat::table;
    // pairs; empty: not given
    std::string threshold, false_share;
    // stream
    std::string answers_file;
    std::string audit = "5%", promise = "2%";
    std::uint64_t seed = 1;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_pairs_command(const EvalCacheArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err);
int eval_stream_command(const EvalCacheArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
