// What budgets have spent, as it stands on the disk (data/budgets.jsonl, docs/budgets.md): a line of JSON a budget and
// window, before them one that says how many there are and what the SHA-256 of them is.
// Written whole, beside itself, synced and renamed. What is not exactly what was written is refused: a budget that
// forgot what was spent would be a full one.
// Thread rule: plain functions that block on disk. Limits: kMostBudgetLines lines, 64 MiB.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::limits {

inline constexpr std::size_t kMostBudgetLines = 50'000;
inline constexpr std::size_t kMostBudgetFileBytes = 64u << 20;

struct BudgetRecord {
    std::string budget, of;    // its name; whose it is, where there is one for each
    Micros start_unix = 0;     // of the window; of a rolling one: of its last slot
    std::int64_t charged = 0;  // nano-dollars: spent, or leased to requests that may have been under way
    std::vector<std::pair<std::int64_t, std::int64_t>> slots;  // rolling: number since 1970, nano-dollars spent
    friend bool operator==(const BudgetRecord&, const BudgetRecord&) = default;
};

std::string budgets_path(const std::string& folder);  // in a data folder
std::string render_budget_file(const std::vector<BudgetRecord>& records);
// Error invalid says what is wrong with which line.
Result<std::vector<BudgetRecord>> parse_budget_file(std::string_view text);
// No file: nothing was spent. Errors: invalid (damaged), io.
Result<std::vector<BudgetRecord>> load_budgets(const std::string& file);
// On the disk when it returns. Errors: io, too_large.
Result<void> save_budgets(const std::string& file, const std::vector<BudgetRecord>& records);

}  // namespace weir::limits
