#include "gateway/wish.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::gateway {
namespace {

constexpr Tokens kFirstAnswer = 256;               // tokens, before any is known
constexpr Tokens kMostAnswer = 16'384;             // ... where nobody sets a limit
constexpr std::size_t kMostPromptBytes = 800'000;  // what is longer has pictures in it
constexpr Micros kFirstCall = 1'000'000;           // of what is billed by the second
constexpr Micros kMostCall = 60'000'000;
constexpr std::int64_t kMostCounted = 10'000'000;  // tokens or answers that a request may name
constexpr std::int64_t kUsualAnswers = 128;        // more of them than any API gives are not reserved for

// What an API calls its limit on an answer, and the number of answers.
struct Names {
    std::string_view api;
    std::array<std::string_view, 2> limits, answers;
};
constexpr Names kNames[] = {
    {"openai.chat", {"max_tokens", "max_completion_tokens"}, {"n", ""}},
    {"openai.completions", {"max_tokens", ""}, {"n", "best_of"}},
    {"openai.responses", {"max_output_tokens", ""}, {}},
    {"anthropic.messages", {"max_tokens", ""}, {}},
};

// What the member says, if it stands there once: which of two is believed, providers differ.
std::optional<std::int64_t> number_of(std::string_view body, const std::vector<json::Member>& members,
                                      std::string_view name) {
    std::optional<std::int64_t> number;
    bool seen = false;
    for (const json::Member& member : members) {
        if (name.empty() || member.key != name) continue;
        if (std::exchange(seen, true)) return std::nullopt;
        number = json::as_int64(member.raw(body));
    }
    return number && *number >= 1 && *number <= kMostCounted ? number : std::nullopt;
}

Usd priced(const tiers::ModelUpstream& model, std::size_t prompt_bytes, Tokens output) {
    if (!model.price) return {};
    return prices::reprice(tiers::or_estimate({}, prompt_bytes, output), *model.price).value_or(Usd{});
}

}  // namespace

Wish wish_of(std::string_view api, std::string_view body, const std::vector<json::Member>& members) {
    Wish wish;
    wish.prompt_bytes = body.size();
    const auto* const names =
        std::find_if(std::begin(kNames), std::end(kNames), [api](const Names& one) { return one.api == api; });
    if (names == std::end(kNames)) return wish;
    // Of several limits the largest: which one is kept to is the provider's affair.
    for (const std::string_view name : names->limits) {
        const std::optional<std::int64_t> limit = number_of(body, members, name);
        if (limit) wish.max_output = std::max(wish.max_output.value_or(0), static_cast<Tokens>(*limit));
    }
    for (const std::string_view name : names->answers) {
        wish.answers = std::max(wish.answers, number_of(body, members, name).value_or(1));
    }
    return wish;
}

Wish wish_of(std::string_view api, std::string_view body) {
    std::vector<json::Member> members;
    if (!json::members(body, members)) members.clear();
    return wish_of(api, body, members);
}

Usd guess(const tiers::ModelUpstream& model, const Wish& wish) {
    if (model.call_price) return prices::cost_of_call(*model.call_price, kFirstCall);
    const Tokens output = std::min(kFirstAnswer, wish.max_output.value_or(kFirstAnswer));
    return priced(model, std::min(wish.prompt_bytes, kMostPromptBytes), output * std::min(wish.answers, kUsualAnswers));
}

Usd bound(const tiers::ModelUpstream& model, const Wish& wish) {
    if (model.call_price) return prices::cost_of_call(*model.call_price, kMostCall);
    const Tokens output = wish.max_output.value_or(model.max_output.value_or(kMostAnswer));
    return priced(model, 2 * std::min(wish.prompt_bytes, kMostPromptBytes), output * wish.answers);
}

Usd bound(const Plan& plan, const Wish& wish) {
    Usd most;
    for (const auto& model : plan.asked) most = std::max(most, bound(*model, wish));
    for (std::size_t i = 0; i < plan.ladder_models.size(); ++i) {
        if (!plan.ladder_models[i]) continue;  // a student
        const std::size_t samples = i < plan.ladder_gathers.size() ? plan.ladder_gathers[i].samples : 1;
        most += Usd{bound(*plan.ladder_models[i], wish).nanos * static_cast<std::int64_t>(samples)};
    }
    return most;
}

limits::Claim claim_of(const limits::CostBook::Usual& usual, Usd first, Usd bound, bool grows) {
    const Usd limit = bound.nanos > 0 ? bound : Usd{INT64_MAX / 4};
    limits::Claim claim;
    claim.reserve = std::min(usual.known ? usual.p95 : first, limit);
    if (grows) {
        claim.likely = claim.most = std::min(usual.known ? usual.most : Usd{claim.reserve.nanos * 4}, limit);
    } else if (usual.known) {
        claim.likely = std::min(usual.likely, limit);
        claim.most = std::min(usual.bound, limit);
    } else {
        claim.likely = claim.most = bound.nanos > 0 ? bound : Usd{claim.reserve.nanos * 4};
    }
    return claim;
}

bool is_free(const tiers::ModelUpstream& model) {
    if (model.call_price) return bound(model, {}) == Usd{};
    if (!model.price) return false;
    prices::PriceMore more = model.price->more ? *model.price->more : prices::PriceMore{};
    more.every_tier = more.no_tokens = false;
    return model.price->input.picos == 0 && model.price->output.picos == 0 && more == prices::PriceMore{};
}

}  // namespace weir::gateway
