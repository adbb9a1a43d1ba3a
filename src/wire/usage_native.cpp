// Usage in Anthropic's and Gemini's own shapes.
#include "wire/usage_counts.h"
#include "wire/usage_form.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

// One object of Anthropic's counts: a usage, or one of its iterations.
struct Counts {
    std::optional<Tokens> input, output, cached, written, written_5m, written_1h, thinking;

    // False: the member is none of them.
    bool take(Walk& member, std::string_view document) {
        if (member.key_is("input_tokens")) {
            input = token_count(member.raw());
        } else if (member.key_is("output_tokens")) {
            output = token_count(member.raw());
        } else if (member.key_is("cache_read_input_tokens")) {
            cached = token_count(member.raw());
        } else if (member.key_is("cache_creation_input_tokens")) {
            written = token_count(member.raw());
        } else if (member.key_is("cache_creation")) {
            written_5m = count_in(document, member.value(), "ephemeral_5m_input_tokens");
            written_1h = count_in(document, member.value(), "ephemeral_1h_input_tokens");
        } else if (member.key_is("output_tokens_details")) {
            thinking = count_in(document, member.value(), "thinking_tokens");
        } else {
            return false;
        }
        return true;
    }

    // What was written altogether, and of it for an hour. `hours`: where nothing else is told it was for that long.
    Tokens writes() const { return std::max(written.value_or(0), written_5m.value_or(0) + written_1h.value_or(0)); }
    Tokens for_an_hour(bool hours) const {
        return written_1h ? std::min(*written_1h, writes()) : (hours && !written_5m ? writes() : 0);
    }
};

// What the iterations of an answer sum up to: the model was asked several times on the server's side.
struct Iterations {
    Usage sum;
    std::uint32_t count = 0;
    Tokens longest = 0;

    void add(std::string_view document, Walk& iteration) {
        Counts counts;
        bool foreign = false;  // another model's, at that one's rates
        for (Walk member = Walk::inside(iteration); member.next();) {
            if (counts.take(member, document)) continue;
            if (member.key_is("type")) {
                foreign |=
                    !json::string_equals(member.raw(), "message") && !json::string_equals(member.raw(), "compaction");
            }
        }
        if (foreign) {
            ++sum.other_pieces;
            return;
        }
        const auto capped = [](Tokens& to, Tokens more) { to = std::min(to + more, kMaxUsageTokens); };
        const Tokens an_hour = counts.for_an_hour(false);
        capped(sum.input_uncached, counts.input.value_or(0));
        capped(sum.output, counts.output.value_or(0));
        capped(sum.input_cached, counts.cached.value_or(0));
        capped(sum.input_cache_write, counts.writes() - an_hour);
        capped(sum.input_cache_write_1h, an_hour);
        capped(sum.reasoning, counts.thinking.value_or(0));
        longest = std::max(longest, counts.input.value_or(0) + counts.cached.value_or(0) + counts.writes());
        ++count;
    }

    // The server's tools: the sums are what the usage has. Compaction: the usage is without it, so they are more.
    void raise(Usage& usage) const {
        const auto at_least = [](Tokens& to, Tokens least) { to = std::max(to, least); };
        at_least(usage.input_uncached, sum.input_uncached);
        at_least(usage.output, sum.output);
        at_least(usage.input_cached, sum.input_cached);
        at_least(usage.reasoning, sum.reasoning);
        const Tokens written = sum.input_cache_write + sum.input_cache_write_1h;
        if (written >= usage.input_cache_write + usage.input_cache_write_1h && written > 0) {
            usage.input_cache_write = sum.input_cache_write;
            usage.input_cache_write_1h = sum.input_cache_write_1h;
        }
        if (count > 1) usage.longest_prompt = longest;
        usage.other_pieces = std::max(usage.other_pieces, sum.other_pieces);
    }
};

void take_counts(const Counts& counts, Usage& usage) {
    const auto grow = [](Tokens& to, std::optional<Tokens> count) { to = std::max(to, count.value_or(0)); };
    grow(usage.input_uncached, counts.input);
    grow(usage.output, counts.output);
    grow(usage.input_cached, counts.cached);
    grow(usage.reasoning, counts.thinking);
    usage.reported |= counts.input || counts.output;
    if (!counts.written && !counts.written_5m && !counts.written_1h) return;
    if (counts.writes() < usage.input_cache_write + usage.input_cache_write_1h) return;
    // A later event may have the sum alone: what is more was written for as long as the rest.
    const bool hours = usage.input_cache_write_1h > 0 && usage.input_cache_write == 0;
    const bool told = counts.written_5m || counts.written_1h;
    const Tokens known = told || hours ? counts.for_an_hour(hours) : usage.input_cache_write_1h;
    usage.input_cache_write_1h = std::min(known, counts.writes());
    usage.input_cache_write = counts.writes() - usage.input_cache_write_1h;
}

// Of a list of {"modality":"AUDIO","tokenCount":12}.
Tokens modality(std::string_view document, Span usage_object, std::string_view list, std::string_view name) {
    Tokens sum = 0;
    const std::optional<Span> details = json::find_member(document, usage_object, list);
    if (!details) return 0;
    for (Walk part(document, *details); part.next();) {
        if (!part.at_object()) continue;
        const std::optional<Span> called = json::find_member(document, part.value(), "modality");
        if (!called || !json::string_equals(called->of(document), name)) continue;
        sum = std::min(sum + count_in(document, part.value(), "tokenCount").value_or(0), kMaxUsageTokens);
    }
    return sum;
}

// `out`: what is left of the output.
void take_modalities(std::string_view document, Span usage_object, Share& out, Usage& usage) {
    const auto parts = [&](std::string_view list, std::string_view name) {
        return modality(document, usage_object, list, name);
    };
    usage.audio_output = out.take(parts("candidatesTokensDetails", "AUDIO"));
    usage.image_output = out.take(parts("candidatesTokensDetails", "IMAGE"));
    usage.audio_cached = std::min(parts("cacheTokensDetails", "AUDIO"), usage.input_cached);
    Share fresh(usage.input_uncached);
    const Tokens images = parts("promptTokensDetails", "IMAGE") - parts("cacheTokensDetails", "IMAGE");
    usage.audio_input = fresh.take(parts("promptTokensDetails", "AUDIO") - usage.audio_cached);
    usage.image_input = fresh.take(images);
}

}  // namespace

void merge_messages_usage(std::string_view document, Span usage_object, Usage& usage) {
    if (!json::is_object(usage_object.of(document))) return;
    Counts counts;
    Iterations iterations;
    bool fast = false;
    for (Walk member(document, usage_object); member.next();) {
        if (counts.take(member, document)) continue;
        if (member.key_is("iterations") && member.at_array()) {
            for (Walk one = Walk::inside(member); one.next();) {
                if (one.at_object()) iterations.add(document, one);
            }
        } else if (member.key_is("server_tool_use")) {
            const auto pieces = [&](std::string_view name, std::uint32_t& to) {
                const std::optional<Tokens> count = count_in(document, member.value(), name);
                if (count) to = piece_count(count);
            };
            pieces("web_search_requests", usage.web_searches);
            pieces("code_execution_requests", usage.other_pieces);  // billed by the hour, of which nothing is told
        } else if (member.key_is("service_tier")) {
            usage.tier = read_service_tier(member.raw()).value_or(usage.tier);
        } else if (member.key_is("inference_geo")) {
            usage.us_only = json::string_equals(member.raw(), "us");
        } else if (member.key_is("speed")) {
            fast = json::string_equals(member.raw(), "fast");
        }
    }
    take_counts(counts, usage);
    iterations.raise(usage);
    usage.reasoning = std::min(usage.reasoning, usage.output);
    if (fast) usage.tier = ServiceTier::other;
}

std::optional<Usage> read_gemini_usage(std::string_view document, Span usage_object) {
    if (!json::is_object(usage_object.of(document))) return std::nullopt;
    Usage usage;
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
        } else if (member.key_is("trafficType") || member.key_is("serviceTier")) {
            usage.tier = read_service_tier(member.raw()).value_or(usage.tier);
        }
    }
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
    Share out(usage.output);
    usage.reasoning = out.take(thoughts);
    usage.input_cached = std::min(cached, read);
    usage.input_uncached = read - usage.input_cached;
    take_modalities(document, usage_object, out, usage);
    return usage;
}

}  // namespace weir::wire
