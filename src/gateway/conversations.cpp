#include "gateway/conversations.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace weir::gateway {
namespace {

constexpr Tokens kMostTokens = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15U;  // 2^64 divided by the golden ratio

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * kGolden;
    return hash ^ (hash >> 32U);
}

// 0: nothing is kept of it.
Tokens kept_tokens(const wire::Usage& usage) {
    return usage.input() < Conversations::kLeastTokens ? usage.input_cached : usage.input();
}

// The provider had the beginning, and read it anew.
bool keeps_nothing(const wire::Usage& usage) {
    return usage.reported && usage.input_cached == 0 && usage.input_cache_write + usage.input_cache_write_1h == 0;
}

}  // namespace

Conversations::Key Conversations::key_of(store::NameId tenant, std::uint64_t prompt, std::string_view turns) {
    const std::hash<std::string_view> hash;
    std::uint64_t name = mixed(prompt, turns.size());
    if (turns.size() <= kMostHashed) return {tenant, mixed(name, hash(turns))};
    name = mixed(name, hash(turns.substr(0, kMostHashed / 2)));
    return {tenant, mixed(name, hash(turns.substr(turns.size() - kMostHashed / 2)))};
}

const Conversations::Held* Conversations::Warm::find(store::NameId model) const {
    const auto found =
        std::find_if(models.begin(), models.end(), [model](const Held& held) { return held.model == model; });
    return found == models.end() || model == store::kNoName ? nullptr : &*found;
}

std::size_t Conversations::set_of(const Key& key) const {
    return mixed(key.tenant, key.name) % (kMost / kWays) * kWays;
}

Conversations::Warm Conversations::warm(const Key& answered, Micros now) const {
    Warm found;
    {
        const std::lock_guard lock(mutex_);
        if (entries_.empty()) return found;
        const std::size_t first = set_of(answered);
        for (std::size_t i = first; i < first + kWays; ++i) {
            if (entries_[i].key == answered) found = entries_[i].warm;
        }
    }
    const auto alive = [now](const Held& held) { return held.model != store::kNoName && now - held.at <= kLifeMicros; };
    const auto end = std::stable_partition(found.models.begin(), found.models.end(), alive);
    std::fill(end, found.models.end(), Held{});
    return found;
}

void Conversations::note(const Key& asked, const Warm& before, store::NameId model, const wire::Usage& usage,
                         Micros now) {
    if (asked.tenant == store::kNoName || model == store::kNoName) return;
    const Held* const had = before.find(model);
    const Tokens tokens = had != nullptr && keeps_nothing(usage) ? 0 : kept_tokens(usage);
    if (tokens <= 0 && before.models.front().model == store::kNoName) return;
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) entries_.resize(kMost);
    const std::size_t first = set_of(asked);
    Entry* place = &entries_[first];
    for (std::size_t i = first; i < first + kWays; ++i) {
        if (entries_[i].key == asked) {
            place = &entries_[i];
            break;
        }
        if (entries_[i].used < place->used) place = &entries_[i];
    }
    // Another model of the same turn may have been noted already.
    if (place->key != asked) *place = {asked, now, before};
    if (tokens <= 0 && had == nullptr) return;
    std::array<Held, kMostModels>& models = place->warm.models;
    const auto old =
        std::find_if(models.begin(), models.end() - 1, [model](const Held& other) { return other.model == model; });
    std::move_backward(models.begin(), old, old + 1);
    models.front() = {model, static_cast<std::uint32_t>(std::min<Tokens>(tokens, kMostTokens)), now};
}

}  // namespace weir::gateway
