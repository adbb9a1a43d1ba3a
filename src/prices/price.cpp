#include "prices/price.h"

#include <algorithm>
#include <limits>

namespace weir::prices {
namespace {

using wire::ServiceTier;
using wire::Usage;

__extension__ using Int128 = __int128;

constexpr Int128 kPicosPerNano = 1000;
constexpr Int128 kPercent = 100;
constexpr Int128 kMsPerSecond = 1000;

// Anthropic's for inference in the US alone, on all token rates.
// (https://platform.claude.com/docs/en/about-claude/pricing, data residency.)
constexpr Int128 kUsPercent = 110;

// A sum of products, each kept within +-2^90 so that no sum overflows; far beyond what money may be anyhow.
class Sum {
  public:
    void add(Int128 count, const Rate& rate) {
        if (count == 0) return;
        known_ &= rate.has_value();
        if (!rate) return;
        constexpr Int128 kBound = Int128{1} << 90;
        sum_ += std::clamp(count * rate->picos, -kBound, kBound);
    }
    bool known() const { return known_; }
    Int128 picos() const { return sum_; }

  private:
    Int128 sum_ = 0;
    bool known_ = true;
};

const PriceMore& more_of(const Price& price) {
    static const PriceMore kNone;
    return price.more ? *price.more : kNone;
}

TokenRates base_rates(const Price& price) {
    TokenRates rates = more_of(price).rare;
    if (!more_of(price).no_tokens) {
        rates.input = price.input;
        rates.output = price.output;
    }
    rates.input_cached = price.input_cached;
    rates.input_cache_write = price.input_cache_write;
    return rates;
}

// The longest prompt's step that `prompt` has come to.
Tokens step_of(const PriceMore& more, Tokens prompt) {
    Tokens step = 0;
    for (const RateVariant& variant : more.variants) {
        if (variant.least_prompt <= prompt) step = std::max(step, variant.least_prompt);
    }
    return step;
}

const RateVariant* find_variant(const PriceMore& more, ServiceTier tier, Tokens step) {
    const auto found = std::find_if(more.variants.begin(), more.variants.end(), [&](const RateVariant& one) {
        return one.tier == tier && one.least_prompt == step;
    });
    return found == more.variants.end() ? nullptr : &*found;
}

// The rates that hold for the answer; nullopt: none are known for its tier and length.
std::optional<TokenRates> rates_for(const Usage& usage, const Price& price) {
    const PriceMore& more = more_of(price);
    TokenRates base = base_rates(price);
    const ServiceTier tier = more.every_tier ? ServiceTier::standard : usage.tier;
    Tokens step = 0;
    if (!more.variants.empty()) step = step_of(more, usage.longest_prompt > 0 ? usage.longest_prompt : usage.input());
    TokenRates rates = base;
    if (tier != ServiceTier::standard || step > 0) {
        const RateVariant* const variant = find_variant(more, tier, step);
        if (variant == nullptr) return std::nullopt;
        rates = variant->rates;
        if (tier == ServiceTier::standard) {  // sound and pictures cost the same at any length
            for (Rate TokenRates::*const rate : {&TokenRates::audio_input, &TokenRates::audio_cached,
                                                 &TokenRates::audio_output, &TokenRates::image_output}) {
                if (!(rates.*rate)) rates.*rate = base.*rate;
            }
        }
    }
    const bool writes_cost = base.input_cache_write || base.input_cache_write_1h;
    if (!base.input_cached && !rates.input_cached) rates.input_cached = rates.input;
    if (!writes_cost && !rates.input_cache_write) rates.input_cache_write = rates.input;
    if (!writes_cost && !rates.input_cache_write_1h) rates.input_cache_write_1h = rates.input;
    if (!rates.reasoning) rates.reasoning = rates.output;
    if (!rates.image_input) rates.image_input = rates.input;
    return rates;
}

bool add_tokens(const Usage& usage, const Price& price, Sum& sum) {
    if ((usage.input_uncached | usage.input_cached | usage.input_cache_write | usage.input_cache_write_1h |
         usage.output) == 0) {
        return true;
    }
    const std::optional<TokenRates> rates = rates_for(usage, price);
    if (!rates) return false;
    const auto count = [](Tokens tokens) { return Int128{tokens}; };
    sum.add(count(usage.input_uncached) - usage.audio_input - usage.image_input, rates->input);
    sum.add(usage.audio_input, rates->audio_input);
    sum.add(usage.image_input, rates->image_input);
    sum.add(count(usage.input_cached) - usage.audio_cached, rates->input_cached);
    sum.add(usage.audio_cached, rates->audio_cached);
    sum.add(usage.input_cache_write, rates->input_cache_write);
    sum.add(usage.input_cache_write_1h, rates->input_cache_write_1h);
    sum.add(count(usage.output) - usage.reasoning - usage.audio_output - usage.image_output, rates->output);
    sum.add(usage.reasoning, rates->reasoning);
    sum.add(usage.audio_output, rates->audio_output);
    sum.add(usage.image_output, rates->image_output);
    return sum.known();
}

PiecePrice search_price(const Usage& usage, const PriceMore& more) {
    if (usage.search_context != wire::SearchContext::unnamed) {
        return more.web_search[static_cast<std::size_t>(usage.search_context) - 1];
    }
    const bool same = more.web_search[0] == more.web_search[1] && more.web_search[1] == more.web_search[2];
    return same ? more.web_search[0] : std::nullopt;
}

}  // namespace

bool operator==(const Price& a, const Price& b) {
    return a.input == b.input && a.output == b.output && a.input_cached == b.input_cached &&
           a.input_cache_write == b.input_cache_write && a.source == b.source && a.as_of == b.as_of &&
           more_of(a) == more_of(b);
}

std::optional<Usd> reprice(Usage usage, const Price& price) {
    if (find_variant(more_of(price), usage.tier, 0) == nullptr) usage.tier = ServiceTier::standard;
    usage.us_only = false;
    return cost_of(usage, price);
}

std::optional<Usd> cost_of(const Usage& usage, const Price& price) {
    const PriceMore& more = more_of(price);
    if (usage.other_pieces > 0) return std::nullopt;
    Sum tokens, pieces, sound;
    if (!add_tokens(usage, price, tokens)) return std::nullopt;
    pieces.add(usage.web_searches, search_price(usage, more));
    pieces.add(usage.file_searches, more.file_search);
    pieces.add(usage.code_sessions, more.code_session);
    pieces.add(usage.search_units, more.search_unit);
    pieces.add(usage.images, more.image);
    if (more.request) pieces.add(1, more.request);
    sound.add(usage.audio_ms, more.audio_second);
    if (!pieces.known() || !sound.known()) return std::nullopt;

    // In picos / (100 * 1000), so that percentages and milliseconds stay whole.
    constexpr Int128 kScale = kPercent * kMsPerSecond;
    const Int128 percent = usage.us_only ? kUsPercent : kPercent;
    const Int128 total = tokens.picos() * percent * kMsPerSecond + pieces.picos() * kScale + sound.picos() * kPercent;
    constexpr Int128 kNano = kPicosPerNano * kScale;
    const Int128 raised = total + kNano / 2;
    Int128 nanos = raised / kNano;
    if (raised % kNano < 0) --nanos;  // down, not towards zero
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    return Usd{static_cast<std::int64_t>(std::clamp(nanos, kMin, kMax))};
}

}  // namespace weir::prices
