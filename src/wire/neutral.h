// The neutral spelling of a question: what people type differently without meaning anything by it, and nothing else.
// docs/caching.md, "Neutral spelling", has the rules and what they must not merge.
// Thread rule: pure functions.
// Limits: a text over kMaxNeutralBytes is left as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::wire {

constexpr std::size_t kMaxNeutralBytes = 512;  // longer ones are written, not typed

// Appends the neutral spelling of the text. True: it differs from the text. neutral(neutral(x)) is neutral(x).
bool append_neutral(std::string_view text, std::string& out);
std::string neutral_spelling(std::string_view text);

// Whether a prompt or an earlier turn has to do with how things are spelled ("correct the punctuation", "repeat what I
// type"): then no spelling of a question is neutral. Unescaped text or raw JSON; words only, case ignored.
bool is_about_spelling(std::string_view context);

}  // namespace weir::wire
