#include "gateway/self_agreement.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "learn/certificates.h"

namespace weir::gateway {
namespace {

using store::Example;

bool says_something_else(const Example& first, const Example& second,
                         const std::vector<cascade::AgreementRules>& rules) {
    if (first.answer_digest == second.answer_digest) return false;
    return std::all_of(rules.begin(), rules.end(), [&](const cascade::AgreementRules& rule) {
        return cascade::agreement(first.prompt, first.answer, second.answer, rule).result == cascade::Agreed::differ;
    });
}

void count(cascade::OwnRepeats& to, bool differ) {
    ++to.asked;
    to.differ += differ ? 1U : 0U;
}

}  // namespace

SelfAgreement& SelfAgreement::operator+=(const SelfAgreement& more) {
    for (const auto& [to, from] : {std::pair(&drawn, &more.drawn), std::pair(&all, &more.all)}) {
        to->asked += from->asked;
        to->differ += from->differ;
    }
    return *this;
}

double SelfAgreement::differ_share() const {
    return all.asked == 0 ? 0 : static_cast<double>(all.differ) / static_cast<double>(all.asked);
}

double SelfAgreement::differ_low() const {
    return learn::share_lower_bound(all.differ, all.asked, cascade::kYardstickAlpha);
}

double SelfAgreement::differ_high() const {
    return learn::share_upper_bound(all.differ, all.asked, cascade::kYardstickAlpha);
}

SelfAgreement self_agreement(const std::vector<const Example*>& examples,
                             const std::vector<cascade::AgreementRules>& given) {
    const std::vector<cascade::AgreementRules> rules =
        given.empty() ? std::vector(1, cascade::AgreementRules{}) : given;
    SelfAgreement sum;
    // By the request: the first answer, until the second one comes.
    std::unordered_map<RequestId, const Example*> asked;
    std::vector<const Example*> once;
    std::map<const Example*, bool> paired;
    for (const Example* example : examples) {
        if (!example->content) continue;
        const auto [first, fresh] = asked.try_emplace(example->request, example);
        if (!fresh && example->repeat && first->second != nullptr &&
            first->second->prompt_digest == example->prompt_digest) {
            const bool differ = says_something_else(*first->second, *example, rules);
            count(sum.drawn, differ);
            count(sum.all, differ);
            paired[first->second] = true;
            first->second = nullptr;
            continue;
        }
        once.push_back(example);
    }
    std::unordered_map<std::uint64_t, const Example*> waiting;  // by prompt
    for (const Example* example : once) {
        if (paired.contains(example)) continue;
        const Example*& first = waiting[example->prompt_digest];
        if (first == nullptr) {
            first = example;
            continue;
        }
        count(sum.all, says_something_else(*first, *example, rules));
        first = nullptr;
    }
    return sum;
}

}  // namespace weir::gateway
