// Short texts as they are compared where spelling has no weight: labels, choices, one word answers.
// Thread rule: pure functions; linear in the text.
#pragma once

#include <string>
#include <string_view>

namespace weir::text {

std::string_view trimmed(std::string_view text);  // without white space (ASCII) around it

// Runs of white space as one blank, small letters (ASCII), without the mark that ends a sentence (behind a letter
// alone: "5!" is another number than 5) and without emphasis around the whole.
std::string normalised(std::string_view text, bool keep_case = false);

}  // namespace weir::text
