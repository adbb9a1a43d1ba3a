// `weir eval student` and `weir train student`: a student of recorded answers, judged as the gateway would, or made.
// Thread rule: called once, by main's thread; takes seconds to minutes.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/table.h"
#include "eval/embed_texts.h"

namespace weir::cli {

struct EvalStudentArguments {
    std::string in_file;
    std::string promise = "5%", confidence = "90%", audit = "5%";
    std::string change = "none";
    std::uint64_t shuffles = 0, seed = 1, at = 0;
    eval::EmbeddingChoice embedding;
    OutputFormat format = OutputFormat::table;
};

struct TrainStudentArguments {
    std::string in_file;
    std::string out_file = "student.bin";
    std::uint64_t seed = 1;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_student_command(const EvalStudentArguments& arguments, const Clock& clock, std::ostream& out,
                         std::ostream& err);
int train_student_command(const TrainStudentArguments& arguments, const Clock& clock, std::ostream& out,
                          std::ostream& err);

}  // namespace weir::cli
