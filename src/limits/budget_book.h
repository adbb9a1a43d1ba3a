// Which budgets there are, what each has spent, and the thread that keeps that on the disk. A lease stands there before
// anything is spent of it (limits/budget.h), so a kill forgets nothing.
// Budgets that leave the configuration are remembered until they come back or their window has long ended: taking one
// out and putting it back refills nothing.
// Thread rule: any thread; open(), configure() and instance() may block (instance() at a name's first appearance on a
// reactor, for a map's time), wake() never does. Budgets live as long as the book.
// Limits: kMostBudgets, kMostBudgetInstances; the file is written at most every kStepMicros.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "limits/budget.h"
#include "limits/budget_file.h"
#include "limits/cost_book.h"

namespace weir::limits {

class BudgetBook;

// The configured budgets; immutable.
struct BudgetSet {
    struct Entry {
        BudgetRules rules;
        Budget* one = nullptr;  // null: one for each
    };
    std::vector<Entry> entries;
    BudgetBook* book = nullptr;
};

class BudgetBook {
  public:
    static constexpr Micros kStepMicros = 2'000;
    static constexpr Micros kIdleMicros = 200'000;

    // Errors: invalid (damaged file), io. `clock` outlives the book.
    static Result<std::unique_ptr<BudgetBook>> open(std::string file, const Clock& clock);
    ~BudgetBook();  // writes what was spent exactly

    // nullptr: none is configured. What was spent stays.
    std::shared_ptr<const BudgetSet> configure(const std::vector<BudgetRules>& rules);
    // The one of `whose`, of a budget with one for each.
    Budget& instance(const BudgetRules& rules, const std::string& whose);

    // A lease is short.
    void wake() {
        if (!wanted_.exchange(true)) wakes_.release();
    }
    // Writes what has to be written; the thread does so by itself. Error io.
    Result<void> write(Budget::Leasing how = Budget::Leasing::usual);

    const Clock& clock() const { return clock_; }
    CostBook& costs() { return costs_; }

    struct View {
        BudgetRules rules;
        std::string instance;
        Budget::View now;
        std::uint64_t refused = 0;
    };
    std::vector<View> views();

  private:
    BudgetBook(std::string file, const Clock& clock);
    Budget& instance_locked(const BudgetRules& rules, const std::string& whose);
    const BudgetRules* rules_of(const std::string& name) const;  // nullptr: not configured; with mutex_
    void loop();

    const std::string file_;
    const Clock& clock_;
    CostBook costs_;
    mutable std::mutex mutex_;
    using Name = std::pair<std::string, std::string>;
    std::map<Name, std::unique_ptr<Budget>> budgets_;
    std::vector<std::unique_ptr<Budget>> replaced_;  // their window was changed; requests under way settle there
    std::map<Name, BudgetRecord> records_;           // of the file, that no budget has taken up
    std::shared_ptr<const BudgetSet> set_;
    std::mutex write_mutex_;
    std::string written_;  // the last text
    std::atomic<bool> wanted_{false}, stopping_{false};
    std::counting_semaphore<4> wakes_{0};
    std::thread thread_;
};

// The budgets of requests on one reactor: those with one for each are found without a lock. Its thread alone.
class BudgetFinder {
  public:
    static constexpr std::size_t kMostKnown = 20'000;

    struct Spender {
        std::string_view tenant, key, key_name, task_name;
        std::string_view asked, model;  // as the caller names it; provider/model
        std::uint64_t task = 0;
    };
    void use(std::shared_ptr<const BudgetSet> set);
    const BudgetSet* set() const { return set_.get(); }
    // At most kMostBudgetsOfRequest, in the file's order.
    const std::vector<Budget*>& find(const Spender& who);

  private:
    std::shared_ptr<const BudgetSet> set_;
    std::unordered_map<std::string, Budget*> known_;
    std::vector<Budget*> found_;
    std::string name_;
};

// What one request holds of the budgets that it fits: of all or of none. Who neither settles nor lets go of it (a
// gateway that stops) has spent the reserve. Thread rule: one request, one reactor.
class BudgetHold {
  public:
    BudgetHold() = default;
    ~BudgetHold();
    BudgetHold(const BudgetHold&) = delete;
    BudgetHold& operator=(const BudgetHold&) = delete;

    struct Verdict {
        Budget::Answer answer = Budget::Answer::in;
        Budget* of = nullptr;  // whose answer it is, unless in
    };
    Verdict take(BudgetBook& book, const std::vector<Budget*>& budgets, const Claim& claim);
    bool holds() const { return count_ > 0; }
    // A stream has come to `total` so far. False: it is to be cut, by a budget that has no room for it and cuts.
    bool grow(Usd total);
    // Nothing under `total` needs another grow().
    Usd covered() const { return covered_; }
    void settle(Usd cost);
    // Nobody knows what it cost: the reserve, or what a stream has come to.
    void settle_unknown() { settle(charged()); }
    Usd charged() const;
    bool cuts() const;  // a stream that outgrows it, in one of them
    // The one that had no room when grow() last said so; null: it never did.
    const Budget* without_room() const { return without_room_; }

  private:
    struct Part {
        Budget* budget = nullptr;
        Budget::Period* period = nullptr;
        Usd reserve, stake, charged;
    };
    BudgetBook* book_ = nullptr;
    std::array<Part, kMostBudgetsOfRequest> parts_{};
    std::size_t count_ = 0;
    const Budget* without_room_ = nullptr;
    Usd reserve_, covered_;
};

}  // namespace weir::limits
