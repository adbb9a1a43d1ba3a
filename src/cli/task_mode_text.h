// Writes one task's mode into a configuration's text (`cascades: NAME: tasks: "NUMBER": { mode: .. }`) and leaves every
// other byte as it is, comments and order included.
// Thread rule: pure. Limits: those of yaml_tree.h. Block and flow style as people write them; of what is spelled in
// other ways (an alias, a `tasks:` over strange lines) nothing is changed: whoever asks loads the result and compares.
#pragma once

#include <optional>
#include <string>

#include "store/ledger_row.h"

namespace weir::cli {

// `mode`: nothing takes the task's own away. Nothing: the place is not found, or can't be told for certain.
std::optional<std::string> with_task_mode(const std::string& text, const std::string& cascade, const std::string& task,
                                          std::optional<store::Mode> mode);

}  // namespace weir::cli
