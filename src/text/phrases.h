// How a text begins, and whether a phrase stands there: what is judged by turns of speech.
// Thread rule: pure functions. Limits: linear in the text looked at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::text {

// The beginning in small letters (ASCII), one blank for a run of white space, none in front, the typographic apostrophe
// as the plain one; at most `most_bytes`.
std::string normal_start(std::string_view text, std::size_t most_bytes);

// Whether the phrase (as normal_start() spells it) stands there as words of its own.
bool says(std::string_view start, std::string_view phrase);
bool begins_with(std::string_view start, std::string_view phrase);

}  // namespace weir::text
