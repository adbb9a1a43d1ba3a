#include "tiers/model/endpoints.h"

#include <algorithm>

namespace weir::tiers {

Endpoints::Lease Endpoints::take(Micros now, const std::vector<const Endpoint*>& tried) {
    if (all_.size() == 1) return {*this, *all_.front(), now};
    std::vector<Endpoint*> fresh, others;
    for (const std::unique_ptr<Endpoint>& one : all_) {
        if (!one->health.takes(now)) continue;
        const bool been = std::find(tried.begin(), tried.end(), one.get()) != tried.end();
        (been ? others : fresh).push_back(one.get());
    }
    Endpoint* chosen = choose(fresh.empty() ? others : fresh);
    if (chosen == nullptr) {
        chosen = std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
                     return a->health.ejected_until() < b->health.ejected_until();
                 })->get();
    }
    return {*this, *chosen, now};
}

// By weight: the smooth weighted round robin of nginx (each gets its weight as credit, the one with most is taken and
// pays for all). By work: the fewest calls under way for its weight; of equals the next in turn.
Endpoint* Endpoints::choose(const std::vector<Endpoint*>& among) {
    if (among.empty()) return nullptr;
    if (balance_ == Balance::weighted) {
        std::int64_t total = 0;
        Endpoint* best = nullptr;
        for (Endpoint* const one : among) {
            total += one->weight;
            one->credit += one->weight;
            if (best == nullptr || one->credit > best->credit) best = one;
        }
        best->credit -= total;
        return best;
    }
    const std::size_t begin = next_++;
    Endpoint* best = nullptr;
    for (std::size_t i = 0; i < among.size(); ++i) {
        Endpoint* const one = among[(begin + i) % among.size()];
        if (best == nullptr || one->busy * best->weight < best->busy * one->weight) best = one;
    }
    return best;
}

}  // namespace weir::tiers
