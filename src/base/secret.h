// Texts that nobody can guess: keys, sessions.
// Thread rule: any thread; asks the system for chance and may wait for it at the machine's start. Limits: none.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace weir {

// Bytes that nobody can foresee. Error io: the system has no chance to give.
Result<void> fill_with_chance(char* bytes, std::size_t count);

// So many of 0-9, A-Z, a-z, each as likely as the others: 5.95 bits each. Error io: as above.
Result<std::string> draw_letters(std::size_t count);

}  // namespace weir
