#include "gateway/judge.h"

#include <deque>
#include <utility>

#include "gateway/background.h"
#include "gateway/coin.h"
#include "gateway/webhook.h"
#include "wire/answer_text.h"
#include "wire/grader.h"

namespace weir::gateway {

namespace {

// A pair on its way.
struct Pair {
    JudgeCall call;
    Digest256 key{};
    bool b_first = false;  // in the first question
    bool keyed_b = false;  // the key's first answer is b
    bool both = false;     // to be asked in both orders
    wire::JudgeWord first = wire::JudgeWord::none;
    Usd cost;
};
using PairPtr = std::shared_ptr<Pair>;

}  // namespace

struct JudgeQueue {
    std::deque<PairPtr> waiting;
    std::size_t running = 0;
};

namespace {

// Both orders of the same texts of a tenant have one key.
Digest256 key_of(const JudgeCall& call, bool b_first) {
    Sha256 hash;
    hash.update_part(std::string_view(reinterpret_cast<const char*>(&call.tenant), sizeof call.tenant));
    hash.update_part(call.question_system);
    hash.update_part(call.question_user);
    hash.update_part(b_first ? call.answer_b : call.answer_a);
    hash.update_part(b_first ? call.answer_a : call.answer_b);
    return hash.finish();
}

wire::JudgeWord turned(wire::JudgeWord word, bool turn) {
    return turn ? wire::swapped(word) : word;
}

Result<std::string> question_of(const Pair& pair, bool b_first) {
    const JudgeCall& call = pair.call;
    wire::JudgedPair texts{call.question_system, call.question_user, call.answer_a, call.answer_b};
    if (!call.plan->judge) return wire::render_grader_question(call.task, texts);
    if (b_first) std::swap(texts.a, texts.b);
    return wire::render_judge_question(call.plan->judge->upstream_name, texts);
}

bool ask(Lane& lane, const PairPtr& pair, bool second);
void pump(Lane& lane);

void conclude(Lane& lane, const PairPtr& pair, wire::JudgeWord word, JudgeRecord::Ending ending) {
    JudgeRecord& record = *pair->call.plan->judge_record;
    record.concluded(word, ending);
    const Judgement judgement{word, ending == JudgeRecord::Ending::agreed, pair->cost};
    // What failed is asked again another time; what was contradicted would be again.
    if (ending != JudgeRecord::Ending::failed) {
        record.remember(pair->key, {turned(word, pair->keyed_b), judgement.both_orders, {}});
    }
    if (lane.judging) --lane.judging->running;
    pair->call.then(judgement);
    pump(lane);
}

void on_answer(Lane& lane, const PairPtr& pair, bool second, const tiers::CacheEntry* answer) {
    using Ending = JudgeRecord::Ending;
    JudgeRecord& record = *pair->call.plan->judge_record;
    const auto text = answer == nullptr ? std::nullopt : wire::answer_text(answer->body);
    if (answer == nullptr) {
        record.failed(lane.reactor.now());
        return conclude(lane, pair, wire::JudgeWord::none, Ending::failed);
    }
    record.answered(answer->cost);
    pair->cost += answer->cost;
    const wire::JudgeWord word =
        turned(text ? wire::read_judge_word(*text) : wire::JudgeWord::none, pair->b_first != second);
    if (word == wire::JudgeWord::none) return conclude(lane, pair, word, Ending::unreadable);
    if (!pair->both) return conclude(lane, pair, word, Ending::one_order);
    if (second) {
        const bool agreed = word == pair->first;
        return conclude(lane, pair, agreed ? word : wire::JudgeWord::none,
                        agreed ? Ending::agreed : Ending::contradicted);
    }
    pair->first = word;
    if (!ask(lane, pair, true)) conclude(lane, pair, wire::JudgeWord::none, Ending::failed);
}

void on_grader(Lane& lane, const PairPtr& pair, const std::optional<std::string>& answer) {
    using Ending = JudgeRecord::Ending;
    JudgeRecord& record = *pair->call.plan->judge_record;
    if (!answer) {
        record.failed(lane.reactor.now());
        return conclude(lane, pair, wire::JudgeWord::none, Ending::failed);
    }
    record.answered({});
    const wire::JudgeWord word = wire::read_grader_word(*answer);
    conclude(lane, pair, word, word == wire::JudgeWord::none ? Ending::unreadable : Ending::one_order);
}

bool ask(Lane& lane, const PairPtr& pair, bool second) {
    auto body = question_of(*pair, pair->b_first != second);
    if (!body) return false;
    if (!pair->call.plan->judge) {
        WebhookCall hook{pair->call.plan->webhook, std::move(*body), pair->call.origin, {}};
        hook.then = [&lane, pair](const std::optional<std::string>& answer) { on_grader(lane, pair, answer); };
        return call_webhook(lane, std::move(hook));
    }
    BackgroundCall call;
    call.purpose = store::Purpose::judge;
    call.routes = pair->call.routes;
    call.plan = pair->call.plan;
    call.tenant = pair->call.tenant;
    call.task = pair->call.task;
    call.mode = pair->call.mode;
    call.origin = pair->call.origin;
    call.proof = pair->call.proof;
    call.payer = pair->call.payer;
    call.target = pair->call.plan->judge;
    call.body = std::move(*body);
    call.timeout_micros = 60'000'000;
    call.whole_answers = false;  // a verdict may be followed by reasons that are cut off
    call.then = [&lane, pair, second](const std::shared_ptr<tiers::CacheEntry>& answer) {
        on_answer(lane, pair, second, answer.get());
    };
    return ask_in_background(lane, std::move(call));
}

void start(Lane& lane, const PairPtr& pair) {
    const JudgeRecord::Orders orders = pair->call.plan->judge_record->next(lane.reactor.now());
    if (orders == JudgeRecord::Orders::none) return pair->call.then({});
    // A grader is told which answer is the reference's: there is one order.
    pair->both = orders == JudgeRecord::Orders::both && pair->call.plan->judge;
    ++lane.judging->running;
    if (!ask(lane, pair, false)) conclude(lane, pair, wire::JudgeWord::none, JudgeRecord::Ending::failed);
}

void pump(Lane& lane) {
    while (lane.judging && lane.judging->running < kMostJudged && !lane.judging->waiting.empty()) {
        const PairPtr next = std::move(lane.judging->waiting.front());
        lane.judging->waiting.pop_front();
        start(lane, next);
    }
}

}  // namespace

bool judge(Lane& lane, JudgeCall call) {
    if (!call.plan || !(call.plan->judge || call.plan->webhook) || lane.background_closed) return false;
    JudgeRecord& record = *call.plan->judge_record;
    if (call.answer_a == call.answer_b) {
        call.then({wire::JudgeWord::same, true, {}});
        return true;
    }
    auto pair = std::make_shared<Pair>();
    pair->keyed_b = call.plan->judge && call.answer_b < call.answer_a;
    pair->key = key_of(call, pair->keyed_b);
    if (const auto known = record.remembered(pair->key)) {
        call.then({turned(known->word, pair->keyed_b), known->both_orders, {}});
        return true;
    }
    pair->b_first = falls(call.request != 0 ? call.request : lane.ids.next(), 0.5, kOrderOfAnswers);
    pair->call = std::move(call);
    if (!question_of(*pair, false)) return false;
    if (!lane.judging) lane.judging = std::make_shared<JudgeQueue>();
    if (lane.judging->waiting.size() >= kMostWaitingForJudge) {
        record.dropped();
        return false;
    }
    lane.judging->waiting.push_back(std::move(pair));
    pump(lane);
    return true;
}

}  // namespace weir::gateway
