// The files that training examples are kept in: one for each tenant, cascade and reference, in the folder `examples` of
// the data folder, so that nothing that is read for one tenant can hold another's. Read beside a running gateway,
// without changing them. docs/examples.md describes them.
// Thread rule: any thread but a reactor's: blocks on disk. Limits: kMostExampleFiles; a file is read whole.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/example.h"
#include "store/record_log.h"

namespace weir::store {

inline constexpr std::size_t kMostExampleFiles = 4'096;

std::string examples_folder(const std::string& data_folder);
// The file of a tenant's examples of a course, in the folder.
std::string example_file(const std::string& folder, std::string_view tenant, const ExampleCourse& course);
RecordLog::Options example_log(const std::string& file);

// All records of a file, put together: examples with their texts. What is not sound is passed over.
struct ExampleFile {
    ExampleHeader header;
    std::vector<Example> examples;  // in the order in which they were kept
};
// Error not_found: there is none; invalid: no such file, or one whose header does not come first.
Result<ExampleFile> read_example_file(const std::string& file);

// The tenant's examples of the course, of one task, or of all of them for task 0. An empty vector where none were kept.
// A file that says it is another tenant's or course's is refused (internal).
Result<std::vector<Example>> read_examples(const std::string& folder, std::string_view tenant,
                                           const ExampleCourse& course, std::uint64_t task);

// Calls `visit` with each file of the folder, one in memory at a time; those that can't be read are passed over.
// Nothing where there is no such folder.
void for_each_example_file(const std::string& folder,
                           const std::function<void(const std::string& file, ExampleFile& read)>& visit);

}  // namespace weir::store
