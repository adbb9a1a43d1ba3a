// OpenAI's shapes and their relatives; Anthropic's and Gemini's are in usage_native.cpp.
#include "wire/usage_form.h"

#include "base/decimal.h"
#include "wire/usage_counts.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

// What an object says, before it is brought into classes.
struct Counts {
    std::optional<Tokens> prompt, completion, total;
    std::optional<Tokens> cached, written, written_5m, written_1h, audio_input, image_input, audio_cached;
    std::optional<Tokens> reasoning, audio_output, image_output;
    bool apart = false;            // Anthropic's names: input_tokens are without the cached ones
    bool may_be_apart = false;     // ... beside OpenAI's: seen both ways
    bool reasoning_apart = false;  // Perplexity: so is the completion without reasoning
    bool bare_reasoning = false;   // ... which it tells outside the details
    std::optional<Usd> cost, upstream_cost;
    std::optional<bool> own_key;  // OpenRouter: the upstream bills the caller by itself
    std::optional<Tokens> searches;
    bool cites = false;
};

std::optional<Usd> money(std::string_view raw) {
    constexpr int kNanoScale = 9;
    const Result<std::int64_t> nanos = parse_decimal_scaled(raw, kNanoScale, ExtraDigits::round);
    return nanos && *nanos >= 0 ? std::optional(Usd{*nanos}) : std::nullopt;
}

// xAI: 10^10 ticks are one dollar.
std::optional<Usd> money_of_ticks(std::string_view raw) {
    constexpr std::int64_t kTicksPerNano = 10;
    const std::optional<std::int64_t> ticks = json::as_int64(raw);
    if (!ticks || *ticks < 0 || *ticks > INT64_MAX - kTicksPerNano) return std::nullopt;
    return Usd{(*ticks + kTicksPerNano / 2) / kTicksPerNano};
}

void read_input_details(Walk& details, std::string_view document, Counts& to) {
    for (Walk part = Walk::inside(details); part.next();) {
        if (part.key_is("cached_tokens")) {
            raise(to.cached, token_count(part.raw()));
        } else if (part.key_is("cache_write_tokens") || part.key_is("cache_creation_tokens")) {
            raise(to.written, token_count(part.raw()));
        } else if (part.key_is("cache_creation_token_details")) {
            raise(to.written_1h, count_in(document, part.value(), "ephemeral_1h_input_tokens"));
        } else if (part.key_is("audio_tokens")) {
            to.audio_input = token_count(part.raw());
        } else if (part.key_is("image_tokens")) {
            to.image_input = token_count(part.raw());
        } else if (part.key_is("cached_tokens_details")) {
            to.audio_cached = count_in(document, part.value(), "audio_tokens");
        }
    }
}

void read_output_details(Walk& details, Counts& to) {
    for (Walk part = Walk::inside(details); part.next();) {
        if (part.key_is("reasoning_tokens") || part.key_is("thinking_tokens")) {
            raise(to.reasoning, token_count(part.raw()));
        } else if (part.key_is("audio_tokens")) {
            to.audio_output = token_count(part.raw());
        } else if (part.key_is("image_tokens")) {
            to.image_output = token_count(part.raw());
        }
    }
}

void read_tools(Walk& tools, Counts& to, Usage& usage) {
    for (Walk part = Walk::inside(tools); part.next();) {
        if (part.key_is("web_search_requests")) {
            raise(to.searches, token_count(part.raw()));
        } else if (part.key_is("file_search_requests")) {
            usage.file_searches = piece_count(token_count(part.raw()));
        } else if (part.key_is("code_sessions")) {
            usage.code_sessions = piece_count(token_count(part.raw()));
        } else if (part.key_is("search_units")) {
            usage.search_units = piece_count(token_count(part.raw()));
        } else if (part.key_is("images")) {
            usage.images = piece_count(token_count(part.raw()));
        } else if (part.key_is("audio_ms")) {
            usage.audio_ms = piece_count(token_count(part.raw()));
        } else if (part.key_is("other_pieces")) {
            usage.other_pieces = piece_count(token_count(part.raw()));
        }
    }
}

// Members about tokens. False: it is none of them.
bool read_token_member(Walk& member, std::string_view document, Counts& to) {
    if (member.key_is("prompt_tokens")) {
        to.prompt = token_count(member.raw());
    } else if (member.key_is("completion_tokens")) {
        to.completion = token_count(member.raw());
    } else if (member.key_is("total_tokens")) {
        to.total = token_count(member.raw());
    } else if (member.key_is("prompt_tokens_details") || member.key_is("input_tokens_details") ||
               member.key_is("input_token_details")) {
        read_input_details(member, document, to);
    } else if (member.key_is("completion_tokens_details") || member.key_is("output_tokens_details") ||
               member.key_is("output_token_details")) {
        read_output_details(member, to);
    } else if (member.key_is("prompt_cache_hit_tokens") || member.key_is("cached_tokens") ||
               member.key_is("cache_read_input_tokens")) {
        raise(to.cached, token_count(member.raw()));
    } else if (member.key_is("cache_creation_input_tokens")) {
        raise(to.written, token_count(member.raw()));
    } else if (member.key_is("cache_creation")) {
        raise(to.written_5m, count_in(document, member.value(), "ephemeral_5m_input_tokens"));
        raise(to.written_1h, count_in(document, member.value(), "ephemeral_1h_input_tokens"));
    } else if (member.key_is("reasoning_tokens")) {
        raise(to.reasoning, token_count(member.raw()));
        to.bare_reasoning = true;
    } else {
        return false;
    }
    return true;
}

SearchContext search_context_of(std::string_view raw) {
    if (json::string_equals(raw, "low")) return SearchContext::low;
    if (json::string_equals(raw, "medium")) return SearchContext::medium;
    if (json::string_equals(raw, "high")) return SearchContext::high;
    return SearchContext::unnamed;
}

// Members about money and what is billed by the piece.
void read_bill_member(Walk& member, std::string_view document, Counts& to, Usage& usage) {
    if (member.key_is("server_tool_use")) {
        read_tools(member, to, usage);
    } else if (member.key_is("num_search_queries")) {
        raise(to.searches, token_count(member.raw()));
    } else if (member.key_is("search_context_size")) {
        usage.search_context = search_context_of(member.raw());
    } else if (member.key_is("citation_tokens")) {
        to.cites = token_count(member.raw()).value_or(0) > 0;
    } else if (member.key_is("num_sources_used")) {
        usage.other_pieces = piece_count(token_count(member.raw()));
    } else if (member.key_is("cost")) {
        std::optional<Span> total;
        if (member.at_object()) total = json::find_member(document, member.value(), "total_cost");
        to.cost = money(total ? total->of(document) : member.raw());
    } else if (member.key_is("cost_details")) {
        const std::optional<Span> upstream = json::find_member(document, member.value(), "upstream_inference_cost");
        if (upstream) to.upstream_cost = money(upstream->of(document));
    } else if (member.key_is("is_byok")) {
        to.own_key = json::as_bool(member.raw());
    } else if (member.key_is("cost_in_usd_ticks")) {
        usage.stated = money_of_ticks(member.raw());
    } else if (member.key_is("service_tier")) {
        usage.tier = read_service_tier(member.raw()).value_or(ServiceTier::standard);
    } else if (member.key_is("inference_geo")) {
        usage.us_only = json::string_equals(member.raw(), "us");
    } else if (member.key_is("longest_prompt_tokens")) {
        usage.longest_prompt = token_count(member.raw()).value_or(0);
    } else if (member.key_is("seconds")) {
        constexpr double kMsPerSecond = 1000;
        const double seconds = std::clamp(json::as_double(member.raw()).value_or(0), 0.0, 1e6);
        usage.audio_ms = piece_count(std::llround(seconds * kMsPerSecond));
    }
}

void settle_money(const Counts& counts, Usage& usage) {
    if (usage.stated || !counts.cost) return;
    // OpenRouter with the caller's own key at the upstream: its cost is the fee, the upstream's bill comes beside it.
    const bool both = counts.own_key.value_or(counts.upstream_cost.has_value());
    if (!both) {
        usage.stated = counts.cost;
    } else if (counts.upstream_cost) {
        usage.stated =
            Usd{std::min(counts.cost->nanos, INT64_MAX / 2) + std::min(counts.upstream_cost->nanos, INT64_MAX / 2)};
    }
}

void settle_output(const Counts& counts, Tokens prompt, Usage& usage) {
    usage.output = counts.completion.value_or(0);
    Tokens reasoning = counts.reasoning.value_or(0);
    const Tokens beside = counts.total.value_or(0) - prompt - usage.output;
    if (counts.completion && beside > 0 && (reasoning == 0 || reasoning == beside || reasoning > usage.output)) {
        // Where nothing tells what the rest is, too (Gemini's OpenAI endpoint): it can only be thoughts.
        usage.output += beside;
        reasoning = std::max(reasoning, beside);
    } else if (reasoning > usage.output || (counts.reasoning_apart && counts.bare_reasoning && reasoning > 0)) {
        usage.output += reasoning;
    }
    Share share(usage.output);
    usage.reasoning = share.take(reasoning);
    usage.audio_output = share.take(counts.audio_output);
    usage.image_output = share.take(counts.image_output);
}

void settle(Counts& counts, Usage& usage) {
    usage.reported = counts.prompt || counts.completion || usage.audio_ms > 0;
    if (!counts.written && (counts.written_5m || counts.written_1h)) {
        counts.written = counts.written_5m.value_or(0) + counts.written_1h.value_or(0);
    }
    const Tokens beside = counts.cached.value_or(0) + counts.written.value_or(0);
    Tokens prompt = counts.prompt.value_or(0);
    const bool adds_up = counts.total == prompt + beside + counts.completion.value_or(0);
    if (beside > 0 && (counts.apart || adds_up || (counts.may_be_apart && prompt < beside))) prompt += beside;
    settle_output(counts, prompt, usage);

    Share share(prompt);
    usage.input_cached = share.take(counts.cached);
    Share writes(share.take(counts.written));
    usage.input_cache_write_1h = writes.take(counts.written_1h);
    usage.input_cache_write = writes.left();
    usage.input_uncached = share.left();
    usage.audio_cached = std::min(counts.audio_cached.value_or(0), usage.input_cached);
    Share fresh(usage.input_uncached);
    usage.audio_input = fresh.take(std::max<Tokens>(0, counts.audio_input.value_or(0) - usage.audio_cached));
    usage.image_input = fresh.take(counts.image_input);
    usage.web_searches = piece_count(counts.searches);
    // Perplexity bills each answer for a search, of a price by its context, where it does not count them.
    if (!counts.searches && usage.search_context != SearchContext::unnamed) usage.web_searches = 1;
    settle_money(counts, usage);
    if (counts.cites && !usage.stated) ++usage.other_pieces;
}

void number(std::string_view name, Tokens value, std::string& out) {
    out += name;
    out += std::to_string(value);
}

void number_if(std::string_view name, Tokens value, std::string& out) {
    if (value > 0) number(name, value, out);
}

void append_tools(const Usage& usage, std::string& out) {
    std::string tools;
    number_if(R"(,"web_search_requests":)", usage.web_searches, tools);
    number_if(R"(,"file_search_requests":)", usage.file_searches, tools);
    number_if(R"(,"code_sessions":)", usage.code_sessions, tools);
    number_if(R"(,"search_units":)", usage.search_units, tools);
    number_if(R"(,"images":)", usage.images, tools);
    number_if(R"(,"audio_ms":)", usage.audio_ms, tools);
    number_if(R"(,"other_pieces":)", usage.other_pieces, tools);
    constexpr std::string_view kContexts[] = {"", "low", "medium", "high"};
    const std::string_view context = kContexts[static_cast<std::size_t>(usage.search_context)];
    // A context without a count stands for one search.
    if (!context.empty() && usage.web_searches == 0) tools += R"(,"web_search_requests":0)";
    if (!tools.empty()) {
        tools.front() = '{';
        out += R"(,"server_tool_use":)" + tools + '}';
    }
    if (!context.empty()) (out += R"(,"search_context_size":")").append(context) += '"';
}

}  // namespace

std::optional<Usage> read_usage(std::string_view document, Span usage_object) {
    if (!json::is_object(usage_object.of(document))) return std::nullopt;
    Counts counts;
    Usage usage;
    std::optional<Tokens> input, output;
    bool details = false;
    for (Walk member(document, usage_object); member.next();) {
        if (member.key_is("input_tokens")) {
            input = token_count(member.raw());
        } else if (member.key_is("output_tokens")) {
            output = token_count(member.raw());
        } else if (read_token_member(member, document, counts)) {
            details |= member.key_is("input_tokens_details") || member.key_is("input_token_details");
            counts.may_be_apart |=
                member.key_is("cache_read_input_tokens") || member.key_is("cache_creation_input_tokens");
        } else {
            counts.reasoning_apart |= member.key_is("citation_tokens") || member.key_is("num_search_queries") ||
                                      member.key_is("search_context_size");
            read_bill_member(member, document, counts, usage);
        }
    }
    counts.apart = counts.may_be_apart && !details && !counts.prompt && input;
    if (!counts.prompt) counts.prompt = input;
    if (!counts.completion) counts.completion = output;
    settle(counts, usage);
    return usage;
}

bool read_chat_usage(std::string_view document, Span object, Usage& usage) {
    UsagePlaces places;
    for (Walk member(document, object); member.next();) {
        if (member.key_is("usage")) {
            places.usage = member.value();
        } else if (member.key_is("choices")) {
            places.choices = member.value();
        } else if (member.key_is("x_groq")) {
            places.groq = member.value();
        }
    }
    return read_chat_usage(document, places, usage);
}

bool read_chat_usage(std::string_view document, const UsagePlaces& places, Usage& usage) {
    bool found = false;
    const auto take = [&](std::optional<Span> at) {
        const std::optional<Usage> one = at ? read_usage(document, *at) : std::nullopt;
        found |= one.has_value();
        if (one && one->reported) update_usage(usage, *one);
        return one && one->reported;
    };
    // Most tell it where it belongs, and then nowhere else.
    if (!places.usage.empty() && take(places.usage)) return true;
    if (!places.groq.empty() && json::is_object(places.groq.of(document))) {
        take(json::find_member(document, places.groq, "usage"));
    }
    if (!places.choices.empty() && json::is_array(places.choices.of(document))) {
        for (Walk choice(document, places.choices); choice.next();) {
            if (choice.at_object()) take(json::find_member(document, choice.value(), "usage"));
        }
    }
    return found;
}

void update_usage(Usage& usage, const Usage& later) {
    if (!usage.reported && later.reported) {  // the first report; before it there may be a tier alone
        const ServiceTier tier = usage.tier;
        usage = later;
        if (later.tier == ServiceTier::standard) usage.tier = tier;
        return;
    }
    const Usage before = usage;
    usage = later;
    usage.reported = later.reported || before.reported;
    const bool plain_input = later.input_cached + later.input_cache_write + later.input_cache_write_1h +
                                 later.audio_input + later.image_input ==
                             0;
    if (later.input() == 0 || (plain_input && later.input() == before.input())) {
        usage.input_uncached = before.input_uncached;
        usage.input_cached = before.input_cached;
        usage.input_cache_write = before.input_cache_write;
        usage.input_cache_write_1h = before.input_cache_write_1h;
        usage.audio_input = before.audio_input;
        usage.image_input = before.image_input;
        usage.audio_cached = before.audio_cached;
    }
    const bool plain_output = later.reasoning + later.audio_output + later.image_output == 0;
    if (later.output == 0 || (plain_output && later.output == before.output)) {
        usage.output = before.output;
        usage.reasoning = before.reasoning;
        usage.audio_output = before.audio_output;
        usage.image_output = before.image_output;
    }
    usage.longest_prompt = std::max(before.longest_prompt, later.longest_prompt);
    for (std::uint32_t Usage::*const piece :
         {&Usage::web_searches, &Usage::file_searches, &Usage::code_sessions, &Usage::search_units, &Usage::images,
          &Usage::audio_ms, &Usage::other_pieces}) {
        usage.*piece = std::max(before.*piece, later.*piece);
    }
    if (later.tier == ServiceTier::standard) usage.tier = before.tier;
    if (later.search_context == SearchContext::unnamed) usage.search_context = before.search_context;
    if (!later.stated) usage.stated = before.stated;
    usage.us_only = before.us_only || later.us_only;
}

std::optional<ServiceTier> read_service_tier(std::string_view raw) {
    std::optional<std::string> name = json::as_string(raw);
    if (!name) return std::nullopt;
    for (char& c : *name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto ends = [&name](std::string_view with) { return std::string_view(*name).ends_with(with); };
    if (ends("flex")) return ServiceTier::flex;
    if (ends("priority")) return ServiceTier::priority;
    if (ends("batch")) return ServiceTier::batch;
    for (const std::string_view plain : {"standard", "default", "auto", "on_demand", "unspecified"}) {
        if (ends(plain)) return ServiceTier::standard;
    }
    return name->empty() ? ServiceTier::standard : ServiceTier::other;
}

void append_chat_usage(const Usage& usage, std::string& out) {
    number(R"({"prompt_tokens":)", usage.input(), out);
    number(R"(,"completion_tokens":)", usage.output, out);
    number(R"(,"total_tokens":)", usage.input() + usage.output, out);
    number(R"(,"prompt_tokens_details":{"cached_tokens":)", usage.input_cached, out);
    number_if(R"(,"audio_tokens":)", usage.audio_input + usage.audio_cached, out);
    number_if(R"(,"image_tokens":)", usage.image_input, out);
    if (usage.audio_cached > 0) {
        number(R"(,"cached_tokens_details":{"audio_tokens":)", usage.audio_cached, out);
        out += '}';
    }
    number(R"(},"completion_tokens_details":{"reasoning_tokens":)", usage.reasoning, out);
    number_if(R"(,"audio_tokens":)", usage.audio_output, out);
    number_if(R"(,"image_tokens":)", usage.image_output, out);
    out += '}';
    if (const Tokens written = usage.input_cache_write + usage.input_cache_write_1h; written > 0) {
        number(R"(,"cache_creation_input_tokens":)", written, out);
        number(R"(,"cache_creation":{"ephemeral_5m_input_tokens":)", usage.input_cache_write, out);
        number(R"(,"ephemeral_1h_input_tokens":)", usage.input_cache_write_1h, out);
        out += '}';
    }
    append_tools(usage, out);
    number_if(R"(,"longest_prompt_tokens":)", usage.longest_prompt, out);
    if (usage.us_only) out += R"(,"inference_geo":"us")";
    if (usage.tier != ServiceTier::standard) (out += R"(,"service_tier":")").append(to_string(usage.tier)) += '"';
    if (usage.stated) out += R"(,"cost":)" + to_decimal(*usage.stated);
    out += '}';
}

}  // namespace weir::wire
