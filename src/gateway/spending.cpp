#include "gateway/spending.h"

#include <algorithm>
#include <ctime>

namespace weir::gateway {
namespace {

using limits::Budget;
using limits::BudgetAction;

constexpr Tokens kFirstAnswer = 256;  // tokens, before any is known
constexpr Micros kSecond = 1'000'000;
constexpr Micros kStep = 20'000;      // between two looks of one that waits for room
constexpr Micros kLeaseStep = 1'000;  // ... for the disk
constexpr std::int64_t kDowngradePercent = 80;

std::string format_time(Micros unix_micros) {
    const std::time_t seconds = unix_micros / kSecond;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::optional<Usd> guess(const tiers::ModelUpstream& model, std::size_t prompt_bytes, Tokens output) {
    if (!model.price) return std::nullopt;
    return prices::reprice(tiers::or_estimate({}, prompt_bytes, output), *model.price);
}

struct Estimate {
    Usd reserve, stake;
};

Estimate estimate(limits::BudgetBook& book, std::uint64_t key, const tiers::ModelUpstream& model, std::size_t bytes) {
    const limits::CostBook::Usual usual = book.costs().usual(key);
    if (usual.known) return {usual.p95, usual.most};
    const Usd first = guess(model, bytes, kFirstAnswer).value_or(Usd{});
    return {first, Usd{first.nanos * 4}};
}

bool is_free(const tiers::ModelUpstream& model) {
    return model.price && model.price->input.picos == 0 && model.price->output.picos == 0;
}

// What a caller is told of a budget without room.
void refuse(Spending& spending, Budget& budget, Budget::Answer answer, Micros now) {
    const std::shared_ptr<const limits::BudgetRules> rules = budget.rules();
    const Budget::View view = budget.view(now);
    const std::string whose = budget.instance().empty() ? "" : " of " + budget.instance();
    std::string text = "The budget '" + budget.name() + "'" + whose + " of " + to_decimal(view.limit) + " USD a " +
                       std::string(limits::to_string(rules->span));
    Micros wait = kSecond;
    if (answer == Budget::Answer::busy) {
        text += " has no room: " + to_decimal(view.spent) +
                " USD are spent, and requests under way may need the rest. " + "Try again in a moment.";
    } else {
        wait = std::max(kSecond, view.end - now);
        text += " is spent: " + to_decimal(view.spent) + " USD. ";
        text += rules->rolling ? "Some of it is free again from " : "It begins anew at ";
        text += format_time(view.end) + ".";
    }
    spending.refusal = {429, std::move(text), "insufficient_quota", "budget_exceeded", ""};
    spending.headers = "retry-after: " + std::to_string((wait + kSecond - 1) / kSecond) + "\r\n";
}

const std::vector<Budget*>& budgets_of(const RequestLife& life) {
    return life.lane.budgets->find({life.tenant->name, life.caller->key_id, life.task_name,
                                    life.plan->reference->full_name, life.plan->reference->full_name, life.row.task});
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

// What may be done with a request that a budget has no room for, short of refusing it.
bool may_wait(const limits::BudgetHold::Verdict& verdict, Micros waited) {
    if (verdict.answer == Budget::Answer::later) return waited < kMostLeaseMicros;
    const std::shared_ptr<const limits::BudgetRules> rules = verdict.of->rules();
    return rules->at_100 == BudgetAction::queue && waited < rules->queue_micros;
}

// Of a budget for models whose price is known alone.
bool refuse_unpriced(Spending& spending, const tiers::ModelUpstream& reference, const std::vector<Budget*>& budgets) {
    if (reference.price) return false;
    const auto strict =
        std::find_if(budgets.begin(), budgets.end(), [](Budget* one) { return one->rules()->refuses_unpriced; });
    if (strict == budgets.end()) return false;
    spending.refusal = {403,
                        "The price of '" + reference.full_name + "' is not known, and the budget '" +
                            (*strict)->name() + "' is for models whose price is.",
                        "invalid_request_error", "model_unpriced", "model"};
    return true;
}

void note_downgrade(Spending& spending, const std::vector<Budget*>& budgets, Micros now) {
    for (Budget* const budget : budgets) {
        const bool downgrades = budget->rules()->at_80 == BudgetAction::downgrade;
        if (downgrades && budget->percent(now) >= kDowngradePercent) spending.downgraded = budget->name();
    }
}

// Where a budget is spent and lets models go on that cost nothing: whether there are any.
bool goes_on_for_free(RequestLife& life, const Budget& spent) {
    if (spent.rules()->at_100 != BudgetAction::downgrade) return false;
    Spending& spending = *life.spending;
    spending.downgraded = spent.name();
    spending.only_free = true;
    if (!models_to_ask(life).empty()) return true;
    spending.downgraded.clear();
    spending.only_free = false;
    return false;
}

Task<bool> reserve(RequestLife& life, const std::vector<Budget*>& budgets, std::size_t prompt_bytes) {
    limits::BudgetBook& book = *life.lane.budgets->set()->book;
    const tiers::ModelUpstream& reference = *life.plan->reference;
    Spending& spending = *life.spending;
    spending.book = &book;
    spending.key = limits::CostBook::key_of(life.row.task, reference.name_id);
    if (refuse_unpriced(spending, reference, budgets)) co_return false;
    const Estimate usual = estimate(book, spending.key, reference, prompt_bytes);
    const Micros began = life.lane.reactor.now();
    while (true) {
        const limits::BudgetHold::Verdict verdict = spending.hold.take(book, budgets, usual.reserve, usual.stake);
        const Micros now = book.clock().unix_micros();
        if (verdict.answer == Budget::Answer::in) {
            note_downgrade(spending, budgets, now);
            co_return true;
        }
        if (may_wait(verdict, life.lane.reactor.now() - began)) {
            const Micros step = verdict.answer == Budget::Answer::later ? kLeaseStep : kStep;
            const bool stays = co_await wait_step(life, step);
            if (stays) continue;
        }
        if (verdict.answer == Budget::Answer::later) {
            spending.refusal = {503, "What budgets spend can't be written down at the moment.", "server_error",
                                "budgets_unavailable", ""};
            spending.headers = "retry-after: 1\r\n";
            co_return false;
        }
        refuse(spending, *verdict.of, verdict.answer, now);
        if (goes_on_for_free(life, *verdict.of)) co_return true;
        if (!life.cancellation.canceled()) verdict.of->count_refusal();
        co_return false;
    }
}

}  // namespace

Task<bool> may_spend(RequestLife& life, std::size_t prompt_bytes) {
    const std::vector<Budget*> budgets = budgets_of(life);
    if (budgets.empty()) co_return true;
    life.spending = std::make_shared<Spending>();
    const bool may = co_await reserve(life, budgets, prompt_bytes);
    life.spending->refused = !may;
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
    const bool asked = std::any_of(life.row.attempts.begin(), life.row.attempts.begin() + life.row.attempt_count,
                                   [](const store::Attempt& attempt) { return attempt.model != store::kNoName; });
    if (life.row.cost_complete) {
        limits::CostBook& costs = spending.book->costs();
        const bool whole = asked && life.row.complete && life.row.cost.nanos > 0 && spending.downgraded.empty();
        if (whole) costs.add(spending.key, life.row.cost);
        spending.hold.settle(life.row.cost);
    } else {
        spending.hold.settle(std::max(life.row.cost, spending.hold.reserve()));
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
        if (is_cheaper(*model, *life.plan->reference)) add(model);
    }
    for (const auto& model : usual) {
        if (is_cheaper(*model, *life.plan->reference)) add(model);
    }
    std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return is_cheaper(*a, *b); });
    for (const auto& model : usual) add(model);
    return models;
}

bool may_go_on(RequestLife& life, const tiers::ModelUpstream& model, std::size_t prompt_bytes, Tokens chunks) {
    limits::BudgetHold& hold = life.spending->hold;
    if (!hold.holds()) return true;
    const std::optional<Usd> cost = guess(model, prompt_bytes, chunks);
    if (!cost || *cost <= hold.covered() || hold.grow(*cost, false)) return true;
    return !hold.cuts() && hold.grow(*cost, true);
}

bool may_spend(Lane& lane, BackgroundCall& call) {
    const tiers::ModelUpstream& model = call.target ? *call.target : *call.plan->reference;
    const std::vector<Budget*>& budgets = lane.budgets->find({{}, {}, {}, model.full_name, model.full_name, call.task});
    if (budgets.empty()) return true;
    limits::BudgetBook& book = *lane.budgets->set()->book;
    const std::uint64_t key = limits::CostBook::key_of(call.task, model.name_id);
    const Estimate usual = estimate(book, key, model, call.body.size());
    call.budgets = std::make_shared<limits::BudgetHold>();
    return call.budgets->take(book, budgets, usual.reserve, usual.stake).answer == Budget::Answer::in;
}

}  // namespace weir::gateway
