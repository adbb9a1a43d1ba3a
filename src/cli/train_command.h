// `weir train verifier`: trains a semantic cache's verifier on an owner's own labelled pairs.
// Thread rule: called once, by main's thread; takes minutes and reports progress.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/table.h"
#include "eval/embed_texts.h"

namespace weir::cli {

struct TrainVerifierArguments {
    std::string pairs_file;  // TSV: id text_a text_b label
    std::string out_file = "verifier.bin";
    eval::EmbeddingChoice embedding;
    bool generic = false;  // no model of the words themselves: for pairs that stand for every domain
    std::uint64_t seed = 1;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong input (file:line).
int train_verifier_command(const TrainVerifierArguments& arguments, const Clock& clock, std::ostream& out,
                           std::ostream& err);

}  // namespace weir::cli
