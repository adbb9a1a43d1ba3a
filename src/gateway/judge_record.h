// What is known of a cascade's judge model: how often it contradicts itself when the answers change places (position
// bias), whether it answers at all, what it said and what it cost. All lanes share it.
// Thread rule: any thread (a lock held for a few stores).
// Limits: kRemembered verdicts; consistency is that of the last kWindow pairs that were asked in both orders.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/units.h"
#include "wire/judge_question.h"

namespace weir::gateway {

struct Judgement {
    wire::JudgeWord word = wire::JudgeWord::none;  // none: no answer, an unreadable one, or two that contradict
    bool both_orders = false;                      // asked both ways round, and the same was said
    Usd cost;                                      // of asking now; 0 where it was remembered
};

class JudgeRecord {
  public:
    static constexpr std::uint64_t kTrialPairs = 20;  // in both orders, before anything is believed of one alone
    static constexpr double kConsistent = 0.95;       // below: every pair in both orders
    static constexpr double kHopeless = 0.5;          // below: no better than a coin, most pairs are not asked at all
    static constexpr std::uint64_t kProbe = 10;       // one pair of so many in both orders, or at all
    static constexpr std::size_t kWindow = 100;
    static constexpr std::size_t kRemembered = 8'192;  // about 150 bytes each
    // After so many failures in a row it is left alone, for longer each time.
    static constexpr std::uint32_t kFailures = 3;
    static constexpr Micros kFirstPauseMicros = 1'000'000, kMostPauseMicros = 60'000'000;

    enum class Orders : std::uint8_t { none, one, both };
    // How the next pair is to be asked; none: not at all. `now`: steady time.
    Orders next(Micros now);

    // What came of a pair that was asked about. Unreadable answers tell of a judge what contradictions do.
    enum class Ending : std::uint8_t { one_order, agreed, contradicted, unreadable, failed };
    void concluded(wire::JudgeWord word, Ending ending);
    void answered(Usd cost);  // one call
    void failed(Micros now);  // ... without an answer
    void dropped();           // a pair

    // The same texts, judged before. The key is the caller's (both orders one key).
    std::optional<Judgement> remembered(const Digest256& pair);
    void remember(const Digest256& pair, const Judgement& judgement);

    struct View {
        std::string cascade, judge;
        std::uint64_t calls = 0, failed = 0;                         // calls; of them without an answer
        std::uint64_t same = 0, a = 0, b = 0, none = 0;              // pairs asked about, by what was concluded
        std::uint64_t twice = 0, agreed = 0, unreadable = 0;         // pairs answered in both orders; with one verdict
        std::uint64_t dropped = 0, remembered = 0, passed_over = 0;  // pairs not asked: full, known, not worth it
        Usd cost;
        std::optional<double> consistency;  // of late
    };
    View view() const;

  private:
    double consistency() const;  // with the lock

    mutable std::mutex mutex_;
    View view_;
    std::uint64_t planned_ = 0;
    std::uint64_t trials_ = 0;     // pairs planned in both orders, those under way too
    std::deque<bool> last_;        // of the pairs that show it: it agreed with itself
    std::size_t last_agreed_ = 0;  // in last_
    std::uint32_t failures_ = 0;   // in a row
    Micros paused_until_ = 0;

    struct Known {
        Digest256 pair;
        Judgement judgement;
    };
    struct DigestHash {
        std::size_t operator()(const Digest256& digest) const { return short_digest(digest); }
    };
    std::list<Known> known_;  // last used first
    std::unordered_map<Digest256, std::list<Known>::iterator, DigestHash> where_;
};

// The records of all cascades' judges. A reload that keeps cascade and judge keeps the record.
class JudgeBook {
  public:
    static constexpr std::size_t kMost = 1'000;  // then it begins anew
    std::shared_ptr<JudgeRecord> record_of(const std::string& cascade, const std::string& judge);
    std::vector<JudgeRecord::View> views() const;

  private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::shared_ptr<JudgeRecord>> records_;  // by cascade and judge
};

}  // namespace weir::gateway
