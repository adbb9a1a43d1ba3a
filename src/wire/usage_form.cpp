#include "wire/usage_form.h"

#include <algorithm>
#include <cmath>

#include "json/scan.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

constexpr Tokens kMaxTokens = 1'000'000'000'000;  // a count beyond this is nonsense and would only overflow sums

std::optional<Tokens> token_count(std::string_view raw) {
    const std::optional<double> value = json::as_double(raw);
    if (!value) return std::nullopt;
    return static_cast<Tokens>(std::llround(std::clamp(*value, 0.0, static_cast<double>(kMaxTokens))));
}

// The count called `name` in an object, null or nothing.
std::optional<Tokens> count_in(std::string_view document, Span object, std::string_view name) {
    const std::optional<Span> value = json::find_member(document, object, name);
    return value ? token_count(value->of(document)) : std::nullopt;
}

std::uint32_t pieces(std::optional<Tokens> count) {
    return static_cast<std::uint32_t>(std::clamp<Tokens>(count.value_or(0), 0, 1'000'000'000));
}

void number(std::string_view name, Tokens value, std::string& out) {
    out += name;
    out += std::to_string(value);
}

}  // namespace

std::optional<Usage> read_usage(std::string_view document, Span usage_object) {
    if (!json::is_object(usage_object.of(document))) return std::nullopt;
    std::optional<Tokens> prompt, completion, total, cached, cache_hit, reasoning, written, written_1h;
    Usage usage;
    for (Walk member(document, usage_object); member.next();) {
        if (member.key_is("prompt_tokens")) {
            prompt = token_count(member.raw());
        } else if (member.key_is("completion_tokens")) {
            completion = token_count(member.raw());
        } else if (member.key_is("total_tokens")) {
            total = token_count(member.raw());
        } else if (member.key_is("prompt_cache_hit_tokens")) {
            cache_hit = token_count(member.raw());
        } else if (member.key_is("prompt_tokens_details")) {
            cached = count_in(document, member.value(), "cached_tokens");
        } else if (member.key_is("completion_tokens_details")) {
            reasoning = count_in(document, member.value(), "reasoning_tokens");
        } else if (member.key_is("cache_creation_input_tokens")) {
            written = token_count(member.raw());
        } else if (member.key_is("cache_creation")) {
            written_1h = count_in(document, member.value(), "ephemeral_1h_input_tokens");
        } else if (member.key_is("server_tool_use")) {
            usage.web_searches = pieces(count_in(document, member.value(), "web_search_requests"));
        }
    }
    usage.reported = prompt || completion;
    usage.output = completion.value_or(0);
    usage.reasoning = reasoning.value_or(0);
    if (usage.reasoning > 0 && total == prompt.value_or(0) + usage.output + usage.reasoning) {
        usage.output += usage.reasoning;
    }
    usage.reasoning = std::min(usage.reasoning, usage.output);
    Tokens left = prompt.value_or(0);
    const auto take = [&left](std::optional<Tokens> count) {
        const Tokens taken = std::min(count.value_or(0), left);
        left -= taken;
        return taken;
    };
    usage.input_cached = take(cached ? cached : cache_hit);
    usage.input_cache_write_1h = take(written_1h);
    usage.input_cache_write = take(written ? std::optional(*written - usage.input_cache_write_1h) : std::nullopt);
    usage.input_uncached = left;
    return usage;
}

void merge_messages_usage(std::string_view document, Span usage_object, Usage& usage) {
    if (!json::is_object(usage_object.of(document))) return;
    const auto take = [](std::string_view raw, Tokens& to) {
        if (const std::optional<Tokens> count = token_count(raw)) to = *count;
    };
    std::optional<Tokens> written, written_1h;
    for (Walk member(document, usage_object); member.next();) {
        if (member.key_is("input_tokens")) {
            take(member.raw(), usage.input_uncached);
            usage.reported = true;
        } else if (member.key_is("output_tokens")) {
            take(member.raw(), usage.output);
            usage.reported = true;
        } else if (member.key_is("cache_read_input_tokens")) {
            take(member.raw(), usage.input_cached);
        } else if (member.key_is("cache_creation_input_tokens")) {
            written = token_count(member.raw());
        } else if (member.key_is("cache_creation")) {
            written_1h = count_in(document, member.value(), "ephemeral_1h_input_tokens");
        } else if (member.key_is("server_tool_use")) {
            usage.web_searches = pieces(count_in(document, member.value(), "web_search_requests"));
        } else if (member.key_is("output_tokens_details")) {
            usage.reasoning = count_in(document, member.value(), "thinking_tokens").value_or(usage.reasoning);
        }
    }
    if (written_1h) usage.input_cache_write_1h = *written_1h;
    if (written) usage.input_cache_write = std::max<Tokens>(0, *written - usage.input_cache_write_1h);
}

std::optional<Usage> read_gemini_usage(std::string_view document, Span usage_object) {
    if (!json::is_object(usage_object.of(document))) return std::nullopt;
    std::optional<Tokens> prompt, candidates, total;
    Tokens cached = 0, thoughts = 0, tools = 0;
    for (Walk member(document, usage_object); member.next();) {
        if (member.key_is("promptTokenCount")) {
            prompt = token_count(member.raw());
        } else if (member.key_is("candidatesTokenCount")) {
            candidates = token_count(member.raw());
        } else if (member.key_is("totalTokenCount")) {
            total = token_count(member.raw());
        } else if (member.key_is("cachedContentTokenCount")) {
            cached = token_count(member.raw()).value_or(0);
        } else if (member.key_is("thoughtsTokenCount")) {
            thoughts = token_count(member.raw()).value_or(0);
        } else if (member.key_is("toolUsePromptTokenCount")) {
            tools = token_count(member.raw()).value_or(0);
        }
    }
    Usage usage;
    usage.reported = prompt || candidates;
    const Tokens said = candidates.value_or(0), asked = prompt.value_or(0);
    usage.output = said + thoughts;
    Tokens read = asked + tools;
    // Some servers count one of them among the others: then the total is short by just that.
    const Tokens over = total && *total > 0 ? read + usage.output - *total : 0;
    if (over > 0 && over == thoughts && thoughts <= said) {
        usage.output -= thoughts;
    } else if (over > 0 && over == tools && tools <= asked) {
        read -= tools;
    }
    usage.reasoning = std::min(thoughts, usage.output);
    usage.input_cached = std::min(cached, read);
    usage.input_uncached = read - usage.input_cached;
    return usage;
}

void append_chat_usage(const Usage& usage, std::string& out) {
    number(R"({"prompt_tokens":)", usage.input(), out);
    number(R"(,"completion_tokens":)", usage.output, out);
    number(R"(,"total_tokens":)", usage.input() + usage.output, out);
    number(R"(,"prompt_tokens_details":{"cached_tokens":)", usage.input_cached, out);
    number(R"(},"completion_tokens_details":{"reasoning_tokens":)", usage.reasoning, out);
    out += '}';
    if (const Tokens written = usage.input_cache_write + usage.input_cache_write_1h; written > 0) {
        number(R"(,"cache_creation_input_tokens":)", written, out);
        number(R"(,"cache_creation":{"ephemeral_5m_input_tokens":)", usage.input_cache_write, out);
        number(R"(,"ephemeral_1h_input_tokens":)", usage.input_cache_write_1h, out);
        out += '}';
    }
    if (usage.web_searches > 0) {
        number(R"(,"server_tool_use":{"web_search_requests":)", usage.web_searches, out);
        out += '}';
    }
    out += '}';
}

}  // namespace weir::wire
