#include "gateway/reference_question.h"

#include <utility>

#include "wire/named_model.h"

namespace weir::gateway {
namespace {

// The chat body for an upstream that speaks chat, into `question`: the caller's own where nothing is to be changed.
void say_chat(const ChatLife& life, const tiers::ModelUpstream& reference, ReferenceQuestion& question) {
    question.usage_added = life.chat.stream && !life.chat.include_usage && reference.provider->usage_in_streams;
    question.body = life.chat.body;
    if (question.usage_added || reference.upstream_name != life.chat.model) {
        const wire::UpstreamForm form{reference.upstream_name, wire::UpstreamForm::Stream::as_asked,
                                      question.usage_added, false};
        wire::render_upstream_body(life.chat, form, question.changed);
        question.body = question.changed;
    }
    question.path = "/chat/completions";
}

void begin_exchange(const ChatLife& life, const tiers::ModelUpstream& reference, wire::ProviderExchange& exchange) {
    exchange.request_id = to_hex(static_cast<std::uint64_t>(life.row.id));
    exchange.created_unix_s = life.row.started_unix_micros / 1'000'000;
    exchange.model = reference.upstream_name;
    exchange.stream = life.chat.stream;
}

// The caller's own bytes.
void say_natively(const ChatLife& life, const tiers::ModelUpstream& reference, ReferenceQuestion& question) {
    question.native = true;
    begin_exchange(life, reference, question.exchange);
    question.body = life.exchange.body();
    const bool wants_usage =
        life.chat.stream && question.form->asks_usage_as_chat() && reference.provider->usage_in_streams;
    if (wants_usage) {
        question.usage_added = wire::with_usage_asked(question.body, reference.upstream_name, question.changed);
        question.body = question.changed;
    } else if (reference.upstream_name != life.chat.model) {
        wire::with_model(question.body, reference.upstream_name, question.changed);
        question.body = question.changed;
    }
    question.form->append_path(question.exchange, question.path);
}

std::optional<wire::ApiError> translate(const ChatLife& life, const tiers::ModelUpstream& reference,
                                        ReferenceQuestion& question) {
    const wire::UpstreamForm form{reference.upstream_name, wire::UpstreamForm::Stream::as_asked, false, false};
    std::string chat_body, param;
    wire::render_upstream_body(life.chat, form, chat_body);
    tiers::ModelQuestion said;
    begin_exchange(life, reference, said.exchange);
    if (Result<void> done = tiers::say(reference, std::move(chat_body), param, said); !done) {
        return bad_request("The model '" + reference.full_name + "' can't be asked this: " + done.error().message,
                           param);
    }
    question.path = std::move(said.path);
    question.changed = std::move(said.body);
    question.body = question.changed;
    question.exchange = std::move(said.exchange);
    return std::nullopt;
}

}  // namespace

std::optional<wire::ApiError> question_to_reference(ChatLife& life, const tiers::ModelUpstream& reference,
                                                    ReferenceQuestion& question) {
    const tiers::ProviderLink& provider = *reference.provider;
    if (life.dialect != nullptr) {
        question.form = provider.native_form(life.dialect->name());
        if (question.form != nullptr) {
            say_natively(life, reference, question);
            return std::nullopt;
        }
    }
    question.form = provider.form;
    if (question.form != nullptr) return translate(life, reference, question);
    say_chat(life, reference, question);
    return std::nullopt;
}

}  // namespace weir::gateway
