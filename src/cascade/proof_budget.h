// What proving a cascade's model tiers may cost: their trials, audits and the judges of their answers together, over a
// rolling day. Every coin of a request is drawn with share() of its usual probability, settled before anything is known
// of that request: all of it while less than half of the cap is spent, then less and less, and none where less than a
// twentieth is left. So proof thins out instead of ending at noon, and what is known keeps its probability.
// Without a share for kBlindMicros nobody sees any more whether the promise holds: blind() then, and nothing may be
// served until an eighth of the cap is free again.
// Thread rule: any thread (a lock held for a few additions). Limits: kMinutes and one sums of a minute each; what began
// may cost more than what was set aside for it (the dearest of late, fading), so much the cap may be overspent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "store/record_log.h"

namespace weir::cascade {

// As configured: `audits:` of a cascade.
struct ProofCaps {
    std::optional<Usd> per_day;
    std::optional<double> share;  // of what the reference would have cost for all that came to the model tiers
    Micros blind_micros = 3'600'000'000;
    bool any() const { return per_day || share; }
    friend bool operator==(const ProofCaps&, const ProofCaps&) = default;
};

class ProofBudget : public std::enable_shared_from_this<ProofBudget> {
  public:
    static constexpr std::int64_t kMinutes = 24 * 60;
    static constexpr double kLeastShare = 0.1;  // less is none: a weight of more than ten would carry a proof alone
    static constexpr double kSeesAgain = 0.25;

    // What one request's proof has set aside; given back when it is over.
    class Ticket {
      public:
        ~Ticket() { budget_->end(reserved_, spent_); }
        Ticket(const Ticket&) = delete;
        // A call of it; where it has no price what was set aside is taken for it, once.
        void spent(Usd cost, bool priced, Micros now);

      private:
        friend class ProofBudget;
        Ticket(std::shared_ptr<ProofBudget> budget, Usd reserved) : budget_(std::move(budget)), reserved_(reserved) {}
        std::shared_ptr<ProofBudget> budget_;
        Usd reserved_, spent_;
        bool unpriced_ = false;
    };
    using TicketPtr = std::shared_ptr<Ticket>;

    void set_caps(const ProofCaps& caps);

    // For a request that begins now, whose proof would cost about `expected`. Times: Unix.
    double share(Micros now, Usd expected);
    // For one whose coin has fallen. nullptr: others were quicker, nothing is left.
    TicketPtr begin(Micros now, Usd expected);
    void traffic(Micros now, Usd reference_cost);
    bool blind(Micros now);

    struct View {
        ProofCaps caps;
        Usd spent, under_way, traffic;  // of the last day; set aside
        std::optional<Usd> cap;         // at present
        double share = 1;
        bool blind = false;
        std::uint64_t refused = 0;  // times that a coin had fallen and nothing was left
    };
    View view(Micros now);

    // For a restart: what was spent in a minute, as it is kept on disk.
    struct Spend {
        std::int64_t minute = 0;  // since the Unix epoch
        Usd proof, traffic;
    };
    void restore(const Spend& spend);
    // What came since the last time, by minute; that of the present one stays where `all` is false.
    std::vector<Spend> take_unsaved(Micros now, bool all);

  private:
    struct Minute {
        std::int64_t minute = 0;
        Usd proof, traffic, saved_proof, saved_traffic;
    };
    Minute& minute_at(Micros now);  // with the lock, as are all below
    void forget(Micros now);
    std::optional<Usd> cap() const;
    double share_now(Micros now, Usd expected);
    void end(Usd reserved, Usd spent);

    std::mutex mutex_;
    ProofCaps caps_;
    std::deque<Minute> minutes_;
    Usd spent_, traffic_, reserved_, dearest_;
    std::optional<Micros> dark_since_;
    bool blind_ = false;
    std::uint64_t refused_ = 0;
};

// Records of the log `proof` (docs/formats.md).
store::RecordLog::Options spend_log(const std::string& file);
std::string write_spend(std::string_view cascade, const ProofBudget::Spend& spend);
std::optional<ProofBudget::Spend> read_spend(std::string_view record, std::string& cascade);

}  // namespace weir::cascade
