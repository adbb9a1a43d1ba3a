// What a key or a tenant has asked for of late. Its limits are not in it (limits/rates.h): they may change while it
// goes on counting.
// Thread rule: any thread, without a lock. Limits: none of its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "limits/bucket.h"

namespace weir::limits {

class Meter {
  public:
    Bucket requests;
    Bucket tokens;

    // False: as many as that run already.
    bool begin(std::int64_t most);
    void end() { running_.fetch_sub(1, std::memory_order_relaxed); }
    std::int64_t running() const { return running_.load(std::memory_order_relaxed); }

    // What an answer has, as a rule: a moving average over about sixteen of them, kFirstGuess before the first.
    static constexpr std::int64_t kFirstGuess = 256;  // tokens
    std::int64_t usual_answer() const { return usual_answer_.load(std::memory_order_relaxed) / kScale; }
    void answered(std::int64_t length);  // tokens

  private:
    static constexpr std::int64_t kScale = 16;  // it is kept in sixteenths of a token
    std::atomic<std::int64_t> running_{0};
    std::atomic<std::int64_t> usual_answer_{kFirstGuess * kScale};
};

}  // namespace weir::limits
