#include "cascade/answer_digest.h"

#include <algorithm>

#include "base/hash.h"
#include "cascade/answer_words.h"

namespace weir::cascade {

std::uint64_t answer_digest(std::string_view answer) {
    answer = answer_words::trimmed(answer);
    if (answer.empty() || answer.size() > kMostDigestedBytes) return 0;
    return std::max<std::uint64_t>(1, short_digest(sha256(answer_words::normalised(answer, true))));
}

}  // namespace weir::cascade
