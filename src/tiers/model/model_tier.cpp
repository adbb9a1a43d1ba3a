#include "tiers/model/model_tier.h"

#include <algorithm>

#include "json/scan.h"

namespace weir::tiers {
namespace {

// An answer that tells of the tier, not of the request: of those, others will follow.
bool is_down(unsigned status) {
    return status >= 400 && status != 400 && status != 413 && status != 422;
}

}  // namespace

Task<Climb> ModelTier::offer(const Question& question, Cancellation& cancellation) {
    const ModelUpstream& upstream = *upstream_;
    net::HttpClient& client = *upstream.provider->client;
    Climb climb;
    climb.attempt.tier = store::TierKind::model;
    climb.attempt.outcome = store::Outcome::failed;
    climb.attempt.model = upstream.name_id;
    climb.attempt.priced = true;  // nothing is spent until something is sent
    if (!upstream.provider->is_ready()) {
        climb.reason = "not ready";
        co_return climb;
    }
    const Micros begun = client.reactor().now();
    if (health_.rests(begun)) {
        climb.reason = "rests after failures";
        co_return climb;
    }
    if (question.deadline != 0 && begun + health_.usual() >= question.deadline) {
        health_.passed_over();
        climb.reason = "no time for it";
        co_return climb;
    }
    const Micros patience = begun + health_.patience();
    const Micros deadline = question.deadline == 0 ? patience : std::min(question.deadline, patience);

    std::string body;
    const wire::UpstreamForm form{upstream.upstream_name, wire::UpstreamForm::Stream::force_body, false,
                                  !question.chat.logprobs};
    wire::render_upstream_body(question.chat, form, body);
    const std::string head = request_head(upstream, "/chat/completions", body.size(), nullptr);

    net::HttpCall call(client);
    const Cancellation::Scope scope(cancellation, call);
    std::string answer;
    Result<void> got = co_await call.send(head, body, deadline);
    if (got) {
        climb.attempt.status = static_cast<std::uint16_t>(call.response().status);
        got = co_await call.read_all(answer, upstream.provider->answer_bytes);
    }
    const Micros now = client.reactor().now(), taken = now - begun;
    climb.attempt.latency_micros = static_cast<std::int32_t>(taken);
    const bool canceled = !got && got.error().code == ErrorCode::canceled;
    if (!got ? !canceled : is_down(climb.attempt.status)) {
        health_.failed(now, !got && got.error().code == ErrorCode::timeout, taken);
    } else if (got && climb.attempt.status == 200) {
        health_.answered(taken);
    }
    if (!got) {
        climb.attempt.outcome = outcome_of(got.error().code);
        // A question that was sent may be billed although no answer came: its cost is not known.
        climb.attempt.priced = !call.sent() || climb.attempt.status >= 400;
        climb.reason = got.error().message;
        co_return climb;
    }
    if (climb.attempt.status != 200) {
        climb.reason = "status " + std::to_string(climb.attempt.status);
        co_return climb;
    }
    Result<wire::ChatAnswer> read = wire::read_chat_answer(answer);
    if (!read) {
        climb.attempt.priced = false;
        climb.reason = read.error().message;
        co_return climb;
    }
    read->usage = or_estimate(read->usage, body.size(), static_cast<Tokens>(answer.size() / 4));
    account(climb.attempt, read->usage, upstream.price);
    climb.attempt.outcome = store::Outcome::declined;
    if (read->logprobs.tokens > 0) climb.attempt.evidence = static_cast<float>(read->logprobs.mean);
    const std::string_view format = wire::prompt_parts(question.chat).response_format;
    if (const wire::AnswerFlaw flaw = wire::flaw_of(format, *read, answer); flaw != wire::AnswerFlaw::none) {
        climb.reason = "no answer: " + std::string(wire::to_string(flaw));
        climb.no_answer = NoAnswer{flaw, std::move(*read)};
        co_return climb;
    }

    auto entry = std::make_shared<CacheEntry>();
    entry->body = std::move(answer);
    entry->model = upstream.full_name;
    entry->usage = read->usage;
    entry->cost = climb.attempt.cost;
    entry->priced = climb.attempt.priced;
    climb.offer.emplace();
    climb.offer->answer = std::move(entry);
    climb.offer->read = std::move(*read);
    climb.offer->asked_logprobs = !question.chat.logprobs;
    co_return climb;
}

}  // namespace weir::tiers
