#include "tiers/model/model_tier.h"

#include <algorithm>
#include <limits>

#include "json/scan.h"
#include "wire/verification.h"

namespace weir::tiers {
namespace {

// A question that was sent may be billed although no answer came: its cost is not known.
bool may_be_billed(const Samples::Sample& sample) {
    return sample.sent && sample.status < 400;
}

// What the caller's own bytes have of the input, where examples were sent along: what another model would have been
// asked.
wire::Usage of_own(const wire::Usage& usage, std::size_t own_bytes, std::size_t sent_bytes) {
    const auto own = [&](Tokens tokens) {
        return static_cast<Tokens>(static_cast<double>(tokens) * static_cast<double>(own_bytes) /
                                   static_cast<double>(std::max(own_bytes, sent_bytes)));
    };
    wire::Usage asked = usage;
    for (Tokens wire::Usage::*const part :
         {&wire::Usage::input_uncached, &wire::Usage::input_cached, &wire::Usage::input_cache_write,
          &wire::Usage::input_cache_write_1h, &wire::Usage::audio_input, &wire::Usage::image_input,
          &wire::Usage::audio_cached, &wire::Usage::longest_prompt}) {
        asked.*part = own(usage.*part);
    }
    return asked;
}

// The answer as chat, where the provider has another API.
void to_chat(const ModelQuestion& request, Samples::Sample& sample) {
    if (!sample.got || sample.status != 200) return;
    Result<std::string> body = chat_answer_of(request, std::move(sample.body));
    if (body) {
        sample.body = std::move(*body);
    } else {
        sample.got = tl::unexpected(body.error());
    }
}

}  // namespace

Result<std::vector<ModelQuestion>> ModelTier::requests_for(const wire::ChatRequest& chat) const {
    std::vector<ModelQuestion> requests;
    wire::UpstreamForm form{upstream_->upstream_name, wire::UpstreamForm::Stream::force_body, false,
                            asks_logprobs() && !chat.logprobs};
    while (requests.size() < std::min<std::size_t>(gathers_.samples, 2)) {
        std::string body;
        wire::render_upstream_body(chat, form, body);
        Result<ModelQuestion> question = question_to(*upstream_, std::move(body));
        if (!question) return tl::unexpected(question.error());
        requests.push_back(std::move(*question));
        form.vary = true;
    }
    const ModelQuestion another = requests.back();
    requests.resize(gathers_.samples, another);
    return requests;
}

void ModelTier::note_health(const Samples::Sample& first, Micros now, Micros taken, Endpoints::Lease& endpoint) {
    const bool canceled = !first.got && first.got.error().code == ErrorCode::canceled;
    if (!first.got ? !canceled : is_down(first.status)) {
        endpoint.failed(now);
        health_.failed(now, !first.got && first.got.error().code == ErrorCode::timeout, taken);
    } else if (first.got && first.status == 200) {
        endpoint.answered();
        health_.answered(taken);
    }
}

std::optional<wire::ChatAnswer> ModelTier::read_first(const Samples::Sample& first, std::size_t request_bytes,
                                                      Climb& climb) const {
    climb.attempt.status = static_cast<std::uint16_t>(first.status);
    if (!first.got) {
        climb.attempt.outcome = outcome_of(first.got.error().code);
        climb.attempt.priced = !may_be_billed(first);
        climb.reason = first.got.error().message;
        return std::nullopt;
    }
    if (first.status != 200) {
        climb.reason.clear();  // what it was shown
        return std::nullopt;
    }
    Result<wire::ChatAnswer> read = wire::read_chat_answer(first.body);
    if (!read) {
        climb.attempt.priced = false;
        climb.reason = read.error().message;
        return std::nullopt;
    }
    read->usage = or_estimate(read->usage, request_bytes, static_cast<Tokens>(first.body.size() / 4));
    account(climb.attempt, read->usage, upstream_->price);
    climb.attempt.outcome = store::Outcome::declined;
    if (gathers_.by_logprobs() && read->logprobs.tokens > 0) {
        climb.attempt.evidence = static_cast<float>(read->logprobs.mean);
    }
    return std::move(*read);
}

std::string ModelTier::read_other(Samples::Sample& other, std::string_view response_format, std::size_t request_bytes,
                                  store::Attempt& attempt) const {
    if (!other.got || other.status != 200) {
        attempt.priced = attempt.priced && !(!other.got && may_be_billed(other));
        return {};
    }
    Result<wire::ChatAnswer> read = wire::read_chat_answer(other.body);
    if (!read) {
        attempt.priced = false;
        return {};
    }
    const auto output = static_cast<Tokens>(other.body.size() / 4);
    account_more(attempt, or_estimate(read->usage, request_bytes, output), upstream_->price);
    if (wire::flaw_of(response_format, *read, other.body) != wire::AnswerFlaw::none) return {};
    return std::move(other.body);
}

Task<std::optional<double>> ModelTier::verify(const Question& question, std::string_view answer,
                                              Cancellation& cancellation, Endpoint& endpoint,
                                              store::Attempt& attempt) const {
    const auto body = wire::render_verification(question.chat, upstream_->upstream_name, answer);
    if (!body || cancellation.canceled()) co_return std::nullopt;
    const net::Reactor& reactor = endpoint.client->reactor();
    const Micros begun = reactor.now();
    const Micros patience = begun + health_.patience();
    const Micros deadline = question.deadline == 0 ? patience : std::min(question.deadline, patience);
    Result<ModelQuestion> asked = question_to(*upstream_, *body);
    if (!asked) co_return std::nullopt;
    const std::vector<ModelQuestion> requests(1, *asked);
    const std::string traceparent = question.traceparent();
    Samples samples(*upstream_->provider, endpoint, {deadline, upstream_->provider->answer_bytes, {traceparent}});
    {
        const Cancellation::Scope scope(cancellation, samples);
        co_await samples.ask(requests);
    }
    attempt.latency_micros += static_cast<std::int32_t>(reactor.now() - begun);
    Samples::Sample& said = samples.samples().front();
    to_chat(requests.front(), said);
    if (!said.got || said.status != 200) {
        attempt.priced = attempt.priced && (said.got || !may_be_billed(said));
        co_return std::nullopt;
    }
    const Result<wire::ChatAnswer> read = wire::read_chat_answer(said.body);
    if (!read) {
        attempt.priced = false;
        co_return std::nullopt;
    }
    account_more(attempt, or_estimate(read->usage, body->size(), 1), upstream_->price);
    co_return wire::read_verification(said.body);
}

Task<Climb> ModelTier::offer(const Question& question, Cancellation& cancellation) {
    const ModelUpstream& upstream = *upstream_;
    net::Reactor& reactor = upstream.provider->endpoints.first().client->reactor();
    Climb climb;
    climb.attempt.tier = store::TierKind::model;
    climb.attempt.outcome = store::Outcome::failed;
    climb.attempt.model = upstream.name_id;
    climb.attempt.priced = true;  // nothing is spent until something is sent
    if (!upstream.provider->is_ready()) {
        climb.because = store::Reason::of(store::Said::not_ready);
        co_return climb;
    }
    const Micros begun = reactor.now();
    if (health_.rests(begun)) {
        climb.because = store::Reason::of(store::Said::rests);
        co_return climb;
    }
    if (question.deadline != 0 && begun + health_.usual() >= question.deadline) {
        health_.passed_over();
        climb.because = store::Reason::of(store::Said::no_time);
        co_return climb;
    }
    const Micros patience = begun + health_.patience();
    const Micros deadline = question.deadline == 0 ? patience : std::min(question.deadline, patience);

    ExampleSource::Shown shown;
    wire::ChatRequest with_examples;
    if (source_) {
        shown = source_->show(question, std::numeric_limits<Micros>::max());
        climb.reason = shown.why;
        std::string param;
        if (shown.body.empty() || !wire::parse_chat_request(shown.body, param, with_examples)) {
            climb.attempt.outcome = store::Outcome::declined;
            climb.because = store::Reason::of(store::Said::no_examples);
            co_return climb;
        }
    }
    const wire::ChatRequest& asked = source_ ? with_examples : question.chat;
    const Result<std::vector<ModelQuestion>> said = requests_for(asked);
    if (!said) {
        climb.attempt.outcome = store::Outcome::declined;
        climb.because = store::Reason::of(store::Said::cant_be_said);
        climb.reason = said.error().message;
        co_return climb;
    }
    const std::vector<ModelQuestion>& requests = *said;
    std::optional<InFlight::Turn> turn;
    if (upstream.provider->in_flight) {
        turn.emplace(*upstream.provider->in_flight, reactor);
        if (!turn->take_at_once()) {
            climb.attempt.outcome = store::Outcome::declined;
            climb.because = store::Reason::of(store::Said::no_place);
            co_return climb;
        }
    }
    Endpoints::Lease endpoint = upstream.provider->endpoints.take(begun);
    const std::string traceparent = question.traceparent();
    Samples samples(*upstream.provider, *endpoint, {deadline, upstream.provider->answer_bytes, {traceparent}});
    {
        const Cancellation::Scope scope(cancellation, samples);
        co_await samples.ask(requests);
    }
    const Micros now = reactor.now(), taken = now - begun;
    climb.attempt.latency_micros = static_cast<std::int32_t>(taken);
    Samples::Sample& first = samples.samples().front();
    note_health(first, now, taken, endpoint);
    for (std::size_t number = 0; number < requests.size(); ++number)
        to_chat(requests[number], samples.samples()[number]);
    std::optional<wire::ChatAnswer> read = read_first(first, requests.front().body.size(), climb);
    const std::string_view format = wire::prompt_parts(question.chat).response_format;
    std::vector<std::string> others;
    for (std::size_t number = 1; number < requests.size(); ++number) {
        Samples::Sample& other = samples.samples()[number];
        others.push_back(read_other(other, format, requests[number].body.size(), climb.attempt));
    }
    if (!read) co_return climb;
    if (const wire::AnswerFlaw flaw = wire::flaw_of(format, *read, first.body); flaw != wire::AnswerFlaw::none) {
        climb.because = store::Reason::of(store::Said::no_answer, static_cast<std::uint8_t>(flaw));
        climb.reason.clear();  // what it was shown
        climb.no_answer = NoAnswer{flaw, std::move(*read)};
        co_return climb;
    }
    std::optional<double> right;
    if (gathers_.verify) right = co_await verify(question, first.body, cancellation, *endpoint, climb.attempt);

    auto entry = std::make_shared<CacheEntry>();
    entry->body = std::move(first.body);
    entry->model = upstream.full_name;
    entry->usage = of_own(read->usage, question.chat.body.size(), asked.body.size());
    entry->cost = climb.attempt.cost;
    entry->priced = climb.attempt.priced;
    climb.offer.emplace();
    climb.offer->answer = std::move(entry);
    climb.offer->read = std::move(*read);
    climb.offer->asked_logprobs = asks_logprobs() && !question.chat.logprobs;
    climb.offer->others = std::move(others);
    climb.offer->verified = gathers_.verify;
    climb.offer->right = right;
    co_return climb;
}

}  // namespace weir::tiers
