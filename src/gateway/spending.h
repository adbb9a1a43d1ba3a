// A request and the budgets it fits (docs/budgets.md): it reserves what its task usually costs before anybody is asked
// who wants money, and settles on what it cost, however it ended. What caches and students answer costs nothing.
// Thread rule: one request, one reactor. Limits: BudgetRules::queue_micros; kMostLeaseMicros for the disk,
// kMostBusyMicros for others.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/background.h"
#include "gateway/request_life.h"
#include "gateway/wish.h"
#include "limits/budget_book.h"
#include "wire/usage.h"

namespace weir::gateway {

inline constexpr Micros kMostLeaseMicros = 5'000'000;
inline constexpr Micros kMostBusyMicros = 30'000'000;

struct Spending {
    limits::BudgetHold hold;
    limits::BudgetBook* book = nullptr;
    std::uint64_t key = 0;   // of limits::CostBook
    bool refused = false;    // it may not spend
    store::Said said{};      // ... for this reason
    std::string budget{};    // ... by this one
    wire::ApiError refusal;  // and why not
    std::string headers;
    std::string downgraded;  // the budget for whose sake cheaper models answer
    bool only_free = false;  // ... and none that costs anything
};

// Reserves, waiting where a budget says so, and kMostBusyMicros where others under way hold what is left. False:
// refuse_spending(). Where a lane has no budgets it need not be asked.
Task<bool> may_spend(RequestLife& life, const Wish& wish);
Task<void> refuse_spending(RequestLife& life);
// In the row's steps: a stream has outgrown what its budgets have.
void note_cut(RequestLife& life);
// With what its attempts say that it cost, once all is over. Again does nothing.
void settle_spending(RequestLife& life);

// Whether models may be asked at all that are not free: neither refused nor left with free ones alone.
bool may_ask_models(const RequestLife& life);
// ... and the tiers with learned gates be climbed for their answers: not where cheaper models answer without gates.
bool may_climb_models(const RequestLife& life);
// Who is asked in the reference's place, in order: the plan's own, unless the request was downgraded. Empty: nobody
// that may be.
std::vector<std::shared_ptr<const tiers::ModelUpstream>> models_to_ask(const RequestLife& life);

// False: a stream that would be billed with `so_far` has outgrown its reserve, there is no more, and it is to be cut.
bool may_go_on(RequestLife& life, const tiers::ModelUpstream& model, const wire::Usage& so_far);
// Whether a stream may have to be cut at all.
bool may_be_cut(const RequestLife& life);

// Whose request it was that Weir's own questions are asked for. nullptr where a lane has no budgets.
struct Payer {
    std::string tenant, key, key_name, task_name, asked;
};
std::shared_ptr<const Payer> payer_of(const RequestLife& life);
// Weir's own questions count for the budgets of that request's tenant, key and task, and of the model that is asked.
// spent, busy: there is no room, and it is not asked; later: wait_for_lease() may find some.
limits::Budget::Answer may_spend(Lane& lane, BackgroundCall& call);
// False: it is not asked.
Task<bool> wait_for_lease(Lane& lane, BackgroundCall& call);
void settle_spending(const BackgroundCall& call, const store::LedgerRow& row);

}  // namespace weir::gateway
