// Right answers that an owner has: a file of questions and answers, by which the reference's and a tier's answers are
// graded (gateway/comparison.h). Thread rule: immutable after read_gold(), which blocks on disk. Limits: files of
// kMostGoldBytes, kMostGoldRows rows; answers beyond kMostGradedBytes are not graded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cascade/agreement.h"

namespace weir::cascade {

inline constexpr std::size_t kMostGoldBytes = std::size_t{256} << 20U;
inline constexpr std::size_t kMostGoldRows = 1'000'000;
inline constexpr std::size_t kMostGradedBytes = 32 * 1024;

class GoldAnswers {
  public:
    // Whether `answer` is right: it agrees with one of the question's answers, or contains it where that is short
    // (kContainedWords). Nothing: the question is not in the file, or it can't be told.
    std::optional<bool> is_right(std::string_view question, std::string_view answer, const AgreementRules& rules) const;
    std::size_t questions() const { return answers_.size(); }

  private:
    friend Result<std::shared_ptr<const GoldAnswers>> read_gold(const std::string& file);
    // By the short digest of the question, white space aside.
    std::unordered_map<std::uint64_t, std::vector<std::string>> answers_;
};

// A row a line: {"prompt": ..., "answer": ...} (other members are passed over), or the two with a tab between them. A
// question that stands there again has more than one right answer. Errors begin with file:line.
Result<std::shared_ptr<const GoldAnswers>> read_gold(const std::string& file);

}  // namespace weir::cascade
