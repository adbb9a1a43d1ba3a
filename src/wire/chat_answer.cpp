// Complete bodies; streams are in chat_stream.cpp and chat_assembly.cpp.
#include "wire/chat_answer.h"

#include <algorithm>
#include <cmath>

#include "json/scan.h"
#include "wire/raw_text.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

constexpr double kMostLogprob = 1e4;  // OpenAI's "never" is -9999; beyond it is no log-probability but noise

std::optional<double> logprob_of(std::string_view raw) {
    const std::optional<double> value = json::as_double(raw);
    if (!value) return std::nullopt;
    return std::clamp(*value, -kMostLogprob, kMostLogprob);
}

// Adds the distance of the two likeliest of `candidates`, an array of {"logprob":...}.
void add_margin(std::string_view document, Span candidates, Logprobs& into) {
    std::optional<double> first;
    std::optional<double> second;
    for (Walk candidate(document, candidates); candidate.next();) {
        const std::optional<Span> logprob = json::find_member(document, candidate.value(), "logprob");
        const std::optional<double> value = logprob ? logprob_of(logprob->of(document)) : std::nullopt;
        if (!value) continue;
        if (!first || *value > *first) {
            second = first;
            first = value;
        } else if (!second || *value > *second) {
            second = value;
        }
    }
    if (!second) return;
    into.margin += *first - *second;  // the sum, until all are in
    ++into.margins;
}

// Adds the log-probabilities of `tokens`, an array of {"logprob":...}, to sum and min.
void add_logprobs(std::string_view document, Span tokens, Logprobs& into) {
    for (Walk token(document, tokens); token.next();) {
        for (Walk member = Walk::inside(token); member.next();) {
            if (member.key_is("top_logprobs") && member.at_array()) add_margin(document, member.value(), into);
            if (!member.key_is("logprob")) continue;
            const std::optional<double> value = logprob_of(member.raw());
            if (!value) continue;
            into.min = into.tokens == 0 ? *value : std::min(into.min, *value);
            into.mean += *value;  // the sum, until all are in
            ++into.tokens;
        }
    }
}

void read_message(Walk& message, ChatAnswer& answer) {
    bool says_something = false;
    for (Walk member = Walk::inside(message); member.next();) {
        if (member.key_is("content")) {
            says_something |= is_text(member.raw()) || (member.at_array() && !json::is_empty_container(member.raw()));
        } else if (member.key_is("tool_calls")) {
            says_something |= member.at_array() && !json::is_empty_container(member.raw());
        } else if (member.key_is("function_call")) {
            says_something |= member.at_object();
        } else if (member.key_is("refusal")) {
            answer.refused |= is_text(member.raw());
        }
    }
    answer.empty |= !says_something;
}

bool read_choice(std::string_view body, Walk& choice, ChatAnswer& answer) {
    bool has_message = false;
    std::string_view finish = "null";
    for (Walk member = Walk::inside(choice); member.next();) {
        if (member.key_is("message")) {
            if (!member.at_object()) return false;
            has_message = true;
            read_message(member, answer);
        } else if (member.key_is("finish_reason")) {
            finish = member.raw();
        } else if (member.key_is("logprobs") && member.at_object()) {
            for (Walk part = Walk::inside(member); part.next();) {
                if (part.key_is("content")) add_logprobs(body, part.value(), answer.logprobs);
            }
        }
    }
    answer.finished &= is_text(finish);
    answer.whole &= json::string_equals(finish, "stop") || json::string_equals(finish, "tool_calls") ||
                    json::string_equals(finish, "function_call");
    return has_message;
}

Result<void> read_choices(std::string_view body, Span choices, ChatAnswer& answer) {
    std::size_t count = 0;
    for (Walk choice(body, choices); choice.next(); ++count) {
        if (!choice.at_object() || !read_choice(body, choice, answer)) {
            return fail(ErrorCode::protocol, "choices[" + std::to_string(count) + "] of the answer has no message");
        }
    }
    if (count == 0) return fail(ErrorCode::protocol, "the answer has no choices");
    return {};
}

}  // namespace

Result<ChatAnswer> read_chat_answer(std::string_view body) {
    thread_local std::vector<json::Member> members;
    if (Result<void> checked = json::members(body, members); !checked) {
        return fail(ErrorCode::protocol, "the answer is no chat completion: " + checked.error().message);
    }
    ChatAnswer answer;
    answer.finished = answer.whole = true;
    const json::Member* choices = nullptr;
    std::optional<ServiceTier> tier;
    UsagePlaces places;
    for (const json::Member& member : members) {
        if (member.key == "model") {
            answer.model = json::as_string(member.raw(body)).value_or("");
        } else if (member.key == "service_tier") {
            tier = read_service_tier(member.raw(body));
        } else if (member.key == "choices") {
            choices = &member;
            places.choices = member.value;
        } else if (member.key == "usage") {
            places.usage = member.value;
        } else if (member.key == "x_groq") {
            places.groq = member.value;
        }
    }
    if (choices == nullptr || !json::is_array(choices->raw(body))) {
        return fail(ErrorCode::protocol, "the answer has no choices");
    }
    if (Result<void> read = read_choices(body, choices->value, answer); !read) return tl::unexpected(read.error());
    read_chat_usage(body, places, answer.usage);
    if (tier) answer.usage.tier = *tier;
    Logprobs& logprobs = answer.logprobs;
    if (logprobs.tokens > 0) logprobs.mean /= static_cast<double>(logprobs.tokens);
    if (logprobs.margins > 0) logprobs.margin /= static_cast<double>(logprobs.margins);
    return answer;
}

std::string without_logprobs(std::string_view body) {
    std::string out;
    std::vector<json::Member> members;
    std::vector<json::Edit> edits;
    if (json::members(body, members)) {
        for (const json::Member& member : members) {
            if (member.key != "choices") continue;
            for (Walk choice(body, member.value); choice.next();) {
                for (Walk part = Walk::inside(choice); part.next();) {
                    if (part.key_is("logprobs") && !json::is_null(part.raw())) edits.push_back({part.value(), "null"});
                }
            }
        }
    }
    json::splice(body, edits, out);
    return out;
}

}  // namespace weir::wire
