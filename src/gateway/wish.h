// What a request's cost is guessed and bounded by, before anybody is asked. Thread rule: pure functions.
// Limits: a request may name 10,000,000 tokens and as many answers; what is more, or said twice, is not believed.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/lane.h"
#include "json/scan.h"
#include "limits/budget.h"
#include "limits/cost_book.h"

namespace weir::gateway {

struct Wish {
    std::size_t prompt_bytes = 0;
    std::optional<Tokens> max_output;  // of an answer, as the request has it
    std::int64_t answers = 1;
    bool is_stream = false;
    bool may_downgrade = false;  // models_to_ask() may answer it
};
// Of a body in the words of `api` (wire/provider_form.h; "openai.chat"); of another one its size alone. `members` is
// its top level. Without: whatever the body is.
Wish wish_of(std::string_view api, std::string_view body, const std::vector<json::Member>& members);
Wish wish_of(std::string_view api, std::string_view body);

// A first guess at what an answer costs.
Usd guess(const tiers::ModelUpstream& model, const Wish& wish);
// The most that it can cost: no token has fewer than two bytes. 0: not known.
Usd bound(const tiers::ModelUpstream& model, const Wish& wish);
// ... with the cheaper models that are tried before, whoever answers in the end.
Usd bound(const Plan& plan, const Wish& wish);
// `first`: the reserve where not enough is known; `bound`: 0 where there is none. `grows`: it asks for more when it
// comes to its stake.
limits::Claim claim_of(const limits::CostBook::Usual& usual, Usd first, Usd bound, bool grows);

// Whatever it is asked, it costs nothing.
bool is_free(const tiers::ModelUpstream& model);

}  // namespace weir::gateway
