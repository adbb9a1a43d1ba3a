#include "wire/completions_form.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/chat_head.h"
#include "wire/completions.h"
#include "wire/raw_text.h"
#include "wire/text_alike.h"
#include "wire/usage_form.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxEventBytes = 4u << 20;  // as ChatStream

tl::unexpected<Error> broken(std::string_view what) {
    return fail(ErrorCode::protocol, "the answer is no completion: " + std::string(what));
}

// What a body or a chunk has, but for its choices' insides.
struct Parts {
    ChatHead head;
    std::string_view fingerprint;
    Span choices;
    bool has_error = false;
    UsagePlaces usage;

    explicit Parts(std::string_view document) {
        for (Walk member(document, {0, document.size()}); member.next();) {
            const std::string_view raw = member.raw();
            if (member.key_is("id")) head.raw_id = raw;
            if (member.key_is("model")) head.raw_model = raw;
            if (member.key_is("service_tier")) head.raw_tier = raw;
            if (member.key_is("system_fingerprint")) fingerprint = raw;
            if (member.key_is("choices")) choices = usage.choices = member.value();
            if (member.key_is("usage")) usage.usage = member.value();
            if (member.key_is("x_groq")) usage.groq = member.value();
            if (member.key_is("error")) has_error = !json::is_null(raw);
        }
    }

    void begin(std::string_view object, const ProviderExchange& exchange, std::string& out) const {
        append_chat_head(object, head, exchange, out);
        if (is_text(fingerprint)) (out += R"("system_fingerprint":)").append(fingerprint) += ',';
    }
};

struct Choice {
    std::int64_t index = 0;
    Span text, logprobs;
    std::string_view finish = "null";  // or a string
};

Result<Choice> read_choice(Walk& walk, std::string_view document) {
    if (!walk.at_object()) return broken("a choice that is no object");
    Choice choice;
    for (Walk member = Walk::inside(walk); member.next();) {
        if (member.key_is("text")) choice.text = member.value();
        if (member.key_is("logprobs")) choice.logprobs = member.value();
        if (member.key_is("finish_reason") && is_text(member.raw())) choice.finish = member.raw();
        if (member.key_is("index")) choice.index = json::as_int64(member.raw()).value_or(-1);
    }
    if (!json::is_string(choice.text.of(document))) return broken("a choice without text");
    if (choice.index < 0 || choice.index >= static_cast<std::int64_t>(kMaxChoices)) {
        return broken("a choice whose index is none");
    }
    return choice;
}

// One token's alternatives: {"token":-0.1,..} as [{"token":..,"logprob":..},..].
void append_top(std::string_view document, Span top, std::string& out) {
    out += '[';
    bool first = true;
    if (json::is_object(top.of(document))) {
        for (Walk member(document, top); member.next(); first = false) {
            if (!first) out += ',';
            out += R"({"token":)";
            out += member.key().of(document);
            out += R"(,"logprob":)";
            out += json::as_double(member.raw()) ? member.raw() : "null";
            out += R"(,"bytes":null})";
        }
    }
    out += ']';
}

// The legacy lists as chat's; "null" where there are none, or they don't fit together.
void append_chat_logprobs(std::string_view document, Span logprobs, std::string& out) {
    std::vector<Span> tokens, numbers, tops;
    const auto list = [&](std::string_view name, std::vector<Span>& to) {
        const Span found = json::find_member(document, logprobs, name).value_or(Span{});
        if (json::is_array(found.of(document))) json::elements_within(document, found, to);
    };
    if (json::is_object(logprobs.of(document))) {
        list("tokens", tokens);
        list("token_logprobs", numbers);
        list("top_logprobs", tops);
    }
    const auto is_token = [&](Span token) { return json::is_string(token.of(document)); };
    const bool whole = !tokens.empty() && tokens.size() == numbers.size() &&
                       (tops.empty() || tops.size() == tokens.size()) &&
                       std::all_of(tokens.begin(), tokens.end(), is_token);
    if (!whole) {
        out += "null";
        return;
    }
    out += R"({"content":[)";
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i > 0) out += ',';
        out += R"({"token":)";
        out += tokens[i].of(document);
        out += R"(,"logprob":)";
        out += json::as_double(numbers[i].of(document)) ? numbers[i].of(document) : "null";
        out += R"(,"bytes":null,"top_logprobs":)";
        append_top(document, tops.empty() ? Span{} : tops[i], out);
        out += '}';
    }
    out += R"(],"refusal":null})";
}

// Behind the message or delta of a choice.
void append_end(std::string_view document, const Choice& choice, std::string& out) {
    out += R"(,"logprobs":)";
    append_chat_logprobs(document, choice.logprobs, out);
    out += R"(,"finish_reason":)";
    out += choice.finish;
    out += '}';
}

// ---- streams

// open --[DONE]--> ended; an error event is told, and what comes behind it passes as in a chat stream.
class Stream final : public ProviderStream {
  public:
    explicit Stream(const ProviderExchange& exchange) : exchange_(exchange), splitter_(kMaxEventBytes) {}

    Result<void> feed(std::string_view bytes, std::string& out) override {
        splitter_.feed(bytes);
        http::SseSplitter::Event event;
        while (true) {
            if (alike_.known() && !ended_) take_alike(out);
            switch (splitter_.next(event)) {
                case http::SseSplitter::State::need_more:
                    return {};
                case http::SseSplitter::State::too_large:
                    return fail(ErrorCode::too_large, "an event of the stream is too large");
                case http::SseSplitter::State::event:
                    if (Result<void> taken = take(event, out); !taken) return taken;
            }
        }
    }

    Result<void> end(std::string&) override {
        if (ended_) return {};
        return fail(ErrorCode::closed, "the upstream's stream ended before its [DONE]");
    }

    Usage so_far() const override { return usage_; }

  private:
    // Chunks that differ from one that was read in their text alone.
    void take_alike(std::string& out) {
        const std::string_view ahead = splitter_.ahead();
        std::size_t at = 0;
        while (true) {
            const TextAlike::Match match = alike_.match(ahead.substr(at));
            if (match.size == 0 || match.size > kMaxEventBytes) break;
            out += told_before_;
            out += match.text;
            out += told_behind_;
            at += match.size;
        }
        splitter_.skip(at);
    }

    Result<void> take(const http::SseSplitter::Event& event, std::string& out) {
        if (ended_) return {};
        std::string_view data = event.data;
        while (!data.empty() && (data.back() == ' ' || data.back() == '\t')) data.remove_suffix(1);
        if (data.empty()) {
            http::append_comment(event, out);
            return {};
        }
        if (data == "[DONE]") {
            finish(out);
            return {};
        }
        if (Result<void> checked = json::members(data, members_); !checked) {
            return broken("an event is broken: " + checked.error().message);
        }
        const Parts parts(data);
        if (parts.has_error || event.name == "error") {
            failed_ = true;
            ApiError error{502, upstream_message(data), "server_error", "upstream_error", ""};
            take_type_and_code(data, error);
            out += render_error_event(error);
            return {};
        }
        if (failed_) return {};
        read_chat_usage(data, parts.usage, usage_);
        if (const auto tier = read_service_tier(parts.head.raw_tier)) usage_.tier = *tier;
        return tell(event, data, parts, out);
    }

    Result<void> tell(const http::SseSplitter::Event& event, std::string_view data, const Parts& parts,
                      std::string& out) {
        if (!json::is_array(parts.choices.of(data)) || json::is_empty_container(parts.choices.of(data))) return {};
        if (head_.empty()) parts.begin("chat.completion.chunk", exchange_, head_);
        const std::size_t begin = out.size();
        out += "data: " + head_ + R"("choices":[)";
        std::size_t count = 0;
        Choice choice;
        bool first_of_its_choice = false;
        for (Walk walk(data, parts.choices); walk.next(); ++count) {
            Result<Choice> read = read_choice(walk, data);
            if (!read) {
                out.resize(begin);
                return tl::unexpected(read.error());
            }
            choice = *read;
            if (count > 0) out += ',';
            bool& seen = seen_[static_cast<std::size_t>(choice.index)];
            first_of_its_choice = !std::exchange(seen, true);
            append_delta(data, choice, first_of_its_choice, out);
        }
        out += "]}\n\n";
        const bool plain = count == 1 && !first_of_its_choice && choice.finish == "null" &&
                           !json::is_object(choice.logprobs.of(data)) && !json::is_object(parts.usage.usage.of(data)) &&
                           parts.usage.groq.empty();
        if (plain) learn(event, data, choice, std::string_view(out).substr(begin));
        return {};
    }

    static void append_delta(std::string_view data, const Choice& choice, bool first, std::string& out) {
        out += R"({"index":)" + std::to_string(choice.index) + R"(,"delta":{)";
        if (first) out += R"("role":"assistant","refusal":null,)";
        out += R"("content":)";
        out += choice.text.of(data);
        out += '}';
        append_end(data, choice, out);
    }

    // `told`: what became of an event that says one choice's text and nothing else.
    void learn(const http::SseSplitter::Event& event, std::string_view data, const Choice& choice,
               std::string_view told) {
        const std::string_view text = choice.text.of(data);
        const std::size_t at = told.find(R"("delta":{"content":)", head_.size());
        if (at == std::string_view::npos || data.data() != event.data.data()) return;
        alike_.learn(event, choice.text);
        constexpr std::size_t kBefore = std::string_view(R"("delta":{"content":")").size();
        told_before_ = told.substr(0, at + kBefore);
        told_behind_ = told.substr(at + kBefore + text.size() - 2);
    }

    void finish(std::string& out) {
        ended_ = true;
        if (usage_.reported && !failed_) {
            if (head_.empty()) append_chat_head("chat.completion.chunk", {}, exchange_, head_);
            out += "data: " + head_ + R"("choices":[],"usage":)";
            append_chat_usage(usage_, out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
    }

    const ProviderExchange& exchange_;
    http::SseSplitter splitter_;
    std::vector<json::Member> members_;
    std::string head_;  // of every chunk
    Usage usage_;
    std::array<bool, kMaxChoices> seen_{};
    TextAlike alike_;
    std::string told_before_, told_behind_;  // what stands around the text of such chunks
    bool ended_ = false, failed_ = false;
};

// ---- the form

// What a completion may ask for that its answer, once it was chat's, still says.
bool is_told_in_chat(std::string_view name) {
    static constexpr std::array<std::string_view, 24> kNames = {"model",
                                                                "prompt",
                                                                "max_tokens",
                                                                "temperature",
                                                                "top_p",
                                                                "n",
                                                                "stream",
                                                                "stream_options",
                                                                "stop",
                                                                "seed",
                                                                "presence_penalty",
                                                                "frequency_penalty",
                                                                "logit_bias",
                                                                "user",
                                                                "logprobs",
                                                                "echo",
                                                                "suffix",
                                                                "best_of",
                                                                "top_k",
                                                                "min_p",
                                                                "min_tokens",
                                                                "ignore_eos",
                                                                "repetition_penalty",
                                                                "metadata"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

class Form final : public ProviderForm {
  public:
    std::string_view name() const override { return completions_dialect().name(); }
    void append_path(const ProviderExchange&, std::string& path) const override { path += "/completions"; }
    KeyHeader key_header() const override { return {"authorization", "Bearer "}; }
    bool answers_as_chat() const override { return false; }
    bool asks_usage_as_chat() const override { return true; }

    bool is_last_event(const http::SseSplitter::Event& event) const override {
        constexpr std::string_view kDone = "[DONE]";
        return event.data.starts_with(kDone) || is_error_event(event);
    }

    bool has_answer_in_chat(std::string_view body) const override {
        thread_local std::vector<json::Member> members;
        return json::members(body, members) &&
               std::all_of(members.begin(), members.end(),
                           [](const json::Member& member) { return is_told_in_chat(member.key); });
    }

    Result<void> request_from_chat(std::string_view, std::string&, ProviderExchange&, std::string&) const override {
        return fail(ErrorCode::invalid, "nobody is asked in Completions for a request of another API");
    }

    Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange,
                              std::string& chat_body) const override {
        std::vector<json::Member> members;
        if (Result<void> checked = json::members(body, members); !checked) return broken(checked.error().message);
        const Parts parts(body);
        if (!json::is_array(parts.choices.of(body))) return broken("no choices");
        std::string choices;
        for (Walk walk(body, parts.choices); walk.next();) {
            Result<Choice> choice = read_choice(walk, body);
            if (!choice) return tl::unexpected(choice.error());
            if (!choices.empty()) choices += ',';
            choices += R"({"index":)" + std::to_string(choice->index);
            choices += R"(,"message":{"role":"assistant","content":)";
            choices += choice->text.of(body);
            choices += R"(,"refusal":null})";
            append_end(body, *choice, choices);
        }
        if (choices.empty()) return broken("no choices");
        parts.begin("chat.completion", exchange, chat_body);
        chat_body += R"("choices":[)" + choices + ']';
        Usage usage;
        if (read_chat_usage(body, parts.usage, usage); usage.reported) {
            chat_body += R"(,"usage":)";
            append_chat_usage(usage, chat_body);
        }
        chat_body += '}';
        return {};
    }

    std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) const override {
        return std::make_unique<Stream>(exchange);
    }

    ApiError error_of(unsigned status, std::string_view body) const override {
        ApiError error{status, upstream_message(body), "server_error", "upstream_error", ""};
        take_type_and_code(body, error);
        return error;
    }
};

}  // namespace

const ProviderForm& completions_form() {
    static const Form form;
    return form;
}

}  // namespace weir::wire
