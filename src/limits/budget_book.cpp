#include "limits/budget_book.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "cascade/options.h"

namespace weir::limits {
namespace {

constexpr Micros kForget = 62LL * 24 * 3600 * 1'000'000;  // longer than any window

// Whether nothing of it counts any more. `rules`: nullptr where the budget is not configured.
bool is_over(const BudgetRecord& record, const BudgetRules* rules, Micros now) {
    if (rules == nullptr) return record.start_unix + kForget < now;
    // Of a rolling one the start is that of its last slot, which is a 60th of it.
    if (rules->rolling) return record.start_unix + 2 * rolling_length(rules->span) < now;
    return calendar_window(rules->span, rules->zone, record.start_unix).end <= now;
}

bool same_window(const BudgetRules& a, const BudgetRules& b) {
    return a.span == b.span && a.rolling == b.rolling && a.time_zone == b.time_zone && a.of == b.of &&
           a.each == b.each && a.whose == b.whose;
}

BudgetRecord record_of(Budget& budget, const Budget::Lease& lease) {
    return {budget.name(), budget.instance(), lease.start, lease.lease, lease.slots};
}

}  // namespace

BudgetBook::BudgetBook(std::string file, const Clock& clock) : file_(std::move(file)), clock_(clock) {}

Result<std::unique_ptr<BudgetBook>> BudgetBook::open(std::string file, const Clock& clock) {
    Result<std::vector<BudgetRecord>> records = load_budgets(file);
    if (!records) return tl::unexpected(records.error());
    std::unique_ptr<BudgetBook> book(new BudgetBook(std::move(file), clock));
    for (BudgetRecord& record : *records) {
        const Name name{record.budget, record.of};
        book->records_[name] = std::move(record);
    }
    return book;
}

BudgetBook::~BudgetBook() {
    stopping_ = true;
    wakes_.release();
    if (thread_.joinable()) thread_.join();
    if (const Result<void> last = write(Budget::Leasing::exact); !last) log_error("budgets: " + last.error().message);
}

Budget& BudgetBook::instance_locked(const BudgetRules& rules, const std::string& whose) {
    static const std::string kOthers = "*";
    std::string of = whose;
    const bool known = budgets_.contains({rules.name, of}) || records_.contains({rules.name, of});
    const bool full = budgets_.size() >= kMostBudgetInstances + kMostBudgets ||
                      budgets_.size() + records_.size() >= kMostBudgetLines - kMostBudgets;
    if (full && !known) of = kOthers;
    std::unique_ptr<Budget>& at = budgets_[{rules.name, of}];
    const Micros now = clock_.unix_micros();
    if (at && same_window(*at->rules(), rules)) {
        at->change(rules);
        return *at;
    }
    auto made = std::make_unique<Budget>(rules, of, now);
    if (at) {
        // Another window: what of the old one's lies in it counts.
        const Budget::Lease old = at->next_lease(now, Budget::Leasing::exact);
        made->restore(old.start, old.lease, {}, now);
        replaced_.push_back(std::move(at));
    } else if (const auto record = records_.find({rules.name, of}); record != records_.end()) {
        made->restore(record->second.start_unix, record->second.charged, record->second.slots, now);
        records_.erase(record);
    }
    at = std::move(made);
    return *at;
}

Budget& BudgetBook::instance(const BudgetRules& rules, const std::string& whose) {
    const std::lock_guard lock(mutex_);
    return instance_locked(rules, whose);
}

std::shared_ptr<const BudgetSet> BudgetBook::configure(const std::vector<BudgetRules>& rules) {
    auto set = std::make_shared<BudgetSet>();
    {
        const std::lock_guard lock(mutex_);
        for (const BudgetRules& one : rules) {
            BudgetSet::Entry entry{one, nullptr};
            if (!one.each) entry.one = &instance_locked(one, "");
            for (auto& [name, budget] : budgets_) {
                if (name.first == one.name && same_window(*budget->rules(), one)) budget->change(one);
            }
            set->entries.push_back(std::move(entry));
        }
        set->book = this;
        set_ = rules.empty() ? nullptr : set;
    }
    if (rules.empty()) return nullptr;
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    if (const Result<void> first = write(); !first) log_error("budgets: " + first.error().message);
    return set;
}

Result<void> BudgetBook::write(Budget::Leasing how) {
    const std::lock_guard writing(write_mutex_);
    std::vector<BudgetRecord> records;
    std::vector<Budget::Lease> leases;
    {
        const std::lock_guard lock(mutex_);
        const Micros now = clock_.unix_micros();
        for (auto& [name, budget] : budgets_) {
            leases.push_back(budget->next_lease(now, how));
            const Budget::Lease& lease = leases.back();
            if (lease.lease > 0 || !lease.slots.empty()) records.push_back(record_of(*budget, lease));
        }
        std::erase_if(records_, [&](const auto& one) { return is_over(one.second, rules_of(one.first.first), now); });
        for (const auto& [name, record] : records_) records.push_back(record);
    }
    if (records.empty() && written_.empty()) return {};
    std::string text = render_budget_file(records);
    if (text != written_) {
        if (Result<void> saved = save_budgets(file_, records); !saved) return saved;
        written_ = std::move(text);
    }
    if (how != Budget::Leasing::exact) {
        for (const Budget::Lease& lease : leases) Budget::written(lease);
    }
    return {};
}

const BudgetRules* BudgetBook::rules_of(const std::string& name) const {
    if (!set_) return nullptr;
    const auto found = std::find_if(set_->entries.begin(), set_->entries.end(),
                                    [&](const BudgetSet::Entry& entry) { return entry.rules.name == name; });
    return found == set_->entries.end() ? nullptr : &found->rules;
}

void BudgetBook::loop() {
    bool told = false;
    while (!stopping_) {
        const bool woken = wakes_.try_acquire_for(std::chrono::microseconds(kIdleMicros));
        wanted_ = false;
        if (stopping_) return;
        bool due = woken;
        if (!due) {
            const std::lock_guard lock(mutex_);
            const Micros now = clock_.unix_micros();
            due = std::any_of(budgets_.begin(), budgets_.end(),
                              [&](const auto& one) { return one.second->lease_is_off(now); });
        }
        if (!due) continue;
        const Result<void> done = write(woken ? Budget::Leasing::usual : Budget::Leasing::rest);
        if (!done && !told) log_error("budgets: nothing more is let in while this lasts: " + done.error().message);
        told = !done;
        std::this_thread::sleep_for(std::chrono::microseconds(kStepMicros));  // what comes meanwhile goes together
    }
}

std::vector<BudgetBook::View> BudgetBook::views() {
    std::vector<View> views;
    const std::lock_guard lock(mutex_);
    if (!set_) return views;
    const Micros now = clock_.unix_micros();
    for (const BudgetSet::Entry& entry : set_->entries) {
        for (auto at = budgets_.lower_bound({entry.rules.name, ""});
             at != budgets_.end() && at->first.first == entry.rules.name; ++at) {
            views.push_back(
                {*at->second->rules(), at->second->instance(), at->second->view(now), at->second->refused()});
        }
    }
    return views;
}

void BudgetFinder::use(std::shared_ptr<const BudgetSet> set) {
    set_ = std::move(set);
    known_.clear();
}

const std::vector<Budget*>& BudgetFinder::find(const Spender& who) {
    found_.clear();
    for (const BudgetSet::Entry& entry : set_->entries) {
        if (found_.size() == kMostBudgetsOfRequest) break;
        const BudgetRules& rules = entry.rules;
        std::string_view whose;
        bool fits = true;
        switch (rules.of) {
            case BudgetOf::all:
                break;
            case BudgetOf::tenant:
                whose = who.tenant;
                break;
            case BudgetOf::key:
                whose = !rules.each && rules.whose == who.key_name ? who.key_name : who.key;
                break;
            case BudgetOf::task:
                name_ = to_hex(who.task);
                whose = !who.task_name.empty() && rules.whose != name_ ? who.task_name : std::string_view(name_);
                break;
            case BudgetOf::model:
                whose = who.model;
                break;
        }
        if (rules.each) {
            fits = !whose.empty();
        } else if (rules.of == BudgetOf::model) {
            fits = cascade::glob_match(rules.whose, who.asked) || cascade::glob_match(rules.whose, who.model);
        } else if (rules.of != BudgetOf::all) {
            fits = whose == rules.whose;
        }
        if (!fits) continue;
        if (!rules.each) {
            found_.push_back(entry.one);
            continue;
        }
        std::string key = rules.name;
        key += '\n';
        key += whose;
        auto known = known_.find(key);
        if (known == known_.end()) {
            if (known_.size() >= kMostKnown) known_.clear();
            known = known_.emplace(std::move(key), &set_->book->instance(rules, std::string(whose))).first;
        }
        found_.push_back(known->second);
    }
    return found_;
}

BudgetHold::~BudgetHold() {
    if (count_ > 0) settle_unknown();
}

Usd BudgetHold::charged() const {
    Usd most = reserve_;
    for (std::size_t i = 0; i < count_; ++i) most = std::max(most, parts_[i].charged);
    return most;
}

BudgetHold::Verdict BudgetHold::take(BudgetBook& book, const std::vector<Budget*>& budgets, const Claim& claim) {
    const Micros now = book.clock().unix_micros();
    book_ = &book;
    reserve_ = claim.reserve;
    covered_ = Usd{INT64_MAX};
    bool low = false;
    for (Budget* const budget : budgets) {
        Part part;
        part.budget = budget;
        const Budget::Answer answer = budget->take(claim, now, part.period, part.reserve, part.stake);
        part.charged = part.reserve;
        if (answer != Budget::Answer::in) {
            while (count_ > 0) {
                --count_;
                Budget::put_back(*parts_[count_].period, parts_[count_].reserve, parts_[count_].stake);
            }
            if (answer == Budget::Answer::later) book.wake();
            return {answer, budget};
        }
        low = low || budget->lease_is_short(now);
        covered_ = reserve_;
        parts_[count_++] = part;
    }
    if (low) book.wake();
    return {};
}

bool BudgetHold::grow(Usd total) {
    const std::int64_t step = std::max<std::int64_t>(1, reserve_.nanos / 4);
    for (std::size_t i = 0; i < count_; ++i) {
        Part& part = parts_[i];
        if (total <= part.stake) continue;
        const Usd more{std::max(total.nanos - part.stake.nanos, step)};
        if (!part.budget->grow(*part.period, part.reserve, more, !part.budget->cuts_streams())) {
            without_room_ = part.budget;
            return false;
        }
        part.stake += more;
    }
    const Micros now = book_->clock().unix_micros();
    bool low = false;
    covered_ = Usd{INT64_MAX};
    for (std::size_t i = 0; i < count_; ++i) {
        Part& part = parts_[i];
        if (total > part.charged) {
            const Usd more{std::max(total.nanos - part.charged.nanos, step)};
            Budget::charge(*part.period, more);
            part.charged += more;
            low = low || part.budget->lease_is_short(now);
        }
        covered_ = std::min({covered_, part.stake, part.charged});
    }
    if (low) book_->wake();
    return true;
}

void BudgetHold::settle(Usd cost) {
    if (count_ == 0) return;
    const Micros now = book_->clock().unix_micros();
    bool low = false;
    for (std::size_t i = 0; i < count_; ++i) {
        const Part& part = parts_[i];
        part.budget->settle(*part.period, part.charged, part.stake, cost, now);
        low = low || part.budget->lease_is_short(now);
    }
    count_ = 0;
    if (low) book_->wake();
}

bool BudgetHold::cuts() const {
    return std::any_of(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [](const Part& part) { return part.budget->cuts_streams(); });
}

}  // namespace weir::limits
