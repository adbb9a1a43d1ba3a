#include "gateway/spending.h"

#include <algorithm>
#include <ctime>

#include "tiers/reason_words.h"

namespace weir::gateway {
namespace {

using limits::Budget;
using limits::BudgetAction;

constexpr Micros kSecond = 1'000'000;
constexpr Micros kStep = 20'000;  // between two looks of one that waits for room, at first
constexpr Micros kMostStep = 200'000;
constexpr Micros kLeaseStep = 1'000;  // ... for the disk
constexpr std::int64_t kDowngradePercent = 80;

std::string format_time(Micros unix_micros) {
    const std::time_t seconds = unix_micros / kSecond;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// What a caller is told of a budget without room.
void refuse(Spending& spending, Budget& budget, Budget::Answer answer, Micros now) {
    const std::shared_ptr<const limits::BudgetRules> rules = budget.rules();
    const Budget::View view = budget.view(now);
    const std::string whose = budget.instance().empty() ? "" : " of " + budget.instance();
    std::string text = "The budget '" + budget.name() + "'" + whose + " of " + to_decimal(view.limit) + " USD a " +
                       std::string(limits::to_string(rules->span));
    Micros wait = kSecond;
    spending.budget = budget.name();
    spending.said = answer == Budget::Answer::busy ? store::Said::budget_full : store::Said::budget_spent;
    if (answer == Budget::Answer::busy) {
        text += " has no room: " + to_decimal(view.spent) +
                " USD are spent, and requests under way may need the rest. " + "Try again in a moment.";
    } else {
        wait = std::max(kSecond, view.end - now);
        text += " is spent: " + to_decimal(view.spent) + " USD";
        text += view.spent < view.limit ? ", and the rest is too little for this request. " : ". ";
        text += rules->rolling ? "Some of it is free again from " : "It begins anew at ";
        text += format_time(view.end) + ".";
    }
    spending.refusal = {429, std::move(text), "insufficient_quota", "budget_exceeded", ""};
    spending.headers = "retry-after: " + std::to_string((wait + kSecond - 1) / kSecond) + "\r\n";
}

const std::vector<Budget*>& budgets_of(const RequestLife& life) {
    return life.lane.budgets->find({life.tenant->name, life.caller->key_id, life.caller->name, life.task_name,
                                    life.plan->asked_as, life.plan->reference->full_name, life.row.task});
}

// Cheaper than `model`, by what their answers cost.
bool is_cheaper(const tiers::ModelUpstream& one, const tiers::ModelUpstream& model) {
    if (!one.price) return false;
    return !model.price || one.price->output.picos < model.price->output.picos;
}

Task<bool> wait_step(RequestLife& life, Micros step) {
    co_await life.lane.reactor.sleep(step);
    co_return !life.cancellation.canceled();
}

// How long a request waits in all that this is the answer to.
Micros longest_wait(const limits::BudgetHold::Verdict& verdict) {
    if (verdict.answer == Budget::Answer::later) return kMostLeaseMicros;
    const std::shared_ptr<const limits::BudgetRules> rules = verdict.of->rules();
    if (rules->at_100 == BudgetAction::queue) return rules->queue_micros;
    return verdict.answer == Budget::Answer::busy ? kMostBusyMicros : 0;
}

// The hard budget that is for models whose price is known alone, where this one's is not; else nullptr.
Budget* refuses_unpriced(const tiers::ModelUpstream& model, const std::vector<Budget*>& budgets) {
    if (model.price || model.call_price) return nullptr;
    const auto strict = std::find_if(budgets.begin(), budgets.end(), [](Budget* one) {
        const std::shared_ptr<const limits::BudgetRules> rules = one->rules();
        return rules->hard && rules->refuses_unpriced;
    });
    return strict == budgets.end() ? nullptr : *strict;
}

void refuse_unpriced(Spending& spending, const tiers::ModelUpstream& reference, const Budget& strict) {
    spending.budget = strict.name();
    spending.said = store::Said::budget_unpriced;
    spending.refusal = {403,
                        "The price of '" + reference.full_name + "' is not known, and the budget '" + strict.name() +
                            "' is for models whose price is.",
                        "invalid_request_error", "model_unpriced", "model"};
}

void decided_by_budget(RequestLife& life, store::StepVerdict verdict, store::Said said, const std::string& budget) {
    const store::Reason reason = store::Reason::of(said).naming(life.routes->routes().budget_id(budget));
    std::string words;
    if (life.debug && !budget.empty()) words = "'" + budget + "': " + tiers::words_of(reason, verdict);
    life.steps().decided(verdict, reason, words);
}

void note_downgrade(RequestLife& life, const std::vector<Budget*>& budgets, Micros now) {
    std::string& downgraded = life.spending->downgraded;
    for (Budget* const budget : budgets) {
        const bool downgrades = budget->rules()->at_80 == BudgetAction::downgrade;
        if (downgrades && budget->percent(now) >= kDowngradePercent) downgraded = budget->name();
    }
    if (!downgraded.empty() && models_to_ask(life).front() == life.plan->reference) downgraded.clear();
}

// Where a budget is spent and lets models go on that cost nothing: whether there are any.
bool goes_on_for_free(RequestLife& life, const Budget& spent, const Wish& wish) {
    if (spent.rules()->at_100 != BudgetAction::downgrade) return false;
    if (!wish.may_downgrade) return is_free(*life.plan->reference);
    Spending& spending = *life.spending;
    spending.downgraded = spent.name();
    spending.only_free = true;
    if (!models_to_ask(life).empty()) return true;
    spending.downgraded.clear();
    spending.only_free = false;
    return false;
}

void note_budget(RequestLife& life) {
    const Spending& spending = *life.spending;
    if (spending.refused) {
        decided_by_budget(life, store::StepVerdict::refused, spending.said, spending.budget);
    } else if (!spending.downgraded.empty()) {
        decided_by_budget(life, store::StepVerdict::asked,
                          spending.only_free ? store::Said::budget_free : store::Said::budget_cheaper,
                          spending.downgraded);
    }
}

Task<bool> reserve(RequestLife& life, const std::vector<Budget*>& budgets, const Wish& wish) {
    limits::BudgetBook& book = *life.lane.budgets->set()->book;
    const tiers::ModelUpstream& reference = *life.plan->reference;
    Spending& spending = *life.spending;
    spending.book = &book;
    spending.key = limits::CostBook::key_of(life.row.task, reference.name_id);
    if (const Budget* const strict = refuses_unpriced(reference, budgets)) {
        refuse_unpriced(spending, reference, *strict);
        co_return false;
    }
    const bool grows = wish.is_stream && std::any_of(budgets.begin(), budgets.end(),
                                                     [](const Budget* one) { return one->cuts_streams(); });
    const Usd first = guess(reference, wish);
    const Usd most = bound(*life.plan, wish);
    Micros waited = 0;       // for room
    Micros waited_disk = 0;  // for the disk
    while (true) {
        // Anew at each look: more may be known by now of what such requests cost.
        const limits::Claim claim = claim_of(book.costs().usual(spending.key), first, most, grows);
        const limits::BudgetHold::Verdict verdict = spending.hold.take(book, budgets, claim);
        const Micros now = book.clock().unix_micros();
        if (verdict.answer == Budget::Answer::in) {
            if (wish.may_downgrade) note_downgrade(life, budgets, now);
            co_return true;
        }
        const bool for_disk = verdict.answer == Budget::Answer::later;
        Micros& so_far = for_disk ? waited_disk : waited;
        if (so_far < longest_wait(verdict)) {
            const Micros began = life.lane.reactor.now();
            if (!for_disk) life.waits_for_room();
            const Micros step = for_disk ? kLeaseStep : std::clamp(waited / 10, kStep, kMostStep);
            const bool stays = co_await wait_step(life, step);
            so_far += life.lane.reactor.now() - began;
            if (stays) continue;
        }
        if (verdict.answer == Budget::Answer::later) {
            spending.said = store::Said::budget_unwritten;
            spending.refusal = {503, "What budgets spend can't be written down at the moment.", "server_error",
                                "budgets_unavailable", ""};
            spending.headers = "retry-after: 1\r\n";
            co_return false;
        }
        refuse(spending, *verdict.of, verdict.answer, now);
        if (goes_on_for_free(life, *verdict.of, wish)) co_return true;
        if (!life.cancellation.canceled()) verdict.of->count_refusal();
        co_return false;
    }
}

}  // namespace

void note_cut(RequestLife& life) {
    const Budget* const budget = life.spending ? life.spending->hold.without_room() : nullptr;
    decided_by_budget(life, store::StepVerdict::refused, store::Said::budget_cut,
                      budget != nullptr ? budget->name() : std::string());
}

Task<bool> may_spend(RequestLife& life, const Wish& wish) {
    const std::vector<Budget*> budgets = budgets_of(life);
    if (budgets.empty()) co_return true;
    life.spending = std::make_shared<Spending>();
    const bool may = co_await reserve(life, budgets, wish);
    life.spending->refused = !may;
    note_budget(life);
    co_return may;
}

Task<void> refuse_spending(RequestLife& life) {
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    co_await deliver_error(life, life.spending->refusal, life.spending->headers);
}

void settle_spending(RequestLife& life) {
    Spending& spending = *life.spending;
    if (!spending.hold.holds()) return;
    life.sum_costs();
    const bool asked = std::any_of(life.row.attempts.begin(), life.row.attempts.begin() + life.row.attempt_count,
                                   [](const store::Attempt& attempt) { return attempt.model != store::kNoName; });
    if (life.row.cost_complete) {
        limits::CostBook& costs = spending.book->costs();
        const bool whole = asked && life.row.complete && life.row.cost.nanos > 0 && spending.downgraded.empty();
        if (whole) costs.add(spending.key, life.row.cost);
        spending.hold.settle(life.row.cost);
    } else {
        spending.hold.settle(std::max(life.row.cost, spending.hold.charged()));
    }
}

std::vector<std::shared_ptr<const tiers::ModelUpstream>> models_to_ask(const RequestLife& life) {
    const std::vector<std::shared_ptr<const tiers::ModelUpstream>>& usual = life.plan->asked;
    if (!life.spending || life.spending->downgraded.empty()) return usual;
    std::vector<std::shared_ptr<const tiers::ModelUpstream>> models;
    const auto add = [&](const std::shared_ptr<const tiers::ModelUpstream>& model) {
        if (life.spending->only_free && !is_free(*model)) return;
        const auto same = [&](const auto& known) { return known->full_name == model->full_name; };
        if (std::none_of(models.begin(), models.end(), same)) models.push_back(model);
    };
    for (const auto& model : life.plan->ladder_models) {
        if (model && is_cheaper(*model, *life.plan->reference)) add(model);
    }
    for (const auto& model : usual) {
        if (is_cheaper(*model, *life.plan->reference)) add(model);
    }
    std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return is_cheaper(*a, *b); });
    for (const auto& model : usual) add(model);
    return models;
}

bool may_be_cut(const RequestLife& life) {
    return life.spending && life.spending->hold.holds() && life.spending->hold.cuts();
}

bool may_go_on(RequestLife& life, const tiers::ModelUpstream& model, const wire::Usage& so_far) {
    limits::BudgetHold& hold = life.spending->hold;
    if (!hold.holds() || !model.price) return true;
    std::optional<Usd> cost = prices::reprice(so_far, *model.price);
    if (!cost) return true;
    // With what was paid before this attempt.
    for (std::size_t i = 0; i < life.row.attempt_count; ++i) *cost += life.row.attempts[i].cost;
    return *cost <= hold.covered() || hold.grow(*cost);
}

bool may_ask_models(const RequestLife& life) {
    return !life.spending || !(life.spending->refused || life.spending->only_free);
}

bool may_climb_models(const RequestLife& life) {
    return may_ask_models(life) && (!life.spending || life.spending->downgraded.empty());
}

std::shared_ptr<const Payer> payer_of(const RequestLife& life) {
    if (!life.lane.budgets) return nullptr;
    return std::make_shared<const Payer>(Payer{life.tenant->name, life.caller->key_id, life.caller->name,
                                               std::string(life.task_name), life.plan->asked_as});
}

Budget::Answer may_spend(Lane& lane, BackgroundCall& call) {
    static const Payer kNobody;
    const tiers::ModelUpstream& model = call.target ? *call.target : *call.plan->reference;
    const Payer& payer = call.payer ? *call.payer : kNobody;
    const std::string_view asked = call.target ? std::string_view(model.full_name) : payer.asked;
    const std::vector<Budget*>& budgets = lane.budgets->find(
        {payer.tenant, payer.key, payer.key_name, payer.task_name, asked, model.full_name, call.task});
    if (budgets.empty()) return Budget::Answer::in;
    if (refuses_unpriced(model, budgets) != nullptr) return Budget::Answer::spent;
    call.spending = std::make_shared<Spending>();
    Spending& spending = *call.spending;
    spending.book = lane.budgets->set()->book;
    spending.key = limits::CostBook::key_of(call.task, model.name_id);
    const Wish wish = wish_of("openai.chat", call.body);
    const limits::Claim claim =
        claim_of(spending.book->costs().usual(spending.key), guess(model, wish), bound(model, wish), false);
    return spending.hold.take(*spending.book, budgets, claim).answer;
}

Task<bool> wait_for_lease(Lane& lane, BackgroundCall& call) {
    Budget::Answer answer = Budget::Answer::later;
    const Micros until = lane.reactor.now() + kMostLeaseMicros;
    while (answer == Budget::Answer::later && lane.budgets && lane.reactor.now() < until) {
        co_await lane.reactor.sleep(kLeaseStep);
        if (lane.background_closed) co_return false;
        if (lane.budgets) answer = may_spend(lane, call);
    }
    co_return answer == Budget::Answer::in;
}

void settle_spending(const BackgroundCall& call, const store::LedgerRow& row) {
    if (!call.spending) return;
    Spending& spending = *call.spending;
    if (row.complete && row.cost_complete && row.cost.nanos > 0) spending.book->costs().add(spending.key, row.cost);
    spending.hold.settle(row.cost_complete ? row.cost : std::max(row.cost, spending.hold.charged()));
}

}  // namespace weir::gateway
