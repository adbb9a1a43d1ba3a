// A request and the budgets it fits (docs/budgets.md): it reserves what its task usually costs before anybody is asked
// who wants money, and settles on what it cost, however it ended. What caches and students answer costs nothing.
// Thread rule: one request, one reactor. Limits: BudgetRules::queue_micros; kMostLeaseMicros for the disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/background.h"
#include "gateway/request_life.h"
#include "limits/budget_book.h"
#include "wire/usage.h"

namespace weir::gateway {

inline constexpr Micros kMostLeaseMicros = 5'000'000;

struct Spending {
    limits::BudgetHold hold;
    limits::BudgetBook* book = nullptr;
    std::uint64_t key = 0;   // of limits::CostBook
    bool refused = false;    // it may not spend
    wire::ApiError refusal;  // and why not
    std::string headers;
    std::string downgraded;  // the budget for whose sake cheaper models answer
    bool only_free = false;  // ... and none that costs anything
};

// Reserves, waiting where a budget says so. False: refuse_spending(). `prompt_bytes`: for the first guess. Where a
// lane has no budgets it need not be asked.
Task<bool> may_spend(RequestLife& life, std::size_t prompt_bytes);
Task<void> refuse_spending(RequestLife& life);
// With what the row says that it cost. Again does nothing.
void settle_spending(RequestLife& life);

// Who is asked in the reference's place, in order: the plan's own, unless the request was downgraded. Empty: nobody
// that may be.
std::vector<std::shared_ptr<const tiers::ModelUpstream>> models_to_ask(const RequestLife& life);

// False: a stream of `chunks` tokens has outgrown its reserve, there is no more, and it is to be cut.
bool may_go_on(RequestLife& life, const tiers::ModelUpstream& model, std::size_t prompt_bytes, Tokens chunks);

// The same for Weir's own questions, which count for budgets of all, of a task and of a model, not for a tenant's or a
// key's. False: it is not asked.
bool may_spend(Lane& lane, BackgroundCall& call);

}  // namespace weir::gateway
