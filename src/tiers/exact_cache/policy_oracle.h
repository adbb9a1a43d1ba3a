// For tests and benchmarks: S3-FIFO as plainly as it can be written, LRU to compare with, and a Zipf trace.
// Thread rule: none. Limits: everything but Lru is linear in the number of entries.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "tiers/exact_cache/s3_fifo.h"

namespace weir::tiers {

class SlowS3Fifo {
  public:
    explicit SlowS3Fifo(std::uint64_t capacity) : capacity_(capacity) {}

    bool find(std::uint64_t key) {
        for (auto* queue : {&small_, &main_}) {
            for (Item& item : *queue) {
                if (item.key != key) continue;
                item.credits = std::min(item.credits + item.worth, 3 * std::max(item.worth, 4));
                return true;
            }
        }
        return false;
    }

    bool insert(std::uint64_t key, std::uint32_t bytes, std::int64_t worth_nanos = MoneyScale::kUnknown) {
        std::deque<Item>* queue = nullptr;
        const int worth = scale_.credits_of(worth_nanos, bytes);
        int credits = 0;
        if (const auto old = take(small_, key)) {
            queue = &small_;
            credits = old->credits;
        } else if (const auto older = take(main_, key)) {
            queue = &main_;
            credits = older->credits;
        }
        if (bytes > capacity_) return false;
        if (queue == nullptr) {
            const bool back = recall(key);
            queue = back ? &main_ : &small_;
            if (back) credits = worth - 4;
        }
        while (sum(small_) + sum(main_) + bytes > capacity_) {
            if (!small_.empty() && (sum(small_) >= capacity_ / 10 || main_.empty())) {
                evict_small();
            } else {
                evict_main();
            }
        }
        queue->push_front({key, bytes, worth, credits});
        return true;
    }

    bool erase(std::uint64_t key) { return take(small_, key) || take(main_, key); }
    std::uint64_t bytes() const { return sum(small_) + sum(main_); }
    std::size_t entries() const { return small_.size() + main_.size(); }

  private:
    struct Item {
        std::uint64_t key;
        std::uint64_t bytes;
        int worth;
        int credits;
        bool recalled = false;  // ghosts only
    };

    static std::uint64_t sum(const std::deque<Item>& queue) {
        std::uint64_t bytes = 0;
        for (const Item& item : queue) bytes += item.bytes;
        return bytes;
    }

    static std::optional<Item> take(std::deque<Item>& queue, std::uint64_t key) {
        const auto at = std::find_if(queue.begin(), queue.end(), [&](const Item& item) { return item.key == key; });
        if (at == queue.end()) return std::nullopt;
        const Item item = *at;
        queue.erase(at);
        return item;
    }

    // A ghost that was recalled keeps its place, but not its name.
    bool recall(std::uint64_t key) {
        for (Item& ghost : ghosts_) {
            if (ghost.key != key || ghost.recalled) continue;
            ghost.recalled = true;
            return true;
        }
        return false;
    }

    void evict_small() {
        while (!small_.empty()) {
            Item item = small_.back();
            small_.pop_back();
            if (item.credits >= 8 || item.worth >= 32) {
                item.credits = (item.credits >= 8 ? item.worth : item.worth / 8) - 4;
                main_.push_front(item);
                while (sum(main_) > capacity_ - capacity_ / 10) evict_main();
            } else {
                ghosts_.push_front(item);
                while (sum(ghosts_) > capacity_ - capacity_ / 10) ghosts_.pop_back();
                return;
            }
        }
    }

    void evict_main() {
        std::optional<std::uint64_t> poorest;  // of those looked at
        const auto credits_of = [this](std::uint64_t key) {
            return std::find_if(main_.begin(), main_.end(), [key](const Item& item) { return item.key == key; })
                ->credits;
        };
        for (int visits = 0; !main_.empty(); ++visits) {
            if (visits == S3Fifo::kMostVisits) {
                take(main_, *poorest);
                return;
            }
            Item item = main_.back();
            main_.pop_back();
            if (item.credits < 4) return;
            item.credits -= 4;
            main_.push_front(item);
            if (!poorest || item.credits < credits_of(*poorest)) poorest = item.key;
        }
    }

    std::uint64_t capacity_;
    MoneyScale scale_;
    std::deque<Item> small_, main_, ghosts_;  // newest in front
};

class Lru {
  public:
    explicit Lru(std::uint64_t capacity) : capacity_(capacity) {}

    bool find(std::uint64_t key) {
        const auto at = places_.find(key);
        if (at == places_.end()) return false;
        items_.splice(items_.begin(), items_, at->second);
        return true;
    }

    void insert(std::uint64_t key, std::uint64_t bytes) {
        for (bytes_ += bytes; bytes_ > capacity_ && !items_.empty(); items_.pop_back()) {
            bytes_ -= items_.back().bytes;
            places_.erase(items_.back().key);
        }
        items_.push_front({key, bytes});
        places_[key] = items_.begin();
    }

  private:
    struct Item {
        std::uint64_t key;
        std::uint64_t bytes;
    };
    std::uint64_t capacity_;
    std::uint64_t bytes_ = 0;
    std::list<Item> items_;
    std::unordered_map<std::uint64_t, std::list<Item>::iterator> places_;
};

// GreedyDual-Size-Frequency (Cherkasova, HP Labs 1998): out goes the least of age + accesses * dollars a byte.
class Gdsf {
  public:
    explicit Gdsf(std::uint64_t capacity) : capacity_(capacity) {}

    bool find(std::uint64_t key) {
        const auto at = items_.find(key);
        if (at == items_.end()) return false;
        Item& item = at->second;
        order_.erase({item.standing, key});
        item.standing = age_ + ++item.accesses * item.worth;
        order_.insert({item.standing, key});
        return true;
    }

    void insert(std::uint64_t key, std::uint64_t bytes, double nanos) {
        for (bytes_ += bytes; bytes_ > capacity_ && !order_.empty(); order_.erase(order_.begin())) {
            age_ = order_.begin()->first;
            const auto out = items_.find(order_.begin()->second);
            bytes_ -= out->second.bytes;
            items_.erase(out);
        }
        const double worth = nanos / static_cast<double>(bytes);
        items_[key] = {bytes, worth, 1, age_ + worth};
        order_.insert({age_ + worth, key});
    }

  private:
    struct Item {
        std::uint64_t bytes = 0;
        double worth = 0;
        int accesses = 0;
        double standing = 0;
    };
    std::uint64_t capacity_;
    std::uint64_t bytes_ = 0;
    double age_ = 0;
    std::set<std::pair<double, std::uint64_t>> order_;
    std::unordered_map<std::uint64_t, Item> items_;
};

// Numbers below `keys`, the k-th most frequent with probability proportional to 1 / k^exponent. The same everywhere.
class Zipf {
  public:
    Zipf(std::size_t keys, double exponent, std::uint64_t seed) : random_(seed) {
        double sum = 0;
        for (std::size_t k = 1; k <= keys; ++k) {
            sum += std::pow(static_cast<double>(k), -exponent);
            cumulative_.push_back(sum);
        }
    }

    std::uint64_t next() {
        const double share = static_cast<double>(random_() >> 11) * 0x1p-53;
        const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), share * cumulative_.back());
        return static_cast<std::uint64_t>(
            std::min<std::ptrdiff_t>(at - cumulative_.begin(), static_cast<std::ptrdiff_t>(cumulative_.size()) - 1));
    }

  private:
    std::mt19937_64 random_;
    std::vector<double> cumulative_;
};

}  // namespace weir::tiers
