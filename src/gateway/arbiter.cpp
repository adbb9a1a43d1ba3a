#include "gateway/arbiter.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "gateway/background.h"
#include "gateway/coin.h"

namespace weir::gateway {
namespace {

cascade::Agreed agreed_of(wire::JudgeWord word) {
    switch (word) {
        case wire::JudgeWord::same:
            return cascade::Agreed::agree;
        case wire::JudgeWord::a:
        case wire::JudgeWord::b:
            return cascade::Agreed::differ;
        case wire::JudgeWord::none:
            break;
    }
    return cascade::Agreed::undecided;
}

bool ask_judge(Lane& lane, JudgeCall call, const ArbitrationThen& then) {
    call.then = [then](const Judgement& judgement) { then({agreed_of(judgement.word), true, judgement}); };
    return judge(lane, std::move(call));
}

struct Comparison {
    JudgeCall call;
    ArbitrationThen then;
    embed::Embedder* embedder = nullptr;
};

// Undecided too where there are no vectors (a text is too long, or the model is down).
Task<cascade::Agreed> compare(const Comparison& comparison) {
    const telemetry::TraceOrigin& origin = comparison.call.origin;
    std::string traceparent;
    if (origin.any()) traceparent = telemetry::traceparent_line(origin.trace, origin.span);
    const Result<embed::Vector> a = co_await comparison.embedder->embed(comparison.call.answer_a, traceparent);
    if (!a) co_return cascade::Agreed::undecided;
    const Result<embed::Vector> b = co_await comparison.embedder->embed(comparison.call.answer_b, traceparent);
    if (!b || a->size() != b->size()) co_return cascade::Agreed::undecided;
    const double cosine = std::inner_product(a->begin(), a->end(), b->begin(), 0.0);
    const cascade::AgreementOptions& rules = comparison.call.plan->cascade->options.agreement;
    if (rules.similarity && cosine >= *rules.similarity) co_return cascade::Agreed::agree;
    if (rules.difference && cosine <= *rules.difference) co_return cascade::Agreed::differ;
    co_return cascade::Agreed::undecided;
}

Task<void> run(Lane& lane, std::unique_ptr<Comparison> comparison) {
    Arbitration arbitration;
    arbitration.agreed = co_await compare(*comparison);
    const bool open = arbitration.agreed == cascade::Agreed::undecided;
    const bool asked = open && ask_judge(lane, comparison->call, comparison->then);
    if (!asked) comparison->then(arbitration);
    comparison.reset();
    lane.background_running.fetch_sub(1);
}

class LaneArbiter final : public cascade::Arbiter {
  public:
    LaneArbiter(Lane& lane, const JudgeCall& about, bool takes_misses)
        : link_(lane.link), about_(about), routes_(about.routes), plan_(about.plan), takes_misses_(takes_misses) {
        // Connections belong to the reactor: this one, which others hold too, must not be their last owner.
        about_.routes.reset();
        about_.plan.reset();
        about_.then = nullptr;
        about_.question_system = {};
        if (!lane.system_text || *lane.system_text != about.question_system) {
            lane.system_text = std::make_shared<const std::string>(about.question_system);
        }
        system_text_ = lane.system_text;
    }

    bool takes_misses() const override { return takes_misses_; }

    bool ask(Pair pair, std::function<void(cascade::Agreed)> then) override {
        JudgeCall call = about_;
        call.question_system = *system_text_;
        call.question_user = std::move(pair.question);
        call.answer_a = std::move(pair.a);
        call.answer_b = std::move(pair.b);
        return link_->call(
            [call = std::move(call), routes = routes_, plan = plan_, then = std::move(then)](Lane& lane) {
                JudgeCall whole = call;
                whole.routes = routes.lock();
                whole.plan = plan.lock();
                if (!whole.plan) return then(cascade::Agreed::undecided);
                const std::uint64_t task = call.task;
                const auto told = [&lane, task, then](const Arbitration& arbitration) {
                    SemanticParts* const parts = lane.shared.caches.semantic();
                    if (parts != nullptr && arbitration.judgement.cost.nanos != 0) {
                        parts->judges->of(task)->audit_nanos.fetch_add(arbitration.judgement.cost.nanos,
                                                                       std::memory_order_relaxed);
                    }
                    then(arbitration.agreed);
                };
                if (!arbitrate(lane, std::move(whole), told)) then(cascade::Agreed::undecided);
            });
    }

  private:
    const std::shared_ptr<LaneLink> link_;
    JudgeCall about_;  // but for the system text
    std::shared_ptr<const std::string> system_text_;
    const std::weak_ptr<LaneRoutes> routes_;
    const std::weak_ptr<const Plan> plan_;
    const bool takes_misses_;
};

}  // namespace

bool arbitrate(Lane& lane, JudgeCall call, ArbitrationThen then) {
    embed::Embedder* const embedder = call.routes ? call.routes->embedder() : nullptr;
    return arbitrate(lane, std::move(call), std::move(then), embedder);
}

bool arbitrate(Lane& lane, JudgeCall call, ArbitrationThen then, embed::Embedder* embedder) {
    const cascade::AgreementOptions& rules = call.plan->cascade->options.agreement;
    if (embedder == nullptr || !(rules.similarity || rules.difference)) return ask_judge(lane, std::move(call), then);
    if (lane.background_closed || lane.background_running.load() >= kMostBackgroundCalls) {
        lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    lane.background_running.fetch_add(1);
    auto comparison = std::make_unique<Comparison>(Comparison{std::move(call), std::move(then), embedder});
    spawn(run(lane, std::move(comparison)));
    return true;
}

cascade::ArbiterPtr make_arbiter(Lane& lane, const JudgeCall& about) {
    const cascade::AgreementOptions& rules = about.plan->cascade->options.agreement;
    const bool may_spend = about.mode == cascade::Mode::serve || about.mode == cascade::Mode::shadow;
    if (!rules.any() || !may_spend) return nullptr;
    return std::make_shared<LaneArbiter>(lane, about, falls(about.request, rules.judge_share, kArbitratedMiss));
}

}  // namespace weir::gateway
