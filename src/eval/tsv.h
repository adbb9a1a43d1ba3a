// Reads the evaluator's files: tab-separated UTF-8 without header or quoting, a row a line.
// Thread rule: plain functions that block on disk. Limits: kMostRows rows, kMostLineBytes a line. Errors begin with
// file:line: (code invalid or too_large), or with the file where it can't be read (io).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace weir::eval {

inline constexpr std::size_t kMostRows = 10'000'000;
inline constexpr std::size_t kMostLineBytes = 1u << 20;

struct PairRow {
    std::string id, text_a, text_b;  // text_a is cached, text_b asked
    bool label = false;
};
// `id text_a text_b`, and a label 0 or 1 where `labelled`. Ids differ.
Result<std::vector<PairRow>> read_pairs(const std::string& file, bool labelled);

struct StreamRow {
    std::string id, text;
};
Result<std::vector<StreamRow>> read_stream(const std::string& file);  // `id text`; ids differ

// `id answer`: one for each row of the stream at least. An answer may be empty.
Result<std::unordered_map<std::string, std::string>> read_answers(const std::string& file,
                                                                  const std::vector<StreamRow>& stream);

using weir::read_file;
using weir::write_file;

}  // namespace weir::eval
