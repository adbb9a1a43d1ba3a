// Counters by key, for up to a limit of keys over all reactors; whatever comes later counts as `other`. Each reactor
// has cells of its own, which a reader sums up: a key has the same place in all of them.
// Thread rule: KeyTable from any thread (a short lock, once a new key and reactor). LaneTable::at() from its reactor,
// cell() from any.
// Limits: as the constructor says; memory for all of them is taken at once. Hash: 64 bits, of which the upper ones are
// as good as any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::telemetry {

template <class Key, class Hash>
class KeyTable {
  public:
    using Places = std::unordered_map<Key, std::size_t, Hash>;

    // `others`: places before those of keys, kept for what finds none.
    KeyTable(std::size_t others, std::size_t most) : others_(others), most_(most) {}

    std::size_t size() const { return others_ + most_; }
    std::size_t others() const { return others_; }
    // Keys in the order of their places, the first of which is others().
    std::vector<Key> keys() const {
        const std::lock_guard lock(mutex_);
        return keys_;
    }

    // The key's place, into `known` too; once there is no room for more, all places are, and never change again.
    // False: no room for it.
    bool place(const Key& key, Places& known, bool& is_full) {
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(key);
        if (found == places_.end() && keys_.size() < most_) {
            const std::size_t at = others_ + keys_.size();
            keys_.push_back(key);
            places_.emplace(key, at);
        }
        is_full = keys_.size() >= most_;
        if (is_full) {
            known = places_;
        } else {
            known.emplace(key, places_.at(key));
        }
        return places_.contains(key);
    }

  private:
    const std::size_t others_, most_;
    mutable std::mutex mutex_;
    std::vector<Key> keys_;
    Places places_;
};

template <class Key, class Hash, class Cell>
class LaneTable {
  public:
    explicit LaneTable(std::shared_ptr<KeyTable<Key, Hash>> table)
        : table_(std::move(table)), cells_(std::make_unique<Cell[]>(table_->size())) {}

    // `other`: its place where there is no room for the key, the same one for the same key.
    Cell& at(const Key& key, std::size_t other) {
        Recent& recent = recent_[Hash()(key) >> kRecentShift];
        if (recent.cell == nullptr || !(recent.key == key)) recent = {key, &find(key, other)};
        return *recent.cell;
    }
    const Cell& cell(std::size_t place) const { return cells_[place]; }
    KeyTable<Key, Hash>& table() const { return *table_; }

  private:
    // Most requests are like one of the few before: a place by the hash's upper bits, and one compare.
    static constexpr std::size_t kRecent = 32;
    static constexpr unsigned kRecentShift = 64 - 5;
    struct Recent {
        Key key;
        Cell* cell = nullptr;
    };

    Cell& find(const Key& key, std::size_t other) {
        const auto found = known_.find(key);
        if (found != known_.end()) return cells_[found->second];
        if (full_ || !table_->place(key, known_, full_)) return cells_[other];
        return cells_[known_.at(key)];
    }

    std::shared_ptr<KeyTable<Key, Hash>> table_;
    std::unique_ptr<Cell[]> cells_;
    std::array<Recent, kRecent> recent_{};
    typename KeyTable<Key, Hash>::Places known_;
    bool full_ = false;
};

}  // namespace weir::telemetry
