// Whose task, for what is made of examples: one tenant's, in one cascade, with one reference. It may have several
// instructions and forms of answers (tiers::student::StudentKey).
// Thread rule: plain values. Limits: none.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "store/example_store.h"
#include "tiers/student/student_shelf.h"

namespace weir::gateway {

// Tenant, cascade, reference, task.
using TaskKey = std::tuple<std::string, std::string, std::string, std::uint64_t>;

inline TaskKey task_key(const tiers::student::StudentKey& key) {
    return {key.tenant, key.cascade, key.reference, key.task};
}
inline TaskKey task_key(const store::ExampleTask& task) {
    return {task.tenant, task.course.cascade, task.course.reference, task.task};
}

}  // namespace weir::gateway
